// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/spawn/recipe.hpp"

namespace xsuperd::spawn {

/// argv and envp as execve(2) takes them: arrays of pointers into a recipe. Each launcher keeps one and fills
/// it anew for every start, so that starts allocate nothing once the arrays have grown. Valid while the
/// recipe lives.
class Arguments {
 public:
  void fill(const Recipe& recipe, std::string_view remote_host);
  [[nodiscard]] const char* const* argv() const { return argv_.data(); }
  [[nodiscard]] const char* const* envp() const { return envp_.data(); }

 private:
  void put_remote_host(std::string_view remote_host);

  std::vector<const char*> argv_;
  std::vector<const char*> envp_;
  std::string remote_host_;  ///< "REMOTE_HOST=..."
};

}  // namespace xsuperd::spawn
