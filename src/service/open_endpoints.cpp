// SPDX-License-Identifier: MIT
#include "xsuperd/service/open_endpoints.hpp"

#include <algorithm>

namespace xsuperd::service {

Phase OpenEndpoints::phase() const {
  if (paused()) return Phase::paused;
  if (retiring()) return Phase::retiring;
  if (std::any_of(open_.begin(), open_.end(), [](const One& one) { return one.busy; })) return Phase::busy;
  return open_.empty() ? Phase::closed : Phase::listening;
}

const OpenEndpoints::One* OpenEndpoints::find(EndpointId endpoint) const {
  const auto found = std::find_if(open_.begin(), open_.end(), [endpoint](const One& one) { return one.id == endpoint; });
  return found == open_.end() ? nullptr : &*found;
}

bool OpenEndpoints::is_open(EndpointId endpoint) const { return find(endpoint) != nullptr; }

bool OpenEndpoints::is_busy(EndpointId endpoint) const {
  const One* one = serving() ? find(endpoint) : nullptr;
  return one && one->busy;
}

bool OpenEndpoints::is_free(EndpointId endpoint) const {
  const One* one = serving() ? find(endpoint) : nullptr;
  return one && !one->busy;
}

void OpenEndpoints::open(EndpointId endpoint) {
  mode_ = Mode::serving;
  if (!find(endpoint)) open_.push_back({endpoint, false});
}

void OpenEndpoints::close(EndpointId endpoint) {
  open_.erase(std::remove_if(open_.begin(), open_.end(), [endpoint](const One& one) { return one.id == endpoint; }),
              open_.end());
  if (paused()) mode_ = Mode::serving;
}

bool OpenEndpoints::lend(EndpointId endpoint) { return mark(endpoint, true); }

bool OpenEndpoints::take_back(EndpointId endpoint) { return mark(endpoint, false); }

bool OpenEndpoints::mark(EndpointId endpoint, bool busy) {
  if (!serving()) return false;
  const auto found = std::find_if(open_.begin(), open_.end(), [endpoint](const One& one) { return one.id == endpoint; });
  if (found == open_.end()) return false;
  found->busy = busy;
  return true;
}

void OpenEndpoints::pause() {
  mode_ = Mode::paused;
  open_.clear();
}

void OpenEndpoints::retire() {
  mode_ = Mode::retiring;
  open_.clear();
}

void OpenEndpoints::save(StateSnapshot& snapshot) const {
  snapshot.phase = phase();
  snapshot.endpoints.assign(open_.begin(), open_.end());
}

void OpenEndpoints::restore(const StateSnapshot& snapshot) {
  mode_ = snapshot.phase == Phase::paused ? Mode::paused : snapshot.phase == Phase::retiring ? Mode::retiring : Mode::serving;
  open_.assign(snapshot.endpoints.begin(), snapshot.endpoints.end());
  const bool open = snapshot.phase == Phase::listening || snapshot.phase == Phase::busy;
  if (open_.empty() && open) open_.push_back({0, snapshot.phase == Phase::busy});
}

}  // namespace xsuperd::service
