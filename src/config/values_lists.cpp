// SPDX-License-Identifier: MIT
#include <algorithm>

#include "config/values.hpp"

namespace xsuperd::config::values {

namespace {
/// "H:M" as minutes since midnight; empty digits read as 0 (fact B3.17). 24:00 is the end of the day.
std::optional<int> minutes_of(std::string_view clock, bool& range_error) {
  const std::size_t colon = clock.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto digits = [](std::string_view text) -> std::optional<int> {
    if (text.empty()) return 0;
    if (text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    return static_cast<int>(base::parse_number(text, 0, 9999).value_or(9999));
  };
  const auto hour = digits(clock.substr(0, colon));
  const auto minute = digits(clock.substr(colon + 1));
  if (!hour || !minute) return std::nullopt;
  range_error = *hour > 24 || *minute > 59 || (*hour == 24 && *minute > 0);
  return *hour * 60 + *minute;
}

bool interval(const ValueContext& c, const Assignment& a, std::size_t index, std::vector<Interval>& to) {
  const std::string_view word = a.values[index].text;
  const std::size_t dash = word.find('-');
  bool bad_start = false;
  bool bad_end = false;
  const auto start = dash == std::string_view::npos ? std::nullopt : minutes_of(word.substr(0, dash), bad_start);
  const auto end = dash == std::string_view::npos ? std::nullopt : minutes_of(word.substr(dash + 1), bad_end);
  if (!start || !end) return refused(c, a, index, fmt::format("incorrect time interval: {}", word), "expected H:MM-H:MM");
  if (bad_start || bad_end || *start == 24 * 60 || *start == *end)
    return refused(c, a, index, fmt::format("invalid time interval: {}", word),
                 "hours range from 0 to 24 and minutes from 0 to 59, and the two ends must differ");
  // Across midnight is meant to be for a night. What closes for an hour a day has its ends the wrong way round, and to
  // take it literally would open the service at every hour that it was to be closed.
  if (*start > *end && *start - *end <= 60)
    return refused(c, a, index, fmt::format("invalid time interval: {}", word), "are its ends swapped?");
  to.push_back({*start, *end});
  return true;
}

bool file_log(const ValueContext& c, Settings& s, const Assignment& a) {
  if (a.values.size() < 2 || a.values.size() > 4)
    return refused(c, a, 0, "wrong number of arguments: FILE takes a path and at most two limits");
  LogTarget target{LogTarget::Kind::file, a.values[1].text, 0, 0, 0, 0};
  const auto size = [&](std::size_t i) { return limit_of(a.values[i].text, true); };
  if (a.values.size() > 2) {
    const auto soft = size(2);
    if (!soft || soft->is_unlimited()) return refused(c, a, 2, fmt::format("soft limit is invalid: {}", a.values[2].text));
    target.soft = soft->value;
    // The margin of xinetd: one per cent, but 5 to 20 kB (fact B3.43).
    if (target.soft > 0)
      target.hard = target.soft + std::max<std::uint64_t>(5120, std::min<std::uint64_t>(20480, target.soft / 100));
  }
  if (a.values.size() > 3) {
    const auto hard = size(3);
    if (!hard || hard->is_unlimited()) return refused(c, a, 3, fmt::format("hard limit is invalid: {}", a.values[3].text));
    if (hard->value < target.soft)
      return refused(c, a, 3, fmt::format("hard limit ({}) is less than soft limit ({})", hard->value, target.soft));
    target.hard = hard->value;
  }
  s.log_type = std::move(target);
  return true;
}

bool syslog_log(const ValueContext& c, Settings& s, const Assignment& a) {
  if (a.values.size() < 2 || a.values.size() > 3)
    return refused(c, a, 0, "wrong number of arguments: SYSLOG takes a facility and optionally a level");
  LogTarget target{LogTarget::Kind::syslog, {}, 0, 0, 0, 0};
  const auto word = [&](std::size_t index, std::span<const Word<int>> table, std::string_view what, int& to) {
    const auto value = find_word<int>(table, a.values[index].text);
    if (value) return to = *value, true;
    const auto near = base::nearest(a.values[index].text, texts_of<int>(table));
    return refused(c, a, index, fmt::format("Unknown syslog {}: {}", what, a.values[index].text),
                 near ? fmt::format("did you mean '{}'?", *near) : std::string{});
  };
  if (!word(1, syslog_facilities(), "facility", target.facility)) return false;
  target.level = *find_word<int>(syslog_levels(), "info");
  if (a.values.size() > 2 && !word(2, syslog_levels(), "level", target.level)) return false;
  s.log_type = std::move(target);
  return true;
}
}  // namespace

bool access_times(const ValueContext& c, Settings& s, const Assignment& a) {
  std::vector<Interval> intervals;
  for (std::size_t i = 0; i < a.values.size(); ++i)
    if (!interval(c, a, i, intervals)) return false;
  s.access_times = std::move(intervals);
  return true;
}

bool address_list(const ValueContext& c, std::optional<std::vector<AddressPattern>>& to, const Assignment& a) {
  std::vector<AddressPattern> patterns;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    auto one = address_patterns(c, a, static_cast<int>(i));
    if (!one) return false;
    patterns.insert(patterns.end(), one->begin(), one->end());
  }
  // In the defaults = adds like += (fact B2.43).
  if (!to || (a.op == Operator::set && !c.defaults)) to.emplace();
  if (a.op != Operator::remove) {
    to->insert(to->end(), patterns.begin(), patterns.end());
    return true;
  }
  const auto equal = [](const AddressPattern& x, const AddressPattern& y) {
    const bool names = x.kind != AddressPattern::Kind::network && y.kind != AddressPattern::Kind::network;
    return names ? x.name == y.name : x == y;
  };
  for (const AddressPattern& gone : patterns)
    std::erase_if(*to, [&](const AddressPattern& there) { return equal(there, gone); });
  return true;
}

bool log_type(const ValueContext& c, Settings& s, const Assignment& a) {
  if (c.defaults && s.log_type) return refused(c, a, 0, "Cannot set more than one log_type attribute");
  const std::string& kind = a.values[0].text;
  if (base::iequals(kind, "FILE")) return file_log(c, s, a);
  if (base::iequals(kind, "SYSLOG")) return syslog_log(c, s, a);
  return refused(c, a, 0, fmt::format("Unknown log type: {}", kind), "the types are FILE and SYSLOG");
}

bool event_log(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  const auto kind = find_word<EventTarget::Kind>(vocabulary<EventTarget::Kind>(), word);
  if (!kind) return refused(c, a, 0, fmt::format("Unknown event log: {}", word), "expected FILE with a path, STDOUT, JOURNAL or NONE");
  const bool file = *kind == EventTarget::Kind::file;
  if (a.values.size() != (file ? 2 : 1))
    return refused(c, a, 0, file ? "wrong number of arguments: FILE takes a path" : fmt::format("wrong number of arguments: {} takes none", word));
  s.event_log = EventTarget{*kind, file ? a.values[1].text : std::string()};
  return true;
}

bool env(const ValueContext& c, Settings& s, const Assignment& a) {
  for (std::size_t i = 0; i < a.values.size(); ++i)
    if (a.values[i].text.find('=') == std::string::npos)
      // Not its text, which may be the rest of a password with a blank in it, and goes to the log.
      return refused(c, a, i, "a variable lacks its '='", "write NAME=value");
  if (!s.env || a.op == Operator::set) s.env.emplace();
  for (const Value& value : a.values) s.env->push_back(value.text);
  return true;
}

bool passenv(const ValueContext& c, Settings& s, const Assignment& a) {
  if (!s.passenv || (a.op == Operator::set && !c.defaults)) s.passenv.emplace();
  const auto& environment = c.names.environment();
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const std::string& name = a.values[i].text;
    const auto listed = std::find_if(s.passenv->begin(), s.passenv->end(),
                                     [&](const std::string& there) { return base::iequals(there, name); });
    if (a.op == Operator::remove) {
      if (listed != s.passenv->end()) s.passenv->erase(listed);
      continue;
    }
    const bool defined = std::any_of(environment.begin(), environment.end(),
                                     [&](const std::string& v) { return v.starts_with(name + "="); });
    if (!defined)  // here and now: it may well be where the daemon starts
      c.report(Level::info, a, static_cast<int>(i), fmt::format("undefined environment variable: {}", name));
    else if (listed == s.passenv->end())
      s.passenv->push_back(name);
  }
  return true;
}

