// SPDX-License-Identifier: MIT
// inetd.conf to entries of xinetd.conf, and those to units: the entries are read as what the lines were, and the units
// as units.
#include "convert/unit_file.hpp"
#include "fuzz/loaded.hpp"
#include "xsuperd/convert/convert.hpp"

using namespace xsuperd;
using fuzz::must;

namespace {

void check_units(const convert::Conversion& conversion) {
  for (const convert::File& file : conversion.files) {
    convert::Unit unit;
    convert::Report report;
    unit.add(file.text, file.name, report);
    for (const convert::Finding& one : report.findings()) must(one.weight != convert::Weight::error);
  }
}

}  // namespace

FUZZ_TARGET(inetd_convert) {
  const std::string text(input);
  fakes::FakeFiles files;
  fakes::FakeNames names;
  const convert::Conversion entries = convert::inetd_to_xinetd({{"/etc/inetd.conf", text}}, names);
  std::string all;
  for (const convert::File& file : entries.files) {
    must(!file.name.empty() && file.name.find('/') == std::string::npos && fuzz::printable(file.name));
    if (!file.name.starts_with("README")) all += file.text + "\n";
  }
  const config::Loaded loaded = fuzz::load(all, {.main = "/etc/xinetd.conf"});
  must(loaded.config != nullptr && loaded.unclear_files.empty());
  files.texts["/etc/inetd.conf"] = text;
  check_units(convert::to_systemd({"/etc/inetd.conf"}, files, names, {true, true}));
}
