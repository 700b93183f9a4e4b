// SPDX-License-Identifier: MIT
// What the daemon and its libwrap helper say to each other, one message a packet. Both are the same program
// image, so the messages are plain structures; they are checked all the same. Internal to net.
#pragma once
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/net/libwrap.hpp"

namespace xsuperd::net::wrap {

constexpr std::uint32_t version = 1;
constexpr std::size_t longest_name = 255;
constexpr std::size_t most_groups = 1024;
/// The exit status of a helper that could not load the library.
constexpr int not_loaded_status = 77;

/// An address and a port. `family` is AF_INET, AF_INET6 or AF_UNSPEC, the bytes stand as in base::Address.
struct WireEndpoint {
  std::uint16_t family;
  std::uint16_t port;
  std::uint32_t scope;
  std::array<std::uint8_t, 16> bytes;
};

/// A question. Of `groups` only those in use are sent; the connection, if any, travels beside it as
/// SCM_RIGHTS.
struct Request {
  std::uint32_t version;
  std::uint32_t group_count;
  std::uint64_t id;
  WireEndpoint peer;
  WireEndpoint local;
  std::uint32_t has_connection;
  std::uint32_t has_user;
  std::uint32_t uid;
  std::uint32_t gid;
  std::array<char, longest_name + 1> daemon;  // ends in a NUL
  std::array<std::uint32_t, most_groups> groups;
};

struct Reply {
  std::uint32_t version;
  std::uint32_t answer;  // a LibwrapAnswer
  std::uint64_t id;
};

static_assert(std::is_trivially_copyable_v<Request> && std::is_trivially_copyable_v<Reply>);

/// Bytes of the message that carries so many groups.
[[nodiscard]] constexpr std::size_t request_size(std::size_t groups) {
  return offsetof(Request, groups) + groups * sizeof(std::uint32_t);
}

/// False when the question does not fit: a name or a list of groups that is too long, or a NUL in the name.
[[nodiscard]] bool encode(const LibwrapQuestion& question, std::uint64_t id, Request& request);

/// Whether `size` bytes, with or without a descriptor beside them, are a whole and sensible request.
[[nodiscard]] bool valid(const Request& request, std::size_t size, bool with_connection);
[[nodiscard]] bool valid(const Reply& reply, std::size_t size);

/// Back to an address; AF_INET addresses stay such, mapped ones were unmapped by encode().
[[nodiscard]] base::Endpoint endpoint_of(const WireEndpoint& wire);

/// Sends without waiting; 0 or errno.
[[nodiscard]] int send_request(int socket, const Request& request, int connection);

struct Received {
  std::size_t size = 0;  ///< 0: nothing there, or the other end is gone
  base::Fd connection;   ///< close-on-exec; none, against has_connection: no descriptor was available
};
/// Takes one request without waiting. One that is not valid() comes back as nothing.
[[nodiscard]] std::optional<Received> receive_request(int socket, Request& request);

}  // namespace xsuperd::net::wrap
