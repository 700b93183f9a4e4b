// SPDX-License-Identifier: MIT
// How xsuperctl fails. Internal to ctl.
#pragma once
#include <cstdio>
#include <string>

#include "xsuperd/base/error.hpp"
#include "xsuperd/ctl/run.hpp"

namespace xsuperd::ctl {

/// Says it on `err`, fit for a terminal; returns `status`.
int fail(std::FILE* err, Exit status, const std::string& sentence);
/// The same for a command line that makes no sense.
int usage(std::FILE* err, const std::string& sentence);
/// Of a connection to the daemon that failed.
[[nodiscard]] Exit status_of(const base::Error& error);
[[nodiscard]] std::string sentence_of(const base::Error& error, const std::string& path);

}  // namespace xsuperd::ctl
