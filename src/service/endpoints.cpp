// SPDX-License-Identifier: MIT
#include "xsuperd/service/endpoints.hpp"

#include <algorithm>

namespace xsuperd::service {

std::shared_ptr<Endpoint> Endpoints::make(const config::ListenSpec& place) {
  return std::make_shared<Endpoint>(around_, owner_, next_++, place);
}

Endpoint* Endpoints::find(EndpointId id) const {
  for (const List* all : {&places_, &leaving_})
    for (const auto& one : *all)
      if (one->id() == id) return one.get();
  return nullptr;
}

bool Endpoints::open() const {
  return std::any_of(places_.begin(), places_.end(), [](const auto& one) { return one->open(); });
}

bool Endpoints::all_open() const {
  return !places_.empty() && std::all_of(places_.begin(), places_.end(), [](const auto& one) { return one->open(); });
}

int Endpoints::listening_fd() const {
  for (const auto& endpoint : places_)
    if (endpoint->open()) return endpoint->fd();
  return -1;
}

const std::string& Endpoints::trouble() const {
  static const std::string none;
  for (const auto& endpoint : places_)
    if (!endpoint->open() && !endpoint->trouble().empty()) return endpoint->trouble();
  return none;
}

void Endpoints::leave_to_servers() const {
  for (const List* all : {&places_, &leaving_})
    for (const auto& endpoint : *all) endpoint->leave_to_server();
}

void Endpoints::remove_paths() const {
  for (const List* all : {&places_, &leaving_})
    for (const auto& endpoint : *all) endpoint->path().remove();
}

void Endpoints::start(BoundSockets bound) const {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const auto endpoint = places_[i];
    if (endpoint->open()) continue;
    const auto socket = std::find_if(bound.begin(), bound.end(), [i](const auto& one) { return one.first == i; });
    (void)(socket == bound.end() ? endpoint->start() : endpoint->start(std::move(socket->second)));
  }
}

bool Endpoints::take_from(const Endpoints& leaving) const {
  bool any = false;
  for (const auto& own : places_)
    for (const auto& theirs : leaving.places_) {
      if (own->open() || !theirs->spec().same_socket(own->spec())) continue;
      any = own->take_from(*theirs) || any;
    }
  return any;
}

void Endpoints::close() const {
  for (const auto& endpoint : places_) endpoint->close();
}

void Endpoints::stop_tries() const {
  for (const auto& endpoint : places_)
    if (!endpoint->open()) endpoint->close();
}

void Endpoints::pause() const {
  for (const auto& endpoint : places_) endpoint->pause();
}

std::vector<EndpointId> Endpoints::replace(const std::vector<config::ListenSpec>& places) {
  List before = places_;
  before.insert(before.end(), leaving_.begin(), leaving_.end());
  List after;
  for (const config::ListenSpec& place : places) {
    const auto found = std::find_if(before.begin(), before.end(), [&](const auto& one) { return one->spec().same_socket(place); });
    after.push_back(found == before.end() ? make(place) : *found);
    if (found != before.end()) before.erase(found);
  }
  std::vector<EndpointId> closed;
  closed.reserve(before.size());
  places_ = std::move(after);  // only now: when memory is refused, all stay as they were
  leaving_.clear();
  for (const auto& gone : before) {
    gone->close();
    closed.push_back(gone->id());
    if (gone->refusing_fd() >= 0) leaving_.push_back(gone);
  }
  return closed;
}

void Endpoints::reconfigure(const std::vector<config::ListenSpec>& places, bool versions) const {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    places_[i]->reconfigure(places[i], versions);
    places_[i]->steer_again();
  }
  for (const auto& endpoint : leaving_) endpoint->steer_again();
}

void Endpoints::unregister_rpc() const {
  for (const auto& endpoint : places_) endpoint->unregister_rpc();
}

void Endpoints::on_no_session(Endpoint& endpoint) {
  endpoint.on_no_session();
  std::erase_if(leaving_, [&endpoint](const auto& one) { return one.get() == &endpoint; });
}

std::vector<InheritedEndpoint> Endpoints::hand_over() const {
  std::vector<InheritedEndpoint> all;
  for (const auto& endpoint : places_) all.push_back(endpoint->hand_over());
  return all;
}

void Endpoints::restore(const InheritedRunner& inherited, const std::vector<config::ListenSpec>& places,
                        const std::function<base::Fd(int)>& take) {
  const bool served = inherited.counters.served > 0 || !inherited.sessions.empty();
  std::vector<InheritedEndpoint> all = inherited.endpoints;
  if (all.empty()) {
    static_cast<EndpointFacts&>(all.emplace_back()) = inherited;
    static_cast<EndpointSockets&>(all.back()) = inherited;
  }
  places_.clear();
  for (std::size_t i = 0; i < places.size(); ++i) {
    const EndpointId id = i < all.size() ? all[i].id : next_;
    places_.push_back(std::make_shared<Endpoint>(around_, owner_, id, places[i]));
    note_used(id);
    if (i < all.size()) places_.back()->restore(all[i], take, served);
  }
}

void Endpoints::note_used(EndpointId id) { next_ = std::max(next_, id + 1); }

}  // namespace xsuperd::service
