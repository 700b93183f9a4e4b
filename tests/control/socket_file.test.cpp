// SPDX-License-Identifier: MIT
#include "xsuperd/control/socket_file.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

using namespace xsuperd;

namespace {

/// Sets a variable of the environment, or takes it away, until it goes.
class Variable {
 public:
  Variable(const char* name, const std::string* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Variable() { set(before_ ? &*before_ : nullptr); }

 private:
  void set(const std::string* value) {
    if (value)
      ::setenv(name_, value->c_str(), 1);
    else
      ::unsetenv(name_);
  }
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("The environment names the socket, for the daemon and for who asks") {
  const std::string path = "/somewhere/control";
  const Variable named(control::path_variable, &path);
  CHECK(control::default_path() == path);
  CHECK(control::path_to_ask() == path);
  CHECK(control::usual_path() != path);
}

TEST_CASE("Nothing named: root has one place, others their own directory, and ask root's daemon without one") {
  const std::string empty;
  const Variable named(control::path_variable, &empty);
  std::string form = std::filesystem::temp_directory_path() / "xsuperd-runtime-XXXXXX";
  const std::string directory = ::mkdtemp(form.data());
  const Variable runtime("XDG_RUNTIME_DIR", &directory);
  if (::geteuid() == 0) {
    CHECK(control::default_path() == control::system_path);
  } else {
    CHECK(control::default_path() == directory + "/xsuperd/control");
    CHECK(control::path_to_ask() == control::system_path);
    std::filesystem::create_directory(directory + "/xsuperd");
    std::ofstream(directory + "/xsuperd/control");
    CHECK(control::path_to_ask() == directory + "/xsuperd/control");
    const std::string relative = "here";
    const Variable wrong("XDG_RUNTIME_DIR", &relative);
    CHECK(control::default_path().empty());
    const std::string others = "/";
    const Variable foreign("XDG_RUNTIME_DIR", &others);
    CHECK(control::default_path().empty());
  }
  std::filesystem::remove_all(directory);
}
