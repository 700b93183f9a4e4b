// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"

namespace xsuperd::control {

/// Where the socket of root's daemon is.
inline constexpr char system_path[] = "/run/xsuperd/control";
/// The environment variable that names the socket, for xsuperd and xsuperctl, in the place of what follows.
inline constexpr char path_variable[] = "XSUPERD_CONTROL";

/// Where the socket of this process's user is, when neither the command line nor the environment names one: `system_path`
/// for root; for others xsuperd/control in $XDG_RUNTIME_DIR, as long as that is an absolute path to a directory of theirs
/// (XDG Base Directory Specification 0.8); empty: nowhere. Reads the environment: to be called before there are threads
/// that change it.
[[nodiscard]] std::string usual_path();
/// What $XSUPERD_CONTROL says, if it is set and not empty, else usual_path(): for a daemon without --control.
[[nodiscard]] std::string default_path();
/// The same for a client without --socket: where there is no socket of the user's own, that of root's daemon.
[[nodiscard]] std::string path_to_ask();

/// A listening UNIX stream socket with a name in the file system. The name goes with it, if it is still this socket's.
class SocketFile {
 public:
  SocketFile() = default;
  /// A socket that listens under that name already.
  SocketFile(base::Fd socket, std::string path);
  ~SocketFile();
  SocketFile(SocketFile&&) = default;
  SocketFile& operator=(SocketFile&&) = delete;

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  base::Fd socket_;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// Makes the socket: mode 0660, owned by us and by `group`, or our own group without one. The last directory of `path`
/// is made where it is missing (mode 0755). A socket on which nobody listens any more is replaced, at once and by name,
/// so that there is no moment without one. Fails where a living daemon listens (EADDRINUSE), or where there is
/// something that is not a socket of ours. Does not block.
[[nodiscard]] base::Result<SocketFile> open_socket_file(const std::string& path, std::optional<gid_t> group);

}  // namespace xsuperd::control
