// SPDX-License-Identifier: MIT
#include "supervisor/control/command.hpp"

#include <unistd.h>

#include "supervisor/impl.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

const std::vector<ControlCommand>& control_commands() {
  static const std::vector<ControlCommand> all = [] {
    std::vector<ControlCommand> rows;
    for (const auto some : {daemon_commands(), configuration_commands(), list_commands(), standing_commands(), show_commands(),
                            session_commands(), explain_commands(), ban_commands()})
      rows.insert(rows.end(), some.begin(), some.end());
    return rows;
  }();
  return all;
}

void answer_control(Supervisor::Impl& daemon, const Request& request, const control::Peer& peer,
                    Server::Respond respond) {
  const Call call{View(daemon), Actions(daemon), peer.may_change};
  for (const ControlCommand& command : control_commands()) {
    if (command.name != request.command) continue;
    if (command.changes && !peer.may_change)
      return respond(Reply::failed(Code::not_allowed, fmt::format("{} is only for root and the daemon's own user",
                                                                  command.name)));
    if (command.changes && call.view.ending()) return respond(Reply::failed(Code::refused, "the daemon is ending"));
    if (command.changes) call.actions.note(fmt::format("{} by uid {} (pid {})", command.name, peer.uid, peer.pid));
    return command.handle(call, request.arguments, std::move(respond));
  }
  respond(Reply::failed(Code::unknown_command,
                        fmt::format("unknown command {}", base::escaped(request.command, 100))));
}

/// Without the socket the daemon serves all the same.
void Supervisor::Impl::open_control() {
  if (options.control_path.empty()) return;
  base::Fd inherited = options.inherited ? options.inherited->take(options.inherited->state().daemon.control) : base::Fd{};
  auto file = inherited ? control::SocketFile(std::move(inherited), options.control_path)
                        : control::open_socket_file(options.control_path, options.control_group);
  if (!file) {
    // Nobody asked for the default path.
    const bool asked = options.control_path != control::usual_path();
    return log.write(asked ? log::Level::warning : log::Level::notice, "no control socket: " + file.error().sentence);
  }
  control = std::make_unique<control::Server>(
      loop, std::move(*file), control::Server::Options{{}, ::geteuid(), options.control_group},
      [this](const Request& request, const control::Peer& peer, Server::Respond respond) {
        answer_control(*this, request, peer, std::move(respond));
      });
}

}  // namespace xsuperd::supervisor
