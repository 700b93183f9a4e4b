// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>

#include "config/values.hpp"

namespace xsuperd::config::values {

using Patterns = std::vector<AddressPattern>;

namespace {

AddressPattern network4(std::uint32_t value, int prefix, const std::string& text, Place place) {
  const std::uint32_t mask = prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix);
  return {AddressPattern::Kind::network, base::Address::ipv4(value & mask), prefix, {}, text, std::move(place)};
}

AddressPattern network6(const base::Address& address, int prefix, const std::string& text, Place place) {
  auto bytes = address.bytes();
  for (int bit = prefix; bit < 128; ++bit) bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80 >> bit % 8));
  return {AddressPattern::Kind::network, base::Address::ipv6(bytes), prefix, {}, text, std::move(place)};
}

/// Octets of zero at the end stand for "any" (fact B5.1).
int prefix_of_zeros(std::uint32_t value) {
  return value == 0 ? 0 : 32 - std::countr_zero(value) / 8 * 8;
}

AddressPattern named(AddressPattern::Kind kind, const std::string& text, Place place) {
  return {kind, {}, 0, base::to_lower(text), text, std::move(place)};
}

/// "/255.255.0.0" as a number of bits; nothing when the ones do not stand together.
std::optional<int> prefix_of_mask(const std::string& mask) {
  if (mask.find('.') == std::string::npos) return std::nullopt;
  const auto value = aton(mask);
  if (!value || std::popcount(*value) != std::countl_one(*value)) return std::nullopt;
  return std::popcount(*value);
}

class Element {
 public:
  Element(const ValueContext& c, const Assignment& a, int index)
      : c_(c),
        a_(a),
        index_(index),
        text_(a.values[static_cast<std::size_t>(index)].text),
        place_{c.entry.place.file, a.line, a.values[static_cast<std::size_t>(index)].column} {}

  std::optional<Patterns> parse() {
    if (text_.find('{') != std::string::npos) return factorised();
    if (text_.find(',') != std::string::npos)
      return fail(fmt::format("Address: {} has a comma in it - remove the comma", text_), "separate the elements with blanks");
    if (text_.find('/') != std::string::npos) return with_prefix();
    if (const auto value = aton(text_)) return Patterns{network4(*value, prefix_of_zeros(*value), text_, place_)};
    if (const auto address = base::Address::parse(text_); address && text_.find(':') != std::string::npos)
      return Patterns{network6(*address, 128, text_, place_)};
    return by_name();
  }

 private:
  std::optional<Patterns> fail(std::string sentence, std::string hint = {}) {
    c_.report(Level::error, a_, index_, std::move(sentence), std::move(hint));
    return std::nullopt;
  }

  std::optional<Patterns> with_prefix() {
    const std::size_t slash = text_.find('/');
    const std::string host = text_.substr(0, slash);
    const std::string bits = text_.substr(slash + 1);
    if (const auto value = aton(host)) {
      const auto number = base::parse_number(bits, 0, 32);
      const auto prefix = number ? std::optional<int>(static_cast<int>(*number)) : prefix_of_mask(bits);
      if (!prefix) return fail(fmt::format("Bad address: {}: {} is neither 0 to 32 nor a mask", text_, bits));
      return Patterns{network4(*value, *prefix, text_, place_)};
    }
    const auto address = base::Address::parse(host);
    if (!address) return unknown();
    const auto prefix = base::parse_number(bits, 0, 128);
    if (!prefix) return fail(fmt::format("Bad address: {}: {} is not 0 to 128", text_, bits));
    return Patterns{network6(*address, static_cast<int>(*prefix), text_, place_)};
  }

  std::optional<Patterns> by_name() {
    const bool letters = text_.find_first_not_of("0123456789.") != std::string::npos;
    if (text_.front() == '.' && letters) return Patterns{named(AddressPattern::Kind::domain, text_, place_)};
    if (letters && !c_.names.host(text_).empty()) return Patterns{named(AddressPattern::Kind::host, text_, place_)};
    if (const auto value = c_.names.network(text_)) {
      // glibc gives "127.0.0.0" as 127.0.0.0 and "10" as 10: short numbers are left-aligned.
      std::uint32_t aligned = *value;
      while (aligned != 0 && aligned <= 0x00ffffff) aligned <<= 8;
      return Patterns{network4(aligned, prefix_of_zeros(aligned), text_, place_)};
    }
    return unknown();
  }

  /// Kept, so that no_access does not open the service (decision B15.15).
  std::optional<Patterns> unknown() {
    const std::string network = starred();
    c_.report(Level::error, a_, index_, fmt::format("failed to parse {}", text_),
              !network.empty() ? fmt::format("write {}", network)
              : base::iequals(a_.name, "no_access") ? "until it resolves, peers without a known name are refused"
                                                  : "it matches nobody until it resolves");
    return Patterns{named(AddressPattern::Kind::unresolved, text_, place_)};
  }

  /// "192.168.1.*" as the network that it means; empty for anything else.
  [[nodiscard]] std::string starred() const {
    std::string address = text_;
    int octets = 4;
    while (address.ends_with(".*")) address.resize(address.size() - 2), --octets;
    if (octets == 4 || octets < 1 || std::count(address.begin(), address.end(), '.') != octets - 1) return {};
    if (address.find_first_not_of("0123456789.") != std::string::npos) return {};
    for (int i = octets; i < 4; ++i) address += ".0";
    return base::Address::parse(address) ? fmt::format("{}/{}", address, 8 * octets) : std::string{};
  }

  std::optional<Patterns> factorised();

  const ValueContext& c_;
  const Assignment& a_;
  int index_;
  const std::string& text_;
  Place place_;
};

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == by)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

/// a.b.{c,d}: every element becomes a prefix of the octets given so far (fact B5.6).
std::optional<Patterns> Element::factorised() {
  const std::size_t open = text_.find('{');
  if (text_.back() != '}' || text_.find('{', open + 1) != std::string::npos || (open > 0 && text_[open - 1] != '.'))
    return fail(fmt::format("Failed adding: {}: braces are allowed only at the end, after a dot", text_));
  std::uint32_t start = 0;
  int octets = 0;
  if (open > 0)
    for (const std::string& part : split(text_.substr(0, open - 1), '.')) {
      const auto octet = base::parse_number(part, 0, 255);
      if (!octet || ++octets > 3) return fail(fmt::format("Bad address: {}", text_));
      start = start << 8 | static_cast<std::uint32_t>(*octet);
    }
  const int prefix = 8 * (octets + 1);
  Patterns patterns;
  for (const std::string& part : split(text_.substr(open + 1, text_.size() - open - 2), ',')) {
    if (part.empty()) return fail(fmt::format("Bad address: {}. Consecutive commas", text_));
    const auto octet = base::parse_number(part, 0, 255);
    if (!octet) return fail(fmt::format("Bad address: {}: {} is not a number from 0 to 255", text_, part));
    const std::uint32_t value = start << 8 | static_cast<std::uint32_t>(*octet);
    patterns.push_back(network4(prefix == 32 ? value : value << (32 - prefix), prefix, text_, place_));
  }
  return patterns;
}

}  // namespace

std::optional<Patterns> address_patterns(const ValueContext& c, const Assignment& a, int index) {
  return Element(c, a, index).parse();
}

}  // namespace xsuperd::config::values
