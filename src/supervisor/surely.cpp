// SPDX-License-Identifier: MIT
#include "supervisor/surely.hpp"

namespace xsuperd::supervisor {

void say_lost(const log::DaemonLog& log, const std::exception& bug) noexcept {
  try {
    log.error("internal error, operation abandoned: {}", bug.what());
  } catch (const std::exception&) {  // there is no memory to say so
  }
}

}  // namespace xsuperd::supervisor
