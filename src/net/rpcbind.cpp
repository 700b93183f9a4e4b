// SPDX-License-Identifier: MIT
#include "xsuperd/net/rpcbind.hpp"

#include <fmt/format.h>
#include <netinet/in.h>

#include <mutex>

#include "net/rpcbind_client.hpp"

namespace xsuperd::net {

namespace {

/// libtirpc promises little about threads, and there is one rpcbind only.
std::mutex one_at_a_time;

std::string netid(int protocol) {
  return protocol == IPPROTO_UDP ? "udp" : protocol == IPPROTO_TCP ? "tcp" : std::string();
}

bool good_range(std::uint32_t low, std::uint32_t high) {
  return low <= high && high - low < most_rpc_versions;
}

base::Error refused(const RpcMapping& mapping, std::uint16_t port) {
  return {0, fmt::format("rpcbind refuses to register program {} at {} port {}: it may be registered already",
                         mapping.program, mapping.netid, port)};
}

}  // namespace

base::Result<std::vector<std::uint32_t>> rpc_register(std::uint32_t program, std::uint32_t low,
                                                      std::uint32_t high, int protocol, std::uint16_t port,
                                                      const RpcbindPlace& place) {
  RpcMapping mapping{program, low, netid(protocol), fmt::format("0.0.0.0.{}.{}", port >> 8, port & 0xff)};
  if (mapping.netid.empty()) return base::Error{0, fmt::format("rpcbind does not know protocol {}", protocol)};
  if (!good_range(low, high))
    return base::Error{0,
                       fmt::format("the range of versions {}-{} is empty, or has more than {}",
                                   low, high, most_rpc_versions)};
  const std::lock_guard lock(one_at_a_time);
  auto client = RpcbindClient::connect(place);
  if (!client) return client.error();
  std::vector<std::uint32_t> failed;
  base::Error why = refused(mapping, port);
  bool answering = true;
  for (std::uint32_t i = 0; i <= high - low; ++i) {
    mapping.version = low + i;
    if (answering) {
      auto answer = client->call(RpcbindClient::Procedure::set, mapping);
      if (answer && *answer == RpcbindClient::Answer::done) continue;
      answering = answer.has_value();
      if (!answering) why = answer.error();
    }
    failed.push_back(mapping.version);
  }
  if (failed.size() == std::size_t{high - low} + 1) return why;
  return failed;
}

void rpc_unregister(std::uint32_t program, std::uint32_t low, std::uint32_t high, int protocol,
                    const RpcbindPlace& place) {
  RpcMapping mapping{program, low, netid(protocol), ""};
  if (mapping.netid.empty() || !good_range(low, high)) return;
  const std::lock_guard lock(one_at_a_time);
  auto client = RpcbindClient::connect(place);
  bool answering = client.has_value();
  for (std::uint32_t i = 0; answering && i <= high - low; ++i) {
    mapping.version = low + i;
    answering = client->call(RpcbindClient::Procedure::unset, mapping).has_value();
  }
}

}  // namespace xsuperd::net
