// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/error.hpp"

/// Registers RPC services with rpcbind (fact B4.6). All of it blocks, so it is called on the blocking pool; thread
/// safe, and calls wait for one another, each for no longer than the patience of those before it.
namespace xsuperd::net {

/// False when xsuperd was built without libtirpc: then every registration is an error.
[[nodiscard]] bool rpc_available();

/// Where rpcbind is, and how long a whole call may take. The local socket comes first, because rpcbind sees
/// there who we are. TCP is for portmappers that have none; they want a port below 1024, which root has.
struct RpcbindPlace {
  std::string socket_path = "/run/rpcbind.sock";
  base::Endpoint tcp{base::Address::ipv4(0x7f000001), 111};
  std::chrono::milliseconds patience{5'000};
};

/// A longer range of versions is not registered at all.
inline constexpr std::uint32_t most_rpc_versions = 256;

/// Registers versions `low` to `high` of `program` at `port`, where `protocol` is IPPROTO_UDP or IPPROTO_TCP and the
/// address is any of ours, as pmap_set(3) has it. Returns the versions that failed, none if all is well; a version
/// fails when it is registered with another port, or when the patience ends before its turn. An error means that no
/// version is registered, and its sentence says why: rpcbind is not running, does not answer, or refuses.
[[nodiscard]] base::Result<std::vector<std::uint32_t>> rpc_register(std::uint32_t program, std::uint32_t low,
                                                                    std::uint32_t high, int protocol,
                                                                    std::uint16_t port,
                                                                    const RpcbindPlace& place = {});

/// Removes the registrations, those of this protocol only: the program's other socket may still be served. What is not
/// registered or cannot be reached is ignored.
void rpc_unregister(std::uint32_t program, std::uint32_t low, std::uint32_t high, int protocol,
                    const RpcbindPlace& place = {});

}  // namespace xsuperd::net
