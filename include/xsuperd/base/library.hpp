// SPDX-License-Identifier: MIT
#pragma once
#include <mutex>
#include <optional>
#include <string>

#include "xsuperd/base/error.hpp"

/// Shared libraries that few configurations need. They are loaded when one does for the first time, so that all others
/// pay nothing for them: no start-up time, and no memory for their relocations and those of what they pull in.
namespace xsuperd::base {

/// One loaded library (dlopen(3)): bound at once, its names kept from other libraries. Not tied to a thread.
class Library {
 public:
  /// `file` is the name that the linker would look for, "libtirpc.so.3". Blocks on files. The error names it.
  [[nodiscard]] static Result<Library> load(const char* file);
  /// Unloads it, unless keep() was called. Nothing that came from it may be used any more.
  ~Library();
  Library(Library&& other) noexcept;
  Library& operator=(Library&&) = delete;

  /// Points `what` to the function or variable of that name; to null, which found_all() remembers, when there is none.
  template <typename What>
  Library& find(const char* name, What*& what) {
    what = reinterpret_cast<What*>(address(name));
    return *this;
  }
  /// An error that names what was not found first.
  [[nodiscard]] Result<void> found_all() const;
  /// For the rest of the process: most libraries do not take well to being unloaded.
  void keep() { handle_ = nullptr; }

 private:
  Library(void* handle, const char* file) : handle_(handle), file_(file) {}
  [[nodiscard]] void* address(const char* name);

  void* handle_;
  const char* file_;
  std::string missing_;
};

/// A table of what is used of one library. `Functions` has a constant `file`, and a member find(Library&) that looks up
/// each of its pointers, whose types come from the library's header: `decltype(&::clnt_vc_create) create;`.
template <typename Functions>
[[nodiscard]] Result<Functions> find_functions(Library& library) {
  Functions functions{};
  functions.find(library);
  if (auto found = library.found_all(); !found) return found.error();
  return functions;
}

/// The same from the library that is loaded on the first call, and stays. What failed is tried again by the next call:
/// the library may have been installed meanwhile. Blocks on files as long as it is not loaded; thread safe.
template <typename Functions>
[[nodiscard]] Result<const Functions*> loaded_functions() {
  static std::mutex mutex;
  static std::optional<Functions> loaded;
  const std::lock_guard lock(mutex);
  if (loaded) return &*loaded;
  auto library = Library::load(Functions::file);
  if (!library) return library.error();
  auto functions = find_functions<Functions>(*library);
  if (!functions) return functions.error();
  library->keep();
  loaded = *functions;
  return &*loaded;
}

}  // namespace xsuperd::base
