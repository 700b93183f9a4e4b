// SPDX-License-Identifier: MIT
// How xsuperctl fails. Internal to ctl.
#pragma once
#include <cstdio>
#include <string>

#include "xsuperd/base/error.hpp"
#include "xsuperd/control/message.hpp"
#include "xsuperd/ctl/run.hpp"

namespace xsuperd::ctl {

/// What is reported where, and in which form.
struct Voice {
  std::FILE* out;
  std::FILE* err;
  bool json = false;  ///< what fails is an object with `error` on `out`, too
};

/// Says it on `err`, fit for a terminal, and in JSON if wanted; returns `status`. `code` is for programs: what the daemon
/// has called it, or one of our own words, see docs/schema/error.json.
int fail(const Voice& voice, Exit status, std::string_view code, const std::string& sentence, const control::json::object& details = {});
/// What the daemon has refused, with what it found in the files.
int refused(const Voice& voice, const control::Failure& failure);
/// For a command line that makes no sense; `command` may be empty.
int usage(const Voice& voice, const std::string& sentence, std::string_view command = {});
/// A connection to the daemon that failed.
int unreached(const Voice& voice, const base::Error& error, const std::string& path);
[[nodiscard]] Exit status_of(const base::Error& error);
[[nodiscard]] std::string sentence_of(const base::Error& error, const std::string& path);

}  // namespace xsuperd::ctl
