// SPDX-License-Identifier: MIT
// The reader of inetd.conf and all that becomes of its lines.
#include <cstddef>
#include <cstdint>
#include <set>

#include "fuzz/loaded.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace xsuperd;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const config::Loaded loaded = fuzz::load(text, {.inetd = {"/etc/inetd.conf"}});
  fuzz::check(loaded, text);
  // Nothing of a line may be passed over. Errors may repeat words of the input.
  for (const config::Diagnostic& found : loaded.diagnostics.all()) {
    if (found.level != config::Level::warning) continue;
    fuzz::must(found.sentence.find("attribute already set") == std::string::npos);
    fuzz::must(found.sentence.find("values were specified") == std::string::npos);
  }
  std::set<std::string> ids;
  for (const auto& service : loaded.config->services) fuzz::must(ids.insert(base::to_lower(service->id)).second);
  return 0;
}
