// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>

#include "converse/socket.hpp"

namespace xsuperd::converse {

/// Bytes on their way from one socket to another, or back to the same one: all of them, in order, and the end
/// of the one is passed on to the other. While bytes cannot be written none are read, so at most one block or
/// one full pipe is held, and neither while nothing is on its way. Small reads go through the block that all
/// share; after a read that filled it, pipes carry the bytes, uncopied, until reads become small again. A
/// flow that pauses has none.
class Flow {
 public:
  enum class State : std::uint8_t {
    open,
    ended,          ///< everything was passed on, the end too
    source_failed,  ///< everything that arrived was passed on
    sink_failed,    ///< nothing can be written any more
  };

  /// Whether what is written is to go out at once although more may follow, or what was sent is not confirmed.
  enum class Haste : std::uint8_t { none, passes_on };
  Flow(Pool& pool, Socket& from, Socket& to, Haste haste = Haste::none)
      : pool_(pool), from_(from), to_(to), hurried_(haste == Haste::none) {}
  ~Flow() { drop(); }
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  /// Moves what can be moved now, or its share of it: then the source's handler is called again after others.
  /// `last`: when this flow ends both sockets are closed at once, so that the end need not be passed on by itself.
  State run(bool last = false);
  /// Gives up what is on its way.
  void drop();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::uint64_t bytes_read() const { return read_; }
  [[nodiscard]] std::uint64_t bytes_written() const { return written_; }

 private:
  void begin();
  [[nodiscard]] bool flush();
  [[nodiscard]] bool flush_block();
  [[nodiscard]] bool flush_pipe();
  void fill();
  [[nodiscard]] bool fill_pipe();
  void finish_reading(Moved why);
  void return_pipe();
  void hurry();

  Pool& pool_;
  Socket& from_;
  Socket& to_;
  Block block_;                         // only while some of it could not be written
  std::uint32_t begin_ = 0, size_ = 0;  // what of it
  std::uint32_t piped_ = 0;             // bytes in the pipe
  Pipe pipe_;
  State state_ = State::open;
  bool begun_ = false;
  bool last_ = false;
  bool hurried_ = false;    // the sink was told not to wait for confirmations
  bool streaming_ = false;  // the last read was large, so the next one is for a pipe
  std::uint64_t read_ = 0, written_ = 0;
};

}  // namespace xsuperd::converse
