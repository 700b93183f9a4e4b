// SPDX-License-Identifier: MIT
#pragma once

/// TLS that the kernel speaks in a connection (the module `tls`; Linux, Documentation/networking/tls.rst). Any thread.
namespace xsuperd::tls {

/// Does this kernel speak it? May have it load its module, for which it takes CAP_NET_ADMIN; without, a module that is not loaded
/// yet counts as none.
[[nodiscard]] bool kernel_speaks();

/// Tells the peer of such a connection that nothing more will come (RFC 8446, 6.1: close_notify). Does not wait: who takes nothing
/// is not told. Other connections are left as they are.
void close_notify(int connection);

}  // namespace xsuperd::tls
