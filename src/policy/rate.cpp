// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>

#include "xsuperd/policy/verdict.hpp"

namespace xsuperd::policy {

namespace {
/// xinetd takes the window as long in seconds as the rate is in connections.
std::chrono::seconds length(const config::Rate& rate) {
  return std::chrono::seconds(rate.window > 0 ? rate.window : rate.connections);
}
}  // namespace

bool RateWindow::trips(const config::Rate& rate, base::Moment now) {
  using std::chrono::seconds;
  if (rate.connections == 0) return false;
  if (requests_ == 0 || now - start_ >= length(rate)) {
    start_ = now;
    requests_ = 0;
  }
  ++requests_;
  if (rate.window > 0) return requests_ > rate.connections;
  const auto whole_seconds = std::chrono::floor<seconds>(now - start_).count();
  const auto divisor = static_cast<std::uint64_t>(std::max<seconds::rep>(whole_seconds, 1));
  return requests_ / divisor > rate.connections;
}

std::uint64_t RateWindow::recent(const config::Rate& rate, base::Moment now) const {
  return now - start_ >= length(rate) ? 0 : requests_;
}

bool SourceRates::trips(const config::SourceRate& rate, const base::Address& peer, base::Moment now) {
  if (rate.connections == 0 || !peer.known()) return false;
  const base::Address address = peer.unmapped().source();
  while (!begun_.empty() && now - begun_.front().at >= std::chrono::seconds(rate.window)) forget_first();
  const auto found = counts_.find(address);
  if (found != counts_.end()) return ++found->second > rate.connections;
  if (counts_.size() == most) forget_first();
  counts_.emplace(address, 1);
  begun_.push_back({now, address});
  return false;
}

void SourceRates::forget_first() {
  counts_.erase(begun_.front().peer);
  begun_.pop_front();
}

std::vector<SourceRates::Count> SourceRates::snapshot() const {
  std::vector<Count> all;
  all.reserve(begun_.size());
  for (const Begun& one : begun_) all.push_back({.since = one.at, .peer = one.peer, .requests = counts_.at(one.peer)});
  return all;
}

void SourceRates::restore(const std::vector<Count>& counts) {
  reset();
  for (const Count& one : counts)
    if (counts_.size() < most && counts_.emplace(one.peer, one.requests).second) begun_.push_back({one.since, one.peer});
}

void SourceRates::reset() {
  begun_.clear();
  counts_.clear();
}

std::uint32_t SourceRates::recent(const base::Address& peer) const {
  const auto found = counts_.find(peer.unmapped().source());
  return found == counts_.end() ? 0 : found->second;
}

}  // namespace xsuperd::policy
