// SPDX-License-Identifier: MIT
#pragma once
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "worker/channel.hpp"
#include "xsuperd/spawn/recipe.hpp"
#include "xsuperd/spawn/spawner.hpp"
#include "xsuperd/worker/client.hpp"
#include "xsuperd/worker/process.hpp"
#include "xsuperd/worker/protocol.hpp"

/// What the tests of this layer share: conversations that are not those of the layer converse, and a worker
/// that is this test program under another name.
namespace xsuperd::worker::testing {

/// Two ends of a connection.
struct Connection {
  base::Fd peer;    ///< blocking, with a deadline for reading
  base::Fd server;  ///< for the worker
};
[[nodiscard]] Connection make_connection();

/// All bytes up to `most` or the end of the connection.
[[nodiscard]] std::string read_some(const base::Fd& fd, std::size_t most);
void write_all(const base::Fd& fd, std::string_view bytes);
/// The other end is closed and nothing is left to read.
[[nodiscard]] bool at_end(const base::Fd& fd);

/// Conversations for tests. echo: sends back what comes and ends when the peer does. text: sends its texts
/// one after the other and ends. tcpmux: reads one segment, gives it and the connection back. discard: throws
/// (there is no such conversation). chargen: tries what the peer's first byte names, see sandbox.test.cpp.
/// Others go on until the peer closes.
[[nodiscard]] Starter test_starter();

/// A recipe that runs this program as a worker with test_starter().
[[nodiscard]] std::shared_ptr<const spawn::Recipe> test_recipe(WorkerUser user = {});

/// A recipe that runs this program as a worker with the conversations of the layer converse.
[[nodiscard]] std::shared_ptr<const spawn::Recipe> real_recipe();

/// Runs the loop until `done`; fails the test when that takes more than half a minute.
void run_until(boost::asio::io_context& loop, const std::function<bool()>& done);

/// Ends the workers, if there is a client, and waits until this process has no child any more.
void end_workers(Client* client);

/// A client with real workers, and what it told.
class Bench {
 public:
  explicit Bench(Client::Options options = {});
  ~Bench();
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  /// Begins a conversation and returns the peer's end.
  base::Fd start(std::uint64_t token, Kind kind, Parameters parameters = {});
  [[nodiscard]] bool ended(std::uint64_t token) const { return endings.contains(token); }
  /// Waits until the client has a ready worker, and returns the pid of the first.
  pid_t ready_worker(std::size_t count = 1);
  /// Sends a line through an echo conversation and waits until it came back.
  void talk(const base::Fd& peer);

  boost::asio::io_context loop;
  std::unique_ptr<spawn::Spawner> spawner;
  std::vector<std::string> troubles;
  std::map<std::uint64_t, Ending> endings;
  std::unique_ptr<Client> client;
};

/// Whether system calls are restricted; else says that the test is skipped.
[[nodiscard]] bool restricted();
/// Whether we are root; else says that the test is skipped.
[[nodiscard]] bool root();

}  // namespace xsuperd::worker::testing
