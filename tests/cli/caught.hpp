// SPDX-License-Identifier: MIT
#pragma once
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "xsuperd/base/fd.hpp"

namespace xsuperd::cli::test {

/// Sends a descriptor into a file as long as it lives.
class Caught {
 public:
  Caught(int fd, std::string path) : fd_(fd), saved_(::fcntl(fd, F_DUPFD_CLOEXEC, 3)) {
    const base::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    std::fflush(nullptr);
    ::dup2(file.get(), fd_);
  }
  ~Caught() {
    std::fflush(nullptr);
    ::dup2(saved_.get(), fd_);
  }
  Caught(const Caught&) = delete;
  Caught& operator=(const Caught&) = delete;

 private:
  int fd_;
  base::Fd saved_;
};

}  // namespace xsuperd::cli::test
