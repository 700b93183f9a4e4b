// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <vector>

#include "xsuperd/base/error.hpp"

namespace xsuperd::config {

/// What the loader may do with the file system: one of its two seams. May block; called off the loop once the daemon
/// runs. The fake of the tests is a map.
class Files {
 public:
  virtual ~Files() = default;
  enum class Kind : unsigned char { regular, directory, other };
  /// The whole contents.
  [[nodiscard]] virtual base::Result<std::string> read(const std::string& path) = 0;
  /// The names in a directory, in no order, without "." and "..".
  [[nodiscard]] virtual base::Result<std::vector<std::string>> list(const std::string& path) = 0;
  /// What the path leads to, symbolic links followed.
  [[nodiscard]] virtual base::Result<Kind> kind(const std::string& path) = 0;
  /// Whose it is, and who may do what with it; symbolic links followed.
  struct Status {
    unsigned mode = 0755;  ///< as st_mode of stat(2)
    unsigned owner = 0;
    unsigned group = 0;
  };
  [[nodiscard]] virtual base::Result<Status> status(const std::string& path) = 0;
  /// The effective user and group of this process.
  struct Self {
    unsigned user = 0;
    unsigned group = 0;
  };
  [[nodiscard]] virtual Self self() { return {}; }
  /// May the daemon's real user execute it (access(2), fact B2.50)?
  [[nodiscard]] virtual bool executable(const std::string& path) = 0;
};

/// The real file system.
class SystemFiles final : public Files {
 public:
  base::Result<std::string> read(const std::string& path) override;
  base::Result<std::vector<std::string>> list(const std::string& path) override;
  base::Result<Kind> kind(const std::string& path) override;
  base::Result<Status> status(const std::string& path) override;
  Self self() override;
  bool executable(const std::string& path) override;
};

}  // namespace xsuperd::config
