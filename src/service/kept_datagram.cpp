// SPDX-License-Identifier: MIT
#include "service/kept_datagram.hpp"

#include <algorithm>
#include <cstring>

namespace xsuperd::service {

InheritedDatagram inherited_datagram(const KeptDatagram& kept) {
  const net::Datagram::Way& way = kept.datagram.way;
  return {kept.bytes,
          {reinterpret_cast<const char*>(&way.peer), way.peer_length},
          {way.control.data(), way.control_length}};
}

std::shared_ptr<const KeptDatagram> kept_datagram(const InheritedDatagram& inherited, const base::Endpoint& peer) {
  net::Datagram datagram;
  datagram.peer = peer;
  datagram.bytes = inherited.bytes;
  net::Datagram::Way& way = datagram.way;
  if (inherited.peer.size() > sizeof way.peer || inherited.control.size() > way.control.size()) return nullptr;
  std::memcpy(&way.peer, inherited.peer.data(), inherited.peer.size());
  way.peer_length = static_cast<socklen_t>(inherited.peer.size());
  std::copy(inherited.control.begin(), inherited.control.end(), way.control.begin());
  way.control_length = inherited.control.size();
  return std::make_shared<const KeptDatagram>(datagram);
}

}  // namespace xsuperd::service
