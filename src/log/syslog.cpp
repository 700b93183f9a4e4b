// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <syslog.h>

#include <array>
#include <iterator>

#include "log/local_socket.hpp"
#include "log/remarking_output.hpp"
#include "log/stamp.hpp"

// Why not syslog(3): it does not tell whether a message arrived, so nothing could be kept and offered again;
// it knows one tag and one facility for the whole process; and it holds a lock while it blocks on the socket,
// so that a syslog daemon that hangs would stop whoever logs next.

namespace xsuperd::log {

namespace {

constexpr std::size_t longest_message = 8192;
constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// "Nov  3 01:27:13". Not by strftime(3): the names of months must not follow the locale.
std::string syslog_stamp(base::WallTime when) {
  const base::LocalTime t = base::local_time(when);
  return fmt::format("{} {:2} {:02}:{:02}:{:02}", months.at(static_cast<std::size_t>(t.month - 1)), t.day,
                     t.hour, t.minute, t.second);
}

class SyslogOutput : public RemarkingOutput {
 public:
  SyslogOutput(const Identity& who, int facility, int fixed_level, const std::string& path)
      : RemarkingOutput("syslog socket " + path),
        tag_(fmt::format("{}[{}]: ", who.program, who.pid)),
        critical_prefix_(fmt::format("{} ", who.pid)),
        facility_(facility),
        fixed_level_(fixed_level),
        socket_(path, LocalSocket::Kind::either) {}

  Outcome write(const Line& line) override {
    const int level = fixed_level_ >= 0 ? fixed_level_ : syslog_level(line.level);
    message_.clear();
    fmt::format_to(std::back_inserter(message_), "<{}>{} {}{}", facility_ | level, stamp_.at(line.when), tag_,
                   line.level == Level::critical ? critical_prefix_ : "");
    append_text(message_, line.event);
    if (message_.size() > longest_message) message_.resize(longest_message);
    const int code = socket_.send(message_);
    return code == 0 ? succeeded() : failed(code);
  }

 private:
  std::string tag_;
  std::string critical_prefix_;
  int facility_;
  int fixed_level_;
  LocalSocket socket_;
  Stamp stamp_{syslog_stamp};
  std::string message_;
};

}  // namespace

std::shared_ptr<Output> syslog_output(Identity who, int facility, int fixed_level, std::string path) {
  return std::make_shared<SyslogOutput>(who, facility, fixed_level, path);
}

}  // namespace xsuperd::log
