// SPDX-License-Identifier: MIT
#include "xsuperd/net/rpcbind.hpp"

#include <sys/un.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <functional>
#include <thread>

#include "net/sockets.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

using Versions = std::vector<std::uint32_t>;

/// What a call to rpcbind asks for.
struct Call {
  std::uint32_t procedure = 0, program = 0, version = 0;
  std::string netid, address;
  bool operator==(const Call&) const = default;
};
constexpr std::uint32_t set = 1, unset = 2;

std::uint32_t word(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  if (at + 4 <= bytes.size()) std::memcpy(&value, bytes.data() + at, 4);
  return ntohl(value);
}
std::string words(std::initializer_list<std::uint32_t> values) {
  std::string bytes;
  for (const std::uint32_t value : values) {
    const std::uint32_t raw = htonl(value);
    bytes.append(reinterpret_cast<const char*>(&raw), 4);
  }
  return bytes;
}
std::string text_at(std::string_view bytes, std::size_t& at) {
  const std::size_t length = word(bytes, at);
  std::string text(bytes.substr(std::min(at + 4, bytes.size()), length));
  at += 4 + (length + 3) / 4 * 4;
  return text;
}

/// RFC 5531 and RFC 1833, as far as a call without credentials goes.
Call call_in(std::string_view record) {
  std::size_t at = 48;
  Call call{word(record, 20), word(record, 40), word(record, 44), "", ""};
  call.netid = text_at(record, at);
  call.address = text_at(record, at);
  return call;
}

std::optional<std::string> read_exactly(int fd, std::size_t length) {
  std::string bytes(length, '\0');
  const auto n = ::recv(fd, bytes.data(), length, MSG_WAITALL);
  if (n != static_cast<ssize_t>(length)) return std::nullopt;
  return bytes;
}

/// A directory for a socket.
struct Scratch {
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "xsuperd-rpc-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()));
    directory = pattern;
  }
  ~Scratch() { std::filesystem::remove_all(directory); }
  std::filesystem::path directory;
  std::string socket() const { return (directory / "rpcbind.sock").string(); }
};

base::Fd listening_at(const std::string& path, int backlog) {
  base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  REQUIRE(::listen(fd.get(), backlog) == 0);
  return fd;
}

/// Nobody listens on TCP there, as the port is bound and no more.
struct NoTcp {
  base::Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  base::Endpoint at() const {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)::bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any);  // fails the second time
    return local_endpoint(fd.get());
  }
};

/// An rpcbind on a thread of its own. Answers each call as `decide` says; nothing: it hangs up.
class FakeRpcbind {
 public:
  using Decide = std::function<std::optional<bool>(const Call&)>;
  explicit FakeRpcbind(base::Fd listening, Decide decide)
      : listening_(std::move(listening)), decide_(std::move(decide)), thread_([this] { run(); }) {}
  ~FakeRpcbind() { stop(); }
  /// All calls so far. Ends it.
  std::vector<Call> stop() {
    ::shutdown(listening_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    return calls_;
  }

 private:
  void run() {
    while (true) {
      const base::Fd client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      while (serve(client.get())) {
      }
    }
  }
  bool serve(int fd) {
    const auto mark = read_exactly(fd, 4);
    const auto record = mark ? read_exactly(fd, word(*mark, 0) & 0x7fffffff) : std::nullopt;
    if (!record) return false;
    calls_.push_back(call_in(*record));
    const auto answer = decide_(calls_.back());
    if (!answer) return false;
    // Length, the call's number, REPLY, accepted, no verifier, success, and the answer.
    (void)send_now(fd, words({0x80000000u | 28, word(*record, 0), 1, 0, 0, 0, 0, *answer}));
    return true;
  }

  base::Fd listening_;
  Decide decide_;
  std::vector<Call> calls_;
  std::thread thread_;
};

bool without_library() {
  if (!rpc_available()) WARN("built without libtirpc");
  return !rpc_available();
}

}  // namespace

