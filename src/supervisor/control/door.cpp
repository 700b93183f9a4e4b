// SPDX-License-Identifier: MIT
#include "supervisor/control/door.hpp"

#include <unistd.h>

#include <utility>

#include "xsuperd/control/socket_file.hpp"

namespace xsuperd::supervisor {

void ControlDoor::open(const std::string& path, std::optional<gid_t> group, base::Fd inherited,
                       control::Server::Handler handler) {
  if (path.empty()) return;
  auto file = inherited ? control::SocketFile(std::move(inherited), path) : control::open_socket_file(path, group);
  if (!file) {
    // Nobody asked for the default path.
    const bool asked = path != control::usual_path();
    return log_.write(asked ? log::Level::warning : log::Level::notice, "no control socket: " + file.error().sentence);
  }
  server_ = std::make_unique<control::Server>(loop_, std::move(*file), control::Server::Options{{}, ::geteuid(), group},
                                              std::move(handler));
}

}  // namespace xsuperd::supervisor
