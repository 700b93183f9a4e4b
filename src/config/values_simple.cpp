// SPDX-License-Identifier: MIT
#include <arpa/inet.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "config/values.hpp"

namespace xsuperd::config {

namespace {
/// What is often behind a value that is not understood.
std::string hint_for(const Assignment& line, int index) {
  if (index < 0 || static_cast<std::size_t>(index) >= line.values.size()) return {};
  const std::string& value = line.values[static_cast<std::size_t>(index)].text;
  if (value.ends_with('\\')) return backslash_hint;
  if (value.find_first_of("\"'") != value.npos) return quotes_hint;
  if (value.find('#') != value.npos && value.front() != '#') return "put comments on lines of their own";
  return {};
}

/// Does the sentence name the attribute by a word of its own?
bool mentions(std::string_view sentence, std::string_view attribute) {
  const std::string text = base::to_lower(sentence);
  const std::string name = base::to_lower(attribute);
  const auto in_word = [&](std::size_t at) {
    return at < text.size() && (text[at] == '_' || (text[at] >= 'a' && text[at] <= 'z') || (text[at] >= '0' && text[at] <= '9'));
  };
  for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1))
    if (!(at > 0 && in_word(at - 1)) && !in_word(at + name.size())) return true;
  return false;
}
}  // namespace

void ValueContext::report(Level level, const Assignment& line, int index, std::string sentence,
                          std::string suggestion) const {
  if (suggestion.empty()) suggestion = hint_for(line, index);
  const bool about_value = index >= 0 && static_cast<std::size_t>(index) < line.values.size();
  // A log does not show the line.
  if (about_value && !mentions(sentence, line.name)) sentence += fmt::format(" in {}", line.name);
  const auto& value = about_value ? line.values[static_cast<std::size_t>(index)].text : line.name;
  const int column = about_value ? line.values[static_cast<std::size_t>(index)].column : line.column;
  diagnostics.add({level, {entry.place.file, line.line, column}, std::move(sentence), line.line_text,
                   static_cast<int>(value.size()), std::move(suggestion), entry.name});
}

}  // namespace xsuperd::config

