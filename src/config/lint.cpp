// SPDX-License-Identifier: MIT
#include "xsuperd/config/lint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

#include "config/lint_values.hpp"
#include "config/overlap.hpp"

namespace xsuperd::config {

namespace {

using Elements = std::vector<AddressPattern>;
using Family = base::Address::Family;

constexpr std::size_t told_singly = 10;

std::string at(const Place& place) { return fmt::format("{}:{}", place.file, place.line); }

/// The peers that an element matches.
std::string peers_of(const AddressPattern& element) {
  if (element.kind != AddressPattern::Kind::network) return element.name;
  const auto network = element.network();
  const std::string address = network.base.text();
  return network.single() ? address : fmt::format("{}/{}", address, network.prefix);
}

class Linter {
 public:
  explicit Linter(const Config& config) {
    for (const auto* list : {&config.defaults.only_from, &config.defaults.no_access})
      if (*list)
        for (const AddressPattern& element : **list) in_defaults_.insert(key(element.place));
  }

  void look_at(const Service& service) {
    service_ = &service;
    const Settings& s = service.settings;
    if (!s.only_from && !s.no_access) return;
    if (service.steered()) {
      names_in_vain();
      too_long();
    }
    if (!service.steered() && !service.knows_peer()) return unknown_peer();
    if (s.only_from && s.no_access) overlapping();
    if (service.kind == Kind::tcpmux) return;  // it has no socket of its own
    if (s.only_from) unreached(*s.only_from, "only_from", true);
    if (s.no_access) unreached(*s.no_access, "no_access", false);
  }

  std::vector<Diagnostic> found() && { return std::move(found_); }

 private:
  using Key = std::tuple<std::string_view, int, int>;
  static Key key(const Place& place) { return {place.file, place.line, place.column}; }

  void tell(Diagnostic finding) {
    finding.id = service_->id;
    found_.push_back(std::move(finding));
  }

  void unknown_peer() {
    tell({Level::info,
          service_->place,
          fmt::format("Service {}: only_from and no_access have no effect: the daemon does not know the peer",
                      service_->id),
          {},
          1,
          "the server has to check by itself who asks",
          {}});
  }

  void names_in_vain();
  void too_long();
  void name_in_vain(const std::optional<Elements>& list, Level level, std::string_view outcome);
  void overlapping();
  [[nodiscard]] Diagnostic told(const Overlap& overlap) const;
  void unreached(const Elements& list, std::string_view name, bool needed);

