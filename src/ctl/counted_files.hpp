// SPDX-License-Identifier: MIT
// Files that are counted as they are read. Internal to ctl.
#pragma once
#include "ctl/progress.hpp"
#include "xsuperd/config/files.hpp"

namespace xsuperd::ctl {

/// The real file system, for whoever waits until all of it has been read.
class CountedFiles final : public config::Files {
 public:
  explicit CountedFiles(Progress& progress) : progress_(progress) {}

  base::Result<std::string> read(const std::string& path) override {
    progress_.count();
    return real_.read(path);
  }
  base::Result<std::vector<std::string>> list(const std::string& path) override { return real_.list(path); }
  base::Result<Kind> kind(const std::string& path) override { return real_.kind(path); }
  base::Result<Status> status(const std::string& path) override { return real_.status(path); }
  Self self() override { return real_.self(); }
  bool executable(const std::string& path) override { return real_.executable(path); }

 private:
  Progress& progress_;
  config::SystemFiles real_;
};

}  // namespace xsuperd::ctl
