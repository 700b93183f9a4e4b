// SPDX-License-Identifier: MIT
// Messages over the socket between daemon and process, with descriptors. Internal to fleet.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::fleet {

struct Packet {
  std::string bytes = {};
  std::vector<base::Fd> descriptors = {};
};

inline constexpr std::size_t most_descriptors = 3;  ///< of one message

enum class Got : unsigned char { one, later, end, wrong };
/// Does not wait. `end`: the other side is gone. `wrong`: it has sent what is not a message of ours. With system calls that the
/// worker's filter allows.
[[nodiscard]] Got receive_packet(int socket, Packet& packet);
/// Does not wait; 0, or errno, EAGAIN for one that finds no room.
[[nodiscard]] int send_packet(int socket, std::string_view bytes, std::span<const int> descriptors = {});

}  // namespace xsuperd::fleet
