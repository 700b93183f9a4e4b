// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/names.hpp"

namespace xsuperd::fakes {

/// The system's databases in maps, with a few entries that most tests need.
class FakeNames final : public config::Names {
 public:
  std::vector<UserEntry> users{{"root", 0, 0}, {"nobody", 65534, 65534}, {"alice", 1000, 100}};
  std::map<std::string, gid_t> group_ids{{"root", 0}, {"users", 100}, {"audio", 29}};
  std::map<std::string, std::vector<gid_t>> memberships{{"alice", {100, 29}}};
  std::map<std::pair<std::string, std::string>, std::uint16_t> ports{
      {{"echo", "tcp"}, 7},  {{"echo", "udp"}, 7},   {{"daytime", "tcp"}, 13}, {{"ftp", "tcp"}, 21},
      {{"http", "tcp"}, 80}, {{"auth", "tcp"}, 113}, {{"tftp", "udp"}, 69},    {{"time", "udp"}, 37},
      {{"time", "tcp"}, 37}, {{"telnet", "tcp"}, 23}};
  std::map<std::string, int> protocols{{"icmp", 1}, {"tcp", 6}, {"TCP", 6}, {"udp", 17}, {"sctp", 132}};
  std::map<std::string, std::uint32_t> rpc_numbers{{"rstatd", 100001}};
  std::map<std::string, std::uint32_t> networks;
  std::map<std::string, std::vector<std::string>> hosts{{"localhost", {"::1", "127.0.0.1"}},
                                                        {"www.example.com", {"192.0.2.7"}},
                                                        {"six.example.com", {"2001:db8::6"}}};
  std::vector<std::string> system_calls{"bpf", "execve", "exit", "exit_group", "mount", "personality", "ptrace", "rt_sigreturn", "socket"};
  std::vector<tls::Fault> faults;  ///< that every offer has
  std::vector<tls::Fault> tls_faults(const tls::Offer&) override { return faults; }
  std::vector<std::string> variables{"PATH=/bin:/usr/bin", "LANG=C", "TZ=UTC"};

  std::optional<UserEntry> user(const std::string& name) override {
    for (const UserEntry& one : users)
      if (one.name == name) return one;
    return std::nullopt;
  }
  std::optional<UserEntry> user(uid_t uid) override {
    for (const UserEntry& one : users)
      if (one.uid == uid) return one;
    return std::nullopt;
  }
  std::optional<gid_t> group(const std::string& name) override { return find(group_ids, name); }
  std::vector<gid_t> groups_of(const std::string& user, gid_t gid) override {
    return find(memberships, user).value_or(std::vector<gid_t>{gid});
  }
  std::optional<std::uint16_t> service_port(const std::string& name, const std::string& protocol) override {
    return find(ports, std::pair(name, protocol));
  }
  std::optional<int> protocol(const std::string& name) override { return find(protocols, name); }
  std::optional<std::uint32_t> rpc_number(const std::string& name) override {
    return find(rpc_numbers, name);
  }
  std::optional<std::uint32_t> network(const std::string& name) override { return find(networks, name); }
  std::vector<base::Address> host(const std::string& name) override {
    std::vector<base::Address> addresses;
    for (const std::string& text : find(hosts, base::to_lower(name)).value_or(std::vector<std::string>{}))
      addresses.push_back(*base::Address::parse(text));
    return addresses;
  }
  bool system_call(const std::string& name) override { return std::ranges::find(system_calls, name) != system_calls.end(); }
  const std::vector<std::string>& environment() override { return variables; }

 private:
  template <typename Map>
  static std::optional<typename Map::mapped_type> find(const Map& map, const typename Map::key_type& key) {
    const auto found = map.find(key);
    if (found == map.end()) return std::nullopt;
    return found->second;
  }
};

}  // namespace xsuperd::fakes
