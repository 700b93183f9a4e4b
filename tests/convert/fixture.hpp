// SPDX-License-Identifier: MIT
#pragma once
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

#include "config/inetd_fixture.hpp"
#include "xsuperd/convert/convert.hpp"

/// Conversions of texts, and questions that tests ask about them.
namespace xsuperd::convert::test {

using config::test::World;

inline const File* find(const Conversion& c, const std::string& name) {
  const auto at = std::find_if(c.files.begin(), c.files.end(), [&](const File& f) { return f.name == name; });
  return at == c.files.end() ? nullptr : &*at;
}
inline std::string text(const Conversion& c, const std::string& name) {
  const File* file = find(c, name);
  return file ? file->text : "no file " + name;
}
/// Names of the files, in their order.
inline std::string names(const Conversion& c) {
  std::string all;
  for (const File& one : c.files) all += (all.empty() ? "" : " ") + one.name;
  return all;
}
inline char letter(Weight weight) { return weight == Weight::note ? 'n' : weight == Weight::loss ? 'g' : 'e'; }
/// A line for each finding: "WEIGHT FILE:LINE SENTENCE".
inline std::string report(const Conversion& c) {
  std::string all;
  for (const Finding& one : c.findings)
    all += std::string(1, letter(one.weight)) + " " + one.place.file + ":" + std::to_string(one.place.line) + " " +
           one.sentence + "\n";
  return all;
}
/// Is there a finding that begins so ("g /etc/x.conf:3 banner")?
inline bool reported(const Conversion& c, const std::string& begin) {
  return ("\n" + report(c)).find("\n" + begin) != std::string::npos;
}
inline bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

inline Conversion from_inetd(World& w, const std::string& lines) {
  return inetd_to_xinetd({{config::test::inetd_file, lines}}, w.names);
}
inline Conversion from_inetd(const std::string& lines) {
  World w = config::test::inetd_world();
  return from_inetd(w, lines);
}

/// xinetd.conf as a pair of units; the names of the fakes.
inline Conversion units_of(World& w, const std::string& main, const SystemdOptions& options = {}) {
  w.files.texts[config::test::main_file] = main;
  return to_systemd({config::test::main_file}, w.files, w.names, options);
}
inline Conversion units_of(const std::string& main, const SystemdOptions& options = {}) {
  World w = config::test::inetd_world();
  return units_of(w, main, options);
}

/// A .socket unit and the unit that it starts, as entries.
inline Conversion entries_of(const std::string& socket, const std::string& service, bool accept = true) {
  World w = config::test::inetd_world();
  w.files.texts["/u/x.socket"] = "[Socket]\n" + std::string(accept ? "Accept=yes\n" : "") + socket;
  w.files.texts[accept ? "/u/x@.service" : "/u/x.service"] = "[Service]\n" + service;
  return systemd_to_xinetd({"/u/x.socket"}, w.files, w.names);
}

}  // namespace xsuperd::convert::test
