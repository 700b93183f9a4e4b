// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>

/// TLS that the kernel speaks in a connection (the module `tls`; Linux, Documentation/networking/tls.rst). Any thread.
namespace xsuperd::tls {

/// Does this kernel speak it? May have it load its module, for which it takes CAP_NET_ADMIN; without, a module that is not loaded
/// yet counts as none.
[[nodiscard]] bool kernel_speaks();

enum class Told : std::uint8_t {
  yes,
  later,  ///< the peer has to take what there is first
  no,     ///< it cannot be told, or the kernel does not speak TLS in this connection
};
/// Tells the peer of such a connection that nothing more will come (RFC 8446, 6.1: close_notify). Not for threads that must not
/// wait: a process that writes to the connection, and whose peer takes nothing, holds a lock that the kernel waits for here.
[[nodiscard]] Told close_notify(int connection);

}  // namespace xsuperd::tls
