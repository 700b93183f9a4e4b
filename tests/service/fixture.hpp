// SPDX-License-Identifier: MIT
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/fake_ident.hpp"
#include "fakes/fake_spawner.hpp"
#include "fakes/fake_worker.hpp"
#include "fakes/memory_sink.hpp"
#include "xsuperd/service/runner.hpp"

/// What the tests of services share: services, short texts for actions, and a Runner with everything around
/// it.
namespace xsuperd::service::test {

using namespace std::chrono_literals;

/// A TCP service "x" on a free port of 127.0.0.1 that logs all it can.
[[nodiscard]] config::Service stream_service();
/// The same with wait = yes.
[[nodiscard]] config::Service waiting_service(config::SocketType type);
[[nodiscard]] std::shared_ptr<const policy::Policy> policy_of(config::Service service);
/// A list for no_access or only_from: one network, or one domain when `text` begins with a dot.
[[nodiscard]] std::vector<config::AddressPattern> pattern(std::string_view text);

/// The moment `after` the beginning of the test.
[[nodiscard]] base::Moment at(std::chrono::milliseconds after);
[[nodiscard]] Request request(Token token, std::string_view peer = "192.0.2.1", base::Moment now = at(0s));
/// The same request once more, when the look-up of the name has ended; without one it has none.
[[nodiscard]] Request named(Request request, std::vector<std::string> names = {});

/// "Suspend, Spawn 7", "Refuse 7 service_limit, CloseSocket, ArmPause 10", or nothing.
[[nodiscard]] std::string text(const Actions& actions);
/// What the State does at that event.
[[nodiscard]] std::string does(State& state, const Event& event);
/// A State whose socket is open.
[[nodiscard]] State listening(config::Service service);

/// Sends a signal to every running server; how many there were.
inline std::size_t signal_servers(Runner& runner, int number) {
  std::vector<Token> servers;
  for (const auto& [token, session] : runner.sessions().all())
    if (session.pid != 0) servers.push_back(token);
  std::erase_if(servers, [&](Token token) { return !runner.signal_session(token, number); });
  return servers.size();
}

/// A real process that sleeps, or one that ends at once with `status`. Killed at the end of the test.
class Process {
 public:
  /// `stubborn`: TERM does not end it.
  static Process sleeping(bool stubborn = false);
  static Process ended(int status);
  ~Process();
  Process(Process&&) = default;
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] base::Fd pidfd() const;
  [[nodiscard]] bool alive() const;

 private:
  Process(const std::vector<const char*>& argv, bool stubborn);
  pid_t pid_ = 0;
  base::Fd pidfd_;
};

/// The only host that has a name: 127.0.0.1 is host.example.com.
[[nodiscard]] std::shared_ptr<net::NameSource> one_host();

/// A Runner on a real loop, with real sockets and children; its servers are what the test says they are.
class Bench {
 public:
  explicit Bench(config::Service service);
  ~Bench();

  /// A Setup for a changed configuration of the same service.
  [[nodiscard]] Setup setup_for(config::Service service) const;
  [[nodiscard]] base::Endpoint where() const { return net::local_endpoint(runner->endpoints().listening_fd()); }
  /// Runs the loop until `done`; fails the test when nothing happens for a long time.
  void run_until(const std::function<bool()>& done);
  void run_until_jobs(std::size_t count);
  void run_until_lines(std::size_t count);
  /// Runs everything that is ready.
  void settle();
  [[nodiscard]] spawn::Job& job(std::size_t number) { return spawner.requests.at(number).job; }
  /// The service's log entries, one a line.
  [[nodiscard]] std::string entries() const;
  /// The text of a file that exists as long as the test.
  [[nodiscard]] std::string file(const std::string& name, const std::string& text);

  std::filesystem::path directory;  ///< ours alone
  boost::asio::io_context loop;
  boost::asio::thread_pool blocking{1};
  fakes::FakeSpawner spawner;
  fakes::MemorySink sink;
  std::shared_ptr<log::Output> daemon_output;
  std::shared_ptr<log::Output> service_output;
  log::DaemonLog log;
  spawn::Children children;
  net::Resolver resolver;
  fakes::FakeIdent ident;
  fakes::FakeWorker conversations;
  net::Libwrap libwrap;         ///< without a helper: refuses all as soon as the file "deny" has a rule
  base::Moment clock = at(0s);  ///< turned by hand
  std::vector<std::chrono::milliseconds> asked;  ///< the timers asked for
  bool hurry = false;                            ///< they end at once; else never
  box::Struck struck = {};  ///< that every server has met at its end
  Surroundings around;
  std::shared_ptr<Runner> runner;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
};

/// A peer.
class Client {
 public:
  explicit Client(base::Endpoint to, int type = 1 /* SOCK_STREAM */, std::string_view from = "127.0.0.1");
  [[nodiscard]] bool connected() const { return connected_; }
  void send(std::string_view bytes) const;
  /// Sends no more, and waits for the answer.
  void send_end() const;
  /// Closes with a reset.
  void abort();
  /// All that comes until the connection ends.
  [[nodiscard]] std::string read_all(Bench& bench) const;
  /// Just so many bytes.
  [[nodiscard]] std::string read(Bench& bench, std::size_t count) const;

 private:
  base::Fd fd_;
  bool connected_ = false;
};

/// What stands in a datagram or stream socket now.
[[nodiscard]] std::string receive(const base::Fd& fd);

}  // namespace xsuperd::service::test
