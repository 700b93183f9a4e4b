// SPDX-License-Identifier: MIT
// `try`: the daemon's program runs the server, since it has what confines one.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "ctl/commands.hpp"
#include "ctl/failure.hpp"

namespace xsuperd::ctl {

namespace {

/// Beside this program, or where the packages have it; empty: neither. Not by PATH: it is for root.
std::string daemon_program() {
  std::error_code wrong;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", wrong).parent_path();
  for (const auto& path : {own / "xsuperd", own.parent_path() / "sbin" / "xsuperd"})
    if (::access(path.c_str(), X_OK) == 0) return path.string();
  return {};
}

std::vector<std::string> words_of(const Arguments& a) {
  std::vector<std::string> words{"xsuperd", "--try", a.words.front()};
  if (a.file || a.inetd) words.insert(words.end(), {a.inetd ? "--inetd" : "-f", a.file.value_or("/etc/inetd.conf")});
  if (a.json) words.emplace_back("--json");
  if (a.words.size() == 1) return words;
  words.emplace_back("--");
  words.insert(words.end(), a.words.begin() + 1, a.words.end());
  return words;
}

}  // namespace

/// Returns only when it has failed.
Exit attempt(const Arguments& arguments, std::FILE* out, std::FILE* err) {
  const Voice voice{out, err, arguments.json};
  const std::string program = daemon_program();
  if (program.empty()) return static_cast<Exit>(fail(voice, Exit::failed, "failed", "can't find the program xsuperd, which runs the server"));
  std::vector<std::string> words = words_of(arguments);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::fflush(out);
  ::execv(program.c_str(), argv.data());
  return static_cast<Exit>(fail(voice, Exit::failed, "failed", base::system_error(errno, fmt::format("can't execute {}", program)).sentence));
}

}  // namespace xsuperd::ctl
