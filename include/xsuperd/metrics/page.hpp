// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/control/schema.hpp"
#include "xsuperd/metrics/samples.hpp"

/// The page of the internal service dashboard. Pure: any thread can make it.
namespace xsuperd::metrics {

/// When what a service with TLS shows first ends.
struct CertificateEnd {
  std::string service;
  std::string name;           ///< of the host; empty: for all others
  control::Time end;  ///< nothing when nobody knows
};

/// All that is to be seen on it. What is left out is counted.
struct Shown {
  std::string host;
  control::reply::Metrics daemon;
  std::size_t services_in_all = 0;
  std::vector<control::reply::Service> services;
  std::size_t sessions_in_all = 0;
  std::vector<control::reply::Session> sessions;
  std::vector<control::reply::Ban> bans;          ///< daemon.bans says how many there are
  std::vector<CertificateEnd> certificates;
  std::vector<std::string> findings;              ///< about the configuration, a line each
  std::vector<control::EventRecord> events;       ///< the last ones, the newest first
  Samples samples;
};

/// How many rows of a list are shown.
inline constexpr std::size_t most_services_shown = 200, most_sessions_shown = 100, most_bans_shown = 100, most_certificates_shown = 50,
                             most_events_shown = 30;

/// The whole page, in HTML: complete without a script, and with its own it renews itself.
[[nodiscard]] std::string page(const Shown& shown);
/// What of it changes: the inside of its element main.
[[nodiscard]] std::string live(const Shown& shown);
/// Fields of HTTP that go with the page, each ending in CR LF: what it is, and that nothing but what stands in it is executed,
/// shown or asked.
[[nodiscard]] std::string page_fields();

/// Any bytes as text of HTML: what has a meaning there is escaped, and what is not UTF-8, or a control character, becomes U+FFFD.
[[nodiscard]] std::string escaped_html(std::string_view text);

}  // namespace xsuperd::metrics
