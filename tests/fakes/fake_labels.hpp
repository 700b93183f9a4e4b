// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "xsuperd/net/labels.hpp"

namespace xsuperd::fakes {

/// A kernel's labels as the test says they are.
class FakeLabels final : public net::SecurityLabels {
 public:
  base::Result<std::string> answer = std::string("u:r:server_t:s0:c7");
  std::vector<std::string> servers;  ///< asked for, oldest first
  int connection = -1;               ///< of the last question

  base::Result<std::string> exec_context(int of, const std::string& server) override {
    connection = of;
    servers.push_back(server);
    return answer;
  }
};

}  // namespace xsuperd::fakes
