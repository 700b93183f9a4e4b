// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>

#include "xsuperd/policy/verdict.hpp"

namespace xsuperd::policy {

bool RateWindow::trips(const config::Rate& rate, base::Moment now) {
  using std::chrono::seconds;
  if (rate.connections == 0) return false;
  // xinetd takes the window as long in seconds as the rate is in connections.
  if (requests_ == 0 || now - start_ >= seconds(rate.connections)) {
    start_ = now;
    requests_ = 0;
  }
  ++requests_;
  const auto whole_seconds = std::chrono::floor<seconds>(now - start_).count();
  const auto divisor = static_cast<std::uint64_t>(std::max<seconds::rep>(whole_seconds, 1));
  return requests_ / divisor > rate.connections;
}

std::uint64_t RateWindow::recent(const config::Rate& rate, base::Moment now) const {
  return now - start_ >= std::chrono::seconds(rate.connections) ? 0 : requests_;
}

}  // namespace xsuperd::policy
