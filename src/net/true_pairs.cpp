// SPDX-License-Identifier: MIT
#include "xsuperd/net/true_pairs.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "net/pair_maker.hpp"
#include "net/private_network.hpp"
#include "xsuperd/base/signals_blocked.hpp"
#include "xsuperd/net/slow_work.hpp"

namespace xsuperd::net {

namespace {

/// What the thread has; nobody else touches it.
struct Workshop {
  bool entered = false;
  std::optional<PairMaker> maker;  // none: no private network

  base::Result<TruePair> make(const base::Endpoint& client, const base::Endpoint& local) {
    if (!std::exchange(entered, true) && TruePairs::usable() && enter_private_network()) maker.emplace();
    return maker ? maker->make(client, local) : make_plain_pair();
  }
};

base::Result<void> try_once() {
  base::Result<void> result = base::system_error(EAGAIN, "starting a thread");
  const base::SignalsBlocked blocked;
  try {
    std::thread([&result] { result = enter_private_network(); }).join();
  } catch (const std::system_error& error) {
    result = base::system_error(error.code().value(), "starting a thread");
  }
  return result;
}

}  // namespace

base::Result<TruePair> plain_pair() { return make_plain_pair(); }

struct TruePairs::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& on, Options options) : loop(on), work(on, {.threads = 1, .queue = options.queue}) {}

  struct Wish {
    Done done;
    SlowWork::Id work = 0;
  };

  Id make(const base::Endpoint& client, const base::Endpoint& local, Done done);
  void answer(Id id, base::Result<TruePair> result);

  boost::asio::io_context& loop;
  std::shared_ptr<Workshop> workshop = std::make_shared<Workshop>();
  Id last_id = 0;
  std::unordered_map<Id, Wish> wishes;
  SlowWork work;  // ends first
};

TruePairs::Id TruePairs::Impl::make(const base::Endpoint& client, const base::Endpoint& local, Done done) {
  const Id id = ++last_id;
  Wish& wish = wishes.emplace(id, Wish{std::move(done)}).first->second;
  const auto result = std::make_shared<base::Result<TruePair>>(base::system_error(ENOMEM, "making a pair of sockets"));
  wish.work = work.run([result, shop = workshop, client, local] { *result = shop->make(client, local); },
                       [impl = weak_from_this(), id, result] {
                         if (const auto self = impl.lock()) self->answer(id, std::move(*result));
                       });
  if (wish.work == 0)
    boost::asio::post(loop, [impl = weak_from_this(), id] {
      if (const auto self = impl.lock()) self->answer(id, base::system_error(EAGAIN, "making a pair of sockets"));
    });
  return id;
}

void TruePairs::Impl::answer(Id id, base::Result<TruePair> result) {
  const auto self = shared_from_this();  // the callback may end the object
  auto wish = wishes.extract(id);
  if (!wish.empty()) wish.mapped().done(std::move(result));
}

TruePairs::TruePairs(boost::asio::io_context& loop, Options options) : impl_(std::make_shared<Impl>(loop, options)) {}

TruePairs::~TruePairs() { impl_->wishes.clear(); }

TruePairs::Id TruePairs::make(const base::Endpoint& client, const base::Endpoint& local, Done done) {
  return impl_->make(client, local, std::move(done));
}

void TruePairs::cancel(Id id) {
  const auto wish = impl_->wishes.extract(id);
  if (!wish.empty()) (void)impl_->work.cancel(wish.mapped().work);
}

const base::Result<void>& TruePairs::usable() {
  static const base::Result<void> answer = try_once();
  return answer;
}

}  // namespace xsuperd::net
