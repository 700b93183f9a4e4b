// SPDX-License-Identifier: MIT
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <string>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::spawn::testing {

/// A program whose exec takes as long as we like: we hold a lease on its file, and the kernel lets nobody else open
/// that before we have given it back (fcntl(2), F_SETLEASE).
class SlowProgram {
 public:
  explicit SlowProgram(const std::string& text = "#!/bin/sh\necho served\n") {
    {
      const base::Fd made(::mkstemp(path.data()));
      REQUIRE(::write(made.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
      REQUIRE(::fchmod(made.get(), 0755) == 0);
    }
    ::signal(SIGIO, SIG_IGN);
    lease_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    possible = ::fcntl(lease_.get(), F_SETLEASE, F_WRLCK) == 0;
    if (!possible) WARN("no leases on files in /tmp; nothing can be said of a slow exec");
  }
  ~SlowProgram() {
    go_on();
    ::unlink(path.c_str());
    ::signal(SIGIO, SIG_DFL);
  }
  void go_on() { ::fcntl(lease_.get(), F_SETLEASE, F_UNLCK); }  // closing is not enough: a child may have a copy

  std::string path = "/tmp/xsuperd-slow-XXXXXX";
  bool possible = false;

 private:
  base::Fd lease_;
};

}  // namespace xsuperd::spawn::testing