bool may_be_host_name(std::string_view name) {
  constexpr std::size_t longest = 253;  // RFC 1035, as text
  if (name.ends_with('.')) name.remove_suffix(1);
  const std::string_view last = name.substr(name.rfind('.') + 1);
  const auto digit = [](char ch) { return ch >= '0' && ch <= '9'; };
  const auto good = [&](char ch) {
    return digit(ch) || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '-' || ch == '_' || ch == '.';
  };
  return !name.empty() && name.size() <= longest && name.front() != '-' && name.front() != '.' && !last.empty() &&
         name.find("..") == name.npos && std::all_of(name.begin(), name.end(), good) &&
         !std::all_of(last.begin(), last.end(), digit);
}

namespace {

/// unix:/path or unix:@name.
bool redirect_locally(const ValueContext& c, Settings& s, const Assignment& a) {
  constexpr std::string_view word = "unix:";
  if (a.values.size() > 1)
    return refused(c, a, 1, "the target of redirect is a UNIX socket, which has no port", fmt::format("write 'redirect = {}'", a.values[0].text));
  RedirectTarget target{a.values[0].text.substr(word.size()), 0};
  if (const auto trouble = local_name_trouble(target.host))
    return refused(c, a, 0, fmt::format("bad target of redirect: {}", trouble->sentence), trouble->hint);
  s.redirect = std::move(target);
  return true;
}

}  // namespace

bool redirect(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& host = a.values[0].text;
  if (host.starts_with("unix:")) return redirect_locally(c, s, a);
  if (host.starts_with('/') || host.starts_with('@'))
    return refused(c, a, 0, fmt::format("bad address: {}", host), fmt::format("write 'redirect = unix:{}'", host));
  if (a.values.size() < 2)
    return refused(c, a, 0, fmt::format("the target of redirect has no port: {}", host), "write HOST PORT, or unix:PATH");
  const std::string& port = a.values[1].text;
  const bool ipv6 = host.find(':') != std::string::npos;
  const bool numeric = base::Address::parse(host).has_value() || aton(host).has_value();
  // A name is looked up while the service runs, by threads that may wait: it may come later (decision B15.24).
  if (!numeric && (ipv6 || !may_be_host_name(host)))
    return refused(c, a, 0, fmt::format("bad address: {}", host), ipv6 ? "separate the host and the port with a blank" : "");
  std::optional<long long> number = base::parse_number(port);
  if (number && *number > 65535) return refused(c, a, 1, fmt::format("port number too large: {}", port), "expected a number from 1 to 65535");
  if (!number)
    if (const auto listed = c.names.service_port(port, "tcp")) number = *listed;
  if (!number || *number < 1) return refused(c, a, 1, fmt::format("port number invalid: {}", port), "expected a number from 1 to 65535, or a name from /etc/services");
  s.redirect = RedirectTarget{host, static_cast<std::uint16_t>(*number)};
  return true;
}

}  // namespace xsuperd::config::values
