// SPDX-License-Identifier: MIT
// What can be set of a socket. Internal to net.
#pragma once
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/config/model.hpp"

namespace xsuperd::net {

/// A row: an option that a server can have set, and how it is set back.
struct SocketOption {
  enum class Write : std::uint8_t {
    same,    ///< by the very bytes that the kernel tells
    half,    ///< a size of which the kernel tells twice what it was given; `forced` goes beyond the system's bound
    switched,  ///< a switch and a number, which the kernel only takes while that is on
    never,   ///< cannot be set back
    always,  ///< cannot be read: `size` zero bytes are written each time
  };
  enum class Meaning : std::uint8_t { none, interface, shares_port, lock };
  int level = 0;
  int option = 0;
  const char* name = "";
  Write write = Write::same;
  int forced = 0;
  std::size_t size = 0;
  Meaning meaning = Meaning::none;
};

/// A whole number that the kernel tells of a socket; nothing where it does not know the option.
[[nodiscard]] inline std::optional<int> number_option(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(fd, level, name, &value, &size) != 0) return std::nullopt;
  return value;
}

/// The table (socket_options.cpp), in the order in which they are to be set.
[[nodiscard]] std::span<const SocketOption> socket_options();

/// A socket for that specification with all its options, neither bound nor of use to anybody yet. Fails with the sentence
/// of bind_socket().
[[nodiscard]] base::Result<base::Fd> new_socket(const config::ListenSpec& spec, bool ipv6);
/// Joins the multicast group of the specification, if it has one, with no sources left out.
void join_again(int fd, const config::ListenSpec& spec);

}  // namespace xsuperd::net