namespace xsuperd::config::values {

namespace {
/// An unsigned number that fits 32 bits.
std::optional<std::uint32_t> number32(std::string_view word) {
  const auto value = base::parse_number(word, 0, greatest_u32);
  if (!value) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

/// About the first value.
bool wrong(const ValueContext& c, const Assignment& a, std::string sentence, std::size_t index = 0, std::string hint = {}) {
  return refused(c, a, index, std::move(sentence), std::move(hint));
}
}  // namespace

bool refused(const ValueContext& c, const Assignment& a, std::size_t index, std::string sentence, std::string hint) {
  c.report(Level::error, a, static_cast<int>(index), std::move(sentence), std::move(hint));
  return false;
}

bool not_understood(const ValueContext& c, const Assignment& a, std::size_t index, std::string hint) {
  const std::string_view sentence = c.row->wrong.empty() ? "Bad value: {}" : c.row->wrong;
  return refused(c, a, index, fmt::format(fmt::runtime(sentence), a.values[index].text),
                 c.row->hint.empty() ? std::move(hint) : std::string(c.row->hint));
}

std::optional<std::uint32_t> aton(const std::string& text) {
  in_addr address{};
  if (text.find_first_not_of("0123456789abcdefABCDEFxX.") != std::string::npos) return std::nullopt;
  if (::inet_aton(text.c_str(), &address) == 0) return std::nullopt;
  return ntohl(address.s_addr);
}

bool yes_no(const ValueContext& c, std::optional<bool>& to, const Assignment& a) {
  const std::string& word = a.values[0].text;
  if (base::iequals(word, "yes") || base::iequals(word, "no")) return to = base::iequals(word, "yes"), true;
  const bool affirms = base::iequals(word, "true") || base::iequals(word, "on") || word == "1";
  const bool denies = base::iequals(word, "false") || base::iequals(word, "off") || word == "0";
  return not_understood(c, a, 0, affirms ? "write 'yes'" : denies ? "write 'no'" : "expected 'yes' or 'no'");
}

std::string word_hint(const std::string& word, const std::vector<std::string_view>& words) {
  if (word.find_first_of(",|;") != word.npos) {
    std::string apart = word;
    std::ranges::replace_if(apart, [](char c) { return c == ',' || c == '|' || c == ';'; }, ' ');
    return fmt::format("separate the words with blanks: write '{}'", base::escaped(base::trim(apart), 100));
  }
  if (const auto near = base::nearest(word, words)) return fmt::format("did you mean '{}'?", *near);
  if (word.find_first_of("\"'\\#") != word.npos) return {};  // for which there are hints of their own
  std::string all;
  for (const std::string_view one : words) all += fmt::format("{}{}", all.empty() ? "" : ", ", one);
  return fmt::format("expected one of: {}", all);
}

bool type(const ValueContext& c, Settings& s, const Assignment& a) {
  // xinetd takes SPECIAL, a word of its own inside, to no useful effect (fact B3.2).
  Assignment known = a;
  std::erase_if(known.values, [](const Value& v) { return base::iequals(v.text, "SPECIAL"); });
  if (!word_set(c, s.type, known)) return false;
  if (s.type->empty()) s.type.reset();
  return true;
}

bool socket_type(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  const bool tcp = base::iequals(word, "tcp");
  if (tcp || base::iequals(word, "udp"))
    return not_understood(c, a, 0, fmt::format("{} is a protocol; its sockets are of the type '{}'", word, tcp ? "stream" : "dgram"));
  return values::word<&Settings::socket_type>(c, s, a);
}

bool protocol(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& name = a.values[0].text;
  if (const auto number = c.names.protocol(name)) return s.protocol = Protocol{name, *number}, true;
  const std::string lower = base::to_lower(name);
  return wrong(c, a, fmt::format("Protocol {} not in /etc/protocols", name), 0,
               lower != name && c.names.protocol(lower) ? fmt::format("write '{}'", lower) : "");
}

std::optional<User> user_at(const ValueContext& c, const Assignment& a, std::size_t index) {
  const std::string& word = a.values[index].text;
  // Digits alone are a number, even where a user has that name (fact B3.8).
  const bool digits = word.find_first_not_of("0123456789") == std::string::npos;
  if (const auto entry = digits ? std::nullopt : c.names.user(word)) return User{word, entry->name, entry->uid, entry->gid};
  // 4294967295 is (uid_t)-1: the kernel takes it for "leave the user as it is".
  const auto uid = digits ? number32(word) : std::nullopt;
  if (!uid || *uid == greatest_u32) {
    wrong(c, a, fmt::format("Unknown user: {}", word), index, digits ? "" : "there is no such user in the password database");
    return std::nullopt;
  }
  const auto entry = c.names.user(static_cast<uid_t>(*uid));
  return User{word, entry ? entry->name : std::string{}, *uid, *uid};
}

std::optional<Group> group_at(const ValueContext& c, const Assignment& a, std::size_t index) {
  const std::string& word = a.values[index].text;
  if (const auto gid = c.names.group(word)) return Group{word, *gid};
  const auto gid = number32(word);
  if (gid && *gid != greatest_u32 && word.find_first_not_of("0123456789") == std::string::npos) return Group{word, *gid};
  wrong(c, a, fmt::format("Unknown group: {}", word), index, "there is no such group in the group database");
  return std::nullopt;
}

bool umask(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  if (word.empty() || word.size() > 8 || word.find_first_not_of("01234567") != std::string::npos)
    return wrong(c, a, fmt::format("umask argument is invalid: {} is not an octal number", word));
  const unsigned long bits = std::strtoul(word.c_str(), nullptr, 8);
  if (bits > 0777) return wrong(c, a, fmt::format("umask argument is invalid: {} is more than 0777", word));
  s.umask = FileMode{static_cast<mode_t>(bits)};
  return true;
}

bool nice(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto value = base::parse_number(a.values[0].text, -40, 40);
  if (!value) return wrong(c, a, fmt::format("nice argument is invalid: {}", a.values[0].text), 0,
                           "priorities range from -20 to 19");
  if (*value < -20 || *value > 19)
    c.report(Level::info, a, 0, fmt::format("nice = {} is beyond the range of priorities", *value),
             "they range from -20 to 19, and the sum with the daemon's own is kept within that range");
  s.nice = static_cast<int>(*value);
  return true;
}

std::optional<Limit> limit_of(std::string_view word, bool bytes) {
  if (base::iequals(word, "UNLIMITED")) return Limit{};
  std::uint64_t factor = 1;
  if (bytes && !word.empty()) {
    const char suffix = base::lower(word.back());
    factor = suffix == 'k' ? 1024 : suffix == 'm' ? 1024 * 1024 : 1;
    if (factor > 1) word.remove_suffix(1);
  }
  const auto value = base::parse_number(word, 0, std::numeric_limits<long long>::max() / static_cast<long long>(factor));
  if (!value) return std::nullopt;
  return Limit{static_cast<std::uint64_t>(*value) * factor};
}

bool limit_up_to(const ValueContext& c, std::optional<Limit>& to, const Assignment& a, bool bytes, std::uint64_t greatest) {
  const auto value = limit_of(a.values[0].text, bytes);
  if (!value || (!value->is_unlimited() && value->value > greatest))
    return not_understood(c, a, 0, bytes ? "expected a number, optionally followed by K or M, or UNLIMITED" : "expected a number or UNLIMITED");
  to = *value;
  return true;
}

bool cps(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto connections = number32(a.values[0].text);
  if (!connections) return wrong(c, a, fmt::format("cps argument not a number: {}", a.values[0].text), 0, "cps = CONNECTIONS SECONDS");
  const auto pause = number32(a.values[1].text);
  if (!pause) return wrong(c, a, fmt::format("cps time argument not a number: {}", a.values[1].text), 1, "cps = CONNECTIONS SECONDS");
  s.cps = Rate{*connections, *pause};
  return true;
}

bool max_load(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  char* end = nullptr;
  const double value = std::strtod(word.c_str(), &end);
  if (end == word.c_str()) return wrong(c, a, fmt::format("error parsing max_load argument: {}", word), 0, "expected a number such as 6.5");
  // Of "0,5" the number is 0, which would be no limit.
  if (std::isnan(value) || value < 0 || (value == 0 && *end != '\0'))
    return wrong(c, a, fmt::format("error reading max_load argument: {} is not a load", word), 0, "expected a number such as 6.5");
  if (*end != '\0') c.report(Level::warning, a, 0, fmt::format("max_load: '{}' after the number is ignored", end));
  s.max_load = value;
  return true;
}

namespace {
/// Where a program may be that is named without its path.
std::string program_hint(const ValueContext& c, const std::string& name) {
  constexpr std::string_view directories[]{"/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/libexec", "/usr/local/sbin", "/usr/local/bin"};
  std::vector<std::string> found;
  for (const std::string_view directory : directories)
    if (std::string path = fmt::format("{}/{}", directory, name); c.files.executable(path)) found.push_back(std::move(path));
  // A conversion takes every program to exist: then nothing is known.
  if (!found.empty() && found.size() < std::size(directories)) return fmt::format("did you mean {}?", found.front());
  const bool of_inetd = !base::iequals(base::trim(c.entry.line_text).substr(0, 7), "service");
  return of_inetd ? "busybox would look for an applet of that name; here a program needs its path, such as /bin/busybox"
                  : "PATH is not searched";
}
}  // namespace

bool server(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& path = a.values[0].text;
  if (path.find('/') == std::string::npos)
    return wrong(c, a, fmt::format("Server {} is not executable: it is a name without a path", path), 0, program_hint(c, path));
  const auto kind = c.files.kind(path);
  if (!kind) return wrong(c, a, fmt::format("Server {} is not executable: {}", path, kind.error().sentence));
  if (*kind == Files::Kind::directory)
    return wrong(c, a, fmt::format("Server {} is not executable: it is a directory", path));
  if (!c.files.executable(path))
    return wrong(c, a, fmt::format("Server {} is not executable: its mode does not allow it", path));
  if (path.front() != '/')
    c.report(Level::warning, a, 0, fmt::format("Server {} is a relative path, which starts at the directory /", path),
             "write the full path");
  s.server = path;
  return true;
}

bool rpc_version(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  const std::size_t dash = word.find('-');
  const auto low = number32(std::string_view(word).substr(0, dash));
  const auto high = dash == std::string::npos ? low : number32(std::string_view(word).substr(dash + 1));
  if (!low || !high || *low > *high) return wrong(c, a, fmt::format("bad version range: {}", word), 0, "expected one version, or a range such as 2-4");
  s.rpc_version = VersionRange{*low, *high};
  return true;
}

bool deny_time(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  if (base::iequals(word, "FOREVER")) return s.deny_time = -1, true;
  if (base::iequals(word, "NEVER")) return s.deny_time = 0, true;
  const auto minutes = base::parse_number(word, -1, greatest_int);
  if (!minutes) return wrong(c, a, fmt::format("Error parsing: {}", word), 0, "expected a number of minutes, FOREVER or NEVER");
  s.deny_time = static_cast<int>(*minutes);
  return true;
}

}  // namespace xsuperd::config::values
