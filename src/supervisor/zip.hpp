// SPDX-License-Identifier: MIT
// gzip, where zlib is found. Internal to supervisor.
#pragma once
#include <functional>
#include <memory>
#include <string_view>

namespace xsuperd::supervisor {

/// Makes a gzip file (RFC 1952) of what it is given piece by piece. Any one thread.
class Zip {
 public:
  using Sink = std::function<void(std::string_view)>;

  /// Null where it cannot be had. `to` is given the file in portions, from inside append() and finish(). Blocks on files when
  /// it is the first to need the library: not on the loop's thread.
  [[nodiscard]] static std::unique_ptr<Zip> begin(Sink to);
  virtual ~Zip() = default;
  virtual void append(std::string_view text) = 0;
  /// To be called once. False: what was given out is not a whole file.
  [[nodiscard]] virtual bool finish() = 0;
};

}  // namespace xsuperd::supervisor
