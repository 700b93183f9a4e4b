// SPDX-License-Identifier: MIT
// What a server may do and use, systemd.exec(5): privileges, capabilities and limits.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "convert/box_words.hpp"
#include "convert/from_units.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/confinement.hpp"

namespace xsuperd::convert {

namespace {

/// What confined a server is named, also where nothing of it is lost.
void tell_taken(const Directive& d, std::string_view attribute, Report& report) {
  report.note(d.place, fmt::format("{} is {} here", quoted(d), attribute));
}

void take_new_privileges(Unit& service, Draft& draft, Report& report) {
  const Directive* d = service.last("Service", "NoNewPrivileges");
  if (!d) return;
  const auto value = unit_boolean(d->value);
  if (!value) return no_value(*d, report);
  if (!*value) return;
  draft.set("no_new_privileges", {"yes"}, d);
  tell_taken(*d, "no_new_privileges", report);
}

/// A set of capabilities, a bit for each that is known here.
using Bits = std::uint64_t;
Bits all_bits() { return (Bits{1} << config::capability_names().size()) - 1; }

std::vector<std::string> words_of(Bits bits, std::string_view before = "") {
  std::vector<std::string> words;
  for (unsigned number = 0; number < config::capability_names().size(); ++number)
    if ((bits >> number & 1) != 0) words.push_back(fmt::format("{}{}", before, config::capability_names()[number]));
  return words;
}

/// What lines of a set come to, as systemd merges them: the first one that says something replaces `initial`, later ones add,
/// or take away with ~; an empty one is the empty set. Nothing, after reporting, where a word is no capability.
std::optional<Bits> merged(const std::vector<const Directive*>& lines, Bits initial, Report& report) {
  Bits set = initial;
  for (const Directive* d : lines) {
    const bool inverted = d->value.starts_with('~');
    Bits named = 0;
    for (const std::string_view word : base::split_words(std::string_view(d->value).substr(inverted ? 1 : 0))) {
      const auto number = config::find_capability(word);
      if (!number) return no_value(*d, report), std::nullopt;
      named |= Bits{1} << *number;
    }
    const bool replaces = named == 0 || set == initial;
    set = replaces ? (inverted ? all_bits() & ~named : named) : inverted ? set & ~named : set | named;
  }
  return set;
}

/// What CapabilityBoundingSet= and AmbientCapabilities= leave a server of another user than root. `capabilities` gives it those
/// that it names, and with ~ none.
void take_other_user(Bits bounding, Bits ambient, const Directive* from, Draft& draft, Report& report) {
  if (ambient == 0 && bounding == all_bits()) return;
  const bool gains_none = draft.has("no_new_privileges");
  if (ambient == 0 && !gains_none && bounding != 0) return draft.set("capabilities", words_of(all_bits() & ~bounding, "~"), from);
  if (ambient == 0) return draft.set("capabilities", {"none"}, from);
  if (const Bits lost = ambient & ~bounding; lost != 0) {
    const std::string why = fmt::format("{}: CapabilityBoundingSet= takes away {}", quoted(*from), base::join(words_of(lost)));
    report.loss(from->place, why + ", so the entry is written disabled");
    return draft.unfit.push_back(why);
  }
  draft.set("capabilities", words_of(ambient), from);
  if (!gains_none && bounding != ambient)
    report.note(from->place, "capabilities: here, programs that are set-user-ID or have capabilities gain no others either");
}

void take_capabilities(Unit& service, Draft& draft, Report& report) {
  const auto bounds = service.every("Service", "CapabilityBoundingSet");
  const auto ambients = service.every("Service", "AmbientCapabilities");
  if (bounds.empty() && ambients.empty()) return;
  const auto bounding = merged(bounds, all_bits(), report);
  const auto ambient = merged(ambients, 0, report);
  if (!bounding || !ambient) return;
  const Directive* from = ambients.empty() ? bounds.back() : ambients.back();
  for (const auto& lines : {bounds, ambients})
    if (!lines.empty()) tell_taken(*lines.back(), "capabilities", report);
  if (!runs_as_root(draft)) return take_other_user(*bounding, *ambient, from, draft, report);
  if (*bounding != all_bits()) draft.set("capabilities", *bounding == 0 ? std::vector<std::string>{"none"} : words_of(*bounding), from);
}

std::optional<std::uint64_t> count_of(std::string_view text) {
  const auto number = base::parse_number(text, 0, std::numeric_limits<long long>::max());
  return number ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

/// With a sign it is a nice value, which the resource is 20 less.
std::optional<std::uint64_t> nice_of(std::string_view text) {
  const bool is_signed = text.starts_with('+') || text.starts_with('-');
  const auto number = base::parse_number(text.starts_with('+') ? text.substr(1) : text, is_signed ? -20 : 0, is_signed ? 19 : 40);
  if (!number) return std::nullopt;
  return static_cast<std::uint64_t>(is_signed ? 20 - *number : *number);
}

/// A bare number is in microseconds.
std::optional<std::uint64_t> microseconds_of(std::string_view text) {
  const auto number = count_of(text);
  return number ? number : unit_microseconds(text);
}

/// Limits of our own, in which 0 is a limit, as it is in systemd.
struct LimitWord {
  std::string_view directive, attribute;
  std::optional<std::uint64_t> (*value)(std::string_view);
};
constexpr LimitWord limit_words[]{
    {"LimitCORE", "rlimit_core", unit_size},           {"LimitFSIZE", "rlimit_fsize", unit_size},
    {"LimitLOCKS", "rlimit_locks", count_of},          {"LimitMEMLOCK", "rlimit_memlock", unit_size},
    {"LimitMSGQUEUE", "rlimit_msgqueue", unit_size},   {"LimitNICE", "rlimit_nice", nice_of},
    {"LimitNPROC", "rlimit_nproc", count_of},          {"LimitRTPRIO", "rlimit_rtprio", count_of},
    {"LimitRTTIME", "rlimit_rttime", microseconds_of}, {"LimitSIGPENDING", "rlimit_sigpending", count_of}};

void take_limit(Unit& service, const LimitWord& word, Draft& draft, Report& report) {
  const Directive* d = service.last("Service", word.directive);
  if (!d) return;
  const std::size_t colon = d->value.find(':');
  const std::string soft = d->value.substr(0, colon);
  const std::string hard = colon == std::string::npos ? soft : d->value.substr(colon + 1);
  for (const std::string& one : {soft, hard})
    if (one != "infinity" && !word.value(one)) return no_value(*d, report);
  if (soft != hard)
    report.loss(d->place, fmt::format("{}: {} is one value, the first of these", quoted(*d), word.attribute));
  draft.set(std::string(word.attribute), {soft == "infinity" ? "UNLIMITED" : std::to_string(*word.value(soft))}, d);
}

/// A word of a box whose attribute this version has: what it says there, or nothing where it says nothing or no attribute can.
void take_box_word(Unit& service, const BoxWord& word, Draft& draft, Report& report) {
  if (!config::find_attribute(word.attribute)) return;
  std::vector<std::string> values;
  for (const Directive* d : service.look("Service", word.directive)) {
    const auto value = attribute_values(word, d->value);
    if (!value) return;  // it is reported with all that nobody has looked at
    if (word.kind != BoxWord::Kind::paths && word.kind != BoxWord::Kind::lax_paths) values.clear();
    values.insert(values.end(), value->begin(), value->end());
  }
  const auto lines = service.all("Service", word.directive);
  if (values.empty()) return;
  draft.set(std::string(word.attribute), values, lines.back());
  tell_taken(*lines.back(), word.attribute, report);
}

}  // namespace

bool runs_as_root(const Draft& draft) {
  const auto user = std::ranges::find(draft.entry.assignments, "user", &config::Assignment::name);
  if (user == draft.entry.assignments.end()) return true;
  const std::string& name = user->values.front().text;
  return name == "root" || base::parse_number(name, 0, 0);
}

void take_confinement(Unit& service, config::Names& names, Draft& draft, Report& report) {
  take_new_privileges(service, draft, report);
  take_capabilities(service, draft, report);
  take_system_calls(service, names, draft, report);
  for (const LimitWord& word : limit_words) take_limit(service, word, draft, report);
  for (const BoxWord& word : box_words()) take_box_word(service, word, draft, report);
}

}  // namespace xsuperd::convert
