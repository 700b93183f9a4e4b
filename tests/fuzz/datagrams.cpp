// SPDX-License-Identifier: MIT
// The internal services that answer datagrams: whom, and with how much.
#include <array>

#include "fuzz/target.hpp"
#include "xsuperd/service/udp_internal.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using fuzz::must;

namespace {

void check_peer(fuzz::Source& source) {
  base::Endpoint peer;
  std::array<std::uint8_t, 16> bytes{};
  const bool ipv6 = source.flag();
  for (auto& byte : bytes) byte = source.byte();
  peer.address = ipv6 ? base::Address::ipv6(bytes) : base::Address::ipv4(static_cast<std::uint32_t>(source.number(4)));
  peer.port = static_cast<std::uint16_t>(source.number(2));
  const std::array<std::uint16_t, 2> own{static_cast<std::uint16_t>(source.number(2)), 2049};
  if (!may_answer(peer, own)) return;
  must(peer.port >= 1024 && peer.port != own[0] && peer.port != own[1]);
  must(!base::is_multicast(peer.address.unmapped()));
  // As seen through an IPv6 socket an IPv4 peer gets the same answer.
  if (ipv6) return;
  std::array<std::uint8_t, 16> mapped{};
  mapped[10] = mapped[11] = 0xff;
  std::copy_n(peer.address.bytes().begin(), 4, mapped.begin() + 12);
  must(may_answer({base::Address::ipv6(mapped), peer.port}, own));
}

}  // namespace

FUZZ_TARGET(datagrams) {
  fuzz::Source source(input);
  check_peer(source);
  constexpr std::string_view names[]{"echo", "chargen", "daytime", "time", "discard", "", "nothing"};
  const std::string_view name = names[source.below(std::size(names))];
  ChargenPosition position{static_cast<unsigned>(source.below(95))};
  // Times that std::chrono can hold.
  const base::WallTime now{std::chrono::nanoseconds(static_cast<std::int64_t>(source.number()))};
  std::array<char, udp_room> buffer{};
  const std::string_view request = source.rest();
  const auto answer = udp_answer(name, request, buffer, now, position);
  must(position.line < 95);
  must(answer.has_value() == (name == "echo" || name == "chargen" || name == "daytime" || name == "time"));
  if (!answer) return;
  must(answer->size() <= udp_room);
  if (name == "echo") must(*answer == request.substr(0, udp_room));
  if (name == "chargen") {
    must(answer->size() <= std::max<std::size_t>(74, request.size()) && answer->size() <= 1024);
    must(answer->size() >= 74 && answer->ends_with("\r\n"));
  }
  if (name == "time") must(answer->size() == 4);
  if (name == "daytime") must(answer->ends_with("\r\n") && fuzz::printable(answer->substr(0, answer->size() - 2)));
}
