// SPDX-License-Identifier: MIT
#pragma once
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
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

/// Asks the kernel to report the address to which each datagram was sent, or to stop reporting it. To be called when
/// the socket has been opened; datagrams that came before are answered as the kernel chooses. Nothing happens when `fd`
/// is no Internet socket. Turn it off when a reload gives the open socket to a server.
void enable_destination_info(int fd, bool on = true);

/// Takes the datagram at the head of the queue, which may be empty and may be longer than `buffer`: exactly this one
/// (decision B15.11). Nothing when there is none, or when the socket had a pending error, which is cleared by then.
[[nodiscard]] std::optional<Datagram> receive(int fd, std::span<char> buffer);

/// Answers `request` with one datagram, from the address that was asked; a request to a broadcast or
/// multicast address is answered from an address of the interface that it came to. What the kernel does not
/// take at once is dropped, as datagrams are.
void send_reply(int fd, const Datagram& request, std::string_view bytes);

/// Datagrams that are taken off a socket together and answered together: two system calls for all of them instead of
/// two for each. One object serves any number of sockets, one after the other; it allocates at the first receive() and
/// never again. Belongs to one thread.
class DatagramBatch {
 public:
  /// `most`: datagrams at a time, at least 1. `room`: bytes for each request, and for each answer.
  DatagramBatch(std::size_t most, std::size_t room);
  ~DatagramBatch();
  DatagramBatch(const DatagramBatch&) = delete;
  DatagramBatch& operator=(const DatagramBatch&) = delete;

  /// Takes what is waiting, as the function of that name does, in the order of arrival. None when nothing is waiting or
  /// the socket had a pending error. What is returned lies in here until the next call, which also forgets all answers.
  [[nodiscard]] std::span<const Datagram> receive(int fd);

  /// `room` bytes for the next answer, if it is not made of the request's own bytes. To be called after a receive().
  [[nodiscard]] std::span<char> room_for_answer();
  /// Notes the answer to one of the datagrams received. `bytes` must stay where they are until send(). At most one
  /// answer for each.
  void answer(const Datagram& request, std::string_view bytes);
  /// Sends what was noted and forgets it, as send_reply() does: an answer that the kernel does not take costs none of
  /// the others.
  void send(int fd);

 private:
  struct Slots;
  std::size_t most_;
  std::size_t room_;
  std::unique_ptr<Slots> slots_;
};

}  // namespace xsuperd::net
