// SPDX-License-Identifier: MIT
#pragma once
#include <string_view>
#include <utility>

#include "converse/poller.hpp"
#include "converse/socket.hpp"
#include "xsuperd/converse/conversation.hpp"

namespace xsuperd::converse {

/// What every conversation begins with.
struct Opening {
  Poller& poller;
  Parameters parameters;
  std::function<void(Report)> done;
};

/// What all conversations share: the peer's socket, the idle deadline, the farewell and the report. A
/// conversation adds step(). After finish() and farewell(), which may end its life, a function returns at
/// once.
class Talk : public Conversation, protected Handler {
 public:
  /// Leaves in the opening what only one kind needs.
  explicit Talk(Opening& opening);
  ~Talk() override = default;
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  /// Begins to watch the peer: the first step() follows soon, never from inside.
  void begin(base::Fd peer);

  /// For those that count in the report; others have counters of their own.
  [[nodiscard]] Traffic traffic() const override { return {report_.in, report_.out}; }

 protected:
  /// Does what can be done now. Called when a socket has become readable or writable, or failed.
  virtual void step() = 0;
  /// The time set with limit() is up.
  virtual void time_is_up() { finish(); }
  /// Takes the peer's socket and begins to watch it. An errno value when that fails, which ends the
  /// conversation soon.
  [[nodiscard]] virtual int open(base::Fd peer) { return peer_.open(std::move(peer)); }
  /// Closes what is open besides the peer's socket, and completes the report, which has the traffic already.
  virtual void close() {}

  /// Closes everything and reports, once.
  void finish();
  /// The same, after the peer had a chance to take what was sent: closing with bytes of the peer unread would
  /// have the kernel throw it away (fact B9.12). So it is told that this is all, and what it still sends is
  /// read, for a second and up to 64 KiB.
  void farewell();
  /// Resets the TCP connection `other`, and finishes: once all that was written to it has arrived, of which the kernel would throw
  /// away the rest, or after two seconds.
  void break_off(Socket& other);

  /// This long from now time_is_up() is called, whatever happens. Replaces the idle deadline.
  void limit(std::chrono::milliseconds time);
  /// Without a limit: finish() when nothing happens for so long; 0: never.
  void idle_limit(std::chrono::milliseconds time);

  /// Sends what the peer takes now and shortens `rest` by it. True when nothing is left; after false return,
  /// as the conversation may be over. `more`: the next call follows at once, so one packet may hold both.
  [[nodiscard]] bool send(std::string_view& rest, bool more = false);
  /// Reads what the peer has sent and throws it away, in portions: whoever sends without end is called again.
  [[nodiscard]] Moved throw_away();

  Poller& poller_;
  Socket peer_;
  Report report_;

 private:
  void ready() final;
  void expired() final;
  void see_off();
  void look_whether_arrived();

  std::function<void(Report)> done_;
  Deadline deadline_;
  std::chrono::milliseconds idle_;
  base::Moment last_;
  std::uint64_t read_before_farewell_ = 0;
  Socket* breaking_ = nullptr;
  enum class Phase : std::uint8_t { talking, limited, farewell, breaking, failed } phase_ = Phase::talking;
};

}  // namespace xsuperd::converse
