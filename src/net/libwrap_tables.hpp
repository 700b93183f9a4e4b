// SPDX-License-Identifier: MIT
// Whether hosts.allow and hosts.deny say anything at all. Internal to net.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "xsuperd/net/libwrap.hpp"

struct stat;

namespace xsuperd::net::wrap {

/// Whether a file of rules has a line that is neither blank nor a comment, or that libwrap might read otherwise than as
/// one line. Pure.
[[nodiscard]] bool any_rule(std::string_view text);

/// A file of rules, read again when it has changed. Loop thread; reads at most 64 KiB of a regular file and
/// never waits for a pipe or a device.
class TableFile {
 public:
  explicit TableFile(std::string path) : path_(std::move(path)) {}

  /// False when there is no such file, or nothing but blank lines and comments in it. When in doubt (it cannot be read,
  /// is not a regular file, is too long, has lines that libwrap would cut) true: then libwrap is asked.
  [[nodiscard]] bool has_rules();
  /// How often the file was opened.
  [[nodiscard]] unsigned reads() const { return reads_; }

 private:
  /// What tells one state of a file from another.
  struct Stamp {
    std::uint64_t device, inode;
    std::int64_t size, modified, changed;  // times in nanoseconds
    bool operator==(const Stamp&) const = default;
  };
  [[nodiscard]] static Stamp stamp_of(const struct stat& file);
  void read();

  std::string path_;
  std::optional<Stamp> known_;  ///< the state that has_rules_ is about
  bool has_rules_ = true;
  unsigned reads_ = 0;
};

class Tables {
 public:
  explicit Tables(const LibwrapTables& paths) : allow_(paths.allow), deny_(paths.deny) {}
  /// A first rule counts at the latest this long after it was written: so a thousand connections in that time
  /// cost no more looks at the files than one.
  static constexpr std::chrono::milliseconds notice{10};
  /// `now` on any steady clock.
  [[nodiscard]] bool have_rules(std::chrono::nanoseconds now) {
    if (none_until_ && now < *none_until_) return false;
    none_until_.reset();
    const bool some = allow_.has_rules() || deny_.has_rules();
    if (!some) none_until_ = now + notice;
    return some;
  }

 private:
  std::optional<std::chrono::nanoseconds> none_until_;
  TableFile allow_;
  TableFile deny_;
};

}  // namespace xsuperd::net::wrap
