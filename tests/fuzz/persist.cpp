// SPDX-License-Identifier: MIT
// The one change that xsuperctl makes to a configuration file: the `disable` line of an entry. Afterwards the service is
// as it was wanted, and everything else as it was.
#include "ctl/persist.hpp"

#include "fuzz/loaded.hpp"

using namespace xsuperd;
using fuzz::must;

namespace {

constexpr const char* path = "/etc/xinetd.conf";

/// All services, with whether they are switched off, but for the one of that line. Which of several has an endpoint may
/// change with it.
std::vector<std::string> others(const config::Loaded& loaded, int but) {
  std::vector<std::string> all;
  for (const auto& one : loaded.config->services)
    if (one->place.line != but) all.push_back(one->id);
  for (const config::Absent& one : loaded.config->absent)
    if (one.place.line != but) all.push_back(one.id + (one.fate == config::Fate::refused ? "" : "\noff"));
  std::sort(all.begin(), all.end());
  return all;
}

bool served(const config::Loaded& loaded, const std::string& id) {
  return std::any_of(loaded.config->services.begin(), loaded.config->services.end(), [&](const auto& one) { return one->id == id; });
}

std::size_t named(const config::Config& config, const std::string& id) {
  return static_cast<std::size_t>(std::count_if(config.services.begin(), config.services.end(), [&](const auto& one) { return one->id == id; }) +
                                  std::count_if(config.absent.begin(), config.absent.end(), [&](const auto& one) { return one.id == id; }));
}

void disable(const std::string& text, const config::Loaded& before, const config::Service& service) {
  const auto after = ctl::with_disable(text, service.place.line, service.name, service.id, true);
  if (!after) return must(!after.error().sentence.empty());
  const config::Loaded loaded = fuzz::load(*after, {.main = path});
  must(loaded.config != nullptr && !served(loaded, service.id));
  must(others(loaded, service.place.line) == others(before, service.place.line));
  for (const auto& one : loaded.config->services)
    for (const auto& was : before.config->services)
      if (one->place.line == was->place.line) must(config::dump(one->settings) == config::dump(was->settings));
  const auto again = ctl::with_disable(*after, service.place.line, service.name, service.id, true);
  must(again && *again == *after);
  const auto back = ctl::with_disable(*after, service.place.line, service.name, service.id, false);
  must(back.has_value());
  const config::Loaded restored = fuzz::load(*back, {.main = path});
  must(restored.config != nullptr && served(restored, service.id));
}

}  // namespace

FUZZ_TARGET(persist) {
  const std::string text(input);
  for (const int line : {0, 1, 3, 1000}) (void)ctl::with_disable(text, line, "echo", "echo", line % 2 == 1);
  const config::Loaded before = fuzz::load(text, {.main = path});
  if (!before.config) return;
  for (const auto& service : before.config->services)
    if (service->place.file == path && named(*before.config, service->id) == 1) disable(text, before, *service);
}
