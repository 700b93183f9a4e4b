// SPDX-License-Identifier: MIT
#include "xsuperd/net/resolver.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <exception>
#include <new>
#include <unordered_map>

#include "net/name_cache.hpp"
#include "xsuperd/loop/deadlines.hpp"
#include "xsuperd/net/slow_work.hpp"

namespace xsuperd::net {

namespace {

using Name = base::PeerName;

Name failed() { return {Name::State::failed}; }

/// On a thread. After `budget` no further name of the same address is tried.
Name look_up(NameSource& source, const base::Address& address, std::chrono::milliseconds budget) {
  const auto end = std::chrono::steady_clock::now() + budget;
  try {
    return peer_name(source, address, [end] { return std::chrono::steady_clock::now() < end; });
  } catch (const std::exception&) {  // no memory
    return failed();
  }
}

}  // namespace

struct Resolver::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& on, Options with)
      : loop(on), options(std::move(with)), cache(options.cache), work(on, {options.threads, options.queue}),
        deadlines(on, [this](std::uint64_t id) { expire(id); }) {
    if (!options.source) options.source = system_names();
  }

  void ask(const base::Address& peer, Done done);
  void close();

  bool begin(const base::Address& address);
  void later(Done done, Name name);
  void wait(const base::Address& address, Done done);
  void expire(std::uint64_t id);
  void answered(const base::Address& address, const Name& name);
  void finish(std::uint64_t id, const Name& name);

  struct Waiter {
    base::Address address;
    Done done;
    loop::Deadlines::Handle deadline;
  };
  /// A look-up that waits for a thread or is under way, and who waits for it: nobody, when all waited too long.
  struct Question {
    SlowWork::Id id = 0;
    std::vector<std::uint64_t> waiters;
  };

  boost::asio::io_context& loop;
  Options options;
  NameCache cache;
  SlowWork work;
  loop::Deadlines deadlines;  // of the waiters, by id
  std::uint64_t last_id = 0;
  std::unordered_map<std::uint64_t, Waiter> waiters;
  std::unordered_map<base::Address, Question, AddressHash> asked;
};

void Resolver::Impl::ask(const base::Address& peer, Done done) {
  const base::Address address = peer.unmapped();
  if (!address.known()) return later(std::move(done), {Name::State::unknown});
  if (const Name* name = cache.find(address, std::chrono::steady_clock::now()))
    return later(std::move(done), *name);
  if (waiters.size() >= options.waiting || (!asked.contains(address) && !begin(address)))
    return later(std::move(done), failed());
  wait(address, std::move(done));
}

void Resolver::Impl::later(Done done, Name name) {
  boost::asio::post(loop, [impl = weak_from_this(), done = std::move(done), name = std::move(name)] {
    if (!impl.expired()) done(name);
  });
}

/// False when too many wait, or no thread can be started.
bool Resolver::Impl::begin(const base::Address& address) {
  const auto id = work.run([impl = weak_from_this(), source = options.source, address,
                            budget = 3 * options.deadline]() -> SlowWork::Then {
    return [impl, address, name = look_up(*source, address, budget)] {
      if (const auto self = impl.lock()) self->answered(address, name);
    };
  });
  if (id != 0) asked[address].id = id;
  return id != 0;
}

void Resolver::Impl::wait(const base::Address& address, Done done) {
  const std::uint64_t id = ++last_id;
  waiters.emplace(id, Waiter{address, std::move(done), deadlines.add(options.deadline, id)});
  asked[address].waiters.push_back(id);
}

void Resolver::Impl::expire(std::uint64_t id) {
  const auto self = shared_from_this();  // the callback may end the Resolver
  const auto waiter = waiters.find(id);
  if (waiter == waiters.end()) return;
  const auto question = asked.find(waiter->second.address);
  if (question != asked.end()) {
    std::erase(question->second.waiters, id);
    if (question->second.waiters.empty() && work.cancel(question->second.id)) asked.erase(question);
  }
  finish(id, failed());
}

void Resolver::Impl::answered(const base::Address& address, const Name& name) {
  const auto believed = name.state == Name::State::known ? options.known_for : options.unknown_for;
  try {
    const auto now = std::chrono::steady_clock::now();
    cache.put(address, name, now + believed, now);
  } catch (const std::bad_alloc&) {  // those who wait have their answer all the same
  }
  const auto question = asked.extract(address);
  if (question.empty()) return;
  for (const std::uint64_t id : question.mapped().waiters) finish(id, name);
}

void Resolver::Impl::finish(std::uint64_t id, const Name& name) {
  // Taken out before the call: the callback may ask again or end the Resolver.
  const auto waiter = waiters.extract(id);
  if (waiter.empty()) return;
  deadlines.cancel(waiter.mapped().deadline);
  try {
    waiter.mapped().done(name);
  } catch (const std::bad_alloc&) {  // there is no room for the name
    waiter.mapped().done(failed());
  }
}

void Resolver::Impl::close() {
  waiters.clear();
  asked.clear();
}

Resolver::Resolver(boost::asio::io_context& loop, Options options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

// The threads go with the last reference, which a callback that is running may hold.
Resolver::~Resolver() { impl_->close(); }

void Resolver::names_of(const base::Address& peer, Done done) { impl_->ask(peer, std::move(done)); }

}  // namespace xsuperd::net
