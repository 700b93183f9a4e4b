// SPDX-License-Identifier: MIT
// Datagrams that were taken off their socket and wait for an answer, on their way through an upgrade. Internal to
// service.
#pragma once
#include <memory>

#include "xsuperd/service/runner.hpp"

namespace xsuperd::service {

[[nodiscard]] HandedDatagram handed_datagram(const KeptDatagram& kept);
/// Null when it is none that handed_datagram() could have made.
[[nodiscard]] std::shared_ptr<const KeptDatagram> kept_datagram(const HandedDatagram& handed,
                                                                const base::Endpoint& peer);

}  // namespace xsuperd::service
