// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "log/remarking_output.hpp"
#include "log/stamp.hpp"

// Why not syslog(3): it does not tell whether a message arrived, so nothing could be kept and offered again;
// it knows one tag and one facility for the whole process; and it holds a lock while it blocks on the socket,
// so that a syslog daemon that hangs would stop whoever logs next.

namespace xsuperd::log {

namespace {

constexpr std::size_t longest_message = 8192;
constexpr std::size_t safe_message = 1024;  // what RFC 3164 says that every receiver takes
constexpr int patience_ms = 100;
constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// "Nov  3 01:27:13". Not by strftime(3): the names of months must not follow the locale.
std::string syslog_stamp(base::WallTime when) {
  const base::LocalTime t = base::local_time(when);
  return fmt::format("{} {:2} {:02}:{:02}:{:02}", months.at(static_cast<std::size_t>(t.month - 1)), t.day,
                     t.hour, t.minute, t.second);
}

/// A connection to the socket of a syslog daemon, datagrams or a stream, as that daemon likes it.
class SyslogSocket {
 public:
  explicit SyslogSocket(std::string path) : path_(std::move(path)) {}

  /// Sends one message; 0 or an errno value. After EAGAIN the same message must be given again.
  int send(std::string_view message);

 private:
  int open(int type);
  int connect();
  int send_connected(std::string_view message);
  int send_rest(std::string_view rest);
  void close();

  std::string path_;
  base::Fd fd_;
  bool stream_ = false;
  std::size_t done_ = 0;  ///< how much of the message a stream has taken already
};

int SyslogSocket::open(int type) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path_.size() >= sizeof to.sun_path) return ENAMETOOLONG;
  std::copy(path_.begin(), path_.end(), to.sun_path);
  base::Fd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno;
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return errno;
  fd_ = std::move(fd);
  stream_ = type == SOCK_STREAM;
  return 0;
}

int SyslogSocket::connect() {
  const int code = open(SOCK_DGRAM);
  return code == EPROTOTYPE ? open(SOCK_STREAM) : code;
}

void SyslogSocket::close() {
  fd_.reset();
  done_ = 0;
}

int SyslogSocket::send_rest(std::string_view rest) {
  while (true) {
    const ssize_t count = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      if (!stream_ || static_cast<std::size_t>(count) == rest.size()) return 0;
      done_ += static_cast<std::size_t>(count);
      rest.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    const int code = errno;
    pollfd waiting{fd_.get(), POLLOUT, 0};
    // The daemon behind the socket may be busy for a moment; one that takes nothing at all must not hold up
    // others.
    if (code == EINTR || (code == EAGAIN && ::poll(&waiting, 1, patience_ms) > 0)) continue;
    return code;
  }
}

int SyslogSocket::send_connected(std::string_view message) {
  if (!stream_) {
    const int code = send_rest(message);
    return code == EMSGSIZE ? send_rest(message.substr(0, safe_message)) : code;
  }
  // In a stream a NUL ends a message: the text comes from us as a std::string, so there is one behind it.
  const int code = send_rest(std::string_view(message.data() + done_, message.size() + 1 - done_));
  if (code == 0) done_ = 0;
  return code;
}

int SyslogSocket::send(std::string_view message) {
  const bool fresh = !fd_;
  int code = fresh ? connect() : 0;
  if (code == 0) code = send_connected(message);
  if (code == 0 || code == EAGAIN) return code;
  close();
  if (fresh) return code;
  // The connection was of some age: most likely the daemon was restarted since.
  code = connect();
  if (code == 0) code = send_connected(message);
  if (code != 0 && code != EAGAIN) close();
  return code;
}

class SyslogOutput : public RemarkingOutput {
 public:
  SyslogOutput(const Identity& who, int facility, int fixed_level, const std::string& path)
      : RemarkingOutput("syslog socket " + path),
        tag_(fmt::format("{}[{}]: ", who.program, who.pid)),
        critical_prefix_(fmt::format("{} ", who.pid)),
        facility_(facility),
        fixed_level_(fixed_level),
        socket_(path) {}

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
  SyslogSocket socket_;
  Stamp stamp_{syslog_stamp};
  std::string message_;
};

}  // namespace

std::shared_ptr<Output> syslog_output(Identity who, int facility, int fixed_level, std::string path) {
  return std::make_shared<SyslogOutput>(who, facility, fixed_level, path);
}

}  // namespace xsuperd::log
