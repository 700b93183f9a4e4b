// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

/// "START: ID[ pid=N][ from=ADDR]". Nothing when no option of log_on_success is set (fact B7.12).
[[nodiscard]] std::optional<std::string> start_entry(const config::Service& service, pid_t pid,
                                                     const base::Address& peer);
/// "EXIT: ID[ status=N| signal=N][ pid=N][ duration=N(sec)]". Nothing without EXIT or DURATION (fact B7.13).
[[nodiscard]] std::optional<std::string> exit_entry(const config::Service& service, pid_t pid,
                                                    ExitStatus status, std::chrono::seconds duration);
/// "FAIL: ID REASON[ from=ADDR]". Nothing when no option of log_on_failure is set (fact B7.14).
[[nodiscard]] std::optional<std::string> fail_entry(const config::Service& service, std::string_view reason,
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
