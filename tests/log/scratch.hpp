// SPDX-License-Identifier: MIT
#pragma once
#include <stdlib.h>
#include <time.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "xsuperd/log/output.hpp"

namespace xsuperd::log::test {

/// A directory that goes away with the test.
class Scratch {
 public:
  Scratch() {
    std::string pattern = std::filesystem::temp_directory_path() / "xsuperd-log-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// 2026-11-03 01:02:03, whatever the zone of the machine: a day and hours that show where numbers are padded.
inline base::WallTime sample_time(int more_seconds = 0) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  std::tm parts{};
  parts.tm_year = 126, parts.tm_mon = 10, parts.tm_mday = 3, parts.tm_hour = 1, parts.tm_min = 2,
  parts.tm_sec = 3;
  return std::chrono::system_clock::from_time_t(::timegm(&parts) + more_seconds);
}

inline Output::Line line(std::string_view text, Level level = Level::info) {
  return {level, sample_time(), text};
}

/// Everything an output has to say now.
inline std::vector<std::string> complaints(Output& output) {
  std::vector<std::string> texts;
  while (auto remark = output.take_complaint()) texts.push_back(remark->text);
  return texts;
}

}  // namespace xsuperd::log::test
