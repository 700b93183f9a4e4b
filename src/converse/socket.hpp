// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "converse/poller.hpp"

namespace xsuperd::converse {

/// The outcome of an attempt to read or write without waiting.
enum class Moved : std::uint8_t {
  some,    ///< bytes were moved
  later,   ///< none now: the handler will be told
  end,     ///< reading: the other side has said all
  failed,  ///< never again
};

/// A connected (or connecting) stream socket of a conversation, or the end of a pipe for reading. It remembers what the Poller
/// said of it, until a call has found out otherwise, so that no call is made in vain.
class Socket {
 public:
  Socket(Poller& poller, Handler& handler) : poller_(poller), handler_(handler) {}
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// Takes the descriptor and begins to watch it. An errno value when that fails.
  [[nodiscard]] int open(base::Fd fd);
  void close();
  /// Gives the descriptor away, blocking and not watched any more.
  [[nodiscard]] base::Fd release();
  [[nodiscard]] int fd() const { return fd_.get(); }

  /// Reading (writing) is worth a try.
  [[nodiscard]] bool readable() const { return readable_; }
  [[nodiscard]] bool writable() const { return writable_; }
  /// The connection broke. What arrived before can still be read.
  [[nodiscard]] bool broken() const { return broken_; }
  /// Nothing comes any more and nothing is taken: of a UNIX socket, nobody has its other end.
  [[nodiscard]] bool hung_up() const { return hung_up_; }

  /// Nothing more will come than has come already, or something out of the ordinary has. Right after receive() this holds for
  /// what that found.
  [[nodiscard]] bool no_more_to_come() const { return surprises_; }

  /// `count`: how many bytes were moved. There are no flags for a pipe.
  [[nodiscard]] Moved receive(std::span<char> to, std::size_t& count, int flags = 0);
  [[nodiscard]] Moved send(std::string_view bytes, std::size_t& count, int flags = 0);
  /// Between this socket and a pipe, at most `most` bytes; the Socket is the source or the target. The end of
  /// the other side's data is not reported, but `later` while readable() stays true: receive() knows.
  [[nodiscard]] Moved splice_to(const Pipe& pipe, std::size_t most, std::size_t& count);
  [[nodiscard]] Moved splice_from(const Pipe& pipe, std::size_t most, std::size_t& count);
  /// Nothing more will be written; the other side learns so.
  void end_writing();
  /// Breaks a TCP connection, so that the other side sees a reset. Any other is left as it is.
  void reset();

  /// Have the handler called again although nothing new happened.
  void again() { poller_.again(*this); }
  /// Called by the Poller. Whom to tell.
  [[nodiscard]] Handler& note(std::uint32_t events);
  /// The Poller's number for it.
  void place(std::uint32_t number) { place_ = number; }
  [[nodiscard]] std::uint32_t place() const { return place_; }

 private:
  void unwatch(bool closing);
  void make_nonblocking();

  Poller& poller_;
  Handler& handler_;
  base::Fd fd_;
  std::uint32_t place_ = 0;
  bool watched_ = false;
  bool nonblocking_ = false;  // by the flag, which splice(2) wants; other calls are told each time
  bool pipe_ = false;         // found out by the first receive()
  bool readable_ = false;
  bool writable_ = false;
  bool broken_ = false;
  bool hung_up_ = false;
  bool surprises_ = false;  // an end, an error or urgent data may follow a short read without a further event
};

// Of a connection.

/// Urgent data stay among the other instead of being lost, as nobody here asks for them.
void keep_urgent_data(int fd);
/// The errno value with which connecting ended, 0 for success; only once it is writable.
[[nodiscard]] int take_error(int fd);
/// The kernel asks a side that is silent for long whether it is there still (SO_KEEPALIVE).
void keep_alive(int fd);
/// Of a TCP connection: something that was written has not arrived at the other side yet.
[[nodiscard]] bool underway(int fd);
/// What is written goes out at once from now on, even while the other side has not confirmed what came before.
void hurry(int fd);

}  // namespace xsuperd::converse
