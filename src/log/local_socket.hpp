// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::log {

/// A connection to the socket of a syslog daemon or of the journal. Never waits longer than a tenth of a second.
class LocalSocket {
 public:
  enum class Kind : std::uint8_t {
    datagrams,
    either,  ///< datagrams or a stream, as a syslog daemon likes it; it gets the beginning of a message that is too long
  };
  LocalSocket(std::string path, Kind kind) : path_(std::move(path)), kind_(kind) {}

  /// Sends one message; 0 or an errno value. After EAGAIN the same message must be given again.
  int send(std::string_view message);

 private:
  int open(int type);
  int connect();
  int send_connected(std::string_view message);
  int send_rest(std::string_view rest);
  void close();

  std::string path_;
  Kind kind_;
  base::Fd fd_;
  bool stream_ = false;
  std::size_t done_ = 0;  ///< how much of the message a stream has taken already
};

}  // namespace xsuperd::log