TEST_CASE("without rpcbind a registration is an error at once and says where it looked") {
  const NoTcp no_tcp;
  const Scratch scratch;
  const auto begin = std::chrono::steady_clock::now();
  const RpcbindPlace place{scratch.socket(), no_tcp.at(), 60s};
  const auto result = rpc_register(200100, 1, 3, IPPROTO_TCP, 5555, place);
  REQUIRE(result.has_error());
  if (without_library()) return;
  CHECK(result.error().code == ECONNREFUSED);
  CHECK(result.error().sentence.find(scratch.socket()) != std::string::npos);
  CHECK(result.error().sentence.find("No such file or directory (errno = 2)") != std::string::npos);
  CHECK(result.error().sentence.find("Connection refused (errno = 111)") != std::string::npos);
  rpc_unregister(200100, 1, 3, IPPROTO_TCP, place);
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST_CASE("an rpcbind that takes the connection and never answers costs no more than the patience") {
  if (without_library()) return;
  const NoTcp no_tcp;
  const Scratch scratch;
  const base::Fd mute = listening_at(scratch.socket(), 16);
  const auto begin = std::chrono::steady_clock::now();
  const auto result = rpc_register(200100, 1, 200, IPPROTO_UDP, 5555, {scratch.socket(), no_tcp.at(), 50ms});
  REQUIRE(result.has_error());
  CHECK(result.error().code == ETIMEDOUT);
  CHECK(result.error().sentence == "rpcbind has not answered for 50 ms");
  rpc_unregister(200100, 1, 200, IPPROTO_UDP, {scratch.socket(), no_tcp.at(), 50ms});
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST_CASE("an rpcbind that does not even take the connection costs no more than the patience") {
  if (without_library()) return;
  const NoTcp no_tcp;
  const Scratch scratch;
  const base::Fd full = listening_at(scratch.socket(), 0);
  base::Fd waiting(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  scratch.socket().copy(at.sun_path, sizeof at.sun_path - 1);
  REQUIRE(::connect(waiting.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  const auto begin = std::chrono::steady_clock::now();
  const auto result = rpc_register(200100, 1, 1, IPPROTO_UDP, 5555, {scratch.socket(), no_tcp.at(), 50ms});
  REQUIRE(result.has_error());
  CHECK(result.error().sentence.find("Connection timed out") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST_CASE("every version is registered for its own protocol, and taken back for it alone") {
  if (without_library()) return;
  const NoTcp no_tcp;
  const Scratch scratch;
  FakeRpcbind rpcbind(listening_at(scratch.socket(), 16), [](const Call&) { return true; });
  const RpcbindPlace place{scratch.socket(), no_tcp.at(), 60s};
  const auto result = rpc_register(100001, 2, 3, IPPROTO_UDP, 8080, place);
  REQUIRE(result.has_value());
  CHECK(result->empty());
  REQUIRE(rpc_register(200100, 4294967295u, 4294967295u, IPPROTO_TCP, 5, place).has_value());
  rpc_unregister(100001, 2, 3, IPPROTO_UDP, place);
  CHECK(rpcbind.stop() == std::vector<Call>{{set, 100001, 2, "udp", "0.0.0.0.31.144"},
                                            {set, 100001, 3, "udp", "0.0.0.0.31.144"},
                                            {set, 200100, 4294967295u, "tcp", "0.0.0.0.0.5"},
                                            {unset, 100001, 2, "udp", ""},
                                            {unset, 100001, 3, "udp", ""}});
}

TEST_CASE("versions that rpcbind refuses are told, and all of them refused is an error") {
  if (without_library()) return;
  const NoTcp no_tcp;
  const Scratch scratch;
  FakeRpcbind rpcbind(listening_at(scratch.socket(), 16),
                      [](const Call& call) { return call.program == 200100 && call.version % 2 == 1; });
  const RpcbindPlace place{scratch.socket(), no_tcp.at(), 60s};
  const auto some = rpc_register(200100, 1, 4, IPPROTO_TCP, 5555, place);
  REQUIRE(some.has_value());
  CHECK(*some == Versions{2, 4});
  const auto none = rpc_register(200101, 1, 4, IPPROTO_TCP, 5555, place);
  REQUIRE(none.has_error());
  CHECK(none.error().sentence ==
        "rpcbind refuses to register program 200101 at tcp port 5555: it may be registered already");
}

TEST_CASE("an rpcbind that ends in the middle fails the versions that are left, and no signal comes of it") {
  if (without_library()) return;
  const NoTcp no_tcp;
  const Scratch scratch;
  FakeRpcbind rpcbind(listening_at(scratch.socket(), 16), [](const Call& call) {
    return call.version < 3 ? std::optional<bool>(true) : std::nullopt;
  });
  const auto result = rpc_register(200100, 1, 200, IPPROTO_TCP, 5555, {scratch.socket(), no_tcp.at(), 60s});
  REQUIRE(result.has_value());
  CHECK(result->size() == 198);
  CHECK(result->front() == 3);
  CHECK(rpcbind.stop().size() == 3);
}

TEST_CASE("a portmapper without local socket is asked over TCP") {
  if (without_library()) return;
  const Scratch scratch;
  base::Fd listening = opened(tcp_at("127.0.0.1"));
  const RpcbindPlace place{scratch.socket(), local_endpoint(listening.get()), 60s};
  FakeRpcbind rpcbind(std::move(listening), [](const Call&) { return true; });
  REQUIRE(rpc_register(200100, 1, 1, IPPROTO_TCP, 256, place).has_value());
  CHECK(rpcbind.stop() == std::vector<Call>{{set, 200100, 1, "tcp", "0.0.0.0.1.0"}});
}

TEST_CASE("registrations from several threads do not mix") {
  if (without_library()) return;
  const NoTcp no_tcp;
  const Scratch scratch;
  FakeRpcbind rpcbind(listening_at(scratch.socket(), 16), [](const Call&) { return true; });
  const RpcbindPlace place{scratch.socket(), no_tcp.at(), 60s};
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (std::uint32_t program = 1; program <= 4; ++program)
    threads.emplace_back([&, program] {
      const auto result = rpc_register(program, 1, 10, IPPROTO_TCP, 5555, place);
      if (result.has_value() && result->empty()) ++good;
    });
  for (auto& thread : threads) thread.join();
  CHECK(good == 4);
  const auto calls = rpcbind.stop();
  REQUIRE(calls.size() == 40);
  for (std::size_t i = 0; i < calls.size(); ++i) CHECK(calls[i].program == calls[i / 10 * 10].program);
}

TEST_CASE("what cannot be registered is refused before anybody is asked") {
  const Scratch scratch;
  const RpcbindPlace nowhere{scratch.socket(), {}, 1ms};
  CHECK(rpc_register(1, 1, 1, IPPROTO_SCTP, 5, nowhere).error().sentence == "rpcbind does not know protocol 132");
  CHECK(rpc_register(1, 2, 1, IPPROTO_TCP, 5, nowhere).error().sentence ==
        "the range of versions 2-1 is empty, or has more than 256");
  CHECK(rpc_register(1, 0, 4294967295u, IPPROTO_TCP, 5, nowhere).has_error());
  CHECK(rpc_register(1, 0, 256, IPPROTO_TCP, 5, nowhere).error().sentence ==
        "the range of versions 0-256 is empty, or has more than 256");
  rpc_unregister(1, 0, 4294967295u, IPPROTO_TCP, nowhere);
  rpc_unregister(1, 1, 1, IPPROTO_SCTP, nowhere);
}

TEST_CASE("a socket path that is too long is an error like any other") {
  if (without_library()) return;
  const NoTcp no_tcp;
  const auto result = rpc_register(1, 1, 1, IPPROTO_TCP, 5, {std::string(200, 'x'), no_tcp.at(), 1s});
  REQUIRE(result.has_error());
  CHECK(result.error().sentence.find("File name too long") != std::string::npos);
}
