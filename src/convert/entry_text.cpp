// SPDX-License-Identifier: MIT
#include "convert/entry_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace xsuperd::convert {

namespace {

/// Files of xinetd.d have their operators below each other.
constexpr int name_width = 15;

std::string line_text(const config::Assignment& a) {
  std::string text = fmt::format("\t{:<{}} {}", a.name, name_width, config::operator_text(a.op));
  for (const config::Value& value : a.values) text += " " + value.text;
  return text + "\n";
}

bool same(const config::Assignment& a, const config::Assignment& b) {
  return a.name == b.name && a.op == b.op &&
         std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end(),
                    [](const config::Value& v, const config::Value& w) { return v.text == w.text; });
}

}  // namespace

std::string entry_text(const config::Entry& entry, const std::vector<std::string>& comments) {
  std::string text;
  for (const std::string& comment : comments) text += comment + "\n";
  text += fmt::format("service {}\n{{\n", entry.name);
  if (entry.state == config::Entry::State::disabled) text += line_text(assigned("disable", {"yes"}));
  for (const config::Assignment& a : entry.assignments) text += line_text(a);
  return text + "}\n";
}

bool reads_back(const config::Entry& entry) {
  config::Entry enabled = entry;
  enabled.state = config::Entry::State::whole;
  config::Diagnostics diagnostics;
  const auto parsed = config::parse(entry_text(enabled, {}), "", diagnostics);
  if (parsed.unclear || parsed.entries.size() != 1) return false;
  const config::Entry& read = parsed.entries[0];
  return read.kind == entry.kind && read.state == enabled.state && read.name == entry.name &&
         std::equal(read.assignments.begin(), read.assignments.end(), entry.assignments.begin(),
                    entry.assignments.end(), same);
}

config::Assignment assigned(std::string attribute, const std::vector<std::string>& values) {
  config::Assignment a;
  a.name = std::move(attribute);
  for (const std::string& value : values) a.values.push_back({value, 0});
  return a;
}

std::string comment_line(std::string_view text) {
  std::string line = "# ";
  for (const char c : text)
    if (c != '\n' && c != '\0' && c != '\r') line += c;
  return line;
}

}  // namespace xsuperd::convert
