// SPDX-License-Identifier: MIT
// The command line of xsuperctl. Internal to ctl.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/error.hpp"

namespace xsuperd::ctl {

struct Arguments {
  std::string socket;
  bool json = false;
  bool help = false;
  bool version = false;
  bool all = false;
  bool hold = false;
  bool persist = false;
  bool strict = false;
  bool wait = false;
  bool inetd = false;
  bool as_xinetd = false;
  bool once = false;
  bool follow = false;
  bool reset = false;
  std::optional<std::string> file;
  std::optional<std::string> interval;
  std::optional<std::string> sort;
  std::optional<std::string> at;
  std::optional<std::string> via;
  std::optional<std::string> last;
  std::optional<std::string> service;
  std::optional<std::string> cert;
  std::optional<std::string> peer;
  std::optional<std::string> reason;
  std::optional<std::string> signal;
  std::optional<std::string> warning;
  std::optional<std::string> critical;
  std::optional<std::string> recent;
  std::optional<std::string> timeout;
  std::vector<std::string> given;  ///< the names of the options that were given
  std::vector<std::string> line;   ///< all words, as they were given
  std::string command;
  std::vector<std::string> words;  ///< of the command
};

/// Options may stand anywhere; "--" ends them. Without --socket the socket is that of control::path_to_ask().
[[nodiscard]] base::Result<Arguments> parse_arguments(const std::vector<std::string>& words);
/// Does a command line, which may make no sense, ask for an answer in JSON?
[[nodiscard]] bool wants_json(const std::vector<std::string>& words);
/// A sentence about an option that the command does not take, nor the one that `watch` is to repeat; empty when there is none.
[[nodiscard]] std::string misplaced_option(const Arguments& arguments);

}  // namespace xsuperd::ctl
