// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/control/schema/command.hpp"

/// What `xsuperctl try --json` prints. No daemon is asked: the program that runs the server prints it.
namespace xsuperd::control::attempt {

struct Kinds {
  static constexpr std::string_view call = "call", path = "path", connect = "connect", right = "right";
  static constexpr std::array all{call, path, connect, right};
};

struct Denied {
  Word<Kinds> kind;
  std::string call;
  std::string subject;
  std::string error;
  std::uint64_t times = 0;
  bool ended = false;
  std::optional<std::string> hint;
  static constexpr std::array notes{
      Note{"kind", "call: the filter denies that system call; path: a file could not be used; connect: a connection; right: it takes a "
                   "capability"},
      Note{"subject", "the path, or where it would connect; empty: there is none"}, Note{"error", "for a person"},
      Note{"ended", "the process was ended for it"}, Note{"hint", "a line of the configuration that would allow it"}};
};
BOOST_DESCRIBE_STRUCT(Denied, (), (kind, call, subject, error, times, ended, hint))

struct Attempt {
  std::string service;
  std::string server;
  std::string user;
  std::string confinement;
  int status = 0;
  std::optional<int> signal;
  bool traced = false;
  std::vector<Denied> denied;
  std::uint64_t left_out = 0;
  static constexpr std::array notes{Note{"confinement", "for a person"}, Note{"status", "the exit status; 128 and more: a signal ended it"},
                                    Note{"traced", "false: what was denied could not be found out"},
                                    Note{"left_out", "denials that did not fit into the list"}};
};
BOOST_DESCRIBE_STRUCT(Attempt, (), (service, server, user, confinement, status, signal, traced, denied, left_out))

}  // namespace xsuperd::control::attempt
