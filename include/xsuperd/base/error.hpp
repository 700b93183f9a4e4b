// SPDX-License-Identifier: MIT
#pragma once
#include <boost/system/result.hpp>
#include <string>

namespace xsuperd::base {

/// Why something that may fail did fail, in words for the reader of the log.
struct Error {
  int code = 0;          ///< errno value, 0 where no system call is to blame
  std::string sentence;  ///< what was tried, on what, and why it failed; no final full stop
};

/// A value or an Error. Expected failures travel in it; exceptions are for bugs and exhausted memory.
template <typename T>
using Result = boost::system::result<T, Error>;

/// An Error for errno value `code`: "WHAT: No such file or directory (errno = 2)", the form in which xinetd
/// words system errors (fact B7.5).
[[nodiscard]] Error system_error(int code, std::string_view what);

/// The text for `%m` in xinetd's messages: "No such file or directory (errno = 2)". Thread safe.
[[nodiscard]] std::string errno_text(int code);

/// Called by boost::system::result when value() is asked of an error: a bug, hence an exception.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace xsuperd::base
