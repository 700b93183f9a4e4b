// SPDX-License-Identifier: MIT
#include "xsuperd/net/local_connector.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <unordered_map>
#include <utility>

#include "net/acting_as.hpp"
#include "net/unix_path.hpp"
#include "xsuperd/loop/deadlines.hpp"
#include "xsuperd/net/slow_work.hpp"

namespace xsuperd::net {

namespace {

/// errno, 0 for success.
int connect_now(int fd, const std::string& name) {
  sockaddr_un to{};
  const socklen_t length = fill_local(name, to);
  int result = 0;
  do result = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), length);
  while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

}  // namespace

LocalConnection connect_locally(const LocalTarget& target) {
  LocalConnection result;
  base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) {
    result.error = errno;
    return result;
  }
  if (target.as && ::geteuid() == 0) {
    ActingAs somebody(*target.as);
    result.error = somebody.error() != 0 ? somebody.error() : connect_now(fd.get(), target.name);
    result.unfit = !somebody.restore();
  } else {
    result.error = connect_now(fd.get(), target.name);
  }
  if (result.error == 0) result.fd = std::move(fd);
  return result;
}

struct LocalConnector::Impl : std::enable_shared_from_this<Impl> {
  struct Attempt {
    LocalTarget target;
    Done done;
    std::chrono::milliseconds pause;  // before the next try
    SlowWork::Id work = 0;
    loop::Deadlines::Handle deadline = {};
    loop::Deadlines::Handle next_try = {};
  };

  Impl(boost::asio::io_context& on, Options with)
      : loop(on),
        options(std::move(with)),
        work(on, {options.threads, options.queue}),
        deadlines(on, [this](Id id) { finish(id, {}, ETIMEDOUT); }),
        tries(on, [this](Id id) { try_once(id); }) {}

  Id connect(LocalTarget target, Done done);
  void try_once(Id id);
  void tried(Id id, LocalConnection result);
  void finish(Id id, base::Fd fd, int error);
  void finish_later(Id id, int error);
  bool forget(Id id, Attempt* last);

  boost::asio::io_context& loop;
  Options options;
  SlowWork work;
  loop::Deadlines deadlines;  // of the attempts, by id
  loop::Deadlines tries;      // when those that have to are made again
  Id last_id = 0;
  std::unordered_map<Id, Attempt> attempts;
};

LocalConnector::Id LocalConnector::Impl::connect(LocalTarget target, Done done) {
  const Id id = ++last_id;
  Attempt& one = attempts.emplace(id, Attempt{std::move(target), std::move(done), options.first_pause}).first->second;
  one.deadline = deadlines.add(options.deadline, id);
  try_once(id);
  return id;
}

void LocalConnector::Impl::try_once(Id id) {
  const auto found = attempts.find(id);
  if (found == attempts.end()) return;
  const auto result = std::make_shared<LocalConnection>();
  result->error = ENOMEM;  // unless it comes to something else
  found->second.work = work.run(
      [result, connect = options.connect, target = found->second.target] {
        *result = connect(target);
        if (result->unfit) throw SlowWork::Unfit();
      },
      [impl = weak_from_this(), id, result] {
        if (const auto self = impl.lock()) self->tried(id, std::move(*result));
      });
  if (found->second.work == 0) finish_later(id, EAGAIN);
}

void LocalConnector::Impl::tried(Id id, LocalConnection result) {
  const auto found = attempts.find(id);
  if (found == attempts.end()) return;  // nobody waits for it any more
  Attempt& one = found->second;
  one.work = 0;
  if (result.error != EAGAIN) return finish(id, std::move(result.fd), result.error);
  one.next_try = tries.add(one.pause, id);
  one.pause = std::min(2 * one.pause, options.longest_pause);
}

void LocalConnector::Impl::finish_later(Id id, int error) {
  boost::asio::post(loop, [impl = weak_from_this(), id, error] {
    if (const auto self = impl.lock()) self->finish(id, {}, error);
  });
}

void LocalConnector::Impl::finish(Id id, base::Fd fd, int error) {
  const auto self = shared_from_this();  // the callback may end the connector
  // Taken out before the call: the callback may connect again.
  Attempt one;
  if (forget(id, &one)) one.done(std::move(fd), error);
}

bool LocalConnector::Impl::forget(Id id, Attempt* last) {
  auto found = attempts.extract(id);
  if (found.empty()) return false;
  *last = std::move(found.mapped());
  deadlines.cancel(last->deadline);
  tries.cancel(last->next_try);
  if (last->work != 0) (void)work.cancel(last->work);
  return true;
}

LocalConnector::LocalConnector(boost::asio::io_context& loop, Options options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

LocalConnector::~LocalConnector() { impl_->attempts.clear(); }

LocalConnector::Id LocalConnector::connect(LocalTarget target, Done done) {
  return impl_->connect(std::move(target), std::move(done));
}

void LocalConnector::cancel(Id id) {
  Impl::Attempt last;
  (void)impl_->forget(id, &last);
}

}  // namespace xsuperd::net
