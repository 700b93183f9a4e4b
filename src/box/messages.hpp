// SPDX-License-Identifier: MIT
// What the daemon and the process that makes boxes say to each other, over a SEQPACKET socket between two processes of
// one program. Internal to box.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/box/mould.hpp"

namespace xsuperd::box {

struct Request {
  enum class Kind : std::uint32_t {
    mould,   ///< the bytes of a mould follow; it is made when the first box of it is asked for. No answer
    box,
    forget,  ///< the mould is not used again. No answer
    kill,    ///< the same paths as with `drop`, of boxes whose servers are to end at once; their groups stay. No answer
    drop,    ///< the paths of the control groups of boxes that are over follow, each with a NUL byte behind it. No answer
  };
  Kind kind = Kind::box;
  std::uint32_t mould = 0;  ///< a number of the daemon's
  std::uint32_t boxes = 0;  ///< how many; answered by as many Replies as there are boxes, or fewer when they come together
};

/// Of a box that is used again come keeper, /tmp if it has one, and /proc; of others the keepers; and behind those of each
/// box its control group, if it has one.
inline constexpr std::size_t most_reply_descriptors = 4;

struct Reply {
  std::uint32_t mould = 0;
  std::uint32_t boxes = 0;  ///< how many of those that were asked for this answers
  std::int32_t error = 0;   ///< errno: none of them could be made; 0: the descriptors are keepers
  std::uint32_t groups[most_reply_descriptors] = {};  ///< numbers of the control groups of the boxes
  char what[212] = {};      ///< what failed, ended by NUL
};

/// How many of them each box of the mould has.
[[nodiscard]] std::size_t descriptors_of(const Mould& mould);

/// 0 or errno. Does not wait.
[[nodiscard]] int send_request(int socket, const Request& request, std::string_view bytes = {});
[[nodiscard]] int send_reply(int socket, const Reply& reply, const std::vector<int>& descriptors = {});

enum class Received : std::uint8_t {
  one,
  nothing,  ///< for now
  short_of_descriptors,  ///< one has come, but not all descriptors that came with it
  end,      ///< the other end is gone, or does not speak our language
};
/// Neither waits.
[[nodiscard]] Received receive_request(int socket, Request& request, std::string& bytes);
[[nodiscard]] Received receive_reply(int socket, Reply& reply, std::vector<base::Fd>& descriptors);

}  // namespace xsuperd::box
