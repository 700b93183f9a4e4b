// SPDX-License-Identifier: MIT
#include "xsuperd/service/places.hpp"

#include <algorithm>

#include "xsuperd/base/make_room.hpp"

namespace xsuperd::service {

void Places::take(Token token, const base::Address& peer, bool waiting, EndpointId endpoint) {
  if (const auto place = places_.find(token); place != places_.end()) {
    place->second.waiting = waiting;
    return;
  }
  const base::Address source = peer.unmapped().source();
  base::make_room(places_);
  base::make_room(sources_);
  const auto counted = sources_.try_emplace(source, 0).first;
  try {
    places_.emplace(token, Place{source, 0, false, waiting, endpoint});
  } catch (...) {  // no memory
    if (counted->second == 0) sources_.erase(counted);
    throw;
  }
  ++counted->second;
}

std::optional<EndpointId> Places::drop(Token token) {
  const auto place = places_.find(token);
  if (place == places_.end()) return std::nullopt;
  const EndpointId endpoint = place->second.endpoint;
  if (place->second.retrying) --retrying_;
  const auto source = sources_.find(place->second.source);
  if (--source->second == 0) sources_.erase(source);
  places_.erase(place);
  return endpoint;
}

void Places::started(Token token) {
  if (const auto place = places_.find(token); place != places_.end()) place->second.failures = 0;
}

bool Places::failed(Token token, unsigned most) {
  const auto place = places_.find(token);
  if (place == places_.end() || ++place->second.failures >= most) return false;
  retrying_ += place->second.retrying ? 0 : 1;
  place->second.retrying = true;
  return true;
}

void Places::tries_again(Token token) {
  const auto place = places_.find(token);
  if (place == places_.end() || !place->second.retrying) return;
  place->second.retrying = false;
  --retrying_;
}

const Places::Place* Places::find(Token token) const {
  const auto place = places_.find(token);
  return place == places_.end() ? nullptr : &place->second;
}

std::size_t Places::count_from(const base::Address& source) const {
  const auto found = sources_.find(source.unmapped().source());
  return found == sources_.end() ? 0 : found->second;
}

std::size_t Places::count_at(EndpointId endpoint) const {
  return static_cast<std::size_t>(std::count_if(places_.begin(), places_.end(), [endpoint](const auto& one) {
    return one.second.endpoint == endpoint;
  }));
}

std::vector<StateSnapshot::Place> Places::snapshot() const {
  std::vector<StateSnapshot::Place> all;
  for (const auto& [token, place] : places_)
    all.push_back({.token = token,
                   .source = place.source,
                   .failures = place.failures,
                   .retrying = place.retrying,
                   .waiting = place.waiting,
                   .endpoint = place.endpoint});
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.token < b.token; });
  return all;
}

void Places::restore(const std::vector<StateSnapshot::Place>& places) {
  for (const StateSnapshot::Place& place : places) {
    if (places_.contains(place.token)) continue;
    take(place.token, place.source, place.waiting, place.endpoint);
    Place& own = places_.at(place.token);
    own.failures = place.failures;
    own.retrying = place.retrying;
    retrying_ += place.retrying ? 1 : 0;
  }
}

bool Places::consistent() const {
  std::uint64_t from_sources = 0;
  for (const auto& [source, count] : sources_) from_sources += count;
  std::size_t retrying = 0;
  for (const auto& [token, place] : places_) retrying += place.retrying ? 1 : 0;
  return from_sources == places_.size() && retrying == retrying_;
}

}  // namespace xsuperd::service