  const Service* service_ = nullptr;
  std::set<Key> in_defaults_;
  std::set<std::string> overlaps_told_;
  std::vector<Diagnostic> found_;
};

/// A steered service's lists are kept by the kernel.
void Linter::names_in_vain() {
  name_in_vain(service_->settings.only_from, Level::info, "in only_from admits nobody");
  name_in_vain(service_->settings.no_access, Level::warning, "in no_access keeps everybody out");
}

void Linter::name_in_vain(const std::optional<Elements>& list, Level level, std::string_view outcome) {
  if (!list) return;
  const auto name = std::find_if(list->begin(), list->end(), [](const AddressPattern& element) {
    return element.kind != AddressPattern::Kind::network;
  });
  if (name == list->end()) return;
  tell({level,
        name->place,
        fmt::format("Service {}: its peers have no names, because the server accepts them: {} {}",
                    service_->id, name->text, outcome),
        {},
        static_cast<int>(name->text.size()),
        "use addresses and networks",
        {}});
}

/// The kernel allows 4,096 instructions; one rule takes about four for IPv4, and ten for IPv6 (net::steer).
void Linter::too_long() {
  std::size_t instructions = 0;
  const AddressPattern* first = nullptr;
  for (const auto* list : {&service_->settings.only_from, &service_->settings.no_access})
    if (*list)
      for (const AddressPattern& element : **list) {
        if (!first) first = &element;
        instructions += element.network().base.family() == Family::ipv6 ? 10 : 4;
      }
  if (instructions <= 4096) return;
  tell({Level::warning,
        first->place,
        fmt::format("Service {}: its access lists may be too long for the kernel, and then it is not opened", service_->id),
        {},
        static_cast<int>(first->text.size()),
        "a server that waits has room for about 1,000 IPv4 networks, or 400 of IPv6",
        {}});
}

/// Lists of the defaults overlap in every service alike: that is told once.
void Linter::overlapping() {
  std::array<std::size_t, 2> count{};
  constexpr std::array<Level, 2> levels{Level::warning, Level::info};
  for (const Overlap& overlap : overlaps(*service_->settings.only_from, *service_->settings.no_access)) {
    Diagnostic finding = told(overlap);
    const bool is_note = finding.level == levels[1];
    if (++count[is_note] > told_singly) continue;
    if (overlaps_told_.insert(explained(finding)).second) tell(std::move(finding));
  }
  for (std::size_t i = 0; i < levels.size(); ++i)
    if (count[i] > told_singly)
      tell({levels[i],
            service_->place,
            fmt::format("Service {}: {} more elements of only_from and no_access overlap in this way",
                        service_->id, count[i] - told_singly),
            {},
            1,
            {},
            {}});
}

Diagnostic Linter::told(const Overlap& o) const {
  const bool closest_wins = service_->access_policy() == AccessPolicy::best_match;
  const bool admits = !o.equal && !o.inner_denies && closest_wins;
  const bool in_vain = o.equal || (!o.inner_denies && !closest_wins);
  const auto* words = o.inner_denies ? "no_access" : "only_from";
  const auto* other = o.inner_denies ? "only_from" : "no_access";
  const char* outcome = admits    ? "it is admitted"
                        : in_vain ? "only_from admits nobody by it"
                                  : "it is refused";
  const bool helps = in_vain && !o.equal;
  return {in_vain ? Level::warning : Level::info,
          o.inner->place,
          fmt::format("{} in {} and {} in {} ({}) both match {}: {}", o.inner->text, words, o.outer->text,
                      other, at(o.outer->place), peers_of(*o.inner), outcome),
          {},
          static_cast<int>(o.inner->text.size()),
          helps ? "access_policy = best_match would admit it" : "",
          {}};
}

void Linter::unreached(const Elements& list, std::string_view name, bool needed) {
  const auto in_vain = [this](const AddressPattern& element) {
    return element.kind == AddressPattern::Kind::network &&
           !service_->reached_from(element.network().base.family());
  };
  if (needed && !list.empty() && std::all_of(list.begin(), list.end(), in_vain))
    return tell(
        {Level::warning,
         list.front().place,
         fmt::format(
             "Service {}: no element of {} matches peers that its socket can have: nobody is admitted",
             service_->id, name),
         {},
         1,
         {},
         {}});
  std::size_t count = 0;
  for (const AddressPattern& element : list) {
    if (!in_vain(element) || in_defaults_.contains(key(element.place)) || ++count > told_singly) continue;
    const bool v4 = element.network().base.family() == Family::ipv4;
    tell({Level::info,
          element.place,
          fmt::format("Service {}: {} in {} matches nobody: its socket has no {} peers", service_->id,
                      element.text, name, v4 ? "IPv4" : "IPv6"),
          {},
          static_cast<int>(element.text.size()),
          {},
          {}});
  }
  if (count > told_singly)
    tell({Level::info,
          service_->place,
          fmt::format("Service {}: {} more elements of {} match nobody", service_->id, count - told_singly,
                      name),
          {},
          1,
          {},
          {}});
}

}  // namespace

std::vector<Diagnostic> lints(const Config& config) {
  Linter linter(config);
  for (const auto& service : config.services) linter.look_at(*service);
  std::vector<Diagnostic> found = std::move(linter).found();
  for (Diagnostic& one : value_lints(config)) found.push_back(std::move(one));
  return found;
}

}  // namespace xsuperd::config
