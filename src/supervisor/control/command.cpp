// SPDX-License-Identifier: MIT
#include "supervisor/control/command.hpp"

#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

const std::vector<ControlCommand>& control_commands() {
  static const std::vector<ControlCommand> all = [] {
    std::vector<ControlCommand> rows;
    for (const auto some : {daemon_commands(), configuration_commands(), list_commands(), standing_commands(), show_commands(),
                            renewal_commands(), session_commands(), explain_commands(), ban_commands(), event_commands(), metrics_commands()})
      rows.insert(rows.end(), some.begin(), some.end());
    return rows;
  }();
  return all;
}

void note_who(const Call& call, std::string_view what) {
  call.actions.note(fmt::format("{} by uid {} (pid {})", what, call.peer.uid, call.peer.pid));
}

void answer_control(const View& view, const Actions& actions, const Request& request, const control::Peer& peer,
                    Server::Respond respond) {
  const Call call{view, actions, peer};
  for (const ControlCommand& command : control_commands()) {
    if (command.name != request.command) continue;
    if (command.changes && !peer.may_change)
      return respond(Reply::failed(Code::not_allowed, fmt::format("{} is only for root and the daemon's own user",
                                                                  command.name)));
    if (command.changes && call.view.lifetime().ending()) return respond(Reply::failed(Code::refused, "the daemon is ending"));
    if (command.changes) note_who(call, command.name);
    return command.handle(call, request.arguments, std::move(respond));
  }
  respond(Reply::failed(Code::unknown_command,
                        fmt::format("unknown command {}", base::escaped(request.command, 100))));
}

}  // namespace xsuperd::supervisor
