// SPDX-License-Identifier: MIT
// Prints what attributes and options there are, a line each, for tests/shape/around and tests/shape/completion:
//   attribute NAME word|list service|defaults
//   option WORD always|xinetd|inetd
//   command NAME
#include <cstdio>
#include <string_view>

#include "ctl/commands.hpp"
#include "xsuperd/cli/options.hpp"
#include "xsuperd/config/attribute.hpp"

namespace {

void print(const char* what, std::string_view name, const char* kind) {
  std::printf("%s %.*s%s%s\n", what, static_cast<int>(name.size()), name.data(), *kind != '\0' ? " " : "", kind);
}

}  // namespace

int main() {
  using xsuperd::cli::Known;
  for (const auto& row : xsuperd::config::attributes()) {
    const bool service = row.where != xsuperd::config::Where::defaults;
    print("attribute", row.name, row.most == 1 ? (service ? "word service" : "word defaults")
                                               : (service ? "list service" : "list defaults"));
  }
  for (const auto& option : xsuperd::cli::option_table())
    print("option", option.word,
          option.known == Known::always ? "always" : option.known == Known::to_inetd ? "inetd" : "xinetd");
  for (const auto& command : xsuperd::ctl::commands()) print("command", command.name, "");
  return 0;
}
