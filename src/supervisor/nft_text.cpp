// SPDX-License-Identifier: MIT
#include "supervisor/nft_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>

namespace xsuperd::supervisor::nft {

namespace {

bool is_ipv6(Kind kind) { return kind == Kind::ipv6 || kind == Kind::ipv6_net; }

bool has(const config::BanNft& where, Kind kind) { return where.family != (is_ipv6(kind) ? "ip" : "ip6"); }

std::string_view type_of(Kind kind) { return is_ipv6(kind) ? "ipv6_addr" : "ipv4_addr"; }
std::string_view flags_of(Kind kind) { return of_networks(kind) ? "interval,timeout" : "timeout"; }

/// "inet xsuperd banned6".
std::string place_of(const config::BanNft& where, Kind kind) {
  return fmt::format("{} {} {}", where.family, where.table, set_name(where, kind));
}

/// Kernel and library count milliseconds and jiffies: what is this far away does not end.
constexpr std::chrono::hours most_timeout{24 * 365 * 2};

void put_element(std::string& to, const Element& element, base::Moment now) {
  to += element.peer.text();
  if (element.until - now > most_timeout) return;
  fmt::format_to(std::back_inserter(to), " timeout {}s", std::chrono::ceil<std::chrono::seconds>(element.until - now).count());
}

/// Without what stands around it.
std::string_view trimmed(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  return begin == line.npos ? std::string_view() : line.substr(begin);
}

struct Set {
  std::string name, type, flags, handle;
};

/// "set banned { # handle 4": the word behind `what`, and the number at the end.
bool begins(std::string_view line, std::string_view what, std::string& name, std::string& handle) {
  if (!line.starts_with(what) || line.find('{') == line.npos) return false;
  line.remove_prefix(what.size());
  name = line.substr(0, line.find(' '));
  constexpr std::string_view mark = "# handle ";
  const std::size_t at = line.find(mark);
  handle = at == line.npos ? "" : std::string(line.substr(at + mark.size()));
  return true;
}

std::vector<Set> sets_of(std::string_view listing, std::string& table_handle) {
  std::vector<Set> sets;
  std::string name, handle;
  while (!listing.empty()) {
    const std::size_t end = std::min(listing.find('\n'), listing.size());
    const std::string_view line = trimmed(listing.substr(0, end));
    listing.remove_prefix(std::min(end + 1, listing.size()));
    if (begins(line, "set ", name, handle))
      sets.push_back({name, {}, {}, handle});
    else if (begins(line, "table ", name, handle))
      table_handle = handle;
    else if (line == "}" || sets.empty())
      continue;
    else if (line.starts_with("type ") && sets.back().type.empty())
      sets.back().type = line.substr(5);
    else if (line.starts_with("flags ") && sets.back().flags.empty())
      sets.back().flags = line.substr(6);
  }
  return sets;
}

bool covers(const policy::Network& outer, const policy::Network& inner) {
  return outer.length <= inner.length && policy::Network::of(inner.address, outer.length) == outer;
}

}  // namespace

std::optional<Kind> kind_of(const policy::Network& peer, const config::BanNft& where) {
  if (!peer.address.is_ip() || peer.address.scope() != 0) return std::nullopt;
  const bool ipv4 = peer.address.family() == base::Address::Family::ipv4;
  const Kind kind = peer.single() ? (ipv4 ? Kind::ipv4 : Kind::ipv6) : ipv4 ? Kind::ipv4_net : Kind::ipv6_net;
  return has(where, kind) ? std::optional(kind) : std::nullopt;
}

std::string set_name(const config::BanNft& where, Kind kind) {
  return where.set + (is_ipv6(kind) ? "6" : "") + (of_networks(kind) ? "_net" : "");
}

std::vector<Kind> kinds_of(const config::BanNft& where) {
  std::vector<Kind> all;
  for (const Kind kind : kinds)
    if (has(where, kind)) all.push_back(kind);
  return all;
}

std::string list_table(const config::BanNft& where) { return fmt::format("list table {} {}\n", where.family, where.table); }

std::string create(const config::BanNft& where) {
  std::string text = fmt::format("add table {} {}\n", where.family, where.table);
  for (const Kind kind : kinds_of(where))
    text += fmt::format("add set {} {{ type {}; flags {}; }}\n", place_of(where, kind), type_of(kind), flags_of(kind));
  return text;
}

std::string flush(const config::BanNft& where, Kind kind) { return fmt::format("flush set {}\n", place_of(where, kind)); }

void add(std::string& to, const config::BanNft& where, Kind kind, std::span<const Element> elements, base::Moment now) {
  bool any = false;
  for (const Element& element : elements) {
    if (element.until <= now) continue;
    to += any ? ", " : fmt::format("add element {} {{ ", place_of(where, kind));
    put_element(to, element, now);
    any = true;
  }
  if (any) to += " }\n";
}

/// What is not there cannot be deleted, and would cost all the other commands: so it is added before.
void take_out(std::string& to, const config::BanNft& where, Kind kind, std::span<const policy::Network> peers) {
  if (peers.empty()) return;
  std::string list;
  for (const policy::Network& peer : peers) list += (list.empty() ? "" : ", ") + peer.text();
  const std::string place = place_of(where, kind);
  fmt::format_to(std::back_inserter(to), "add element {0} {{ {1} }}\ndelete element {0} {{ {1} }}\n", place, list);
}

Found read_table(std::string_view listing, const config::BanNft& where) {
  std::string table;
  const std::vector<Set> sets = sets_of(listing, table);
  Found found{.identity = table, .wanted = kinds_of(where).size()};
  for (const Kind kind : kinds_of(where)) {
    const auto set = std::ranges::find(sets, set_name(where, kind), &Set::name);
    if (set == sets.end()) continue;
    found.identity += " " + set->handle;
    if (set->type == type_of(kind) && set->flags == flags_of(kind))
      found.ours.push_back(kind);
    else if (found.foreign.empty())
      found.foreign = fmt::format("the set {} is there and is not ours, which would have type {} and flags {}: it is left as it is", place_of(where, kind),
                                  type_of(kind), flags_of(kind));
  }
  return found;
}

Outermost outermost(std::vector<Element>& all) {
  std::ranges::sort(all, {}, &Element::peer);  // a network comes before those in it
  Outermost result;
  for (const Element& one : all) {
    if (result.elements.empty() || !covers(result.elements.back().peer, one.peer))
      result.elements.push_back(one);
    else if (one.until > result.elements.back().until)
      result.again = std::min(result.again, result.elements.back().until);
  }
  return result;
}

}  // namespace xsuperd::supervisor::nft
