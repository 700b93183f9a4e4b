// SPDX-License-Identifier: MIT
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/config/files.hpp"
#include "xsuperd/config/names.hpp"
#include "xsuperd/convert/convert.hpp"

/// The seams through which the loader sees a conversion: what is converted need not run on this machine.
namespace xsuperd::convert {

/// Texts held in memory, and behind them a file system if there is one. Every program exists unless it is said
/// otherwise: what is not there is a regular file, which yet cannot be read.
class StagedFiles final : public config::Files {
 public:
  explicit StagedFiles(config::Files* behind = nullptr) : behind_(behind) {}

  std::map<std::string, std::string> texts;  ///< by path; what was read from behind is added
  /// What becomes of a text that was read from behind; null: nothing.
  std::string (*revise)(const std::string& text, const std::string& path) = nullptr;
  bool programs_exist = true;  ///< or those that are behind

  base::Result<std::string> read(const std::string& path) override;
  base::Result<std::vector<std::string>> list(const std::string& path) override;
  base::Result<Kind> kind(const std::string& path) override;
  base::Result<Status> status(const std::string& path) override;
  bool executable(const std::string& path) override;

 private:
  config::Files* behind_;
};

/// A file system that is watched: has anything been read that not everybody may read?
class WatchedFiles final : public config::Files {
 public:
  explicit WatchedFiles(config::Files& real) : real_(real) {}

  base::Result<std::string> read(const std::string& path) override;
  base::Result<std::vector<std::string>> list(const std::string& path) override { return real_.list(path); }
  base::Result<Kind> kind(const std::string& path) override { return real_.kind(path); }
  base::Result<Status> status(const std::string& path) override { return real_.status(path); }
  bool executable(const std::string& path) override { return real_.executable(path); }

  /// The first such file; empty when there was none.
  [[nodiscard]] const std::string& secret() const { return secret_; }

 private:
  config::Files& real_;
  std::string secret_;
};

/// The machine's names, and invented numbers for users and groups that it does not have, and for more if asked. A user
/// with a dot in its name is not invented: it may be USER.GROUP.
class AssumedNames final : public config::Names {
 public:
  struct Options {
    bool ports = false;  ///< of services and RPC programs: where they are not written
    bool hosts = false;  ///< addresses: where names are all that is looked at
  };
  AssumedNames(config::Names& real, Options options) : real_(real), options_(options) {}

  std::optional<UserEntry> user(const std::string& name) override;
  std::optional<UserEntry> user(uid_t uid) override;
  std::optional<gid_t> group(const std::string& name) override;
  std::vector<gid_t> groups_of(const std::string& user, gid_t gid) override;
  std::optional<std::uint16_t> service_port(const std::string& name, const std::string& protocol) override;
  std::optional<int> protocol(const std::string& name) override { return real_.protocol(name); }
  std::optional<std::uint32_t> rpc_number(const std::string& name) override;
  std::optional<std::uint32_t> network(const std::string& name) override { return real_.network(name); }
  std::vector<base::Address> host(const std::string& name) override;
  bool system_call(const std::string& name) override { return real_.system_call(name); }
  /// The real one, and the variables of assume_variable().
  const std::vector<std::string>& environment() override { return environment_ ? *environment_ : real_.environment(); }
  /// Adds a variable that a daemon may have, though whoever converts does not.
  void assume_variable(const std::string& name);

 private:
  /// The same number each time a name of that kind is asked for.
  [[nodiscard]] std::uint32_t invented(char kind, const std::string& name);

  config::Names& real_;
  const Options options_;
  std::map<std::pair<char, std::string>, std::uint32_t> invented_;
  std::optional<std::vector<std::string>> environment_;
};

/// Which of these files of an includedir would have an entry refused, and why; by their names. All are read together,
/// as they would be. `files`: of the machine; null: every program exists.
[[nodiscard]] std::map<std::string, std::string> refused_entries(const std::vector<File>& entries, config::Files* files,
                                                                 config::Names& names);

}  // namespace xsuperd::convert
