// SPDX-License-Identifier: MIT
// The two notations of inetd.conf, taken apart into the fields of a service; what the fields mean is not known here.
// Internal to config.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/config/diagnostic.hpp"
#include "xsuperd/config/inetd.hpp"

namespace xsuperd::config::inetd {

using Lines = std::vector<std::string>;

/// A word and where it begins, both counted from 1.
struct Field {
  std::string text;
  int line = 0;
  int column = 0;
  /// A part of it.
  [[nodiscard]] Field part(std::size_t from, std::size_t count = std::string::npos) const {
    return {text.substr(from, count), line, column + static_cast<int>(from)};
  }
};

/// One file, and where to report about it.
struct Source {
  std::string file;
  std::shared_ptr<const Lines> lines;
  Diagnostics* diagnostics = nullptr;
  bool off = false;  ///< what is reported is about a service that is switched off: a note

  [[nodiscard]] const std::string& line(int number) const;
  void report(Level level, const Field& at, std::string sentence, std::string suggestion = {}) const;
  /// An error: what stands there is understood, but not served here.
  void report_unserved(const Field& at, std::string sentence, std::string suggestion = {}) const;
};

/// One service, in whichever notation. Fields that are missing have no text.
struct Definition {
  Source source;
  std::string addresses;  ///< of a line "ADDRESS:" that is in force; empty: none
  Field spec;             ///< [ADDRESS:]SERVICE
  Field socket_type, protocol, wait, user, server;
  std::vector<Field> arguments;
  Field address_most;  ///< NetBSD's ip_max: starts for one address in a minute
  Field receive_buffer, send_buffer;  ///< NetBSD's recvbuf and sndbuf: sizes
  bool off = false;     ///< NetBSD, and turned off by Debian's update-inetd: defined and not to be served
  bool broken = false;  ///< a fault was reported
};

/// All definitions of a file in their order.
struct Definitions {
  std::vector<Definition> all;
  bool unclear = false;  ///< an error made it uncertain where definitions begin and end
};
[[nodiscard]] Definitions read_definitions(std::string_view text, const std::string& file, const InetdStyle& style,
                                           Diagnostics& diagnostics);

/// Takes a line apart at blanks. An argument may stand in single or double quotes, which then are its first and its last
/// character. False after a fault was reported.
[[nodiscard]] bool split_fields(const Source& source, std::string_view text, int line, std::vector<Field>& fields);

/// Where a reader stands in a file: the next character is `column` of `line`, both counted from 0.
struct Position {
  std::size_t line = 0;
  std::size_t column = 0;
};
/// NetBSD's notation: SERVICE on|off KEY = VALUE ..., KEY = VALUE ... ; over as many lines as it takes. `at` stands
/// behind on or off, and is then behind the semicolon. False when there was no end to it.
[[nodiscard]] bool read_keys(Definition& definition, Position& at);

}  // namespace xsuperd::config::inetd
