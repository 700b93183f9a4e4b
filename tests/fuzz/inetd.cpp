// SPDX-License-Identifier: MIT
// The reader of inetd.conf and all that becomes of its lines.
#include <set>

#include "fuzz/loaded.hpp"

using namespace xsuperd;
using fuzz::must;

FUZZ_TARGET(inetd) {
  const std::string text(input);
  const config::Loaded loaded = fuzz::load(text, {.inetd = {"/etc/inetd.conf"}});
  fuzz::check(loaded, text);
  // Nothing of a line may be passed over. Errors may repeat words of the input.
  for (const config::Diagnostic& found : loaded.diagnostics.all()) {
    if (found.level != config::Level::warning) continue;
    must(found.sentence.find("attribute already set") == std::string::npos);
    must(found.sentence.find("values were specified") == std::string::npos);
  }
  std::set<std::string> ids;
  for (const auto& service : loaded.config->services) must(ids.insert(base::to_lower(service->id)).second);
}
