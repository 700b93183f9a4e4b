// SPDX-License-Identifier: MIT
#include "ctl/failure.hpp"

#include <fmt/format.h>

#include <cerrno>

#include "ctl/table.hpp"

namespace xsuperd::ctl {

int fail(std::FILE* err, Exit status, const std::string& sentence) {
  fmt::print(err, "xsuperctl: {}\n", fit_for_terminal(sentence));
  return static_cast<int>(status);
}

Exit status_of(const base::Error& error) {
  return error.code == ENOENT || error.code == ECONNREFUSED || error.code == ENOTDIR ? Exit::no_daemon : Exit::failed;
}

std::string sentence_of(const base::Error& error, const std::string& path) {
  if (status_of(error) == Exit::no_daemon)
    return fmt::format("no daemon answers at {}: is xsuperd running, and with this control socket?", path);
  if (error.code == EACCES)
    return fmt::format("you may not use {}: it is for root, for the daemon's user and for the group of --control-group", path);
  return error.sentence;
}

int usage(std::FILE* err, const std::string& sentence) {
  return fail(err, Exit::usage, sentence + "; xsuperctl --help tells more");
}

}  // namespace xsuperd::ctl
