// SPDX-License-Identifier: MIT
// A directory for files of rules.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace xsuperd::net::testing {

/// Exists as long as the test.
class Scratch {
 public:
  Scratch() {
    std::string form = std::filesystem::temp_directory_path() / "xsuperd-net-XXXXXX";
    if (!::mkdtemp(form.data())) throw std::runtime_error("mkdtemp");
    path_ = form;
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ / name; }
  void put(const std::string& name, const std::string& text) const { std::ofstream(path_ / name) << text; }
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream file(path_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void open_to_all() const { std::filesystem::permissions(path_, std::filesystem::perms::all); }

 private:
  std::filesystem::path path_;
};

}  // namespace xsuperd::net::testing
