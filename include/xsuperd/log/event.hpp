// SPDX-License-Identifier: MIT
#pragma once
#include <fmt/format.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "xsuperd/base/address.hpp"
#include "xsuperd/config/diagnostic.hpp"
#include "xsuperd/config/model.hpp"

/// The entries of the service log as values and as text, in xinetd's exact formats (facts B7.11 to B7.18).
/// Pure.
namespace xsuperd::log {

using config::Level;

/// How a server ended.
struct ExitStatus {
  bool signalled = false;
  int value = 0;  ///< exit status, or signal number
};

/// A finished entry. The usual ones have room in the object itself, and take no memory from the heap. A value that is
/// moved, not copied.
class Entry {
 public:
  using Text = fmt::basic_memory_buffer<char, 200>;
  explicit Entry(Text text) : text_(std::move(text)) {}
  [[nodiscard]] std::string_view view() const { return {text_.data(), text_.size()}; }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)
  friend bool operator==(const Entry& entry, std::string_view other) { return entry.view() == other; }

 private:
  Text text_;
};

/// "START: ID[ pid=N][ from=ADDR]". Nothing when no option of log_on_success is set (fact B7.12).
[[nodiscard]] std::optional<Entry> start_entry(const config::Service& service, pid_t pid,
                                                     const base::Address& peer);
/// "EXIT: ID[ status=N| signal=N][ pid=N][ duration=N(sec)]". Nothing without EXIT or DURATION (fact B7.13).
[[nodiscard]] std::optional<Entry> exit_entry(const config::Service& service, pid_t pid,
                                                    ExitStatus status, std::chrono::seconds duration);
/// "FAIL: ID REASON[ from=ADDR]". Nothing when no option of log_on_failure is set (fact B7.14).
[[nodiscard]] std::optional<Entry> fail_entry(const config::Service& service, std::string_view reason,
                                                    const base::Address& peer);
/// "USERID: ID TEXT", the text escaped and bounded (fact B7.15, B12.32).
[[nodiscard]] std::string userid_entry(const config::Service& service, std::string_view text);
/// "NOID: ID ADDR REASON" (fact B7.16).
[[nodiscard]] std::string noid_entry(const config::Service& service, const base::Address& peer,
                                     std::string_view reason);
/// "TRAFFIC: ID in=N(bytes) out=N(bytes)" (fact B7.17).
[[nodiscard]] std::string traffic_entry(const config::Service& service, std::uint64_t in, std::uint64_t out);

/// The word of a level in -filelog lines: "ERROR" and so on (fact B7.2).
[[nodiscard]] std::string_view level_word(Level level);
/// The LOG_ number of syslog(3) for a level.
[[nodiscard]] int syslog_level(Level level);

}  // namespace xsuperd::log
