// SPDX-License-Identifier: MIT
// How the commands of the control socket are answered. Internal to supervisor.
#pragma once
#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>

#include "supervisor/control/actions.hpp"
#include "supervisor/control/view.hpp"
#include "xsuperd/control/schema.hpp"
#include "xsuperd/control/server.hpp"

namespace xsuperd::supervisor {

using control::Code;
using control::Reply;
using control::Request;
using control::Server;
namespace json = boost::json;
namespace command = control::command;
namespace reply = control::reply;
namespace request = control::request;

/// The daemon, for one request.
struct Call {
  View view;
  Actions actions;
  control::Peer peer;  ///< who asks
};

/// Says in the daemon's log who does `what`.
void note_who(const Call& call, std::string_view what);

/// Where the answer to command C goes: one of the calls, once, at once or later.
template <typename C>
class Answer {
 public:
  explicit Answer(Server::Respond respond) : respond_(std::move(respond)) {}

  void operator()(const typename C::Result& result) const { respond_({control::write(result)}); }
  /// With rows: `next` makes one as the client has room for it, and nothing at their end.
  template <typename Next>
  void operator()(const typename C::Result& result, Next next) const {
    static_assert(C::lists);
    respond_({control::write(result), [next = std::move(next)]() mutable -> std::optional<json::object> {
                const std::optional<typename C::Row> row = next();
                return row ? std::optional(control::codec::value_of(*row).as_object()) : std::nullopt;
              }});
  }
  void refuse(control::Failure failure) const { respond_({{}, {}, std::move(failure)}); }
  void refuse(Code code, std::string sentence) const { refuse({code, std::move(sentence), {}}); }

  /// Does what may throw, in an answer that comes later: what is thrown is the answer then.
  template <typename F>
  void attempt(F step) const {
    try {
      step();
    } catch (const std::exception& bug) {
      refuse(Code::failed, fmt::format("internal error: {}", bug.what()));
    }
  }

 private:
  Server::Respond respond_;
};

/// One row of the table of commands, which the dispatcher and the tests read (xsuperd-control(7)).
struct ControlCommand {
  std::string_view name;
  bool changes = false;  ///< for root and the daemon's own user only
  void (*handle)(const Call& call, const json::object& arguments, Server::Respond respond) = nullptr;
};
/// A row for command C. `handler` gets the arguments when they are as the command wants them.
template <typename C, void (*handler)(const Call&, const typename C::Arguments&, const Answer<C>&)>
constexpr ControlCommand row() {
  return {C::name, C::changes, [](const Call& call, const json::object& arguments, Server::Respond respond) {
            const Answer<C> answer(std::move(respond));
            const auto read = control::read_arguments<typename C::Arguments>(arguments);
            if (!read) return answer.refuse(Code::bad_request, read.error().sentence);
            handler(call, *read, answer);
          }};
}

// The rows of each file with handlers.
[[nodiscard]] std::span<const ControlCommand> daemon_commands();
[[nodiscard]] std::span<const ControlCommand> configuration_commands();
[[nodiscard]] std::span<const ControlCommand> list_commands();
[[nodiscard]] std::span<const ControlCommand> standing_commands();
[[nodiscard]] std::span<const ControlCommand> show_commands();
[[nodiscard]] std::span<const ControlCommand> renewal_commands();
[[nodiscard]] std::span<const ControlCommand> session_commands();
[[nodiscard]] std::span<const ControlCommand> explain_commands();
[[nodiscard]] std::span<const ControlCommand> ban_commands();
[[nodiscard]] std::span<const ControlCommand> event_commands();
[[nodiscard]] std::span<const ControlCommand> metrics_commands();
/// All of them.
[[nodiscard]] const std::vector<ControlCommand>& control_commands();

/// Looks the command up, asks whether the peer may, and has it handled. Answers once, at once or later.
void answer_control(const View& view, const Actions& actions, const Request& request, const control::Peer& peer,
                    Server::Respond respond);

}  // namespace xsuperd::supervisor
