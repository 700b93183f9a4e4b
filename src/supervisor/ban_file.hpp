// SPDX-License-Identifier: MIT
// The file in which bans last. Internal to supervisor.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "supervisor/ban_merge.hpp"
#include "supervisor/file_work.hpp"
#include "xsuperd/log/daemon_log.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/policy/ban_list.hpp"

namespace xsuperd::supervisor {

/// Keeps ban_file: adds a line for each change of the list of bans, and writes it anew, under another name that is changed in
/// the end, when it is twice as long as it need be. All off the loop, one piece after the other. What could not be written is
/// still in the list: then the file is written anew as soon as that is possible, with growing pauses. Loop thread only.
class BanFile {
 public:
  /// All outlive it. `now` is the clock that bans go by. `on_merged` is called when another file has come to the list.
  BanFile(FileWork& files, policy::BanList& bans, policy::BansBehind& behind, const std::function<base::Moment()>& now, const log::DaemonLog& log,
          std::function<void()> on_merged = [] {});

  /// At the start: reads the file before it returns. An empty path: there is none.
  void open(const std::string& path);
  /// In another image, where nothing need be read. `lines` and `behind` are those of the image before.
  void go_on(const std::string& path, std::uint64_t lines, bool behind);
  /// The configuration names another file, or none any more: reads it, without holding anybody up, and goes on there. What is
  /// banned stays so, for the longer of both times.
  void use(const std::string& path);

  /// That one has been banned, by us behind somebody else too, for longer than before, or no more.
  void changed(const policy::Network& peer);

  /// Why it lags behind; nothing: it does not.
  [[nodiscard]] const std::optional<std::string>& trouble() const { return trouble_; }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  /// Is there anything in it that is not in the list, because it is being read, or could not be?
  [[nodiscard]] bool unread() const { return merge_ || (path_.empty() && trouble_); }
  /// Is there anything to be done yet: does anything stand in the list and not in the file, or is its last line torn?
  [[nodiscard]] bool behind() const { return behind_ || merge_ || busy_ > 0 || !pending_.empty() || (!ended_ && !path_.empty()); }

  /// At the end of the daemon, when all work with files is done: writes what is still to be written, before it returns. A file
  /// that was being read is read to its end before. Says what has failed.
  void finish();

 private:
  struct Bans {
    policy::BanList& list;
    policy::BansBehind& behind;
  };
  struct Rewriting {
    policy::BanList::Cursor cursor{};
    std::shared_ptr<base::Fd> to = {};  ///< the file that is written; nothing: not begun
    std::uint64_t lines = 0;
    std::string after = {};  ///< lines about what has changed meanwhile
  };
  [[nodiscard]] BanTimes times() const { return {now_(), std::chrono::system_clock::now()}; }
  [[nodiscard]] std::string line_of(const policy::Network& peer) const;
  void tell(const BanFileReading& reading) const;
  void read_other();
  void merge();
  void leave_alone(const std::string& why);
  [[nodiscard]] base::Result<void> write_all_now();

  void next();
  void append();
  void rewrite();
  void rewritten(std::uint64_t lines);
  void written(const base::Result<void>& outcome);
  void failed(const std::string& why);
  /// Does `work` off the loop, and then calls `then` on it, unless we are gone or `attempt_` is another one by then; says that
  /// we are behind where it cannot.
  template <typename Work, typename Then>
  void off_loop(Work work, Then then);

  FileWork& files_;
  const Bans bans_;
  const std::function<base::Moment()> now_;  ///< asks the clock that it was given
  const log::DaemonLog& log_;
  const std::function<void()> on_merged_;
  loop::Alarm again_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);

  std::string path_;
  std::string pending_;     ///< lines to be added
  std::uint64_t lines_ = 0; ///< in the file, and pending
  std::optional<Rewriting> rewriting_;
  std::optional<std::string> trouble_;
  std::chrono::milliseconds pause_;
  std::uint64_t attempt_ = 0;  ///< changes with the file, and when one has failed: what was begun before is of no use
  std::optional<BanMerge> merge_;  ///< another file is being read, and comes to the list
  unsigned busy_ = 0;     ///< so much is on its way to a thread and back
  bool behind_ = false;   ///< the file is to be written anew
  bool ended_ = true;     ///< its last line has an end
};

}  // namespace xsuperd::supervisor
