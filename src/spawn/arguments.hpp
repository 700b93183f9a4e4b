// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/spawn/recipe.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::spawn {

/// argv and envp as execve(2) takes them: arrays of pointers into a recipe. Each Launch keeps one and fills
/// it anew for every start, so that starts allocate nothing once the arrays have grown. Valid while the
/// recipe lives. Pointers into an environment are kept, together with it, until a start has another: a service that is
/// called often has them made once.
class Arguments {
 public:
  /// `own` must live as long as what is filled in is used.
  void fill(const Recipe& recipe, std::string_view remote_host, const OwnWords& own = {});
  [[nodiscard]] const char* const* argv() const { return argv_.data(); }
  [[nodiscard]] const char* const* envp() const { return envp_.data(); }
  /// Where the child writes the digits of its pid, `pid_room` of them and a NUL at most; null when the recipe
  /// passes no descriptors. The memory is the daemon's, but nobody else touches this place: it belongs to
  /// the one Launch, which is used again when the child is through.
  [[nodiscard]] char* listen_pid() { return listen_pid_.empty() ? nullptr : &listen_pid_[listen_pid_name.size()]; }
  static constexpr std::size_t pid_room = 20;

 private:
  static constexpr std::string_view listen_pid_name = "LISTEN_PID=";
  void fill_environment(const base::SharedWords& environment);
  void put_remote_host(std::string_view remote_host);
  /// In place of the variable of that name, or as the last one.
  void put(const std::string& variable);
  void put_listen(const std::string& name);

  base::SharedWords environment_;
  std::vector<const char*> of_environment_;  ///< its words
  std::size_t remote_host_at_ = 0;           ///< REMOTE_HOST is this one of them; their number: it is not among them
  std::vector<const char*> argv_;
  std::vector<const char*> envp_;
  std::string remote_host_;   ///< "REMOTE_HOST=..."
  std::string listen_pid_;    ///< "LISTEN_PID=" and room
  std::string listen_names_;  ///< "LISTEN_FDNAMES=..."
};

}  // namespace xsuperd::spawn
