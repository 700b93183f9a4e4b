// SPDX-License-Identifier: MIT
#include "xsuperd/service/linger.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

#include "service/close_notifier.hpp"
#include "service/leaving.hpp"

namespace xsuperd::service {

namespace {

constexpr std::size_t a_turn = 1U << 20;  // bytes of one connection; others come in between
constexpr int most_calls = 16;

enum class Rest : std::uint8_t { may_come, ended };

/// Throws away what has arrived, up to some bound.
Rest throw_away(int fd) {
  for (int calls = 0; calls < most_calls; ++calls) {
    const ssize_t n = ::recv(fd, nullptr, a_turn, MSG_TRUNC | MSG_DONTWAIT);
    if (n > 0) continue;
    if (n < 0 && errno == EINTR) continue;
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? Rest::may_come : Rest::ended;
  }
  return Rest::may_come;
}

}  // namespace

class LingeringConnection : public Leaving, public std::enable_shared_from_this<LingeringConnection> {
 public:
  LingeringConnection(boost::asio::io_context& loop, Lingering& owner, base::Fd socket, base::Moment until)
      : watch_(loop), timer_(loop), owner_(&owner), socket_(std::move(socket)), until_(until) {}
  ~LingeringConnection() override {
    if (watch_.is_open()) (void)watch_.release();  // the descriptor is ours
  }
  LingeringConnection(const LingeringConnection&) = delete;
  LingeringConnection& operator=(const LingeringConnection&) = delete;

  /// False when it is over already.
  bool begin() override {
    if (::shutdown(socket_.get(), SHUT_WR) != 0 || throw_away(socket_.get()) == Rest::ended) return false;
    boost::system::error_code full;
    watch_.assign(socket_.get(), full);
    if (full) return false;
    timer_.expires_at(until_);
    timer_.async_wait([self = weak_from_this()](boost::system::error_code error) {
      if (const auto one = self.lock(); one && !error) one->end();
    });
    wait();
    return true;
  }

  /// It is closed with the last reference to it, which a handler that is on its way may have.
  void forget() override {
    owner_ = nullptr;
    if (watch_.is_open()) (void)watch_.release();
    timer_.cancel();
    socket_.reset();
  }

  [[nodiscard]] InheritedLinger inherited() const override { return {.socket = socket_.get(), .until = until_}; }

 private:
  void wait() {
    watch_.async_wait(watch_.wait_read, [self = weak_from_this()](boost::system::error_code error) {
      const auto one = self.lock();
      if (!one || error || !one->owner_) return;
      if (throw_away(one->socket_.get()) == Rest::ended) return one->end();
      one->wait();
    });
  }

  void end() {
    if (owner_) leave(*owner_);
  }

  boost::asio::posix::stream_descriptor watch_;
  boost::asio::steady_timer timer_;
  Lingering* owner_;
  base::Fd socket_;
  base::Moment until_;
};

Lingering::Lingering(boost::asio::io_context& loop, std::size_t most) : loop_(loop), most_(std::max<std::size_t>(most, 1)) {}

Lingering::~Lingering() {
  for (const auto& connection : connections_) connection->forget();
}

void Lingering::take(base::Fd connection, base::Moment until) {
  add(std::make_shared<LingeringConnection>(loop_, *this, std::move(connection), until));
}

void Lingering::take_covered(base::Fd connection, base::Moment until, bool stays) {
  if (!notifier_) notifier_ = std::make_unique<CloseNotifier>(loop_);
  add(make_covered_leave(loop_, *this, *notifier_, std::move(connection), until, stays));
}

void Lingering::take(base::Fd connection, const InheritedLinger& as) {
  as.in_kernel ? take_covered(std::move(connection), as.until, as.stays) : take(std::move(connection), as.until);
}

void Lingering::add(std::shared_ptr<Leaving> one) {
  if (!one->begin()) return one->forget();
  connections_.push_back(std::move(one));
  if (connections_.size() > most_) drop(*connections_.front());
}

void Lingering::drop(Leaving& connection) {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& one) { return one.get() == &connection; });
  if (found == connections_.end()) return;
  const auto last = std::move(*found);
  connections_.erase(found);
  last->forget();
}

std::vector<InheritedLinger> Lingering::hand_over() const {
  std::vector<InheritedLinger> all;
  for (const auto& connection : connections_) all.push_back(connection->inherited());
  return all;
}

bool group_lives(pid_t group) { return ::kill(-group, 0) == 0 || errno == EPERM; }

std::shared_ptr<Lingering> make_lingering(boost::asio::io_context& loop, std::size_t most) {
  if (most == 0) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    most = static_cast<std::size_t>(std::clamp<rlim_t>(files.rlim_max / 8, 1, 1000));
  }
  return std::make_shared<Lingering>(loop, most);
}

}  // namespace xsuperd::service
