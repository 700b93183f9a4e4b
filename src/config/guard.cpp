// SPDX-License-Identifier: MIT
#include "config/guard.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

namespace xsuperd::config {

std::string changeable_by(const Files::Status& status, const Files::Self& self, bool sticky_helps) {
  if (status.owner != 0 && status.owner != self.user) return fmt::format("the user {}", status.owner);
  if (sticky_helps && (status.mode & S_ISVTX) != 0) return {};
  if ((status.mode & S_IWOTH) != 0) return "everybody";
  // Root's group has no strangers in it; a user's own group is theirs.
  if ((status.mode & S_IWGRP) != 0 && status.group != 0 && (self.user == 0 || status.group != self.group))
    return fmt::format("the group {}", status.group);
  return {};
}

void Guard::file(const std::string& path) {
  look(path, false);
  look_at_ancestors(path);
}

void Guard::folder(const std::string& path) {
  look(path, false);
  look_at_ancestors(path);
}

/// Whoever may rename a folder on the way may put another in its place.
void Guard::look_at_ancestors(const std::string& path) {
  for (std::size_t slash = path.rfind('/'); slash != path.npos; slash = slash == 0 ? path.npos : path.rfind('/', slash - 1))
    look(slash == 0 ? "/" : path.substr(0, slash), true);
}

void Guard::look(const std::string& path, bool sticky_helps) {
  // One that was looked at as a folder on the way may come again as one that is read.
  if (seen_.contains({path, false}) || !seen_.insert({path, sticky_helps}).second) return;
  const auto status = files_.status(path);
  const std::string who = status ? changeable_by(*status, files_.self(), sticky_helps) : std::string{};
  if (who.empty() || !told_.insert(path).second) return;
  Diagnostic finding;
  finding.level = Level::warning;
  finding.place.file = path;
  finding.sentence = fmt::format("{} can be changed by {}, who can thus decide what the daemon runs", path, who);
  found_.push_back(finding.sentence);
  diagnostics_.add(std::move(finding));
}

}  // namespace xsuperd::config
