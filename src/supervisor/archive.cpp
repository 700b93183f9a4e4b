// SPDX-License-Identifier: MIT
#include "supervisor/archive.hpp"

#include <algorithm>

#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

namespace json = boost::json;

namespace {

bool unhex(std::string_view text, std::array<std::uint8_t, 16>& bytes) {
  const auto read = base::from_hexadecimal(text);
  if (!read || read->size() != bytes.size()) return false;
  std::ranges::transform(*read, bytes.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  return true;
}

constexpr std::string_view local = "unix:", vsock = "vsock:";

/// "unix:" or "vsock:" and the bytes of one of these families.
std::optional<base::Address> other_address(std::string_view text) {
  using Family = base::Address::Family;
  std::array<std::uint8_t, 16> bytes{};
  const bool is_local = text.starts_with(local);
  if (!is_local && !text.starts_with(vsock)) return std::nullopt;
  if (!unhex(text.substr(is_local ? local.size() : vsock.size()), bytes)) return std::nullopt;
  return base::Address::of(is_local ? Family::local : Family::vsock, bytes);
}

}  // namespace

/// No address: null; IPv4: its number; IPv6: its bytes, and the scope behind a per cent sign; others: their bytes behind
/// the name of the family.
json::value Writing::json_of(const base::Address& value) {
  switch (value.family()) {
    case base::Address::Family::none: break;
    case base::Address::Family::ipv4: return value.ipv4_value();
    case base::Address::Family::ipv6: return json::string(fmt::format("{}%{:08x}", base::hexadecimal(value.bytes()), value.scope()));
    case base::Address::Family::local: return json::string(fmt::format("{}{}", local, base::hexadecimal(value.bytes())));
    case base::Address::Family::vsock: return json::string(fmt::format("{}{}", vsock, base::hexadecimal(value.bytes())));
  }
  return nullptr;
}

void Reading::get(std::string_view name, base::Address& value, const Limits&) {
  const json::value* member = find(name);
  if (!member) return;
  if (member->is_null()) return;
  if (const json::string* text = member->if_string()) {
    std::array<std::uint8_t, 16> bytes{};
    std::array<std::uint8_t, 16> scope{};
    const std::string_view all(text->data(), text->size());
    if (const auto other = other_address(all)) {
      value = *other;
      return;
    }
    if (all.size() == 41 && all[32] == '%' && unhex(all.substr(0, 32), bytes) &&
        unhex(std::string(24, '0') + std::string(all.substr(33)), scope)) {
      std::uint32_t number = 0;
      for (std::size_t i = 12; i < 16; ++i) number = number << 8 | scope[i];
      value = base::Address::ipv6(bytes, number);
      return;
    }
  }
  boost::system::error_code wrong;
  const auto number = member->is_double() ? 0 : member->to_number<std::uint32_t>(wrong);
  if (wrong || member->is_double() || member->is_string()) return complain(name, "must be an address");
  value = base::Address::ipv4(number);
}

void Reading::get(std::string_view name, bool& value, const Limits&) {
  const json::value* member = find(name);
  if (!member) return;
  if (!member->is_bool()) return complain(name, "must be true or false");
  value = member->get_bool();
}

void Reading::get(std::string_view name, std::string& value, const Limits& its) {
  const std::size_t most = its.most > 0 ? its.most : longest_text;
  const json::value* member = find(name);
  if (!member) return;
  const json::string* string = member->if_string();
  if (!string || string->size() > most) return complain(name, fmt::format("must be a string of at most {} bytes",
                                                                          most));
  value.assign(string->data(), string->size());
}

void Reading::get(std::string_view name, std::chrono::nanoseconds& value, const Limits&) {
  std::int64_t count = 0;
  number(name, count, std::int64_t{0}, std::numeric_limits<std::int64_t>::max());
  value = std::chrono::nanoseconds(count);
}

/// A member for each reason, by its word.
void Reading::get(std::string_view, ReasonCounts& counts, const Limits&) {
  for (const policy::ReasonRow& row : policy::reason_table)
    if (row.since <= version_) get(row.word, counts[row.reason], {});
}

const json::value* Reading::find(std::string_view name) {
  if (!good()) return nullptr;
  const json::value* member = object_->if_contains(name);
  if (!member) {
    complain(name, "is missing");
    return nullptr;
  }
  ++taken_;
  return member;
}

void Reading::finish() {
  if (good() && taken_ != object_->size()) complain({}, "has members that this version does not know");
}

std::string Reading::path(std::string_view name) const {
  return where_.empty() ? std::string(name) : fmt::format("{}.{}", where_, name);
}

/// `name`: empty for the object as a whole.
void Reading::complain(std::string_view name, std::string_view what) {
  const std::string which = !name.empty() ? path(name) : where_.empty() ? "the state" : where_;
  if (error_.empty()) error_ = fmt::format("{} {}", which, what);
}

}  // namespace xsuperd::supervisor
