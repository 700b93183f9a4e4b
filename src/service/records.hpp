// SPDX-License-Identifier: MIT
// What an event log tells of a service. Internal to service.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

#include "xsuperd/log/event.hpp"
#include "xsuperd/service/session.hpp"
#include "xsuperd/service/setup.hpp"
#include "xsuperd/spawn/children.hpp"

namespace xsuperd::service {

/// Bytes from a peer and to it.
struct Carried {
  std::uint64_t in = 0, out = 0;
};

/// How what served a peer has ended.
struct End {
  Token token = 0;
  pid_t pid = 0;  ///< 0: we have served it ourselves
  log::ExitStatus status;
  std::chrono::nanoseconds duration{};
  std::optional<spawn::Usage> usage = {};
  std::optional<Carried> carried = {};  ///< where we have carried them
  bool entry = true;                    ///< it has an entry in the service's log
};

// The records. All refer to the configuration of `setup` and to the session; those about a rule to `where` as well, whose line
// may be 0. A token of 0 is none. Addresses are told unmapped. Pure.
[[nodiscard]] log::record::Start start_record(const Setup& setup, Token token, const Session& session, pid_t pid);
[[nodiscard]] log::record::Exit exit_record(const Setup& setup, const Session& session, const End& end);
/// `local`: what the peer has reached, unless a proxy speaks for it.
[[nodiscard]] log::record::Refuse refuse_record(const Setup& setup, Token token, const SessionFacts& session, const base::Endpoint& local,
                                                std::string_view reason, const config::Place& where);
[[nodiscard]] log::record::Limit limit_record(const Setup& setup, Token token, const SessionFacts& session,
                                              std::string_view limit, const config::Place& where);
/// `minutes` as in deny_time; a port of 0 is not known.
[[nodiscard]] log::record::Ban ban_record(const Setup& setup, const base::Endpoint& peer, std::string_view network, int minutes,
                                          std::string_view reason, const config::Place& where);
/// `path` is what stands in listen for a socket that has no IP address.
[[nodiscard]] log::record::Open open_record(const Setup& setup, const base::Endpoint& local, std::string_view path);
[[nodiscard]] log::record::Lost lost_record(const Setup& setup, const base::Endpoint& local, std::string_view path,
                                            std::string_view reason);

}  // namespace xsuperd::service
