// SPDX-License-Identifier: MIT
#include "worker/harness.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <catch2/catch.hpp>
#include <cerrno>
#include <stdexcept>

#include "worker/attempts.hpp"

namespace xsuperd::worker::testing {

namespace {

constexpr const char* worker_case = "the worker of these tests";
constexpr const char* real_case = "the worker with the real conversations";

/// Waits for bytes of its peer on the loop.
class Conversation final : public converse::Conversation {
 public:
  Conversation(boost::asio::io_context& loop, Kind kind, base::Fd peer, Parameters parameters,
               std::function<void(Report)> done)
      : kind_(kind), parameters_(std::move(parameters)), done_(std::move(done)), peer_(loop, peer.release()) {
    wait(kind == Kind::text ? peer_.wait_write : peer_.wait_read);
  }

  [[nodiscard]] converse::Traffic traffic() const override { return {report_.in, report_.out}; }

 private:
  void wait(boost::asio::posix::descriptor_base::wait_type what) {
    peer_.async_wait(what, [this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
      if (!alive.expired() && !error) go_on();
    });
  }

  void go_on() {
    if (kind_ == Kind::text) return say_texts();
    std::array<char, 4096> bytes{};
    const ssize_t size = ::recv(peer_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size > 0 && kind_ == Kind::tcpmux) return give_back({bytes.data(), static_cast<std::size_t>(size)});
    if (size < 0 && errno == EAGAIN) return wait(peer_.wait_read);
    if (size <= 0) return done_(std::move(report_));
    report_.in += static_cast<std::uint64_t>(size);
    if (kind_ == Kind::chargen) attempt(bytes[0]);
    report_.out += static_cast<std::uint64_t>(
        ::send(peer_.native_handle(), bytes.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL));
    wait(peer_.wait_read);
  }

  void say_texts() {
    ::fcntl(peer_.native_handle(), F_SETFL, 0);
    for (const std::string& text : parameters_.texts)
      report_.out +=
          static_cast<std::uint64_t>(::send(peer_.native_handle(), text.data(), text.size(), MSG_NOSIGNAL));
    done_(std::move(report_));
  }

  void give_back(std::string_view request) {
    report_.request = request;
    report_.connection.reset(peer_.release());
    done_(std::move(report_));
  }

  Kind kind_;
  Parameters parameters_;
  std::function<void(Report)> done_;
  Report report_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>();
  boost::asio::posix::stream_descriptor peer_;
};

}  // namespace

Connection make_connection() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const timeval deadline{30, 0};
  ::setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

std::string read_some(const base::Fd& fd, std::size_t most) {
  std::string all(most, '\0');
  std::size_t have = 0;
  while (have < most) {
    const ssize_t size = ::read(fd.get(), all.data() + have, most - have);
    if (size <= 0) break;
    have += static_cast<std::size_t>(size);
  }
  all.resize(have);
  return all;
}

void write_all(const base::Fd& fd, std::string_view bytes) {
  REQUIRE(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

bool at_end(const base::Fd& fd) {
  char byte = 0;
  return ::recv(fd.get(), &byte, 1, 0) == 0;
}

Starter test_starter() {
  return [](boost::asio::io_context& loop, Kind kind, base::Fd peer, Parameters parameters,
            std::function<void(Report)> done) -> std::unique_ptr<converse::Conversation> {
    if (kind == Kind::discard) throw std::runtime_error("no such conversation in these tests");
    return std::make_unique<Conversation>(loop, kind, std::move(peer), std::move(parameters),
                                          std::move(done));
  };
}

std::shared_ptr<const spawn::Recipe> test_recipe(WorkerUser user) {
  auto recipe = std::make_shared<spawn::Recipe>(*worker_recipe(user));
  recipe->argv.emplace_back(worker_case);
  return recipe;
}

std::shared_ptr<const spawn::Recipe> real_recipe() {
  auto recipe = std::make_shared<spawn::Recipe>(*worker_recipe());
  recipe->argv.emplace_back(real_case);
  return recipe;
}

void run_until(boost::asio::io_context& loop, const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) FAIL("nothing happened for a long time");
    if (loop.stopped()) loop.restart();
    loop.run_one_for(std::chrono::milliseconds(2));  // `done` may look at more than the loop does
  }
}

Bench::Bench(Client::Options options)
    : spawner(spawn::make_clone_spawner(loop, {.threads = 0, .thread_patience = std::chrono::seconds(30)})) {
  if (!options.recipe) options.recipe = test_recipe();
  options.on_trouble = [this](std::string sentence) { troubles.push_back(std::move(sentence)); };
  client = std::make_unique<Client>(loop, std::move(options), *spawner);
}

Bench::~Bench() { end_workers(client.get()); }

void end_workers(Client* client) {
  if (client) client->terminate();
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
}

base::Fd Bench::start(std::uint64_t token, Kind kind, Parameters parameters) {
  Connection connection = make_connection();
  client->start(token, kind, std::move(connection.server), std::move(parameters),
                [this, token](Ending ending) { endings.emplace(token, std::move(ending)); });
  return std::move(connection.peer);
}

pid_t Bench::ready_worker(std::size_t count) {
  run_until(loop, [&] { return client->workers().size() >= count; });
  return client->workers().front();
}

void Bench::talk(const base::Fd& peer) {
  write_all(peer, "hello");
  run_until(loop, [&] {
    pollfd readable{peer.get(), POLLIN, 0};
    return ::poll(&readable, 1, 0) == 1;
  });
  CHECK(read_some(peer, 5) == "hello");
}

bool restricted() {
  if (system_calls_restricted()) return true;
  WARN("skipped: built without libseccomp, or with a sanitizer");
  return false;
}

bool root() {
  if (::geteuid() == 0) return true;
  WARN("skipped: only root can change the user");
  return false;
}

// Not tests: what test_recipe() and real_recipe() execute.
TEST_CASE("the worker of these tests", "[.]") {
  if (program_invocation_name != program_name) return;
  ::_exit(run_worker(0, sandbox_from_environment(), test_starter()));
}

TEST_CASE("the worker with the real conversations", "[.]") {
  if (program_invocation_name != program_name) return;
  ::_exit(run_worker(0, sandbox_from_environment()));
}

}  // namespace xsuperd::worker::testing
