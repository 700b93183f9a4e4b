// SPDX-License-Identifier: MIT
// What words there are to choose from. Internal to ctl.
#pragma once
#include <string>
#include <vector>

#include "xsuperd/config/files.hpp"

namespace xsuperd::ctl {

/// One word that could stand there.
struct Candidate {
  std::string word;
  std::string text;  ///< what it means; may be empty
  bool operator==(const Candidate&) const = default;
};
using Candidates = std::vector<Candidate>;

/// Where the names of things come from: the running daemon. The seam of `complete`.
class Things {
 public:
  virtual ~Things() = default;
  virtual Candidates services() = 0;
  virtual Candidates sessions() = 0;
  virtual Candidates peers() = 0;   ///< of the sessions
  virtual Candidates banned() = 0;
};

/// Ids, with what they stand for, of the entries in a configuration and in what it includes; each once. Nothing is looked
/// up, so that it takes no time. What cannot be read is left out.
[[nodiscard]] Candidates services_in(config::Files& files, const std::string& path);

/// What the last of `words`, which may be empty, could be; those before it are complete. The words are those behind
/// "xsuperctl". Pure but for `things`. A word ":files" or ":directories" means that the shell knows better.
[[nodiscard]] Candidates candidates(const std::vector<std::string>& words, Things& things);

}  // namespace xsuperd::ctl
