// SPDX-License-Identifier: MIT
// systemd units to entries of xinetd.conf: whatever stands in the units, the entries can be read. The input is a socket
// unit, a NUL, and the service unit that it starts.
#include "convert/unit_file.hpp"

#include <limits>

#include "fuzz/loaded.hpp"
#include "xsuperd/convert/convert.hpp"

using namespace xsuperd;
using fuzz::must;

namespace {

void check_values(std::string_view value) {
  if (const auto size = convert::unit_size(value)) {
    // One letter more is 1024 times as much, or too much.
    const auto kilo = convert::unit_size(std::string(value.substr(0, value.find_last_not_of(" \t\n\v\f\r") + 1)) + "K");
    if (kilo && *size > 0) must(*kilo / 1024 == *size);
    must(*size <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  }
  if (const auto seconds = convert::unit_seconds(value)) must(*seconds <= 1'000'000'000'000'001);
  if (convert::unit_boolean(value)) must(value.size() <= 5);
}

void check_unit(std::string_view text) {
  convert::Unit unit;
  convert::Report report;
  unit.add(std::string(text), "/u/x.socket", report);
  const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
  for (const convert::Directive* one : unit.unused()) {
    must(!one->section.empty() && one->place.line >= 1 && one->place.line <= lines);
    must(one->value.find('\n') == std::string::npos && one->key.find('=') == std::string::npos);
    check_values(one->value);
  }
  for (const convert::Finding& one : report.findings()) must(!one.sentence.empty() && one.place.line <= lines);
}

/// What is written is read without an error, with the services of that name.
void check_entries(const convert::Conversion& conversion) {
  std::string text;
  for (const convert::File& file : conversion.files) {
    must(!file.name.empty() && file.name.find('/') == std::string::npos && fuzz::printable(file.name));
    if (!file.name.starts_with("README")) text += file.text + "\n";
  }
  const config::Loaded loaded = fuzz::load(text, {.main = "/etc/xinetd.conf"});
  must(loaded.config != nullptr && loaded.unclear_files.empty());
  must(loaded.config->services.size() + loaded.config->absent.size() >= (conversion.files.empty() ? 0 : 1));
}

}  // namespace

FUZZ_TARGET(units) {
  const std::size_t end = std::min(input.find('\0'), input.size());
  const std::string_view socket = input.substr(0, end);
  const std::string_view service = input.substr(std::min(end + 1, input.size()));
  check_unit(socket);
  fakes::FakeFiles files;
  fakes::FakeNames names;
  files.texts["/u/x.socket"] = socket;
  files.texts["/u/x.service"] = service;
  files.texts["/u/x@.service"] = service;
  const convert::Conversion conversion = convert::systemd_to_xinetd({"/u/x.socket"}, files, names);
  for (const convert::Finding& one : conversion.findings) must(!one.sentence.empty());
  check_entries(conversion);
}
