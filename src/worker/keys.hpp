// SPDX-License-Identifier: MIT
// How keys travel from the daemon to a worker for TLS. Internal to worker.
#pragma once
#include <memory>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/tls/engine.hpp"

namespace xsuperd::worker {

/// A sealed memfd with the offer in it, to be read once. None where the system has none.
[[nodiscard]] base::Fd memory_of(const tls::Offer& offer);
/// In the worker: what stands there, made ready. Null when it cannot be. The bytes in between are wiped.
[[nodiscard]] std::shared_ptr<const tls::Context> context_in(const base::Fd& memory);

}  // namespace xsuperd::worker
