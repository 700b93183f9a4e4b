// SPDX-License-Identifier: MIT
// How long a session may take. Internal to service.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "xsuperd/config/model.hpp"
#include "xsuperd/service/session.hpp"

/// The times of a session: what is to be done when, and which limit has been reached. Pure: the moment is given, and what
/// the kernel says of a connection is noted in the session by whoever has asked. All times count from Session::started, so
/// that those of another configuration, or of another image of the daemon, are reckoned anew at any time.
namespace xsuperd::service {

enum class TimeLimit : std::uint8_t { runtime_max, idle_timeout, first_data_timeout };
/// Its attribute.
[[nodiscard]] std::string_view word_of(TimeLimit limit);

/// What comes next.
struct TimeStep {
  enum class What : std::uint8_t {
    end,   ///< the session has taken too long
    look,  ///< at the connection: it may have been silent too long
    kill,  ///< the server should have ended since it was told to
  };
  base::Moment when{};
  What what = What::end;
  bool operator==(const TimeStep&) const = default;
};

/// Can its connection be looked at now? If not, all limits that need that are left out.
enum class Sight : std::uint8_t { clear, none };

/// How long a server may go on after TERM.
[[nodiscard]] std::chrono::seconds grace_of(const config::Settings& settings);
/// Has the service such times? Else no session of it need be asked about.
[[nodiscard]] bool has_times(const config::Settings& settings);
/// Those for which the connection has to be looked at?
[[nodiscard]] bool watches_connections(const config::Settings& settings);
/// The earliest step of a session that is served, or about to be; nothing when there is none. Its server may be starting
/// still when it is due.
[[nodiscard]] std::optional<TimeStep> next_step(const Session& session, const config::Settings& settings, Sight sight = Sight::clear);
/// The limit that the session has reached, as far as its connection has been looked at; nothing when there is none, or
/// one has ended it already.
[[nodiscard]] std::optional<TimeLimit> reached(const Session& session, const config::Settings& settings, base::Moment now,
                                               Sight sight = Sight::clear);
/// Notes what a look at the connection at that moment has found. One that is gone is not looked at again.
void note_look(Session& session, const net::TcpLook& look, base::Moment now);

}  // namespace xsuperd::service
