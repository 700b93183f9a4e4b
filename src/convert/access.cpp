// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "convert/units.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

using config::AddressPattern;

/// The addresses that a host has now.
Networks networks_of_host(const UnitContext& c, const AddressPattern& host) {
  Networks networks;
  if (host.name == "localhost") return {{base::Address::ipv4(0x7f00'0001), 32}, {*base::Address::parse("::1"), 128}};
  std::vector<std::string> texts;
  for (const base::Address& address : c.names.host(host.text)) {
    networks.push_back({address, address.family() == base::Address::Family::ipv4 ? 32 : 128});
    texts.push_back(address.text());
  }
  if (!texts.empty())
    c.report.loss(host.place, fmt::format("systemd compares addresses, not names: {} is {} at present",
                                          base::escaped(host.text, 100), base::join(texts)));
  return networks;
}

/// The networks among the elements; names that have no address are reported, `what` being what becomes of their peers.
Networks networks_of(const UnitContext& c, const std::vector<AddressPattern>& list, std::string_view what) {
  Networks networks;
  for (const AddressPattern& one : list) {
    if (one.kind == AddressPattern::Kind::network) {
      networks.push_back(one.network());
      continue;
    }
    const Networks host = one.kind == AddressPattern::Kind::host ? networks_of_host(c, one) : Networks{};
    networks.insert(networks.end(), host.begin(), host.end());
    if (host.empty())
      c.report.loss(one.place,
                    fmt::format("systemd compares addresses, not names: {} {}", base::escaped(one.text, 100), what));
  }
  return networks;
}

/// Who is admitted when the more specific element decides, and the refusing one of two equals.
Networks best_matches(const Networks& only_from, const Networks& no_access) {
  struct Step {
    Network network;
    bool allow;
  };
  std::vector<Step> steps;
  for (const Network& one : only_from) steps.push_back({one, true});
  for (const Network& one : no_access) steps.push_back({one, false});
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.network.prefix < b.network.prefix; });
  Networks admitted;
  for (const Step& step : steps) {
    admitted = without(admitted, {step.network});
    if (step.allow) admitted.push_back(step.network);
  }
  return admitted;
}

void write_list(UnitText& unit, std::string_view key, const Networks& networks) {
  constexpr std::size_t in_a_line = 8;
  for (std::size_t at = 0; at < networks.size(); at += in_a_line) {
    std::vector<std::string> words;
    for (std::size_t i = at; i < std::min(at + in_a_line, networks.size()); ++i) words.push_back(text_of(networks[i]));
    unit.set(key, base::join(words));
  }
}

}  // namespace

void write_access(const UnitContext& c, UnitText& unit) {
  const config::Settings& s = c.service.settings;
  if (!s.only_from && !s.no_access) return;
  c.note(s.only_from ? "only_from" : "no_access",
         "systemd drops the packets of peers that it refuses: they get no answer, and nothing is logged");
  Networks no_access;
  if (s.no_access) {
    no_access = networks_of(c, *s.no_access, "is admitted");
    const bool named = std::any_of(s.no_access->begin(), s.no_access->end(), [](const AddressPattern& one) {
      return one.kind != AddressPattern::Kind::network && one.name != "localhost";
    });
    if (named) c.unprotected.emplace_back("no_access");
  }
  if (!s.only_from) return write_list(unit, "IPAddressDeny", no_access);
  const Networks only_from = networks_of(c, *s.only_from, "is not admitted");
  const bool best = c.service.access_policy() == config::AccessPolicy::best_match;
  unit.set("IPAddressDeny", "any");
  write_list(unit, "IPAddressAllow", best ? best_matches(only_from, no_access) : without(only_from, no_access));
}

}  // namespace xsuperd::convert
