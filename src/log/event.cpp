// SPDX-License-Identifier: MIT
#include "xsuperd/log/event.hpp"

#include <fmt/format.h>
#include <syslog.h>

#include <array>
#include <utility>

#include "xsuperd/base/address_text.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::log {

namespace {

using config::FailureOption;
using config::SuccessOption;

constexpr std::array<std::string_view, 6> level_words{"CRITICAL", "ERROR", "WARNING",
                                                      "NOTICE",   "INFO",  "DEBUG"};

/// Appends one field of an entry.
template <typename... Values>
void add(Entry::Text& entry, fmt::format_string<Values...> form, Values&&... values) {
  fmt::format_to(fmt::appender(entry), form, std::forward<Values>(values)...);
}

}  // namespace

std::optional<Entry> start_entry(const config::Service& service, pid_t pid, const base::Address& peer) {
  if (service.settings.log_on_success.value_or(config::Set<SuccessOption>{}).empty()) return std::nullopt;
  Entry::Text entry;
  add(entry, "START: {}", service.id);
  if (service.logs(SuccessOption::pid)) add(entry, " pid={}", pid);
  if (service.logs(SuccessOption::host)) add(entry, " from={}", base::AddressText(peer).view());
  return Entry(std::move(entry));
}

std::optional<Entry> exit_entry(const config::Service& service, pid_t pid, ExitStatus status,
                                      std::chrono::seconds duration) {
  const bool how = service.logs(SuccessOption::exit);
  const bool how_long = service.logs(SuccessOption::duration);
  if (!how && !how_long) return std::nullopt;
  Entry::Text entry;
  add(entry, "EXIT: {}", service.id);
  if (how) add(entry, " {}={}", status.signalled ? "signal" : "status", status.value);
  if (service.logs(SuccessOption::pid)) add(entry, " pid={}", pid);
  if (how_long) add(entry, " duration={}(sec)", duration.count());
  return Entry(std::move(entry));
}

std::optional<Entry> fail_entry(const config::Service& service, std::string_view reason,
                                      const base::Address& peer) {
  if (service.settings.log_on_failure.value_or(config::Set<FailureOption>{}).empty()) return std::nullopt;
  Entry::Text entry;
  add(entry, "FAIL: {} {}", service.id, reason);
  if (service.logs(FailureOption::host)) add(entry, " from={}", base::AddressText(peer).view());
  return Entry(std::move(entry));
}

std::string userid_entry(const config::Service& service, std::string_view text) {
  return fmt::format("USERID: {} {}", service.id, base::escaped(text));
}

std::string noid_entry(const config::Service& service, const base::Address& peer, std::string_view reason) {
  return fmt::format("NOID: {} {} {}", service.id, peer.text(), reason);
}

std::string traffic_entry(const config::Service& service, std::uint64_t in, std::uint64_t out) {
  return fmt::format("TRAFFIC: {} in={}(bytes) out={}(bytes)", service.id, in, out);
}

std::string_view level_word(Level level) { return level_words.at(static_cast<std::size_t>(level)); }

int syslog_level(Level level) { return LOG_CRIT + static_cast<int>(level); }

}  // namespace xsuperd::log
