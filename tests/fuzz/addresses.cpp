// SPDX-License-Identifier: MIT
// Texts of addresses, and access lists with their tries against a look at each element. The input is a peer's text, a
// NUL, and values to make lists of.
#include "fuzz/target.hpp"
#include "xsuperd/policy/address_rules.hpp"

using namespace xsuperd;
using base::Address;
using config::AddressPattern;
using fuzz::must;

namespace {

void check_text(std::string_view text) {
  const auto address = Address::parse(text);
  if (!address) return;
  must(address->known());
  const std::string printed = address->text();
  must(fuzz::printable(printed) && printed.size() < 80);
  const auto again = Address::parse(printed);
  must(again && *again == *address);
  sockaddr_storage raw{};
  const bool ipv6 = address->family() == Address::Family::ipv6;
  (void)base::fill_sockaddr({*address, 7}, ipv6, raw);
  must(base::endpoint_of(raw) == base::Endpoint{*address, 7});
}

/// Few different bits, so that prefixes meet.
Address some_address(fuzz::Source& source) {
  const std::uint8_t how = source.byte();
  std::array<std::uint8_t, 16> bytes{};
  if ((how & 1) == 0) {
    const std::uint64_t bits = source.number(2);
    return Address::ipv4(static_cast<std::uint32_t>(bits << 16 | (how & 2 ? source.number(2) : bits)));
  }
  if ((how & 2) != 0) bytes[10] = bytes[11] = 0xff;  // mapped
  for (const std::size_t at : {0U, 12U, 15U})
    if (at > 0 || (how & 2) == 0) bytes[at] = source.byte();
  return Address::ipv6(bytes);
}

bool inside(const Address& peer, const AddressPattern::Network& network) {
  const Address plain = peer.unmapped();
  if (plain.family() != network.base.family()) return false;
  for (int bit = 0; bit < network.prefix; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    if (((plain.bytes()[byte] ^ network.base.bytes()[byte]) & 0x80 >> bit % 8) != 0) return false;
  }
  return true;
}

/// A base with its host bits zero, as the configuration's reader makes it.
AddressPattern some_pattern(fuzz::Source& source) {
  AddressPattern pattern;
  const Address address = some_address(source);
  const bool ipv4 = address.family() == Address::Family::ipv4;
  pattern.prefix = static_cast<int>(source.below(ipv4 ? 33 : 129));
  std::array<std::uint8_t, 16> bytes = address.bytes();
  for (int bit = pattern.prefix; bit < 128; ++bit)
    bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80 >> bit % 8));
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | bytes[i];
  pattern.base = ipv4 ? Address::ipv4(value) : Address::ipv6(bytes);
  return pattern;
}

void check_list(const std::vector<AddressPattern>& patterns, const Address& peer) {
  const policy::AddressList list(patterns);
  int longest = -1;
  for (const AddressPattern& one : patterns)
    if (inside(peer, one.network())) longest = std::max(longest, one.network().prefix);
  const AddressPattern* match = list.match_network(peer);
  must((match != nullptr) == (longest >= 0));
  if (match) must(match->network().prefix == longest && inside(peer, match->network()));
}

}  // namespace

FUZZ_TARGET(addresses) {
  const std::string_view text = input.substr(0, input.find('\0'));
  check_text(text);
  fuzz::Source source(input.substr(std::min(text.size() + 1, input.size())));
  const Address peer = some_address(source);
  std::vector<AddressPattern> allowed, denied;
  for (int n = 0; n < 64 && !source.empty(); ++n) (source.flag() ? allowed : denied).push_back(some_pattern(source));
  check_list(allowed, peer);
  check_list(denied, peer);
  using Answer = policy::AddressRules::Answer;
  for (const auto how : {config::AccessPolicy::refuse_both, config::AccessPolicy::best_match}) {
    const policy::AddressRules rules(allowed, denied, how);
    const Answer answer = rules.ask(peer, {});
    must(answer.kind != Answer::Kind::need_name);  // there are no names in these lists
    if (answer.kind == Answer::Kind::allowed) must(policy::AddressList(allowed).match_network(peer) != nullptr);
  }
}
