// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::config {

namespace {

/// Why a running service is missing from a configuration: an error, or somebody's wish?
bool lost_to_an_error(const Service& service, const Loaded& loaded) {
  const auto& absent = loaded.config->absent;
  const auto of_this = [&](const Absent& a) {
    return base::iequals(a.id, service.id) || (base::iequals(a.name, service.name) && a.id == a.name);
  };
  for (const Absent& a : absent)
    if (of_this(a)) return a.fate == Fate::refused;
  const auto& unclear = loaded.unclear_files;
  return std::find(unclear.begin(), unclear.end(), service.place.file) != unclear.end();
}

}  // namespace

void keep_broken(const Config& running, Loaded& loaded) {
  const Plan plan = diff(running, *loaded.config);
  std::shared_ptr<Config> mended;
  for (const auto& service : plan.stop) {
    if (!lost_to_an_error(*service, loaded)) continue;
    if (!mended) mended = std::make_shared<Config>(*loaded.config);
    mended->services.push_back(service);
    loaded.diagnostics.add({Level::warning, service->place,
                            fmt::format("service {} has an error now: it goes on as it was", service->id), {}, 1, {},
                            service->id});
  }
  if (mended) loaded.config = std::move(mended);
}

}  // namespace xsuperd::config
