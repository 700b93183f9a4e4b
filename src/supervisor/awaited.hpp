// SPDX-License-Identifier: MIT
// Names and zones in `bind` that have no address yet. Internal to supervisor.
#pragma once
#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/net/forward_resolver.hpp"

namespace xsuperd::supervisor {

/// Looks up again and again, off the loop, what services of the configuration in force wait for (decision B15.24): after a
/// second, then after pauses that grow to a minute, as long as there is something. Lives on the loop thread.
class Awaited {
 public:
  /// `found` hears of the addresses of what services wait for, as their `bind` has it; never of none. Both outlive this.
  Awaited(boost::asio::io_context& loop, net::ForwardResolver& resolver,
          std::function<void(const std::string& what, const std::vector<base::Address>& addresses)> found);
  ~Awaited();
  Awaited(const Awaited&) = delete;
  Awaited& operator=(const Awaited&) = delete;

  /// To be called whenever a configuration has come into force: from now on what its services wait for, soon.
  void watch(const config::Config& config);

 private:
  void look();
  void answered(const std::string& what, const std::vector<base::Endpoint>& found);

  net::ForwardResolver& resolver_;
  std::function<void(const std::string&, const std::vector<base::Address>&)> found_;
  std::set<std::string> wanted_;
  std::set<net::ForwardResolver::Id> asked_;  ///< questions without an answer
  std::chrono::seconds pause_{1};
  loop::Alarm alarm_;
};

}  // namespace xsuperd::supervisor
