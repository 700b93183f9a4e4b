// SPDX-License-Identifier: MIT
#include "supervisor/control.hpp"

#include <unistd.h>

#include <array>

#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

namespace {
constexpr std::array table{
    ControlCommand{"status", false, control_status},
    ControlCommand{"list", false, control_list},
    ControlCommand{"stats", false, control_stats},
    ControlCommand{"show", false, control_show, hide_environment},
    ControlCommand{"sessions", false, control_sessions},
    ControlCommand{"explain", false, control_explain},
    ControlCommand{"bans", false, control_bans},
    ControlCommand{"ban", true, control_ban},
    ControlCommand{"unban", true, control_unban},
    ControlCommand{"kill", true, control_kill},
    ControlCommand{"drain", true, control_drain},
    ControlCommand{"enable", true, control_enable},
    ControlCommand{"disable", true, control_disable},
    ControlCommand{"log-level", true, control_log_level},
    ControlCommand{"reopen-logs", true, control_reopen_logs},
    ControlCommand{"reload", true, control_reload},
    ControlCommand{"upgrade", true, control_upgrade},
    ControlCommand{"diff", false, control_diff},
};
/// The same, without what the peer may not see.
Server::Respond hiding(void (*hide)(json::object& row), Server::Respond respond) {
  return [hide, respond = std::move(respond)](Reply reply) {
    if (reply.rows)
      reply.rows = [hide, rows = std::move(reply.rows)] {
        auto row = rows();
        if (row) hide(*row);
        return row;
      };
    respond(std::move(reply));
  };
}
}  // namespace

std::span<const ControlCommand> control_commands() { return table; }

void answer_control(Supervisor::Impl& daemon, const Request& request, const control::Peer& peer,
                    Server::Respond respond) {
  for (const ControlCommand& command : table) {
    if (command.name != request.command) continue;
    if (!peer.may_change && command.hide) respond = hiding(command.hide, std::move(respond));
    if (!command.changes) return command.handle(daemon, request, std::move(respond));
    if (!peer.may_change)
      return respond(Reply::failed(Code::not_allowed, fmt::format("{} is for root and the daemon's own user", command.name)));
    if (daemon.ending) return respond(Reply::failed(Code::refused, "the daemon is ending"));
    daemon.log.notice("control: {} by uid {} (pid {})", command.name, peer.uid, peer.pid);
    return command.handle(daemon, request, std::move(respond));
  }
  respond(Reply::failed(Code::unknown_command,
                        fmt::format("there is no command {}", base::escaped(request.command, 100))));
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
