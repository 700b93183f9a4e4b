// SPDX-License-Identifier: MIT
#include "xsuperd/base/library.hpp"

#include <dlfcn.h>

#include <utility>

namespace xsuperd::base {

namespace {

/// The linker begins with the name of the file most of the time.
Error not_loaded(const char* file) {
  const char* why = ::dlerror();
  return {0, std::string(file) + " cannot be loaded: " + (why ? why : "no reason given")};
}

}  // namespace

Result<Library> Library::load(const char* file) {
  void* handle = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!handle) return not_loaded(file);
  return Library(handle, file);
}

Library::Library(Library&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), file_(other.file_), missing_(std::move(other.missing_)) {}

Library::~Library() {
  if (handle_) ::dlclose(handle_);
}

void* Library::address(const char* name) {
  void* found = ::dlsym(handle_, name);
  if (!found && missing_.empty()) missing_ = name;
  return found;
}

Result<void> Library::found_all() const {
  if (missing_.empty()) return {};
  return Error{0, std::string(file_) + " has no " + missing_};
}

}  // namespace xsuperd::base
