// SPDX-License-Identifier: MIT
// What services stand on. Internal to supervisor.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "supervisor/file_work.hpp"
#include "supervisor/hand_over.hpp"
#include "supervisor/processes.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/net/labels.hpp"
#include "xsuperd/net/mdns.hpp"
#include "xsuperd/net/resolver.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::supervisor {

/// Owns the Surroundings of the services and all that these refer to, and sees to it that a Runner hears what became of
/// its servers. Loop thread only; outlives every Runner.
class Facilities {
 public:
  /// All that it is given outlives it.
  Facilities(FileWork& files, const Options& options, const std::vector<std::string>& environment, log::DaemonLog& log);
  Facilities(const Facilities&) = delete;
  Facilities& operator=(const Facilities&) = delete;
  /// To be called once before it goes, while the Runners are still there: waits for the threads that use what is in here.
  void end();

  [[nodiscard]] service::Surroundings& around() { return around_; }
  [[nodiscard]] const service::Surroundings& around() const { return around_; }
  [[nodiscard]] Processes& processes() { return processes_; }
  [[nodiscard]] const Processes& processes() const { return processes_; }
  [[nodiscard]] net::Resolver& resolver() { return resolver_; }

  /// For an upgrade: what is shared by all services.
  void hand_over(HandOver& state) const;
  /// To be called before there are Runners: sessions go on as soon as they are there. `take` gives the descriptor of a
  /// number, or none.
  void restore(const HandOver& state, const std::function<base::Fd(int)>& take);

 private:
  [[nodiscard]] std::shared_ptr<service::ServerOwner> owner_of(service::Token token) const;

  Processes processes_;
  net::Resolver resolver_;
  const std::unique_ptr<net::Mdns> mdns_;
  const std::unique_ptr<net::SecurityLabels> labels_ = net::make_selinux_labels();
  service::Surroundings around_;
};

}  // namespace xsuperd::supervisor
