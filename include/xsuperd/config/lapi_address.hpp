// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "xsuperd/base/error.hpp"

namespace xsuperd::config {

/// The first value of ban_crowdsec: where the Local API of CrowdSec is. A value.
struct LapiAddress {
  std::string path = {};      ///< of a UNIX socket, or '@' and an abstract name; empty: by TCP
  std::string host = {};      ///< a name or an address, without brackets
  std::uint16_t port = 80;
  std::string base = {};      ///< what stands before /v1 in requests: "/crowdsec", without a slash at its end
  bool tls = false;
  bool operator==(const LapiAddress&) const = default;

  /// As parse_lapi_address() reads it.
  [[nodiscard]] std::string text() const;
  /// For the header field Host.
  [[nodiscard]] std::string authority() const;
};

/// "http://127.0.0.1:8080", "https://lapi.example.org/crowdsec/", "http:unix:/run/crowdsec.sock". The error says what is wrong,
/// and is fit for a finding. Pure.
[[nodiscard]] base::Result<LapiAddress> parse_lapi_address(std::string_view text);

}  // namespace xsuperd::config
