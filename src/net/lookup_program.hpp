// SPDX-License-Identifier: MIT
// The BPF program that leads connections to the socket of a range. Internal to net.
#pragma once
#include <linux/bpf.h>

#include <vector>

#include "xsuperd/config/listen.hpp"

namespace xsuperd::net {

/// The maps that it uses, by their descriptors.
struct LookupMaps {
  int socket = -1;  ///< of sockets: entry 0 is the one that listens
  int ports = -1;   ///< an array: entry 0 is a PortSet of those to be left alone
};

/// It chooses the socket for what belongs to the range, and leaves all else to the kernel. `interface`: the index of the
/// only one from which connections come in; 0: all. Pure.
[[nodiscard]] std::vector<bpf_insn> lookup_program(const config::PortRange& range, unsigned interface, LookupMaps maps);
/// Leaves everything to the kernel.
[[nodiscard]] std::vector<bpf_insn> empty_program();

}  // namespace xsuperd::net
