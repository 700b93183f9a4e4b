// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "service/close_notifier.hpp"
#include "service/leaving.hpp"

namespace xsuperd::service {

namespace {

using namespace std::chrono_literals;

constexpr auto between_looks = 250ms;

/// What it has sent may lie unread, and what it sends would be in the clear in our memory: only its end is looked for.
bool peer_has_left(int connection) {
  pollfd look{connection, POLLRDHUP, 0};
  return ::poll(&look, 1, 0) != 0;
}

/// Waits until the peer has taken enough for there to be room, has it told, and waits for its own end, if it is to.
class CoveredLeave final : public Leaving, public std::enable_shared_from_this<CoveredLeave> {
 public:
  CoveredLeave(boost::asio::io_context& loop, Lingering& owner, CloseNotifier& notifier, base::Fd socket, base::Moment until, bool stays)
      : watch_(loop), end_(loop), pause_(loop), owner_(&owner), notifier_(notifier), socket_(std::move(socket)), until_(until), stays_(stays) {}
  ~CoveredLeave() override {
    if (watch_.is_open()) (void)watch_.release();  // the descriptor is ours
  }
  CoveredLeave(const CoveredLeave&) = delete;
  CoveredLeave& operator=(const CoveredLeave&) = delete;

 private:
  auto alive(void (CoveredLeave::*then)()) {
    return [self = weak_from_this(), then](boost::system::error_code error) {
      if (const auto one = self.lock(); one && !error && one->owner_) ((*one).*then)();
    };
  }

 public:
  bool begin() override {
    boost::system::error_code full;
    watch_.assign(socket_.get(), full);
    if (full) return false;
    end_.expires_at(until_);
    end_.async_wait(alive(&CoveredLeave::end));
    wait();
    return true;
  }

  void forget() override {
    owner_ = nullptr;
    if (watch_.is_open()) (void)watch_.release();
    end_.cancel();
    pause_.cancel();
    socket_.reset();
  }

  [[nodiscard]] InheritedLinger inherited() const override {
    return {.socket = socket_.get(), .until = until_, .in_kernel = true, .stays = stays_};
  }

 private:
  void wait() { watch_.async_wait(watch_.wait_write, alive(&CoveredLeave::tell)); }

  void tell() {
    base::Fd duplicate(::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0));
    if (!duplicate) return end();
    notifier_.tell(std::move(duplicate), [self = weak_from_this()](tls::Told told) {
      if (const auto one = self.lock(); one && one->owner_) one->told(told);
    });
  }

  void told(tls::Told told) {
    if (told == tls::Told::later) return pause(&CoveredLeave::wait);
    if (told == tls::Told::no || ::shutdown(socket_.get(), SHUT_WR) != 0 || !stays_) return end();
    look();
  }

  void look() { peer_has_left(socket_.get()) ? end() : pause(&CoveredLeave::look); }

  void pause(void (CoveredLeave::*then)()) {
    pause_.expires_after(between_looks);
    pause_.async_wait(alive(then));
  }

  void end() {
    if (owner_) leave(*owner_);
  }

  boost::asio::posix::stream_descriptor watch_;
  boost::asio::steady_timer end_, pause_;
  Lingering* owner_;
  CloseNotifier& notifier_;
  base::Fd socket_;
  base::Moment until_;
  bool stays_;
};

}  // namespace

std::shared_ptr<Leaving> make_covered_leave(boost::asio::io_context& loop, Lingering& owner, CloseNotifier& notifier, base::Fd connection,
                                            base::Moment until, bool stays) {
  return std::make_shared<CoveredLeave>(loop, owner, notifier, std::move(connection), until, stays);
}

}  // namespace xsuperd::service
