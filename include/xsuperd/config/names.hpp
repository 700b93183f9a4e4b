// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/tls/check.hpp"

namespace xsuperd::config {

/// What the loader may ask the system's databases: the other seam. Look-ups may block (NSS, DNS); called off the loop
/// once the daemon runs. Fakes are maps.
class Names {
 public:
  virtual ~Names() = default;
  struct UserEntry {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
  };
  [[nodiscard]] virtual std::optional<UserEntry> user(const std::string& name) = 0;
  [[nodiscard]] virtual std::optional<UserEntry> user(uid_t uid) = 0;
  [[nodiscard]] virtual std::optional<gid_t> group(const std::string& name) = 0;
  /// As initgroups(3) would set: every group of the user, `gid` among them.
  [[nodiscard]] virtual std::vector<gid_t> groups_of(const std::string& user, gid_t gid) = 0;
  /// /etc/services; aliases count.
  [[nodiscard]] virtual std::optional<std::uint16_t> service_port(const std::string& name,
                                                                  const std::string& protocol) = 0;
  [[nodiscard]] virtual std::optional<int> protocol(const std::string& name) = 0;
  [[nodiscard]] virtual std::optional<std::uint32_t> rpc_number(const std::string& name) = 0;
  /// /etc/networks: the number in host order, as getnetbyname(3) gives it.
  [[nodiscard]] virtual std::optional<std::uint32_t> network(const std::string& name) = 0;
  /// All addresses of a host name, in the order of the resolver; empty when there are none.
  [[nodiscard]] virtual std::vector<base::Address> host(const std::string& name) = 0;
  /// Is there a system call of that name? True as well where nothing is there to tell.
  [[nodiscard]] virtual bool system_call(const std::string& name) = 0;
  /// What is wrong with certificates, keys and words about TLS today. Nothing where nobody looks at them.
  [[nodiscard]] virtual std::vector<tls::Fault> tls_faults(const tls::Offer&) { return {}; }
  /// The environment the daemon was started with, "NAME=value" in its order (fact B1.29).
  [[nodiscard]] virtual const std::vector<std::string>& environment() = 0;
};

/// All groups of the user of that number, by the databases; nothing when these have no such user.
[[nodiscard]] std::optional<std::vector<gid_t>> groups_of_user(Names& names, uid_t uid);

/// The real databases. The environment is copied when the object is made.
class SystemNames final : public Names {
 public:
  SystemNames();
  std::optional<UserEntry> user(const std::string& name) override;
  std::optional<UserEntry> user(uid_t uid) override;
  std::optional<gid_t> group(const std::string& name) override;
  std::vector<gid_t> groups_of(const std::string& user, gid_t gid) override;
  std::optional<std::uint16_t> service_port(const std::string& name, const std::string& protocol) override;
  std::optional<int> protocol(const std::string& name) override;
  std::optional<std::uint32_t> rpc_number(const std::string& name) override;
  std::optional<std::uint32_t> network(const std::string& name) override;
  std::vector<base::Address> host(const std::string& name) override;
  bool system_call(const std::string& name) override;
  std::vector<tls::Fault> tls_faults(const tls::Offer& offer) override { return tls::check(offer, std::chrono::system_clock::now()); }
  const std::vector<std::string>& environment() override { return environment_; }

 private:
  std::vector<std::string> environment_;
};

}  // namespace xsuperd::config
