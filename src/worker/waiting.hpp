// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "xsuperd/base/time.hpp"
#include "xsuperd/worker/conversations.hpp"
#include "xsuperd/worker/protocol.hpp"

namespace xsuperd::worker {

/// A conversation that no worker has yet.
struct Waiting {
  Start start;
  Conversations::Done done;
  base::Moment since;
};

/// Conversations that wait for a worker, in order. Bounded in number, in bytes of texts (most_waiting_bytes) and in
/// descriptors: whatever happens to workers, others can still be served, so it has at most a quarter of those that this
/// process may open (RLIMIT_NOFILE), but always room for one. Lives on the loop thread.
class WaitingList {
 public:
  explicit WaitingList(std::size_t most) : most_(most) {}

  [[nodiscard]] bool has_room() const;
  /// To be called only while there is room.
  void add(Start start, Conversations::Done done, base::Moment now);
  [[nodiscard]] const Waiting* find(std::uint64_t token) const;
  /// The one of that token; none when there is none.
  [[nodiscard]] std::optional<Waiting> take(std::uint64_t token);
  /// The one that waits longest, if it has waited since `before` or longer.
  [[nodiscard]] std::optional<Waiting> take_first(base::Moment before = base::Moment::max());
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  void clear();

 private:
  [[nodiscard]] Waiting take_at(std::size_t place);

  const std::size_t most_;
  std::deque<Waiting> list_;
  std::size_t bytes_ = 0;  // of all texts
  std::size_t descriptors_ = 0;
};

}  // namespace xsuperd::worker
