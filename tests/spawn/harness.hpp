// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/spawn/children.hpp"
#include "xsuperd/spawn/spawner.hpp"

/// What the tests of real children need. Before main the process is made like the daemon: nothing open above
/// 2 but the low descriptors, all signals at their default.
namespace xsuperd::spawn::testing {

constexpr unsigned threads = 2;

/// Two ends of a connection, close-on-exec.
struct Pair {
  base::Fd server;
  base::Fd client;
};
[[nodiscard]] Pair make_pair();

/// All bytes up to the end of the connection.
[[nodiscard]] std::string read_all(const base::Fd& fd);

/// A recipe for /bin/sh -c SCRIPT with a PATH to find tools by.
[[nodiscard]] Recipe shell(std::string script);

/// A recipe for a program without arguments.
[[nodiscard]] Recipe program(std::string path);

/// The numbers in /proc/self/fd, but for the one that reads it.
[[nodiscard]] std::vector<int> open_descriptors();

/// True when this process has a child, alive or dead.
[[nodiscard]] bool has_children();

/// Runs the loop until `done`; fails the test when nothing happens for a long time.
void run_until(boost::asio::io_context& loop, const std::function<bool()>& done);

/// A loop, a spawner, and the children it started.
class Bench {
 public:
  explicit Bench(CloneOptions options = {.threads = threads});

  /// Starts it alone, which answers at once.
  [[nodiscard]] Outcome start(Recipe recipe, base::Fd socket, std::string remote_host = "192.0.2.1");
  /// Starts it, waits for its end, and returns what it wrote.
  [[nodiscard]] std::string output_of(Recipe recipe);
  /// Starts it, and returns how it failed.
  [[nodiscard]] StartFailed failure_of(Recipe recipe);
  /// Has it watched, and waits for its end.
  Ended wait_for(Started started);

  boost::asio::io_context loop;
  std::unique_ptr<Spawner> spawner;
  std::vector<Ended> ended;
  Children children;
};

}  // namespace xsuperd::spawn::testing
