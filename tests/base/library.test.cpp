// SPDX-License-Identifier: MIT
#include "xsuperd/base/library.hpp"

#include <dlfcn.h>
#include <netinet/in.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

using namespace xsuperd::base;

namespace {

struct Mathematics {
  static constexpr const char* file = "libm.so.6";
  double (*square_root)(double);
  void find(Library& in) { in.find("sqrt", square_root); }
};

struct Addresses {
  static constexpr const char* file = "libc.so.6";
  const in6_addr* loopback;
  void find(Library& in) { in.find("in6addr_loopback", loopback); }
};

struct Absent {
  static constexpr const char* file = "libxsuperd-absent.so.1";
  void (*nothing)();
  void find(Library& in) { in.find("nothing", nothing); }
};

/// A library of a place that only the test knows.
struct Late {
  static inline const char* file = nullptr;
  double (*square_root)(double);
  void find(Library& in) { in.find("sqrt", square_root); }
};

struct Incomplete {
  static constexpr const char* file = "libm.so.6";
  double (*square_root)(double);
  void (*first)();
  void (*second)();
  void find(Library& in) { in.find("sqrt", square_root).find("no_such_first", first).find("no_such_second", second); }
};

}  // namespace

TEST_CASE("functions and variables of a library are found by their names") {
  const auto mathematics = loaded_functions<Mathematics>();
  REQUIRE(mathematics.has_value());
  CHECK((*mathematics)->square_root(144) == 12);
  const auto addresses = loaded_functions<Addresses>();
  REQUIRE(addresses.has_value());
  CHECK((*addresses)->loopback->s6_addr[15] == 1);
}

TEST_CASE("a library is loaded once") {
  const auto first = loaded_functions<Mathematics>();
  const auto second = loaded_functions<Mathematics>();
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  CHECK(*first == *second);
}

TEST_CASE("a library that is not there is an error which names it") {
  const auto found = loaded_functions<Absent>();
  REQUIRE(found.has_error());
  CHECK(found.error().sentence.starts_with("libxsuperd-absent.so.1 cannot be loaded: "));
}

TEST_CASE("a library that was not there is looked for again") {
  Dl_info mathematics{};
  // Not &::lgamma, which is a sanitizer's where one is at work.
  void* handle = ::dlopen("libm.so.6", RTLD_NOW);
  REQUIRE(::dladdr(::dlsym(handle, "lgamma"), &mathematics) != 0);
  const auto path = std::filesystem::temp_directory_path() / ("xsuperd-library." + std::to_string(::getpid()));
  const std::string name = path.string();
  Late::file = name.c_str();
  std::ofstream(path) << "not what a library looks like";
  CHECK(loaded_functions<Late>().has_error());
  std::filesystem::remove(path);
  CHECK(loaded_functions<Late>().has_error());
  std::filesystem::copy_file(std::filesystem::canonical(mathematics.dli_fname), path);
  CHECK(loaded_functions<Late>().has_value());
  std::filesystem::remove(path);
  ::dlclose(handle);
}

TEST_CASE("a library without a function that is wanted is an error which names the first") {
  const auto found = loaded_functions<Incomplete>();
  REQUIRE(found.has_error());
  CHECK(found.error().sentence == "libm.so.6 has no no_such_first");
}

TEST_CASE("a library can change its owner") {
  auto library = Library::load("libm.so.6");
  REQUIRE(library.has_value());
  const auto functions = find_functions<Mathematics>(*library);
  REQUIRE(functions.has_value());
  const Library moved = std::move(*library);
  CHECK(functions->square_root(9) == 3);
}
