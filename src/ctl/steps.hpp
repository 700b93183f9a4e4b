// SPDX-License-Identifier: MIT
// What takes more than one question. Internal to ctl.
#pragma once
#include <optional>
#include <vector>

#include "ctl/commands.hpp"
#include "xsuperd/control/client.hpp"

namespace xsuperd::ctl {

/// A connection and what the daemon refused last.
class Conversation {
 public:
  explicit Conversation(control::Client& client) : client_(client) {}
  /// An error is a connection that failed; with `failure` set the answer is empty.
  [[nodiscard]] base::Result<void> ask(const control::Request& request, Answer& answer);
  std::optional<control::Failure> failure;

 private:
  control::Client& client_;
};

/// --persist: what is done to files and daemon before the command itself, so that it can be undone. What `set` sets is checked by
/// nobody but the daemon, so that the files are written afterwards.
class Persistence {
 public:
  Persistence(Conversation& daemon, const Arguments& arguments) : daemon_(daemon), arguments_(arguments) {}

  /// Writes the files of the services that are meant, all or none, and has the daemon read them where it does not serve
  /// one yet. Fails, or sets the conversation's `failure`, with everything as it was. For `set` it only finds out what to write.
  [[nodiscard]] base::Result<void> begin();
  /// The command has succeeded: writes the files for `set`, all or none. An Error says that it is in force all the same.
  [[nodiscard]] base::Result<void> finish();
  /// The command has failed: restores files and daemon as they were. Returns what cannot be restored, or empty.
  [[nodiscard]] std::string undo();

 private:
  struct File {
    std::string path, before, after;
  };
  [[nodiscard]] bool sets() const;
  [[nodiscard]] base::Result<std::vector<reply::ListRow>> entries();
  /// The text of a file with the entry on that line changed as the command says.
  [[nodiscard]] base::Result<std::string> changed(const std::string& text, int line, const std::string& name, const std::string& id) const;
  [[nodiscard]] base::Result<void> edit(const std::vector<reply::ListRow>& entries);
  [[nodiscard]] base::Result<void> write();
  [[nodiscard]] base::Result<void> reload();
  [[nodiscard]] std::string put_files_back();
  void put_standings_back();

  Conversation& daemon_;
  const Arguments& arguments_;
  std::vector<File> files_;
  std::size_t written_ = 0;      ///< of the files
  bool reloaded_ = false;
  std::vector<std::pair<std::string, std::string>> stood_;  ///< services that an administrator has made something of: id, state
};

/// --wait: until the services have no session left.
[[nodiscard]] base::Result<void> wait_for_end(Conversation& daemon, const Arguments& arguments);

}  // namespace xsuperd::ctl
