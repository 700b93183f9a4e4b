// SPDX-License-Identifier: MIT
#include "service/pair_ends.hpp"

namespace xsuperd::service {

namespace {

using base::Address;

base::Endpoint of_family(Address::Family family, const base::Endpoint& end) {
  if (end.address.unmapped().family() == family) return end;
  const bool ipv4 = family == Address::Family::ipv4;
  return {ipv4 ? Address::ipv4(0x7f000001) : Address::ipv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), end.port};
}

}  // namespace

PairEnds pair_ends(const SessionFacts& session, Shows shows) {
  if (!session.proxied()) return {session.peer, session.local};
  if (shows == Shows::socket_peer) return {session.proxy, session.local};
  return {session.peer, of_family(session.peer.address.unmapped().family(), session.called)};
}

}  // namespace xsuperd::service
