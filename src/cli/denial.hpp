// SPDX-License-Identifier: MIT
// What a server was denied, and which attribute would allow it. Internal to cli; pure.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "xsuperd/config/confinement.hpp"

namespace xsuperd::cli {

/// One thing that a server tried in vain.
struct Denial {
  enum class Kind : std::uint8_t {
    call,     ///< a system call that the filter denies
    path,     ///< a file
    connect,  ///< a connection, or a datagram
    right,    ///< what takes a capability
  };
  Kind kind = Kind::call;
  std::string call = {};     ///< name of the system call
  std::string subject = {};  ///< the path; where it would connect; what else tells of the call; or empty. As the server wrote it
  int error = 0;             ///< errno
  std::uint64_t times = 1;

  bool kills = false;          ///< call: it ended the process
  bool service_lets = false;   ///< call: @service would not deny it
  bool writes = false;         ///< path: would change it
  bool on_host = false;        ///< path: the host has it, or the directory in which it would be made
  std::string at_least = {};   ///< path: the longest part of it that the host has
  std::uint16_t port = 0;      ///< connect: 0 where there is none
  int capability = -1;         ///< right: its number
};

/// Whom hints are for.
struct Denied {
  config::Confinement confinement;
  uid_t user = 0;
};

/// In the order in which they came; what is the same is counted. Not more than `most` different ones.
class DenialList {
 public:
  static constexpr std::size_t most = 200;
  void add(Denial denial);
  [[nodiscard]] const std::vector<Denial>& all() const { return all_; }
  /// How many found no room.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  std::vector<Denial> all_;
  std::uint64_t left_out_ = 0;
};

/// "denied: ptrace (3 times)"; fit for a terminal, without a line end.
[[nodiscard]] std::string denial_text(const Denial& denial);
/// A line of the configuration that would allow it; empty where none would, or nobody can tell.
[[nodiscard]] std::string hint(const Denial& denial, const Denied& who);
/// "sees the host's programs only; own /tmp, /dev, network; system calls @strict; no capabilities".
[[nodiscard]] std::string confinement_text(const config::Confinement& confinement);

}  // namespace xsuperd::cli
