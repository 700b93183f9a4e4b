// SPDX-License-Identifier: MIT
#include "net/unix_path.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "net/spec_words.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/net/socket.hpp"
#include "xsuperd/net/socket_path.hpp"

namespace xsuperd::net {

namespace {

base::Error failed(std::string_view what, const std::string& path) {
  const int error = errno;
  return {error, fmt::format("{} {} failed ({})", what, path, base::errno_text(error))};
}

bool bind_to(int fd, const std::string& name) {
  sockaddr_un at{};
  const socklen_t length = fill_local(name, at);
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&at), length) == 0;
}

/// Whatever is wrong shows in bind().
void make_directories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != path.npos; slash = path.find('/', slash + 1))
    ::mkdir(path.substr(0, slash).c_str(), 0755);
}

/// Is there a socket of ours that nobody has open? Connecting to it tells: whoever listens, or has it, is reached or busy.
base::Result<void> look_whether_dead(const config::ListenSpec& spec) {
  const auto in_the_way = [&](std::string_view what) { return base::Error{EADDRINUSE, fmt::format("bind failed ({} {})", spec.name, what)}; };
  struct stat there {};
  if (::lstat(spec.name.c_str(), &there) != 0) return failed("inspecting", spec.name);
  if (!S_ISSOCK(there.st_mode)) return in_the_way("is not a socket");
  if (there.st_uid != ::geteuid() && there.st_uid != spec.options.owner.value_or(::geteuid()))
    return in_the_way("is a socket of another user");
  const base::Fd probe(::socket(AF_UNIX, socket_kind(spec.socket_type) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return failed("looking at", spec.name);
  sockaddr_un at{};
  const socklen_t length = fill_local(spec.name, at);
  const auto refused = [&] { return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&at), length) != 0 ? errno : 0; };
  int error = refused();
  // Its own mode keeps a daemon that is not root away.
  if (error == EACCES && there.st_uid == ::geteuid() && give_away(path_of_socket(spec.name), {})) error = refused();
  if (error == ECONNREFUSED) return {};
  return in_the_way("is a socket that is in use");
}

}  // namespace

socklen_t fill_local(const std::string& name, sockaddr_un& out) {
  out = {};
  out.sun_family = AF_UNIX;
  const std::size_t size = std::min(name.size(), sizeof out.sun_path - 1);
  std::memcpy(out.sun_path, name.data(), size);
  const bool abstract = name.starts_with('@');
  if (abstract) out.sun_path[0] = '\0';
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size + (abstract ? 0 : 1));
}

std::string bound_name(int fd) {
  sockaddr_un at{};
  socklen_t length = sizeof at;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &length) != 0 || at.sun_family != AF_UNIX) return {};
  const std::size_t size = length - std::min<std::size_t>(length, offsetof(sockaddr_un, sun_path));
  if (size == 0) return {};
  if (at.sun_path[0] == '\0') return "@" + std::string(at.sun_path + 1, size - 1);
  return std::string(at.sun_path, ::strnlen(at.sun_path, size));
}

base::Result<SocketPath> bind_local(int fd, const config::ListenSpec& spec) {
  if (!spec.has_path()) {
    if (bind_to(fd, spec.name)) return SocketPath{};
    return base::Error{errno, fmt::format("bind failed ({})", base::errno_text(errno))};
  }
  make_directories(spec.name);
  // The mode of the file that bind() makes comes from the socket's own.
  ::fchmod(fd, 0);
  if (!bind_to(fd, spec.name)) {
    if (errno != EADDRINUSE) return base::Error{errno, fmt::format("bind failed ({})", base::errno_text(errno))};
    if (auto dead = look_whether_dead(spec); !dead) return dead.error();
    ::unlink(spec.name.c_str());
    if (!bind_to(fd, spec.name)) return base::Error{errno, fmt::format("bind failed ({})", base::errno_text(errno))};
  }
  const SocketPath made = path_of_socket(spec.name);
  if (const auto given = give_away(made, spec.options); !given) {
    remove_path(made);
    return given.error();
  }
  return made;
}

SocketPath path_of_socket(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return {};
  return {path, status.st_dev, status.st_ino};
}

/// Of the file itself, whatever is put in its place meanwhile.
base::Result<void> give_away(const SocketPath& to, const config::SocketOptions& options) {
  const base::Fd file(::open(to.path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return failed("opening", to.path);
  if (!S_ISSOCK(status.st_mode) || status.st_dev != to.device || status.st_ino != to.inode)
    return base::Error{EEXIST, fmt::format("{} has become another file", to.path)};
  constexpr auto as_is = static_cast<uid_t>(-1);
  if ((options.owner || options.group) &&
      ::fchownat(file.get(), "", options.owner.value_or(as_is), options.group.value_or(as_is), AT_EMPTY_PATH) != 0)
    return failed("changing the owner of", to.path);
  const std::string by_number = fmt::format("/proc/self/fd/{}", file.get());
  constexpr long fchmodat2 = 452;  // Linux 6.6; for where /proc is not mounted
  if (::chmod(by_number.c_str(), options.mode) != 0 &&
      (errno != ENOENT || ::syscall(fchmodat2, file.get(), "", options.mode, AT_EMPTY_PATH) != 0))
    return failed("changing the mode of", to.path);
  return {};
}

void remove_path(const SocketPath& file) {
  if (!file.path.empty() && path_of_socket(file.path) == file) ::unlink(file.path.c_str());
}

}  // namespace xsuperd::net
