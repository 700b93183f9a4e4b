// SPDX-License-Identifier: MIT
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "converse/pool.hpp"
#include "xsuperd/base/deadline_queue.hpp"
#include "xsuperd/base/poll_set.hpp"
#include "xsuperd/base/time.hpp"

namespace xsuperd::converse {

class Socket;
class Deadline;

/// Who wants to know of sockets and deadlines. May be destroyed from inside either function.
class Handler {
 public:
  /// One of its sockets became readable or writable, or failed; the Socket knows which.
  virtual void ready() = 0;
  /// Its deadline has passed.
  virtual void expired() = 0;

 protected:
  ~Handler() = default;
};

/// The sockets of all conversations of one loop, in a set of their own, of which the loop watches the
/// one descriptor. A socket is entered once, edge-triggered for everything, and costs no system call, no
/// allocation and no queued handler per event after that; with Asio's own waits it would cost all three.
/// Lives as long as the loop, on its thread.
class Poller final : public boost::asio::execution_context::service {
 public:
  static boost::asio::execution_context::id id;
  /// The one of this loop, made at its first use.
  [[nodiscard]] static Poller& of(boost::asio::io_context& loop);
  explicit Poller(boost::asio::io_context& loop);

  /// From now on the socket's handler is told; the first time soon, of how the socket is now. Never from
  /// inside. An errno value when the kernel does not want it.
  [[nodiscard]] int add(Socket& socket);
  /// `closing`: its descriptor is about to be closed, so the kernel forgets it; if it is open in another process
  /// too, as soon as that has closed it, and until then its events are known for what they are.
  void remove(Socket& socket, bool closing = false);
  /// Tells the handler of the socket's state once more, after others had their turn.
  void again(Socket& socket);

  [[nodiscard]] Pool& pool() { return pool_; }
  /// The beginning of this turn of the loop: cheap, and good enough for deadlines.
  [[nodiscard]] base::Moment now() const { return now_; }

 private:
  friend class Deadline;
  /// The kernel is given the place of a socket here and how often the place was given away, never an address.
  struct Place {
    Socket* socket = nullptr;
    std::uint32_t owners = 0;
  };

  void shutdown() override;
  void wait();
  void dispatch();
  [[nodiscard]] std::uint64_t number_of(std::uint32_t place) const;
  void wait_for_deadline();
  void dispatch_deadlines();

  base::PollSet set_;
  Pool pool_;
  base::Moment now_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_places_;
  std::size_t sockets_ = 0;
  bool waiting_ = false;
  std::uint64_t turn_ = 0;
  base::DeadlineQueue<Deadline*> deadlines_;
  std::optional<base::Moment> timer_set_;  // when timer_ is to fire, if it is armed
  std::uint64_t timer_turn_ = 0;
  std::optional<boost::asio::posix::stream_descriptor> watch_;
  std::optional<boost::asio::steady_timer> timer_;
};

/// A moment at which a handler wants to be told. Setting it again moves it.
class Deadline {
 public:
  Deadline(Poller& poller, Handler& handler) : poller_(poller), handler_(handler) {}
  ~Deadline() { clear(); }  // NOLINT(bugprone-exception-escape): a timer that is cancelled does not fail
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(base::Moment when);
  void clear();

 private:
  friend class Poller;
  Poller& poller_;
  Handler& handler_;
  base::DeadlineQueue<Deadline*>::Handle place_;
};

}  // namespace xsuperd::converse
