// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "xsuperd/base/error.hpp"
#include "xsuperd/net/rpcbind.hpp"

namespace xsuperd::net {

/// One version of one program, as rpcbind keeps it.
struct RpcMapping {
  std::uint32_t program = 0;
  std::uint32_t version = 0;
  std::string netid;    ///< "udp" or "tcp"
  std::string address;  ///< universal, as "0.0.0.0.31.144"; empty when taking back
};

/// A conversation with rpcbind that ends in time. pmap_set(3) would make sockets that servers inherit,
/// connect without a deadline, and wait a minute for every answer; so the socket is ours, and libtirpc talks
/// over it. Blocks.
class RpcbindClient {
 public:
  /// The conversation has place.patience from now on.
  [[nodiscard]] static base::Result<RpcbindClient> connect(const RpcbindPlace& place);
  ~RpcbindClient();
  RpcbindClient(RpcbindClient&& other) noexcept;

  enum class Procedure : std::uint8_t { set = 1, unset = 2 };
  enum class Answer : std::uint8_t { done, refused };
  /// An error when rpcbind did not answer: then asking for more is useless.
  [[nodiscard]] base::Result<Answer> call(Procedure procedure, const RpcMapping& mapping);

 private:
  struct Talk;
  explicit RpcbindClient(std::unique_ptr<Talk> talk);
  std::unique_ptr<Talk> talk_;
};

}  // namespace xsuperd::net
