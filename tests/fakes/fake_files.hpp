// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "xsuperd/config/files.hpp"

namespace xsuperd::fakes {

/// A file system in maps. Directories are what the paths imply, and those in `directories`.
class FakeFiles final : public config::Files {
 public:
  std::map<std::string, std::string> texts;       ///< regular files
  std::set<std::string> programs{"/bin/server"};  ///< regular files that may be executed
  std::set<std::string> directories;
  std::set<std::string> others;      ///< FIFOs, devices, sockets
  std::set<std::string> unreadable;  ///< exist, but open(2) fails
  std::set<std::string> dangling;    ///< listed, but stat(2) fails: there is nothing
  std::set<std::string> failing;     ///< listed, but stat(2) fails: the device has an error
  std::map<std::string, Status> statuses;  ///< of all others: root's, and 0755
  std::vector<std::string> read_order;

  base::Result<std::string> read(const std::string& path) override {
    if (unreadable.count(path)) return base::system_error(EACCES, "open( " + path + " ) failed");
    if (is_directory(path)) return std::string{};
    const auto text = texts.find(path);
    if (text == texts.end()) return base::system_error(ENOENT, "open( " + path + " ) failed");
    read_order.push_back(path);
    return text->second;
  }

  base::Result<std::vector<std::string>> list(const std::string& path) override {
    if (!is_directory(path)) return base::system_error(ENOENT, "opendir( " + path + " ) failed");
    std::set<std::string> names;
    for (const auto& [file, text] : texts) add_child(names, path, file);
    for (const auto* paths : {&programs, &directories, &others, &unreadable, &dangling, &failing})
      for (const std::string& other : *paths) add_child(names, path, other);
    return std::vector<std::string>(names.rbegin(), names.rend());  // an order that nobody may rely on
  }

  base::Result<Kind> kind(const std::string& path) override {
    if (texts.count(path) || programs.count(path) || unreadable.count(path)) return Kind::regular;
    if (is_directory(path)) return Kind::directory;
    if (others.count(path)) return Kind::other;
    if (failing.count(path)) return base::system_error(EIO, "stat( " + path + " ) failed");
    return base::system_error(ENOENT, "stat( " + path + " ) failed");
  }

  base::Result<Status> status(const std::string& path) override {
    const auto found = statuses.find(path);
    return found == statuses.end() ? Status{} : found->second;
  }

  bool executable(const std::string& path) override { return programs.count(path) > 0 || is_directory(path); }

 private:
  static void add_child(std::set<std::string>& names, const std::string& directory, const std::string& path) {
    if (path.size() <= directory.size() + 1 || !path.starts_with(directory + "/")) return;
    const std::string rest = path.substr(directory.size() + 1);
    names.insert(rest.substr(0, rest.find('/')));
  }

  [[nodiscard]] bool is_directory(const std::string& path) const {
    if (directories.count(path)) return true;
    return std::any_of(texts.begin(), texts.end(),
                       [&](const auto& one) { return one.first.starts_with(path + "/"); });
  }
};

}  // namespace xsuperd::fakes
