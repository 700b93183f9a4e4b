// SPDX-License-Identifier: MIT
// How keys travel from the daemon to a worker for TLS. Internal to worker.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/tls/engine.hpp"

namespace xsuperd::worker {

class Dialogue;

/// A sealed memfd with the offer in it, to be read once. None where the system has none.
[[nodiscard]] base::Fd memory_of(const tls::Offer& offer);
/// In the worker: what stands there, made ready. Null when it cannot be. The bytes in between are wiped.
[[nodiscard]] std::shared_ptr<const tls::Context> context_in(const base::Fd& memory);

/// In the daemon: which offers one worker has got, and by which number it knows each. Loop thread only.
class OffersThere {
 public:
  /// The number of this one, which is sent first if the worker has not got it yet. Nothing when there is none, or no memory to
  /// send it in. What no service offers any more the worker is told to forget.
  [[nodiscard]] std::optional<std::uint64_t> number_of(const std::shared_ptr<const tls::Offer>& offer, Dialogue& worker);
  /// There is another worker, which has got nothing yet.
  void clear() { there_.clear(); }

 private:
  std::vector<std::pair<std::uint64_t, std::weak_ptr<const tls::Offer>>> there_;
  std::uint64_t last_ = 0;  // the number of the one that was sent last
};

}  // namespace xsuperd::worker
