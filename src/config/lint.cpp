// SPDX-License-Identifier: MIT
#include "xsuperd/config/lint.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

#include "config/lint_peers.hpp"
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
    lint_peers(service, found_);
    const Settings& s = service.settings;
    if (!s.only_from && !s.no_access) return;
    if (service.steered()) {
      names_in_vain();
      too_long();
    }
    if (!service.steered() && !service.knows_peer()) return unknown_peer();
    if (s.only_from && s.no_access) overlapping();
    if (service.kind == Kind::tcpmux) return;  // it has no socket of its own
    const bool ip_only = !service.reached_from(Family::local) && !service.reached_from(Family::vsock);
    if (s.only_from) unreached(*s.only_from, "only_from", ip_only);
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
          "the server must check its peers itself",
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
        fmt::format("Service {}: the names of its peers are not known, because the server accepts them: {} {}",
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
        fmt::format("Service {}: its access lists may be too long for the kernel; if so, it is not opened", service_->id),
        {},
        static_cast<int>(first->text.size()),
        "with wait = yes there is room for about 1,000 IPv4 networks, or 400 of IPv6",
        {}});
}

/// Lists of the defaults overlap in every service alike: that is reported once.
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
            fmt::format("Service {}: {} more elements of only_from and no_access overlap in the same way",
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
                        : in_vain ? "the element of only_from admits nobody"
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
             "Service {}: no element of {} can match a peer of its socket: nobody is admitted",
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
          fmt::format("Service {}: {} in {} matches nobody: its socket takes no {} peers", service_->id,
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

/// Values that are sound and mean something else than their look suggests, or than they mean to xinetd.
std::string host_part(const AddressPattern& p) { return p.text.substr(0, p.text.find('/')); }

/// "10.77": inet_aton(3) takes the last part for all that is missing (fact B5.1).
std::string short_address(const AddressPattern& p) {
  const bool digits = p.text.find_first_not_of("0123456789.") == std::string::npos;
  const auto dots = std::count(p.text.begin(), p.text.end(), '.');
  if (!digits || dots >= 3 || p.base == base::Address::ipv4(0)) return {};
  return fmt::format("{} means {}{}, not every address that begins with it", p.text, p.base.text(),
                     p.prefix == 32 ? " only" : fmt::format("/{}", p.prefix));
}

std::string mask(const AddressPattern& p) {
  const std::size_t slash = p.text.find('/');
  if (slash == std::string::npos || p.text.find('.', slash) == std::string::npos) return {};
  return fmt::format("{} means {}/{} here; xinetd does not understand masks and would match only {}", p.text, p.base.text(), p.prefix,
                     host_part(p));
}

std::string bits_beyond(const AddressPattern& p) {
  const std::string host = host_part(p);
  if (host.size() == p.text.size()) return {};
  const auto written = base::Address::parse(host);
  if (!written || *written == p.base) return {};
  return fmt::format("{} means the network {}/{}: the bits beyond the prefix are ignored", p.text, p.base.text(), p.prefix);
}

std::string unspecified(const AddressPattern& p) {
  if (p.text != "::") return {};
  return ":: is a single address, which no peer has; ::/0 is all of IPv6";
}

struct AddressLint {
  std::string (*says)(const AddressPattern&);
  Level level;
};
/// What is understood as it was meant, most likely, is a note.
constexpr AddressLint address_lints[]{
    {short_address, Level::warning}, {mask, Level::info}, {bits_beyond, Level::info}, {unspecified, Level::warning}};

class Values {
 public:
  void look_at(const std::string& id, const std::optional<std::vector<AddressPattern>>& list) {
    if (!list) return;
    for (const AddressPattern& p : *list) {
      if (p.kind != AddressPattern::Kind::network) continue;
      // What stands in the defaults is in the list of every service.
      if (!seen_.insert({p.place.file, p.place.line, p.place.column}).second) continue;
      for (const AddressLint& lint : address_lints)
        if (std::string sentence = lint.says(p); !sentence.empty()) {
          found.push_back({lint.level, p.place, std::move(sentence), {}, static_cast<int>(p.text.size()), {}, id});
          break;
        }
    }
  }
  std::vector<Diagnostic> found;

 private:
  std::set<std::tuple<std::string_view, int, int>> seen_;
};

/// Each element once.
std::vector<Diagnostic> value_lints(const Config& config) {
  Values values;
  for (const auto* list : {&config.defaults.only_from, &config.defaults.no_access}) values.look_at({}, *list);
  for (const auto& service : config.services)
    for (const auto* list : {&service->settings.only_from, &service->settings.no_access})
      values.look_at(service->id, *list);
  return std::move(values.found);
}

/// Who else could change what this service runs.
std::string changeable_by(const Files::Status& server, const Service& service) {
  if ((server.mode & S_IWOTH) != 0) return "everybody";
  if ((server.mode & S_IWGRP) != 0 && server.group != 0) return fmt::format("the group {}", server.group);
  const bool as_root = service.settings.user && service.settings.user->uid == 0;
  if (as_root && server.owner != 0) return fmt::format("the user {}", server.owner);
  return {};
}

}  // namespace

std::vector<Diagnostic> lints(const Config& config) {
  Linter linter(config);
  for (const auto& service : config.services) linter.look_at(*service);
  std::vector<Diagnostic> found = std::move(linter).found();
  for (Diagnostic& one : value_lints(config)) found.push_back(std::move(one));
  return found;
}

std::vector<Diagnostic> lint_files(const Config& config, Files& files) {
  std::vector<Diagnostic> found;
  for (const auto& service : config.services) {
    if (!service->settings.server || service->kind == Kind::redirect) continue;
    const auto status = files.status(*service->settings.server);
    const std::string who = status ? changeable_by(*status, *service) : std::string{};
    if (who.empty()) continue;
    found.push_back({Level::warning, service->place,
                     fmt::format("{} can be changed by {}, and runs as {}", *service->settings.server, who,
                                 service->settings.user ? service->settings.user->text : "the daemon's user"),
                     {}, 1, {}, service->id});
  }
  return found;
}

std::vector<Diagnostic> lint_worker(const Config& config, uid_t worker) {
  std::vector<Diagnostic> found;
  for (const auto& service : config.services) {
    const auto& user = service->settings.user;
    if (!user || user->uid != worker || service->served_by_us()) continue;
    found.push_back({Level::warning, service->place,
                     fmt::format("Service {}: its servers run as {}, the user of the worker processes, and can stop, kill and trace these",
                                 service->id, user->text),
                     {}, 1, "give it a user of its own", service->id});
  }
  return found;
}

}  // namespace xsuperd::config
