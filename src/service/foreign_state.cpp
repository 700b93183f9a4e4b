// SPDX-License-Identifier: MIT
#include "xsuperd/service/foreign_state.hpp"

#include "xsuperd/net/lent_state.hpp"

namespace xsuperd::service {

namespace {

base::Result<net::SocketState> required_of(int socket, const config::ListenSpec& spec, bool is_lent) {
  return is_lent ? net::lent_state(spec, socket) : net::required_state(spec, socket);
}

}  // namespace

void ForeignState::forget() {
  foreign_ = false;
  required_.reset();
  readable_in_vain_ = 0;
}

base::Result<void> ForeignState::bring_back(int socket, const config::ListenSpec& spec, bool is_lent) {
  if (!is_lent) required_.reset();
  if (!required_) {
    auto required = required_of(socket, spec, is_lent);
    if (!required) return required.error();
    require(std::move(*required));
  }
  return net::bring_back(socket, *required_, spec);
}

void ForeignState::require_anew(int socket, const config::ListenSpec& spec, bool is_lent) {
  if (!required_) return;
  if (is_lent && !foreign_) return void(*required_ = net::found_state(socket, spec));
  if (auto required = required_of(socket, spec, is_lent)) *required_ = std::move(*required);
}

std::string ForeignState::tampered(int socket, const config::ListenSpec& spec) const {
  if (!foreign_ || !required_) return {};
  return net::tampered(socket, *required_, spec);
}

/// Once is no sign of anything: a datagram with a wrong checksum does that.
bool ForeignState::nothing_there_again() {
  constexpr unsigned most = 3;
  return foreign_ && ++readable_in_vain_ >= most;
}

}  // namespace xsuperd::service
