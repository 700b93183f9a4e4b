// SPDX-License-Identifier: MIT
#include <arpa/inet.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "config/values.hpp"

namespace xsuperd::config::values {

namespace {
constexpr std::uint64_t greatest_u32 = std::numeric_limits<std::uint32_t>::max();

/// Of what is counted over a time, in seconds: a day.
constexpr std::uint32_t longest_window = 86'400;
constexpr std::uint32_t longest_linger = 3'600;

/// An unsigned number that fits 32 bits.
std::optional<std::uint32_t> number32(std::string_view word) {
  const auto value = base::parse_number(word, 0, static_cast<long long>(greatest_u32));
  if (!value) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

bool wrong(const ValueContext& c, const Assignment& a, std::string sentence, int index = 0, std::string hint = {}) {
  c.report(Level::error, a, index, std::move(sentence), std::move(hint));
  return false;
}
}  // namespace

std::optional<std::uint32_t> aton(const std::string& text) {
  in_addr address{};
  if (text.find_first_not_of("0123456789abcdefABCDEFxX.") != std::string::npos) return std::nullopt;
  if (::inet_aton(text.c_str(), &address) == 0) return std::nullopt;
  return ntohl(address.s_addr);
}

bool yes_no(const ValueContext& c, std::optional<bool>& to, const Assignment& a, std::string_view sentence) {
  const std::string& word = a.values[0].text;
  if (base::iequals(word, "yes") || base::iequals(word, "no")) return to = base::iequals(word, "yes"), true;
  const bool affirms = base::iequals(word, "true") || base::iequals(word, "on") || word == "1";
  const bool denies = base::iequals(word, "false") || base::iequals(word, "off") || word == "0";
  c.report(Level::error, a, 0, fmt::format(fmt::runtime(sentence), word),
           affirms ? "write 'yes'" : denies ? "write 'no'" : "the words are 'yes' and 'no'");
  return false;
}

std::string word_hint(const std::string& word, const std::vector<std::string_view>& words) {
  if (word.find_first_of(",|;") != word.npos) {
    std::string apart = word;
    std::ranges::replace_if(apart, [](char c) { return c == ',' || c == '|' || c == ';'; }, ' ');
    return fmt::format("blanks separate the words: write '{}'", base::escaped(base::trim(apart), 100));
  }
  if (const auto near = base::nearest(word, words)) return fmt::format("did you mean '{}'?", *near);
  if (word.find_first_of("\"'\\#") != word.npos) return {};  // for which there are hints of their own
  std::string all;
  for (const std::string_view one : words) all += fmt::format("{}{}", all.empty() ? "" : ", ", one);
  return fmt::format("the words are {}", all);
}

bool type(const ValueContext& c, Settings& s, const Assignment& a) {
  // xinetd takes SPECIAL, a word of its own inside, to no useful effect (fact B3.2).
  Assignment known = a;
  std::erase_if(known.values, [](const Value& v) { return base::iequals(v.text, "SPECIAL"); });
  if (!word_set<Type>(c, s.type, known, "Bad service type: {}", true)) return false;
  if (s.type->empty()) s.type.reset();
  return true;
}

bool flags(const ValueContext& c, Settings& s, const Assignment& a) {
  return word_set<Flag>(c, s.flags, a, "Bad service flag: {}", true);
}

bool socket_type(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  const bool tcp = base::iequals(word, "tcp");
  if (tcp || base::iequals(word, "udp")) {
    c.report(Level::error, a, 0, fmt::format("Bad socket type: {}", word),
             fmt::format("{} is a protocol; its sockets are of the type '{}'", word, tcp ? "stream" : "dgram"));
    return false;
  }
  return one_word<SocketType>(c, s.socket_type, a, "Bad socket type: {}");
}

bool access_policy(const ValueContext& c, Settings& s, const Assignment& a) {
  return one_word<AccessPolicy>(c, s.access_policy, a, "Bad access policy: {}");
}

bool reload_policy(const ValueContext& c, Settings& s, const Assignment& a) {
  return one_word<ReloadPolicy>(c, s.reload_policy, a, "Bad reload policy: {}");
}

bool removed_sessions(const ValueContext& c, Settings& s, const Assignment& a) {
  return one_word<RemovedSessions>(c, s.removed_sessions, a, "Bad choice for removed sessions: {}");
}

bool pass_fds(const ValueContext& c, Settings& s, const Assignment& a) {
  return one_word<PassFds>(c, s.pass_fds, a, "Bad choice for pass_fds: {}");
}

bool protocol(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& name = a.values[0].text;
  if (const auto number = c.names.protocol(name)) return s.protocol = Protocol{name, *number}, true;
  const std::string lower = base::to_lower(name);
  return wrong(c, a, fmt::format("Protocol {} not in /etc/protocols", name), 0,
               lower != name && c.names.protocol(lower) ? fmt::format("write '{}'", lower) : "");
}

bool wait(const ValueContext& c, Settings& s, const Assignment& a) {
  return yes_no(c, s.wait, a, "Bad value for wait: {}");
}

bool groups(const ValueContext& c, Settings& s, const Assignment& a) {
  return yes_no(c, s.groups, a, "Bad value for groups: {}");
}

bool user(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  // Digits alone are a number, even where a user has that name (fact B3.8).
  const bool digits = word.find_first_not_of("0123456789") == std::string::npos;
  if (const auto entry = digits ? std::nullopt : c.names.user(word)) {
    s.user = User{word, entry->name, entry->uid, entry->gid};
    return true;
  }
  // 4294967295 is (uid_t)-1: the kernel takes it for "leave the user as it is".
  const auto uid = digits ? number32(word) : std::nullopt;
  if (!uid || *uid == greatest_u32) return wrong(c, a, fmt::format("Unknown user: {}", word), 0,
                                                        digits ? "" : "the password database has no such name");
  const auto entry = c.names.user(static_cast<uid_t>(*uid));
  s.user = User{word, entry ? entry->name : std::string{}, *uid, *uid};
  return true;
}

bool group(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  if (const auto gid = c.names.group(word)) return s.group = Group{word, *gid}, true;
  const auto gid = number32(word);
  if (!gid || *gid == greatest_u32 || word.find_first_not_of("0123456789") != std::string::npos)
    return wrong(c, a, fmt::format("Unknown group: {}", word), 0, "the group database has no such name");
  s.group = Group{word, *gid};
  return true;
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
                           "priorities go from -20 to 19");
  if (*value < -20 || *value > 19)
    c.report(Level::info, a, 0, fmt::format("nice = {} goes beyond the priorities that there are", *value),
             "they go from -20 to 19, and the sum with the daemon's own is kept within them");
  s.nice = static_cast<int>(*value);
  return true;
}

std::optional<Limit> limit_of(std::string_view word, bool suffixes) {
  if (base::iequals(word, "UNLIMITED")) return Limit{};
  std::uint64_t factor = 1;
  if (suffixes && !word.empty()) {
    const char suffix = base::lower(word.back());
    factor = suffix == 'k' ? 1024 : suffix == 'm' ? 1024 * 1024 : 1;
    if (factor > 1) word.remove_suffix(1);
  }
  const auto value = base::parse_number(word, 0, std::numeric_limits<long long>::max() / static_cast<long long>(factor));
  if (!value) return std::nullopt;
  return Limit{static_cast<std::uint64_t>(*value) * factor};
}

bool limit(const ValueContext& c, std::optional<Limit>& to, const Assignment& a, bool suffixes,
           std::string_view sentence) {
  const auto value = limit_of(a.values[0].text, suffixes);
  if (!value)
    return wrong(c, a, fmt::format("{}: {}", sentence, a.values[0].text), 0,
                 suffixes ? "a number, perhaps with K or M behind it, or UNLIMITED" : "a number, or UNLIMITED");
  to = *value;
  return true;
}

/// Counts of servers, and not bytes: no suffix, and at most 32 bits.
static bool count(const ValueContext& c, std::optional<Limit>& to, const Assignment& a, std::string_view sentence) {
  const auto value = limit_of(a.values[0].text, false);
  if (!value || (!value->is_unlimited() && value->value > greatest_u32))
    return wrong(c, a, fmt::format("{}: {}", sentence, a.values[0].text), 0, "a number, or UNLIMITED");
  to = *value;
  return true;
}

bool instances(const ValueContext& c, Settings& s, const Assignment& a) {
  return count(c, s.instances, a, "Number of instances is invalid");
}

bool per_source(const ValueContext& c, Settings& s, const Assignment& a) {
  return count(c, s.per_source, a, "Number of per source instances is invalid");
}

bool cps(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto connections = number32(a.values[0].text);
  if (!connections) return wrong(c, a, fmt::format("cps argument not a number: {}", a.values[0].text), 0, "cps = CONNECTIONS SECONDS");
  const auto pause = number32(a.values[1].text);
  if (!pause) return wrong(c, a, fmt::format("cps time argument not a number: {}", a.values[1].text), 1, "cps = CONNECTIONS SECONDS");
  s.cps = Rate{*connections, *pause};
  return true;
}

bool cps_window(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto seconds = base::parse_number(a.values[0].text, 1, longest_window);
  if (!seconds) return wrong(c, a, fmt::format("cps_window is not a number of seconds from 1 to 86400: {}", a.values[0].text));
  s.cps_window = static_cast<std::uint32_t>(*seconds);
  return true;
}

bool linger(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto seconds = base::parse_number(a.values[0].text, 0, longest_linger);
  if (!seconds)
    return wrong(c, a, fmt::format("linger is not a number of seconds from 0 to {}: {}", longest_linger, a.values[0].text));
  s.linger = static_cast<std::uint32_t>(*seconds);
  return true;
}

bool per_source_rate(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto connections = number32(a.values[0].text);
  if (!connections) return wrong(c, a, fmt::format("per_source_rate argument not a number: {}", a.values[0].text));
  const auto window = base::parse_number(a.values[1].text, 1, longest_window);
  if (!window) return wrong(c, a, fmt::format("per_source_rate needs a number of seconds from 1 to 86400: {}", a.values[1].text), 1);
  s.per_source_rate = SourceRate{*connections, static_cast<std::uint32_t>(*window)};
  return true;
}

bool max_load(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  char* end = nullptr;
  const double value = std::strtod(word.c_str(), &end);
  if (end == word.c_str()) return wrong(c, a, fmt::format("error parsing max_load argument: {}", word), 0, "a number such as 6.5");
  // Of "0,5" the number is 0, which would be no limit.
  if (std::isnan(value) || value < 0 || (value == 0 && *end != '\0'))
    return wrong(c, a, fmt::format("error reading max_load argument: {} is not a load", word), 0, "a number such as 6.5");
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
  return of_inetd ? "busybox would look for an applet of that name; here a program has its path, such as /bin/busybox"
                  : "nothing is looked for along PATH";
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
    c.report(Level::warning, a, 0, fmt::format("Server {} is a relative path, and is executed from the directory /", path),
             "write the whole path");
  s.server = path;
  return true;
}

bool port(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto value = base::parse_number(a.values[0].text, 0, 65535);
  if (!value) return wrong(c, a, fmt::format("port number is invalid: {}", a.values[0].text), 0,
                           "a port is a number from 0 to 65535");
  s.port = static_cast<std::uint16_t>(*value);
  return true;
}

bool rpc_version(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  const std::size_t dash = word.find('-');
  const auto low = number32(std::string_view(word).substr(0, dash));
  const auto high = dash == std::string::npos ? low : number32(std::string_view(word).substr(dash + 1));
  if (!low || !high || *low > *high) return wrong(c, a, fmt::format("bad version range: {}", word), 0, "one version, or a range such as 2-4");
  s.rpc_version = VersionRange{*low, *high};
  return true;
}

bool rpc_number(const ValueContext& c, Settings& s, const Assignment& a) {
  s.rpc_number = number32(a.values[0].text);
  if (s.rpc_number) return true;
  return wrong(c, a, fmt::format("rpc_number is invalid: {}", a.values[0].text), 0, "a program number of at most 32 bits");
}

bool deny_time(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  if (base::iequals(word, "FOREVER")) return s.deny_time = -1, true;
  if (base::iequals(word, "NEVER")) return s.deny_time = 0, true;
  const auto minutes = base::parse_number(word, -1, std::numeric_limits<int>::max());
  if (!minutes) return wrong(c, a, fmt::format("Error parsing: {}", word), 0, "a number of minutes, FOREVER or NEVER");
  s.deny_time = static_cast<int>(*minutes);
  return true;
}

bool backlog(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto value = base::parse_number(a.values[0].text, 1, std::numeric_limits<int>::max());
  if (!value) return wrong(c, a, fmt::format("backlog is invalid: {}", a.values[0].text), 0, "a number from 1 on");
  s.backlog = static_cast<int>(*value);
  return true;
}

bool rlimit_as(const ValueContext& c, Settings& s, const Assignment& a) {
  return limit(c, s.rlimit_as, a, true, "Address space limit is invalid");
}
bool rlimit_cpu(const ValueContext& c, Settings& s, const Assignment& a) {
  return limit(c, s.rlimit_cpu, a, false, "CPU limit is invalid");
}
bool rlimit_data(const ValueContext& c, Settings& s, const Assignment& a) {
  return limit(c, s.rlimit_data, a, true, "Data limit is invalid");
}
bool rlimit_rss(const ValueContext& c, Settings& s, const Assignment& a) {
  return limit(c, s.rlimit_rss, a, true, "RSS limit is invalid");
}
bool rlimit_stack(const ValueContext& c, Settings& s, const Assignment& a) {
  return limit(c, s.rlimit_stack, a, true, "Stack limit is invalid");
}
bool rlimit_files(const ValueContext& c, Settings& s, const Assignment& a) {
  return limit(c, s.rlimit_files, a, true, "Max files limit is invalid");
}

}  // namespace xsuperd::config::values
