// SPDX-License-Identifier: MIT
#include <cerrno>
#include <new>
#include <system_error>

#include "xsuperd/loop/off_loop.hpp"

namespace xsuperd::loop {

namespace {

base::Error told(int code, const char* what) noexcept {
  try {
    return {code, what};
  } catch (const std::exception&) {
    return {code, {}};  // an empty sentence needs no memory
  }
}

}  // namespace

base::Error error_of(const std::exception_ptr& exception) noexcept {
  try {
    std::rethrow_exception(exception);
  } catch (const std::bad_alloc&) {
    return told(ENOMEM, "out of memory");
  } catch (const std::system_error& error) {
    return told(error.code().value(), error.what());
  } catch (const std::exception& error) {
    return told(0, error.what());
  } catch (...) {
    return told(0, "an internal error");
  }
}

}  // namespace xsuperd::loop
