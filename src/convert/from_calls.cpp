// SPDX-License-Identifier: MIT
// SystemCallFilter= and what goes with it, systemd.exec(5).
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "convert/call_groups.hpp"
#include "convert/from_units.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/names.hpp"

namespace xsuperd::convert {

namespace {

/// Lines of SystemCallFilter= as they add up: the first one decides whether calls are allowed or denied.
class CallList {
 public:
  explicit CallList(config::Names& names) : names_(&names) {}

  /// False where there is no equivalent: why() says why.
  bool add(std::string_view value) {
    if (value.empty()) {
      *this = CallList(*names_);
      return true;
    }
    const bool inverted = value.starts_with('~');
    if (!begun_) allows_ = !inverted;
    begun_ = true;
    for (const std::string_view word : base::split_words(value.substr(inverted ? 1 : 0)))
      if (!add_word(word, inverted)) return false;
    return true;
  }

  /// After the last line; false as above.
  bool finish() {
    if (allows_ && !service_) return fail("only a list that allows @system-service has an equivalent");
    for (const std::string_view name : {"execve", "exit", "exit_group", "rt_sigreturn"})
      if (denied_.contains(std::string(name))) return fail(fmt::format("no server runs without the system call '{}'", name));
    return true;
  }

  [[nodiscard]] const std::string& why() const { return why_; }
  /// It is @service, with some calls less.
  [[nodiscard]] bool is_service() const { return allows_; }
  /// The values of system_calls; none: nothing is denied.
  [[nodiscard]] std::vector<std::string> values() const {
    std::vector<std::string> all;
    if (allows_) all.emplace_back("@service");
    for (const std::string& name : denied_) all.push_back("~" + name);
    return all;
  }

 private:
  bool fail(std::string why) {
    why_ = std::move(why);
    return false;
  }

  /// What is denied grows with ~, and shrinks without, in lists of either kind.
  bool add_word(std::string_view word, bool inverted) {
    if (word.find(':') != word.npos) return fail("here, a system call has no error number of its own");
    if (allows_ && word == "@system-service") return inverted ? fail("it takes @system-service away") : begin_service();
    if (allows_ && inverted && is_outside_system_service(word)) return true;
    std::set<std::string> calls{std::string(word)};
    if (word.starts_with('@')) {
      auto group = calls_of_group(word, allows_ && inverted);
      // @service has no more calls, whatever else the unit allows.
      if (!group && allows_ && !inverted) return true;
      if (!group) return fail(fmt::format("the calls of {} are not known here", word));
      // systemd passes over what its library does not know, too.
      std::erase_if(*group, [&](const std::string& name) { return !names_->system_call(name); });
      calls = std::move(*group);
    }
    for (const std::string& name : calls)
      if (inverted)
        denied_.insert(name);
      else
        denied_.erase(name);
    return true;
  }

  bool begin_service() {
    service_ = true;
    for (const std::string& name : left_by_service())
      if (names_->system_call(name)) denied_.insert(name);
    return true;
  }

  config::Names* names_;
  bool begun_ = false;
  bool allows_ = false;
  bool service_ = false;  ///< @system-service was named
  std::set<std::string> denied_;
  std::string why_;
};

/// What becomes of a call that is denied; systemd ends the process unless an error number is given.
void take_action(Unit& service, Draft& draft, Report& report) {
  const Directive* d = service.last("Service", "SystemCallErrorNumber");
  if (!d || d->value == "kill") return draft.set("system_call_action", {"kill"}, d);
  if (d->value != "EPERM" && d->value != "1")
    report.note(d->place, fmt::format("{}: here, a system call that is denied fails with EPERM", quoted(*d)));
}

/// Directives that a filter of ours makes true. Others are reported with all that nobody has looked at.
void take_implied(Unit& service, bool is_service) {
  const auto imply = [&](std::string_view key, bool (*says)(const std::string&)) {
    const auto lines = service.look("Service", key);
    if (!lines.empty() && std::ranges::all_of(lines, [&](const Directive* d) { return says(d->value); })) service.pass_over("Service", key);
  };
  const auto yes = [](const std::string& value) { return unit_boolean(value).value_or(false); };
  imply("SystemCallArchitectures", [](const std::string& value) { return value == "native"; });
  if (!is_service) return;
  imply("RestrictNamespaces", yes);
  imply("LockPersonality", yes);
}

}  // namespace

void take_system_calls(Unit& service, config::Names& names, Draft& draft, Report& report) {
  const auto lines = service.every("Service", "SystemCallFilter");
  CallList list(names);
  const Directive* failed = nullptr;
  for (const Directive* d : lines)
    if (!failed && !list.add(d->value)) failed = d;
  if (!failed && !list.finish()) failed = lines.back();
  if (failed) {
    report.loss(failed->place, fmt::format("{} has no equivalent: {}, so the entry is written disabled", quoted(*failed), list.why()));
    return draft.unfit.push_back(fmt::format("{} has no equivalent: {}", quoted(*failed), list.why()));
  }
  const std::vector<std::string> values = list.values();
  if (values.empty()) return;
  draft.set("system_calls", values, lines.back());
  take_action(service, draft, report);
  take_implied(service, list.is_service());
  if (list.is_service())
    report.loss(lines.back()->place,
                "system_calls: @service says what is denied, @system-service what is allowed: a system call that is newer than both "
                "is allowed here as soon as libseccomp knows it");
  if (!draft.has("no_new_privileges"))
    report.note(lines.back()->place, "system_calls: here, a server whose system calls are restricted has no_new_privileges = yes");
}

}  // namespace xsuperd::convert
