// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::config {

namespace {

/// Why a running service is missing from a configuration: an error, or somebody's wish?
bool lost_to_an_error(const Service& service, const Loaded& loaded) {
  bool found = false;
  bool refused = false;
  const auto look = [&](auto of_this) {
    for (const Absent& a : loaded.config->absent) {
      if (!of_this(a)) continue;
      found = true;
      refused = refused || a.fate == Fate::refused;
    }
  };
  look([&](const Absent& a) { return base::iequals(a.id, service.id); });
  // An entry that ends before its id is known by its name alone.
  if (!found) look([&](const Absent& a) { return base::iequals(a.name, service.name) && a.id == a.name; });
  if (found) return refused;
  return std::any_of(loaded.unclear_files.begin(), loaded.unclear_files.end(), [&](const std::string& unclear) {
    return unclear.ends_with('/') ? service.place.file.starts_with(unclear) : service.place.file == unclear;
  });
}

}  // namespace

void keep_broken(const Config& running, Loaded& loaded) {
  if (!loaded.config) return;
  const auto refused = [](const Absent& a) { return a.fate == Fate::refused; };
  if (loaded.unclear_files.empty() && std::ranges::none_of(loaded.config->absent, refused)) return;
  const Plan plan = diff(running, *loaded.config);
  std::shared_ptr<Config> mended;
  for (const auto& service : plan.stop) {
    if (!lost_to_an_error(*service, loaded)) continue;
    if (!mended) mended = std::make_shared<Config>(*loaded.config);
    mended->services.push_back(service);
    loaded.diagnostics.add({Level::warning,
                            service->place,
                            fmt::format("service {} has an error now: it goes on as it was", service->id),
                            {},
                            1,
                            {},
                            service->id});
  }
  if (mended) loaded.config = std::move(mended);
}

}  // namespace xsuperd::config
