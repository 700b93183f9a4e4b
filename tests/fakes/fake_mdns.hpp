// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "xsuperd/net/mdns.hpp"

namespace xsuperd::fakes {

/// Announces nothing: it keeps what was asked for, "+x _x._tcp 80" and "-x _x._tcp 80".
class FakeMdns final : public net::Mdns {
 public:
  std::vector<std::string> said;

  void announce(const net::MdnsService& service) override { said.push_back('+' + text(service)); }
  void withdraw(const net::MdnsService& service) override { said.push_back('-' + text(service)); }

  static std::string text(const net::MdnsService& service) {
    return service.id + ' ' + net::mdns_type(service).value_or("?") + ' ' + std::to_string(service.port);
  }
};

}  // namespace xsuperd::fakes
