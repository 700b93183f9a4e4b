// SPDX-License-Identifier: MIT
#include "xsuperd/config/inetd.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>

#include "config/inetd_entries.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

namespace inetd {

ProtocolField read_protocol(const Field& field, Names& names) {
  ProtocolField result;
  Field rest = field;
  if (rest.text.starts_with("rpc/")) {
    result.rpc = true;
    rest = rest.part(4);
  }
  const std::size_t end = std::min(rest.text.find_first_of(",/"), rest.text.size());
  result.tail = rest.text.substr(end);
  result.name = rest.part(0, end);
  // A protocol may end in a digit by itself.
  if (result.name.text == "unix" || names.protocol(result.name.text)) return result;
  constexpr std::pair<std::string_view, Family> families[]{
      {"6only", Family::v6}, {"46", Family::v46}, {"4", Family::v4}, {"6", Family::v6}};
  for (const auto& [digits, family] : families) {
    const std::string& name = result.name.text;
    if (!name.ends_with(digits) || !names.protocol(name.substr(0, name.size() - digits.size()))) continue;
    result.name = result.name.part(0, name.size() - digits.size());
    result.family = family;
    break;
  }
  return result;
}

namespace {

/// :OWNER:GROUP:MODE:PATH. A path may have colons, too.
SpecField read_owned(const Field& field) {
  std::size_t from = 1;
  FileOwner file;
  for (Field* part : {&file.owner, &file.group, &file.mode}) {
    const std::size_t colon = field.text.find(':', from);
    if (colon == std::string::npos) return {std::nullopt, FileOwner{}, field};
    *part = field.part(from, colon - from);
    from = colon + 1;
  }
  return {std::nullopt, std::move(file), field.part(from)};
}

}  // namespace

SpecField read_spec(const Field& field, bool path) {
  if (path && field.text.starts_with(":")) return read_owned(field);
  const std::size_t colon = field.text.starts_with("/") ? std::string::npos : path ? field.text.find(":/") : field.text.rfind(':');
  if (colon == std::string::npos) return {std::nullopt, std::nullopt, field};
  return {field.part(0, colon), std::nullopt, field.part(colon + 1)};
}

namespace {

/// What two lines must share so that one of them can take the IPv4 peers and the other one those of IPv6.
using Port = std::array<std::string, 5>;
Port port_of(const Definition& d, const ProtocolField& protocol) {
  return {d.addresses, d.spec.text, d.socket_type.text, protocol.rpc ? "rpc" : "", protocol.name.text};
}

/// An id that no other entry has, made from what tells the entries of one name apart.
std::string unused(const Translated& t, const std::set<std::string>& taken) {
  std::vector<std::string> tries{t.id, t.id + "-" + t.protocol};
  if (!t.address.empty()) tries.insert(tries.end(), {t.id + "-" + t.address, t.id + "-" + t.protocol + "-" + t.address});
  for (const std::string& id : tries)
    if (!taken.contains(base::to_lower(id))) return id;
  for (int n = 2;; ++n)
    if (std::string id = tries.back() + "-" + std::to_string(n); !taken.contains(base::to_lower(id))) return id;
}

void give_id(Translated& t, std::set<std::string>& taken) {
  const bool counts = t.entry.state != Entry::State::broken;
  const std::string id = counts ? unused(t, taken) : t.id;
  if (counts) taken.insert(base::to_lower(id));
  if (id == t.entry.name) return;
  Assignment a{"id", t.place.column, Operator::set, {{id, t.place.column}}, t.place.line, t.entry.line_text};
  t.entry.assignments.insert(t.entry.assignments.begin(), std::move(a));
}

}  // namespace

std::vector<Entry> translate_all(const std::vector<Definition>& definitions, const InetdStyle& style, Names& names) {
  std::map<Port, std::set<Family>> families;
  for (const Definition& d : definitions) {
    const ProtocolField protocol = read_protocol(d.protocol, names);
    if (!d.off && !d.broken) families[port_of(d, protocol)].insert(protocol.family);
  }
  std::vector<Translated> all;
  for (const Definition& d : definitions) {
    const auto& others = families[port_of(d, read_protocol(d.protocol, names))];
    const bool v4 = others.contains(Family::v4);
    const bool v6 = others.contains(Family::v6);
    const Family left = v4 == v6 ? Family::plain : v6 ? Family::v4 : Family::v6;
    for (Translated& t : translate(d, left, style, names)) all.push_back(std::move(t));
  }
  std::set<std::string> taken;
  // What is off takes no id away from what is on.
  for (const bool on : {true, false})
    for (Translated& t : all)
      if ((t.entry.state != Entry::State::disabled) == on) give_id(t, taken);
  std::vector<Entry> entries;
  for (Translated& t : all) entries.push_back(std::move(t.entry));
  return entries;
}

}  // namespace inetd

ParsedFile parse_inetd(std::string_view text, const std::string& file, const InetdStyle& style, Names& names,
                       Diagnostics& diagnostics) {
  return parse_inetd({{file, std::string(text)}}, style, names, diagnostics);
}

ParsedFile parse_inetd(const std::vector<InetdText>& texts, const InetdStyle& style, Names& names,
                       Diagnostics& diagnostics) {
  ParsedFile result;
  std::vector<inetd::Definition> all;
  for (const InetdText& one : texts) {
    inetd::Definitions found = inetd::read_definitions(one.text, one.file, style, diagnostics);
    result.unclear = result.unclear || found.unclear;
    std::move(found.all.begin(), found.all.end(), std::back_inserter(all));
  }
  result.entries = inetd::translate_all(all, style, names);
  return result;
}

}  // namespace xsuperd::config
