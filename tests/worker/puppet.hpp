// SPDX-License-Identifier: MIT
#pragma once
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <deque>

#include "fakes/fake_spawner.hpp"
#include "fakes/idle_processes.hpp"
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
    processes_.end();
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
  spawn::Started make_process(std::uint64_t token) { return processes_.start(token); }

 private:
  fakes::IdleProcesses processes_;
};

}  // namespace xsuperd::worker::testing
