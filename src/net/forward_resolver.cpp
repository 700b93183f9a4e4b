// SPDX-License-Identifier: MIT
#include "xsuperd/net/forward_resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "xsuperd/loop/deadlines.hpp"
#include "xsuperd/net/slow_work.hpp"

namespace xsuperd::net {

namespace {

using Targets = std::vector<base::Endpoint>;

Targets look_up(const std::string& host, std::uint16_t port, int flags) {
  // An empty name and one with a NUL byte in it are no names, whatever C makes of them.
  if (host.empty() || host.find('\0') != std::string::npos) return {};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  Targets targets;
  for (const addrinfo* a = list; a && targets.size() < most_target_addresses; a = a->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, a->ai_addr, std::min<std::size_t>(a->ai_addrlen, sizeof storage));
    const base::Endpoint target{base::endpoint_of(storage).address, port};
    const bool taken = std::find(targets.begin(), targets.end(), target) != targets.end();
    if (target.address.known() && !taken) targets.push_back(target);
  }
  return targets;
}

}  // namespace

Targets resolve_target(const std::string& host, std::uint16_t port) { return look_up(host, port, 0); }

std::optional<base::Endpoint> numeric_target(const std::string& host, std::uint16_t port) {
  const Targets targets = look_up(host, port, AI_NUMERICHOST);
  return targets.empty() ? std::nullopt : std::optional(targets.front());
}

struct ForwardResolver::Impl : std::enable_shared_from_this<Impl> {
  using Target = std::pair<std::string, std::uint16_t>;
  struct Waiter {
    Target target;
    Done done;
    loop::Deadlines::Handle deadline = {};
  };
  /// A look-up that waits for a thread or is under way, and who waits for it: nobody, when all have gone.
  struct Question {
    SlowWork::Id id = 0;
    std::vector<Id> waiters;
  };
  struct Late {
    Targets targets;
    std::chrono::steady_clock::time_point until;
  };

  Impl(boost::asio::io_context& on, Options with)
      : loop(on),
        options(std::move(with)),
        work(on, {options.threads, options.queue}),
        deadlines(on, [this](Id id) { expire(id); }) {}

  Id ask(const Target& target, Done done);
  bool begin(const Target& target);
  bool take_late(const Target& target, Targets& found);
  void wait(const Target& target, Waiter& waiter, Id id);
  void answer_later(Id id, Targets found);
  void answered(const Target& target, Targets found);
  void expire(Id id);
  void finish(Id id, const Targets& found);
  void forget(Id id, const Target& target);

  boost::asio::io_context& loop;
  Options options;
  SlowWork work;
  loop::Deadlines deadlines;  // of the waiters, by id
  Id last_id = 0;
  std::unordered_map<Id, Waiter> waiters;
  std::map<Target, Question> asked;
  std::map<Target, Late> late;
};

ForwardResolver::Id ForwardResolver::Impl::ask(const Target& target, Done done) {
  const Id id = ++last_id;
  const bool full = waiters.size() >= options.waiting;
  Waiter& waiter = waiters.emplace(id, Waiter{target, std::move(done)}).first->second;
  Targets found;
  if (take_late(target, found) || full || (!asked.contains(target) && !begin(target)))
    answer_later(id, std::move(found));
  else
    wait(target, waiter, id);
  return id;
}

bool ForwardResolver::Impl::take_late(const Target& target, Targets& found) {
  std::erase_if(late, [now = std::chrono::steady_clock::now()](const auto& one) { return one.second.until <= now; });
  const auto known = late.find(target);
  if (known == late.end()) return false;
  // Once: whoever finds that it is useless asks again.
  found = std::move(late.extract(known).mapped().targets);
  return true;
}

bool ForwardResolver::Impl::begin(const Target& target) {
  const auto id = work.run([impl = weak_from_this(), look = options.look_up, target]() -> SlowWork::Then {
    Targets found;
    try {
      found = look(target.first, target.second);
    } catch (const std::exception&) {  // no memory: then there is none
    }
    return [impl, target, found = std::move(found)] {
      if (const auto self = impl.lock()) self->answered(target, found);
    };
  });
  if (id != 0) asked[target].id = id;
  return id != 0;
}

void ForwardResolver::Impl::wait(const Target& target, Waiter& waiter, Id id) {
  asked[target].waiters.push_back(id);
  waiter.deadline = deadlines.add(options.deadline, id);
}

void ForwardResolver::Impl::expire(Id id) {
  const auto self = shared_from_this();  // the callback may end the resolver
  const auto found = waiters.find(id);
  if (found == waiters.end()) return;
  forget(id, found->second.target);
  finish(id, {});
}

void ForwardResolver::Impl::answer_later(Id id, Targets found) {
  boost::asio::post(loop, [impl = weak_from_this(), id, found = std::move(found)] {
    if (const auto self = impl.lock()) self->finish(id, found);
  });
}

void ForwardResolver::Impl::answered(const Target& target, Targets found) {
  const auto question = asked.extract(target);
  if (question.empty()) return;
  if (question.mapped().waiters.empty() && !found.empty())
    late[target] = {found, std::chrono::steady_clock::now() + options.late_for};
  for (const Id id : question.mapped().waiters) finish(id, found);
}

void ForwardResolver::Impl::finish(Id id, const Targets& found) {
  // Taken out before the call: the callback may ask again or end the resolver.
  auto waiter = waiters.extract(id);
  if (waiter.empty()) return;
  deadlines.cancel(waiter.mapped().deadline);
  waiter.mapped().done(found);
}

/// Nobody looks for a target that nobody wants, unless a thread is at it already.
void ForwardResolver::Impl::forget(Id id, const Target& target) {
  const auto question = asked.find(target);
  if (question == asked.end()) return;
  std::erase(question->second.waiters, id);
  if (question->second.waiters.empty() && work.cancel(question->second.id)) asked.erase(question);
}

ForwardResolver::ForwardResolver(boost::asio::io_context& loop, Options options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

ForwardResolver::~ForwardResolver() {
  impl_->waiters.clear();
  impl_->asked.clear();
}

ForwardResolver::Id ForwardResolver::ask(const std::string& host, std::uint16_t port, Done done) {
  return impl_->ask({host, port}, std::move(done));
}

void ForwardResolver::cancel(Id id) {
  const auto waiter = impl_->waiters.extract(id);
  if (waiter.empty()) return;
  impl_->deadlines.cancel(waiter.mapped().deadline);
  impl_->forget(id, waiter.mapped().target);
}

}  // namespace xsuperd::net
