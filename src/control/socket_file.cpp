// SPDX-License-Identifier: MIT
#include "xsuperd/control/socket_file.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace xsuperd::control {

namespace {

/// Connections that wait for their turn: a crowd is not to keep others from it.
constexpr int queue = 256;

/// False when the path is too long for an address.
bool fill(sockaddr_un& address, const std::string& path) {
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return true;
}

base::Fd new_socket() { return base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

void make_directory(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return;
  ::mkdir(path.substr(0, slash).c_str(), 0755);  // whatever is wrong shows in bind()
}

/// Is there room for our socket: nothing there, or one that nobody listens at?
base::Result<void> look(const std::string& path, const sockaddr_un& address) {
  struct stat there {};
  if (::lstat(path.c_str(), &there) != 0) {
    if (errno == ENOENT) return {};
    return base::system_error(errno, path);
  }
  if (!S_ISSOCK(there.st_mode)) return base::Error{EEXIST, path + " is not a socket"};
  const base::Fd probe = new_socket();
  if (!probe) return base::system_error(errno, "socket");
  const int failed = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (failed == 0 || errno == EAGAIN) return base::Error{EADDRINUSE, "another daemon is listening on " + path};
  if (errno == ECONNREFUSED || errno == ENOENT) return {};
  return base::system_error(errno, path);
}

}  // namespace

std::string usual_path() {
  if (::geteuid() == 0) return system_path;
  const char* directory = std::getenv("XDG_RUNTIME_DIR");
  struct stat status {};
  // Of a user that another one has become it may still be that one's.
  if (!directory || directory[0] != '/' || ::stat(directory, &status) != 0) return {};
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) return {};
  return std::string(directory) + "/xsuperd/control";
}

std::string default_path() {
  const char* named = std::getenv(path_variable);
  return named && *named != '\0' ? named : usual_path();
}

std::string path_to_ask() {
  const std::string path = default_path();
  const char* named = std::getenv(path_variable);
  if (named && *named != '\0') return path;
  struct stat status {};
  return path.empty() || ::lstat(path.c_str(), &status) != 0 ? system_path : path;
}

SocketFile::SocketFile(base::Fd socket, std::string path) : socket_(std::move(socket)), path_(std::move(path)) {
  // An older version of the daemon may have opened it, with another queue; those who wait keep their place.
  if (socket_) (void)::listen(socket_.get(), queue);
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) return;
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

SocketFile::~SocketFile() {
  struct stat status {};
  if (!socket_ || ::lstat(path_.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) ::unlink(path_.c_str());
}

base::Result<SocketFile> open_socket_file(const std::string& path, std::optional<gid_t> group) {
  // Made under a name of its own and renamed: nobody can connect before owner and mode are right.
  const std::string fresh = fmt::format("{}.{}", path, ::getpid());
  sockaddr_un address{};
  sockaddr_un at_first{};
  if (!fill(address, path) || !fill(at_first, fresh))
    return base::Error{ENAMETOOLONG, path + " is too long for a socket path"};
  make_directory(path);
  if (const auto room = look(path, address); !room) return room.error();
  base::Fd socket = new_socket();
  if (!socket) return base::system_error(errno, "socket");
  ::unlink(fresh.c_str());
  // The mode of the file that bind() makes comes from the socket's own.
  ::fchmod(socket.get(), 0600);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at_first), sizeof at_first) != 0)
    return base::system_error(errno, "bind " + path);
  const auto give_up = [&](const char* what) {
    const int error = errno;
    ::unlink(fresh.c_str());
    return base::system_error(error, fmt::format("{} {}", what, path));
  };
  if (group && ::lchown(fresh.c_str(), static_cast<uid_t>(-1), *group) != 0) return give_up("chown");
  if (::chmod(fresh.c_str(), 0660) != 0) return give_up("chmod");
  if (::listen(socket.get(), queue) != 0) return give_up("listening on");
  if (::rename(fresh.c_str(), path.c_str()) != 0) return give_up("rename");
  return SocketFile(std::move(socket), path);
}

}  // namespace xsuperd::control
