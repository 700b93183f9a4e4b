// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "xsuperd/base/text.hpp"
#include "xsuperd/box/helper.hpp"
#include "xsuperd/cli/attempt.hpp"
#include "xsuperd/cli/check.hpp"
#include "xsuperd/cli/daemon.hpp"
#include "xsuperd/cli/explain.hpp"
#include "xsuperd/cli/options.hpp"
#include "xsuperd/cli/sources.hpp"
#include "xsuperd/fleet/process.hpp"
#include "xsuperd/net/libwrap.hpp"
#include "xsuperd/net/nft.hpp"
#include "xsuperd/worker/process.hpp"

int main(int argc, char** argv) try {
  using namespace xsuperd;
  const std::string program(argc > 0 ? base::last_component(argv[0]) : "xsuperd");
  // The daemon executes itself under these names, with a socket as descriptor 0.
  if (program == net::libwrap_program_name) net::run_libwrap_helper(0);
  if (program == net::nft_program_name) return net::run_nft_helper(0);
  if (program == box::helper_name) return box::run_box_helper(0);
  if (program == worker::program_name) return worker::run_worker(0, worker::sandbox_from_environment());
  if (program == fleet::program_name) return fleet::run_fleet(0);
  const std::vector<std::string> arguments(argv, argv + argc);
  if (cli::is_trial(arguments)) return cli::try_take_over(arguments, program);
  const cli::CommandLine command = cli::parse_command_line({argv + (argc > 0 ? 1 : 0), argv + argc}, program);
  for (const std::string& warning : command.warnings) fmt::print(stderr, "{}: {}\n", program, warning);
  switch (command.task) {
    case cli::CommandLine::Task::usage_error:
      fmt::print(stderr, "{}: {}\n{}", program, command.error, cli::usage(program));
      return 1;
    case cli::CommandLine::Task::version: return fmt::print(stderr, "{}{}\n", cli::version_text(program), cli::features()), 0;
    case cli::CommandLine::Task::help: return fmt::print("{}", cli::help(program)), 0;
    case cli::CommandLine::Task::check:
      if (command.explain) return cli::explain_access(command);
      return cli::check_configuration(cli::sources_of(command), cli::checking_of(command));
    case cli::CommandLine::Task::attempt: return cli::try_service(command);
    case cli::CommandLine::Task::serve: return cli::serve(command, program, arguments);
  }
} catch (const std::exception& bug) {
  fmt::print(stderr, "xsuperd: fatal: {}\n", bug.what());
  return 1;
}
