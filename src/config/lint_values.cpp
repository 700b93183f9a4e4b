// SPDX-License-Identifier: MIT
// Values that are sound and mean something else than their look suggests, or than they mean to xinetd.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "config/lint_values.hpp"
#include "xsuperd/config/lint.hpp"

namespace xsuperd::config {

namespace {

std::string host_part(const AddressPattern& p) { return p.text.substr(0, p.text.find('/')); }

/// "10.77": inet_aton(3) takes the last part for all that is missing (fact B5.1).
std::string short_address(const AddressPattern& p) {
  const bool digits = p.text.find_first_not_of("0123456789.") == std::string::npos;
  const auto dots = std::count(p.text.begin(), p.text.end(), '.');
  if (!digits || dots >= 3 || p.base == base::Address::ipv4(0)) return {};
  return fmt::format("{} is {}{}, not what begins with it", p.text, p.base.text(),
                     p.prefix == 32 ? " alone" : fmt::format("/{}", p.prefix));
}

std::string mask(const AddressPattern& p) {
  const std::size_t slash = p.text.find('/');
  if (slash == std::string::npos || p.text.find('.', slash) == std::string::npos) return {};
  return fmt::format("{} is {}/{} here; xinetd takes no masks and would match {} alone", p.text, p.base.text(), p.prefix,
                     host_part(p));
}

std::string bits_beyond(const AddressPattern& p) {
  const std::string host = host_part(p);
  if (host.size() == p.text.size()) return {};
  const auto written = base::Address::parse(host);
  if (!written || *written == p.base) return {};
  return fmt::format("{} is the network {}/{}: what stands beyond the prefix is ignored", p.text, p.base.text(), p.prefix);
}

std::string unspecified(const AddressPattern& p) {
  if (p.text != "::") return {};
  return ":: is that one address, which no peer has; ::/0 is all of IPv6";
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

/// Who else could change what this service runs.
std::string changeable_by(const Files::Status& server, const Service& service) {
  if ((server.mode & S_IWOTH) != 0) return "everybody";
  if ((server.mode & S_IWGRP) != 0 && server.group != 0) return fmt::format("the group {}", server.group);
  const bool as_root = service.settings.user && service.settings.user->uid == 0;
  if (as_root && server.owner != 0) return fmt::format("the user {}", server.owner);
  return {};
}

}  // namespace

std::vector<Diagnostic> value_lints(const Config& config) {
  Values values;
  for (const auto* list : {&config.defaults.only_from, &config.defaults.no_access}) values.look_at({}, *list);
  for (const auto& service : config.services)
    for (const auto* list : {&service->settings.only_from, &service->settings.no_access})
      values.look_at(service->id, *list);
  return std::move(values.found);
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
                     fmt::format("Service {}: its servers run as {}, the user of the processes that hold conversations, "
                                 "and can stop, kill and trace them",
                                 service->id, user->text),
                     {}, 1, "give it a user of its own", service->id});
  }
  return found;
}

}  // namespace xsuperd::config
