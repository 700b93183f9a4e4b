// SPDX-License-Identifier: MIT
// How a handshake came out, in a message between a worker and the daemon. Internal to worker.
#pragma once
#include "xsuperd/base/fields.hpp"
#include "xsuperd/tls/words.hpp"

namespace xsuperd::worker {

void put_handshake(base::FieldWriter& writer, const tls::Handshake& handshake);
/// Refused, by the reader, unless it is in order as tls::in_order() has it.
[[nodiscard]] tls::Handshake take_handshake(base::FieldReader& reader);

}  // namespace xsuperd::worker
