// SPDX-License-Identifier: MIT
#pragma once
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "xsuperd/base/address.hpp"

/// Datagrams that we answer ourselves, from the very address that was asked: a peer drops what comes from
/// another one (facts B4.35, B12.41, decision B15.20). Nothing here waits, so all of it may be called on the
/// loop.
namespace xsuperd::net {

/// A datagram that was taken off a socket.
struct Datagram {
  base::Endpoint peer;
  std::string_view bytes;  ///< inside the buffer given to receive()
  bool truncated = false;  ///< it was longer than the buffer, and the rest is lost

  /// For send_reply() only: the peer as the kernel wrote it, and a control message that says where the answer
  /// comes from; empty when the kernel is to choose.
  struct Way {
    sockaddr_storage peer{};
    socklen_t peer_length = 0;
    alignas(std::size_t) std::array<char, 64> control{};
    std::size_t control_length = 0;
  };
  Way way;
};

/// Asks the kernel to tell with each datagram to which address it was sent, or no more. To be called when the
/// socket has been opened; datagrams that came before are answered as the kernel chooses. Nothing happens
/// when `fd` is no Internet socket. Turn it off when a reload gives the open socket to a server.
void enable_destination_info(int fd, bool on = true);

/// Takes the datagram at the head of the queue, which may be empty and may be longer than `buffer`: exactly
/// this one (decision B15.11). Nothing when there is none, or when the socket had an error to tell, which is
/// gone by then.
[[nodiscard]] std::optional<Datagram> receive(int fd, std::span<char> buffer);

/// Answers `request` with one datagram, from the address that was asked; a request to a broadcast or
/// multicast address is answered from an address of the interface that it came to. What the kernel does not
/// take at once is dropped, as datagrams are.
void send_reply(int fd, const Datagram& request, std::string_view bytes);

}  // namespace xsuperd::net
