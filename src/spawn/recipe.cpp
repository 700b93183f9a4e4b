// SPDX-License-Identifier: MIT
#include "xsuperd/spawn/recipe.hpp"

namespace xsuperd::spawn {

std::string_view step_text(Step step) {
  switch (step) {
    case Step::clone:
      return "making a process";
    case Step::descriptors:
      return "placing the connection on descriptors 0 to 2";
    case Step::session:
      return "starting a session";
    case Step::context:
      return "setting the security context";
    case Step::priority:
      return "setting the priority";
    case Step::limits:
      return "setting resource limits";
    case Step::groups:
      return "setting the supplementary groups";
    case Step::group:
      return "setting the group";
    case Step::user:
      return "setting the user";
    case Step::verify:
      return "verifying that the rights are given up";
    case Step::umask:
      return "setting the umask";
    case Step::directory:
      return "changing to the directory /";
    case Step::signals:
      return "unblocking signals";
    case Step::exec:
      return "executing the server";
  }
  return "starting the server";
}

}  // namespace xsuperd::spawn
