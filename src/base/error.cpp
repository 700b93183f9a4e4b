// SPDX-License-Identifier: MIT
#include "xsuperd/base/error.hpp"

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>

namespace xsuperd::base {

std::string errno_text(int code) {
  char buffer[128];
  return fmt::format("{} (errno = {})", ::strerror_r(code, buffer, sizeof buffer), code);
}

Error system_error(int code, std::string_view what) {
  return {code, fmt::format("{}: {}", what, errno_text(code))};
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::logic_error(fmt::format("{}:{}: unhandled error: {}", where.file_name(), where.line(), error.sentence));
}

}  // namespace xsuperd::base
