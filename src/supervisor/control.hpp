// SPDX-License-Identifier: MIT
// What the control socket's clients may ask of the daemon. Internal to supervisor.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "supervisor/impl.hpp"
#include "xsuperd/control/message.hpp"
#include "xsuperd/loop/off_loop.hpp"

namespace xsuperd::supervisor {

using control::Code;
using control::Reply;
using control::Request;
using control::Server;
namespace json = boost::json;

/// One row of the table of commands, which the dispatcher and the tests read (xsuperd-control(7)).
struct ControlCommand {
  std::string_view name;
  bool changes = false;  ///< for root and the daemon's own user only
  void (*handle)(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) = nullptr;
  void (*hide)(json::object& row) = nullptr;  ///< takes out of a row what those who may only look may not see
};
[[nodiscard]] std::span<const ControlCommand> control_commands();

/// Looks the command up, asks whether the peer may, and has it handled. Answers once, at once or later.
void answer_control(Supervisor::Impl& daemon, const Request& request, const control::Peer& peer,
                    Server::Respond respond);

/// For handlers that need what may take time: does `work` off the loop, and gives `then` what came of it, and `respond`.
/// Whatever is thrown on the way is the answer.
template <typename Work, typename Then>
void off_loop(Supervisor::Impl& daemon, Work work, Server::Respond respond, Then then) {
  loop::off_loop(daemon.blocking, daemon.loop, std::move(work), [respond = std::move(respond), then](auto result) {
    if (!result) return respond(Reply::failed(Code::failed, result.error().sentence));
    try {
      then(std::move(*result), respond);
    } catch (const std::exception& bug) {
      respond(Reply::failed(Code::failed, fmt::format("internal error: {}", bug.what())));
    }
  });
}

// control_status.cpp
void control_status(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
void control_list(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
void control_stats(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
// control_sessions.cpp
void control_sessions(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
void control_kill(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
/// Answers when `conversations` have told how much they have carried, which they do in a second at the most.
void answer_sessions(Supervisor::Impl& daemon, worker::Conversations& conversations, const Request& request,
                     Server::Respond respond);
// control_show.cpp
void control_show(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
/// Values of variables, which may be passwords: their names are left.
void hide_environment(json::object& row);
// control_explain.cpp
void control_explain(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
// control_bans.cpp
void control_bans(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
void control_ban(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
void control_unban(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
// control_services.cpp
void control_drain(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
void control_enable(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
void control_disable(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
// control_daemon.cpp
void control_log_level(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
void control_reopen_logs(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
void control_reload(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
void control_upgrade(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);
void control_diff(Supervisor::Impl& daemon, const Request& request, Server::Respond respond);

// control_json.cpp: state as JSON. Pure.
/// Seconds since 1970, or null for a time that never was.
[[nodiscard]] json::value json_time(base::WallTime when);
/// "FILE:LINE" as an object.
[[nodiscard]] json::object json_place(const config::Place& place);
[[nodiscard]] json::object json_endpoint(const config::ListenSpec& listen);
/// What an administrator, and then the socket, have to say.
[[nodiscard]] std::string_view state_word(const service::Runner& runner);
[[nodiscard]] json::object json_counters(const service::Counters& counters);
/// `instances` of a service; null when there is no limit.
[[nodiscard]] json::value json_limit(const config::Service& service);
/// One service in a line: `list`, and the head of `show`.
[[nodiscard]] json::object json_service(const service::Runner& runner);
[[nodiscard]] json::object json_absent(const config::Absent& absent);
/// "notice" and the like.
[[nodiscard]] std::string log_level_word(log::Level level);
[[nodiscard]] std::optional<log::Level> log_level_of(std::string_view word);
/// How many servers and conversations there are.
[[nodiscard]] std::size_t running_sessions(const service::Runner& runner);

/// Is its socket closed though it should be open?
[[nodiscard]] bool could_not_be_opened(const service::Runner& runner);
/// Why that is so, as a sentence; null for any other service.
[[nodiscard]] json::value json_trouble(const service::Runner& runner);

// control_settled.cpp
/// Calls `then` on the loop when no service that is closed waits for an answer any more that says whether it can be opened,
/// at once or after five seconds at most.
void when_settled(Supervisor::Impl& daemon, std::function<void()> then);

// control_arguments.cpp
/// The words of an argument that may be given once, as the string `one`, or several times, as the list `many`; none when
/// it is missing. Nothing, after an answer, when it is of another kind.
[[nodiscard]] std::optional<std::vector<std::string>> words_at(const Request& request, const char* one, const char* many,
                                                               const Server::Respond& respond);
/// What words mean, as policy::meant_by() says.
struct Selection {
  std::vector<std::shared_ptr<service::Runner>> runners;  ///< each once
  std::optional<control::Failure> failure;                ///< about the first word that means none of the services
};
[[nodiscard]] Selection select_services(const Supervisor::Impl& daemon, const std::vector<std::string>& words,
                                        bool retired_too);
/// The same of entries that are not served. A word that means none of them is passed over.
[[nodiscard]] std::vector<const config::Absent*> select_absent(const Supervisor::Impl& daemon,
                                                               const std::vector<std::string>& words);
/// The arguments `service` and `services`, and the services that are meant by them. Answers itself, and returns none, when
/// a word means none or there is no word.
[[nodiscard]] std::vector<std::shared_ptr<service::Runner>> services_meant(Supervisor::Impl& daemon,
                                                                           const Request& request,
                                                                           const Server::Respond& respond);

}  // namespace xsuperd::supervisor
