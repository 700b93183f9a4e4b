// SPDX-License-Identifier: MIT
#include "worker/waiting.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "xsuperd/worker/client.hpp"

namespace xsuperd::worker {

namespace {

std::size_t bytes_of(const Start& start) {
  std::size_t bytes = 0;
  for (const std::string& text : start.parameters.texts) bytes += text.size();
  return bytes;
}

std::size_t descriptors_of(const Start& start) { return start.parameters.target ? 2 : 1; }

std::size_t share_of_descriptors() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 1;
  return std::max<std::size_t>(files.rlim_cur / 4, 1);
}

}  // namespace

bool WaitingList::has_room() const {
  return bytes_ < most_waiting_bytes && list_.size() < most_ && (list_.empty() || descriptors_ < share_of_descriptors());
}

void WaitingList::add(Start start, Conversations::Done done, base::Moment now) {
  bytes_ += bytes_of(start);
  descriptors_ += descriptors_of(start);
  list_.push_back({std::move(start), std::move(done), now});
}

const Waiting* WaitingList::find(std::uint64_t token) const {
  const auto found = std::ranges::find(list_, token, [](const Waiting& one) { return one.start.token; });
  return found == list_.end() ? nullptr : &*found;
}

std::optional<Waiting> WaitingList::take(std::uint64_t token) {
  const auto found = std::ranges::find(list_, token, [](const Waiting& one) { return one.start.token; });
  if (found == list_.end()) return std::nullopt;
  return take_at(static_cast<std::size_t>(found - list_.begin()));
}

std::optional<Waiting> WaitingList::take_first(base::Moment before) {
  if (list_.empty() || list_.front().since > before) return std::nullopt;
  return take_at(0);
}

Waiting WaitingList::take_at(std::size_t place) {
  const auto at = list_.begin() + static_cast<std::ptrdiff_t>(place);
  Waiting one = std::move(*at);
  list_.erase(at);
  bytes_ -= bytes_of(one.start);
  descriptors_ -= descriptors_of(one.start);
  return one;
}

void WaitingList::clear() {
  list_.clear();
  bytes_ = 0;
  descriptors_ = 0;
}

}  // namespace xsuperd::worker
