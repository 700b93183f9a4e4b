// SPDX-License-Identifier: MIT
// Gives files to a target, once each, in any build: so that targets and their inputs are never out of date.
//
//   replay_fuzz TARGET FILE...
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "fuzz/target.hpp"

namespace xsuperd::fuzz {

namespace {
std::map<std::string, void (*)(std::string_view)>& targets() {
  static std::map<std::string, void (*)(std::string_view)> all;
  return all;
}
}  // namespace

Registration::Registration(const char* name, void (*target)(std::string_view)) { targets()[name] = target; }

}  // namespace xsuperd::fuzz

int main(int argc, char** argv) {
  using namespace xsuperd::fuzz;
  const auto target = argc > 1 ? targets().find(argv[1]) : targets().end();
  if (target == targets().end() || argc < 3) {
    std::fprintf(stderr, "usage: replay_fuzz TARGET FILE...\n");
    for (const auto& one : targets()) std::fprintf(stderr, "  %s\n", one.first.c_str());
    return 1;
  }
  for (int i = 2; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (!file) return std::fprintf(stderr, "replay_fuzz: cannot read %s\n", argv[i]), 1;
    std::fprintf(stderr, "%s\n", argv[i]);  // the last one named is the one that did harm
    target->second(bytes);
  }
  std::printf("%d inputs\n", argc - 2);
  return 0;
}
