// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "policy/patterns.hpp"
#include "xsuperd/policy/address_rules.hpp"

using namespace xsuperd;
using namespace xsuperd::policy;
using namespace xsuperd::policy::test;
using config::AddressPattern;

namespace {

std::string text_of(const AddressPattern* element) { return element ? element->text : "-"; }

std::string network(const AddressList& list, std::string_view peer) {
  return text_of(list.match_network(address(peer)));
}

std::string name(const AddressList& list, std::vector<std::string> names) {
  return text_of(list.match_name(names));
}

}  // namespace

TEST_CASE("the longest matching network answers") {
  const AddressList list(patterns({"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "0.0.0.0/0", "10.1.2.2/31"}));
  CHECK(network(list, "10.1.2.3") == "10.1.2.3");
  CHECK(network(list, "10.1.2.2") == "10.1.2.2/31");
  CHECK(network(list, "10.1.2.4") == "10.1.0.0/16");
  CHECK(network(list, "10.2.0.0") == "10.0.0.0/8");
  CHECK(network(list, "11.0.0.0") == "0.0.0.0/0");
  CHECK(network(list, "::1") == "-");
}

TEST_CASE("a network matches up to its first and last address and no further") {
  const AddressList list(patterns({"10.1.2.128/25", "2001:db8:8000::/33"}));
  CHECK(network(list, "10.1.2.127") == "-");
  CHECK(network(list, "10.1.2.128") == "10.1.2.128/25");
  CHECK(network(list, "10.1.2.255") == "10.1.2.128/25");
  CHECK(network(list, "10.1.3.0") == "-");
  CHECK(network(list, "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff") == "-");
  CHECK(network(list, "2001:db8:8000::") == "2001:db8:8000::/33");
  CHECK(network(list, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff") == "2001:db8:8000::/33");
  CHECK(network(list, "2001:db9::") == "-");
}

TEST_CASE("IPv6 prefixes around the middle of the address match to the bit") {
  const AddressList list(patterns({"fd00::/63", "fd00:0:0:2::/64", "fd00:0:0:4::/65", "fd00:0:0:6::1/127"}));
  CHECK(network(list, "fd00:0:0:1:ffff::") == "fd00::/63");
  CHECK(network(list, "fd00:0:0:2:ffff::") == "fd00:0:0:2::/64");
  CHECK(network(list, "fd00:0:0:3::") == "-");
  CHECK(network(list, "fd00:0:0:4:7fff::") == "fd00:0:0:4::/65");
  CHECK(network(list, "fd00:0:0:4:8000::") == "-");
  CHECK(network(list, "fd00:0:0:6::") == "fd00:0:0:6::1/127");
  CHECK(network(list, "fd00:0:0:6::2") == "-");
}

TEST_CASE("an IPv4 peer on a dual-stack socket meets the IPv4 elements") {
  const AddressList list(patterns({"10.0.0.0/8", "::/0"}));
  CHECK(network(list, "::ffff:10.1.2.3") == "10.0.0.0/8");
  CHECK(network(list, "::ffff:11.1.2.3") == "-");
  CHECK(network(list, "11.1.2.3") == "-");
  CHECK(network(list, "::10.1.2.3") == "::/0");
}

TEST_CASE("elements inside ::ffff:0:0/96 are IPv4 elements and wider ones are not") {
  const AddressList list(patterns({"::ffff:10.0.0.0/104", "::ffff:11.1.1.1", "::ffff:0.0.0.0/95"}));
  CHECK(network(list, "10.9.9.9") == "::ffff:10.0.0.0/104");
  CHECK(network(list, "::ffff:10.9.9.9") == "::ffff:10.0.0.0/104");
  CHECK(network(list, "11.1.1.1") == "::ffff:11.1.1.1");
  CHECK(network(list, "12.1.1.1") == "-");
  CHECK(network(AddressList(patterns({"::ffff:0.0.0.0/96"})), "12.1.1.1") == "::ffff:0.0.0.0/96");
  CHECK(network(AddressList(patterns({"::ffff:0.0.0.0/96"})), "::1") == "-");
}

TEST_CASE("0.0.0.0/0 is all of IPv4 and ::/0 all of IPv6") {
  const AddressList list(patterns({"0.0.0.0/0", "::/0"}));
  CHECK(network(list, "0.0.0.0") == "0.0.0.0/0");
  CHECK(network(list, "255.255.255.255") == "0.0.0.0/0");
  CHECK(network(list, "::") == "::/0");
  CHECK(network(list, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == "::/0");
  CHECK(list.match_network({}) == nullptr);
}

TEST_CASE("host bits of an element do not count and the first of equal networks answers") {
  const AddressList list(patterns({"127.0.0.1/8", "127.0.0.0/8", "::ffff:127.0.0.0/104"}));
  CHECK(network(list, "127.9.9.9") == "127.0.0.1/8");
}

TEST_CASE("an empty list matches nothing") {
  const AddressList list({});
  CHECK(network(list, "127.0.0.1") == "-");
  CHECK(network(list, "::") == "-");
  CHECK(name(list, {"localhost"}) == "-");
  CHECK(list.first_name() == nullptr);
}

TEST_CASE("a domain matches the names below it and not itself") {
  const AddressList list(patterns({".example.com"}));
  CHECK(name(list, {"a.example.com"}) == ".example.com");
  CHECK(name(list, {"a.b.example.com"}) == ".example.com");
  CHECK(name(list, {"A.Example.COM"}) == ".example.com");
  CHECK(name(list, {"example.com"}) == "-");
  CHECK(name(list, {"evil-example.com"}) == "-");
  CHECK(name(list, {"a.example.com.evil.net"}) == "-");
}

TEST_CASE("a host name matches itself alone, in any case") {
  const AddressList list(patterns({"Host.Example.com", "?gone.example.com"}));
  CHECK(name(list, {"host.example.COM"}) == "Host.Example.com");
  CHECK(name(list, {"a.host.example.com"}) == "-");
  CHECK(name(list, {"example.com"}) == "-");
  CHECK(name(list, {"gone.example.com"}) == "?gone.example.com");
  CHECK(name(list, {""}) == "-");
}

TEST_CASE("the first element in the order of writing answers, whichever of the peer's names it matches") {
  const AddressList list(patterns({"127.0.0.1", "b.example.com", ".example.com", "a.example.com", ".com"}));
  CHECK(name(list, {"a.example.com", "b.example.com"}) == "b.example.com");
  CHECK(name(list, {"a.example.com"}) == ".example.com");
  CHECK(name(list, {"a.example.org", "x.com"}) == ".com");
  CHECK(text_of(list.first_name()) == "b.example.com");
}

TEST_CASE("the elements of a list stay where they are when the list moves") {
  AddressList list(patterns({"127.0.0.1"}));
  const AddressPattern* before = list.match_network(address("127.0.0.1"));
  const AddressList moved = std::move(list);
  CHECK(moved.match_network(address("127.0.0.1")) == before);
}

TEST_CASE("a hundred thousand elements give right answers") {
  Patterns many;
  for (std::uint32_t i = 0; i < 50'000; ++i) {  // every second /31 of IPv4, every second /64 of IPv6
    AddressPattern v4;
    v4.base = base::Address::ipv4(0x0a000000 + 4 * i);
    v4.prefix = 31;
    std::array<std::uint8_t, 16> bytes{0x20, 0x01, 0x0d, 0xb8};
    for (std::size_t b = 0; b < 4; ++b) bytes[7 - b] = static_cast<std::uint8_t>(2 * i >> 8 * b);
    AddressPattern v6;
    v6.base = base::Address::ipv6(bytes);
    v6.prefix = 64;
    many.push_back(v4);
    many.push_back(v6);
  }
  const AddressList list(many);
  std::size_t wrong = 0;
  for (std::uint32_t i = 0; i < 50'000; ++i) {
    const std::uint32_t first = many[2 * i].base.ipv4_value();
    auto bytes = many[2 * i + 1].base.bytes();
    bytes[15] = 7;
    const AddressPattern* v6 = list.match_network(base::Address::ipv6(bytes));
    bytes[7] |= 1;
    wrong += list.match_network(base::Address::ipv4(first + 1))->base != many[2 * i].base;
    wrong += list.match_network(base::Address::ipv4(first + 2)) != nullptr;
    wrong += v6 == nullptr || v6->base != many[2 * i + 1].base;
    wrong += list.match_network(base::Address::ipv6(bytes)) != nullptr;
  }
  CHECK(wrong == 0);
}

namespace {

/// The slow and obvious way: addresses as 128 (or 32) separate bits, every element tried.
class LinearList {
 public:
  explicit LinearList(const Patterns& patterns) : patterns_(patterns) {}
  std::string match(const base::Address& peer) const {
    const AddressPattern* best = nullptr;
    std::size_t best_length = 0;
    for (const AddressPattern& p : patterns_) {
      const std::string prefix = prefix_of(p);
      if (!bits(peer.unmapped()).starts_with(prefix) || (best && prefix.size() <= best_length)) continue;
      best = &p;
      best_length = prefix.size();
    }
    return text_of(best);
  }

 private:
  /// A letter for the family, then the bits.
  static std::string bits(const base::Address& a) {
    const bool v4 = a.family() == base::Address::Family::ipv4;
    std::string text = v4 ? "4" : "6";
    for (int i = 0; i < (v4 ? 32 : 128); ++i) text += (a.bytes()[i / 8] >> (7 - i % 8) & 1) != 0 ? '1' : '0';
    return text;
  }
  static std::string prefix_of(const AddressPattern& p) {
    const bool inside_mapped = p.base.is_mapped() && p.prefix >= 96;
    return inside_mapped ? bits(p.base.unmapped()).substr(0, 1 + p.prefix - 96)
                         : bits(p.base).substr(0, 1 + p.prefix);
  }
  const Patterns& patterns_;
};

/// Addresses from few values, so that prefixes nest and peers meet them.
class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}
  base::Address address() {
    std::array<std::uint8_t, 16> bytes{};
    for (auto& b : bytes) b = std::array<std::uint8_t, 4>{0, 1, 0x80, 0xff}[pick(4)];
    const std::uint32_t v4 = bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
    const std::uint32_t form = pick(3);
    if (form == 0) return base::Address::ipv4(v4);
    if (form == 1) return mapped(v4);
    std::fill_n(bytes.begin(), pick(15), 0);
    return base::Address::ipv6(bytes);
  }
  AddressPattern pattern(int number) {
    AddressPattern p;
    p.base = address();
    p.text = std::to_string(number);
    const bool v4 = p.base.family() == base::Address::Family::ipv4;
    const bool narrow = p.base.is_mapped() && pick(8) != 0;
    p.prefix = static_cast<int>(v4 ? pick(33) : narrow ? 96 + pick(33) : pick(129));
    return p;
  }
  /// The address itself or a near miss.
  base::Address near(const base::Address& a) {
    if (pick(4) == 0) return a;
    if (a.family() == base::Address::Family::ipv4)
      return base::Address::ipv4(a.ipv4_value() ^ 1u << pick(32));
    auto bytes = a.bytes();
    bytes[pick(16)] ^= static_cast<std::uint8_t>(1u << pick(8));
    return base::Address::ipv6(bytes);
  }
  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

 private:
  static base::Address mapped(std::uint32_t v4) {
    std::array<std::uint8_t, 16> bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    for (std::size_t i = 0; i < 4; ++i) bytes[12 + i] = static_cast<std::uint8_t>(v4 >> (24 - 8 * i));
    return base::Address::ipv6(bytes);
  }
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("the trie answers as a plain list would") {
  Generator generator(20240229);
  std::size_t met = 0;
  for (int round = 0; round < 200; ++round) {
    Patterns rules;
    const int count = static_cast<int>(generator.pick(60));
    for (int i = 0; i < count; ++i) rules.push_back(generator.pattern(i));
    const AddressList list(rules);
    const LinearList plain(rules);
    for (int i = 0; i < 50; ++i) {
      const base::Address peer = i % 2 == 0 || rules.empty()
                                     ? generator.address()
                                     : generator.near(rules[generator.pick(count)].base);
      const std::string found = text_of(list.match_network(peer));
      INFO("round " << round << ", peer " << peer.text());
      REQUIRE(found == plain.match(peer));
      met += found != "-";
    }
  }
  CHECK(met > 5000);
}
