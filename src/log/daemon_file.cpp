// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <iterator>

#include "log/file_output.hpp"

namespace xsuperd::log {

namespace {

class DaemonFile : public FileOutput {
 public:
  DaemonFile(base::Fd fd, const std::string& path, const Identity& who)
      : FileOutput(std::move(fd), "log file " + path),
        tag_(fmt::format("{}[{}]", who.program, who.pid)),
        critical_prefix_(fmt::format("{} ", who.pid)) {}

  Outcome write(const Line& line) override {
    std::string& out = buffer();
    fmt::format_to(std::back_inserter(out), "{} {}: {}: {}", stamp(line.when), tag_, level_word(line.level),
                   line.level == Level::critical ? critical_prefix_ : "");
    append_text(out, line.event);
    out += '\n';
    return append(out);
  }

 private:
  std::string tag_;
  std::string critical_prefix_;
};

class DebugOutput : public FileOutput {
 public:
  DebugOutput(base::Fd fd, pid_t pid) : FileOutput(std::move(fd), "the terminal"), pid_(pid) {}

  Outcome write(const Line& line) override {
    std::string& out = buffer();
    fmt::format_to(std::back_inserter(out), "{}: {}: {} ", stamp(line.when), level_word(line.level), pid_);
    append_text(out, line.event);
    out += '\n';
    return append(out);
  }

 private:
  pid_t pid_;
};

}  // namespace

base::Result<std::shared_ptr<Output>> open_daemon_file(const std::string& path, Identity who) {
  base::Result<base::Fd> fd = open_log_file(path);
  if (!fd) return fd.error();
  return std::shared_ptr<Output>(std::make_shared<DaemonFile>(std::move(*fd), path, who));
}

std::shared_ptr<Output> debug_output(base::Fd terminal, Identity who) {
  return std::make_shared<DebugOutput>(std::move(terminal), who.pid);
}

}  // namespace xsuperd::log
