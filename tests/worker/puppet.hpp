// SPDX-License-Identifier: MIT
#pragma once
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <deque>

#include "fakes/fake_spawner.hpp"
#include "worker/harness.hpp"

namespace xsuperd::worker::testing {

/// A client whose workers are processes that do nothing, while the test speaks in their place.
class Puppets {
 public:
  explicit Puppets(Client::Options options = {}) {
    options.on_trouble = [this](std::string sentence) { troubles.push_back(std::move(sentence)); };
    options.recipe = test_recipe();
    spawner.answer_at_once = [this](spawn::Job& job) -> std::optional<spawn::Outcome> {
      sockets.push_back(std::move(job.socket));
      return make_process(job.token);
    };
    client = std::make_unique<Client>(loop, std::move(options), spawner);
  }
  ~Puppets() {
    lives_.clear();
    end_workers(client.get());
  }
  Puppets(const Puppets&) = delete;
  Puppets& operator=(const Puppets&) = delete;

  void say(std::size_t worker, const Packet& packet) {
    REQUIRE(Channel::send_now(sockets.at(worker).get(), packet) == 0);
  }
  /// The next message to that worker; waits for it.
  ToWorker hear(std::size_t worker) {
    run_until(loop, [&] {
      pollfd readable{sockets.at(worker).get(), POLLIN, 0};
      return ::poll(&readable, 1, 0) == 1;
    });
    Packet packet;
    packet.bytes.resize(largest_message);
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    iovec part{packet.bytes.data(), packet.bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = &control[0];
    message.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(sockets.at(worker).get(), &message, MSG_CMSG_CLOEXEC);
    REQUIRE(size > 0);
    packet.bytes.resize(static_cast<std::size_t>(size));
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message))
      packet.fd.reset(*reinterpret_cast<const int*>(CMSG_DATA(header)));
    auto decoded = decode_for_worker(std::move(packet));
    REQUIRE(decoded);
    return std::move(*decoded);
  }
  /// Starts a conversation; its ending lands in `endings`.
  base::Fd start(std::uint64_t token, Kind kind = Kind::echo) {
    Connection connection = make_connection();
    client->start(token, kind, std::move(connection.server), {},
                  [this, token](Ending ending) { endings.emplace(token, std::move(ending)); });
    return std::move(connection.peer);
  }
  /// As many workers as there are say that they are ready.
  void all_ready() {
    for (std::size_t i = 0; i < sockets.size(); ++i) say(i, encode(Ready{}));
    run_until(loop, [&] { return client->workers().size() == sockets.size(); });
  }
  [[nodiscard]] bool ended(std::uint64_t token) const { return endings.contains(token); }
  [[nodiscard]] bool trouble(std::string_view with) const {
    return !troubles.empty() && troubles.back().find(with) != std::string::npos;
  }

  boost::asio::io_context loop;
  fakes::FakeSpawner spawner;
  std::deque<base::Fd> sockets;  ///< the workers' ends, in the order of starts
  std::vector<std::string> troubles;
  std::map<std::uint64_t, Ending> endings;
  std::unique_ptr<Client> client;

 protected:
  spawn::Started make_process(std::uint64_t token) {
    int ends[2];
    REQUIRE(::pipe2(&ends[0], O_CLOEXEC) == 0);
    sigset_t term;
    ::sigemptyset(&term);
    ::sigaddset(&term, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &term, nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) live(ends[0], term);
    ::sigprocmask(SIG_UNBLOCK, &term, nullptr);
    ::close(ends[0]);
    lives_.emplace_back(ends[1]);
    return {
        .token = token, .pid = pid, .pidfd = base::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)))};
  }

 private:
  /// Until the test lets go, or a signal comes.
  [[noreturn]] static void live(int life, const sigset_t& term) {
    char byte = 0;
    ::signal(SIGTERM, SIG_DFL);  // Catch has a handler for it
    ::sigprocmask(SIG_UNBLOCK, &term, nullptr);
    ::dup2(life, 0);
    ::syscall(SYS_close_range, 1, ~0U, 0);
    ::_exit(static_cast<int>(::read(0, &byte, 1)));
  }

  std::vector<base::Fd> lives_;
};

}  // namespace xsuperd::worker::testing
