// SPDX-License-Identifier: MIT
#include "service/kept_datagram.hpp"

#include <algorithm>
#include <cstring>

namespace xsuperd::service {

HandedDatagram handed_datagram(const KeptDatagram& kept) {
  const net::Datagram::Way& way = kept.datagram.way;
  return {kept.bytes,
          {reinterpret_cast<const char*>(&way.peer), way.peer_length},
          {way.control.data(), way.control_length}};
}

std::shared_ptr<const KeptDatagram> kept_datagram(const HandedDatagram& handed, const base::Endpoint& peer) {
  net::Datagram datagram;
  datagram.peer = peer;
  datagram.bytes = handed.bytes;
  net::Datagram::Way& way = datagram.way;
  if (handed.peer.size() > sizeof way.peer || handed.control.size() > way.control.size()) return nullptr;
  std::memcpy(&way.peer, handed.peer.data(), handed.peer.size());
  way.peer_length = static_cast<socklen_t>(handed.peer.size());
  std::copy(handed.control.begin(), handed.control.end(), way.control.begin());
  way.control_length = handed.control.size();
  return std::make_shared<const KeptDatagram>(datagram);
}

}  // namespace xsuperd::service
