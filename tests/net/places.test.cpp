// SPDX-License-Identifier: MIT
// Sockets at other places than one address and port, and their options.
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "net/sockets.hpp"
#include "net/unix_path.hpp"
#include "xsuperd/net/activated_sockets.hpp"
#include "xsuperd/net/listener.hpp"
#include "xsuperd/net/socket_path.hpp"
#include "xsuperd/net/socket_state.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/xsuperd-places.XXXXXX";
    if (!::mkdtemp(name)) throw std::runtime_error("mkdtemp");
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string file(const std::string& name) const { return path + "/" + name; }
  std::string path;
};

config::ListenSpec local_at(const std::string& name, config::SocketType type = config::SocketType::stream) {
  config::ListenSpec spec;
  spec.kind = config::ListenSpec::Kind::local;
  spec.socket_type = type;
  spec.protocol = {"tcp", IPPROTO_TCP};
  spec.name = name;
  return spec;
}

base::Fd local_client(const std::string& name, int kind = SOCK_STREAM) {
  base::Fd fd(::socket(AF_UNIX, kind | SOCK_CLOEXEC, 0));
  sockaddr_un at{};
  const socklen_t length = fill_local(name, at);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&at), length) != 0) fd.reset();
  return fd;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a UNIX socket has its file with the mode that was asked for, in directories that are made for it") {
  const Folder folder;
  auto spec = local_at(folder.file("a/b/x"));
  spec.options.mode = 0620;
  const ::mode_t before = ::umask(077);
  const auto opened = open_socket(spec);
  ::umask(before);
  REQUIRE(opened.has_value());
  CHECK(mode_of(spec.name) == 0620);
  CHECK((::fcntl(opened->fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(local_client(spec.name));
  CHECK(bound_name(opened->fd.get()) == spec.name);
}

TEST_CASE("an abstract name has no file, and is one however it is read back") {
  const auto spec = local_at("@xsuperd-test-" + std::to_string(::getpid()));
  const auto opened = open_socket(spec);
  REQUIRE(opened.has_value());
  CHECK(bound_name(opened->fd.get()) == spec.name);
  CHECK(local_client(spec.name));
  CHECK_FALSE(open_socket(spec).has_value());
}

TEST_CASE("of the files in the way only a socket that nobody has open is removed") {
  const Folder folder;
  const auto spec = local_at(folder.file("x"));
  const auto error = [&] {
    const auto opened = open_socket(spec);
    return opened ? std::string("opened") : opened.error().sentence;
  };
  SECTION("a dead socket") {
    (void)open_socket(spec);
    REQUIRE(std::filesystem::is_socket(spec.name));
    CHECK(error() == "opened");
  }
  SECTION("a live one") {
    const auto other = open_socket(spec);
    CHECK(error().find("is a socket that is in use") != std::string::npos);
    CHECK(local_client(spec.name));
  }
  SECTION("a live one of another type") {
    const auto other = open_socket(local_at(spec.name, config::SocketType::dgram));
    CHECK(error().find("in use") != std::string::npos);
  }
  SECTION("a file") {
    std::ofstream(spec.name) << "data";
    CHECK(error().find("is not a socket") != std::string::npos);
    CHECK(std::filesystem::file_size(spec.name) == 4);
  }
  SECTION("a link to a dead socket") {
    const auto target = folder.file("dead");
    (void)open_socket(local_at(target));
    std::filesystem::create_symlink(target, spec.name);
    CHECK(error().find("is not a socket") != std::string::npos);
    CHECK(std::filesystem::is_symlink(spec.name));
  }
  SECTION("a directory") {
    std::filesystem::create_directory(spec.name);
    CHECK(error().find("is not a socket") != std::string::npos);
  }
}

TEST_CASE("the file of a socket is removed only while it is that one") {
  const Folder folder;
  const auto spec = local_at(folder.file("x"));
  const auto opened = open_socket(spec);
  const SocketPath file = path_of_socket(spec.name);
  REQUIRE(file.path == spec.name);
  std::filesystem::remove(spec.name);
  const auto other = open_socket(spec);
  remove_path(file);
  CHECK(std::filesystem::exists(spec.name));
  config::SocketOptions options;
  options.mode = 0600;
  CHECK_FALSE(give_away(file, options).has_value());
  const SocketPath now = path_of_socket(spec.name);
  CHECK(give_away(now, options).has_value());
  CHECK(mode_of(spec.name) == 0600);
  remove_path(now);
  CHECK_FALSE(std::filesystem::exists(spec.name));
  CHECK(path_of_socket(spec.name).path.empty());
  remove_path({});
}

TEST_CASE("a connection over a UNIX socket arrives with the user, group and process behind it") {
  const Folder folder;
  const auto spec = local_at(folder.file("x"));
  auto opened = open_socket(spec);
  REQUIRE(opened.has_value());
  ::fcntl(opened->fd.get(), F_SETFL, O_NONBLOCK);
  const base::Fd client = local_client(spec.name);
  boost::asio::io_context loop;
  Listener listener(loop, std::move(opened->fd), [] {});
  int error = 0;
  const auto batch = listener.accept_batch(false, error);
  REQUIRE(batch.size() == 1);
  CHECK(batch[0].peer.address == base::Address::local(::getuid(), ::getgid(), static_cast<std::uint32_t>(::getpid())));
  const auto groups = peer_groups(batch[0].fd.get());
  CHECK(std::find(groups.begin(), groups.end(), ::getgid()) != groups.end());
  CHECK(peer_groups(listener.fd()).size() <= 1);
}

TEST_CASE("a datagram over a UNIX socket arrives with its sender, and one that nobody is known of is nobody's") {
  const Folder folder;
  const auto spec = local_at(folder.file("x"), config::SocketType::dgram);
  const auto opened = open_socket(spec);
  REQUIRE(opened.has_value());
  const base::Fd client = local_client(spec.name, SOCK_DGRAM);
  REQUIRE(send_now(client.get(), "x") == 1);
  REQUIRE(ready(opened->fd.get()));
  const auto head = peek_datagram(opened->fd.get());
  REQUIRE(head);
  CHECK(head->peer.address == base::Address::local(::getuid(), ::getgid(), static_cast<std::uint32_t>(::getpid())));
  CHECK(peer_credentials(opened->fd.get()) == base::Address::local(0xffffffff, 0xffffffff));
  int both[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, both) == 0);
  const base::Fd one(both[0]), other(both[1]);
  REQUIRE(send_now(one.get(), "x") == 1);
  const auto unknown = peek_datagram(other.get());
  REQUIRE(unknown);
  CHECK(unknown->peer.address.uid() == 0xffffffff);
}

TEST_CASE("descriptors that a peer sends along with a datagram are closed, however often it is looked at") {
  const Folder folder;
  const auto spec = local_at(folder.file("x"), config::SocketType::dgram);
  const auto opened = open_socket(spec);
  REQUIRE(opened.has_value());
  const base::Fd client = local_client(spec.name, SOCK_DGRAM);
  const auto open_now = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))]{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(3 * sizeof(int));
  const int sent[3]{0, 1, 2};
  std::memcpy(CMSG_DATA(rights), sent, sizeof sent);
  REQUIRE(::sendmsg(client.get(), &message, 0) == 1);
  REQUIRE(ready(opened->fd.get()));
  const auto before = open_now();
  for (int i = 0; i < 3; ++i) {
    const auto head = peek_datagram(opened->fd.get());
    REQUIRE(head.has_value());
    CHECK(head->peer.address.uid() == ::getuid());
  }
  CHECK(open_now() == before);
}

TEST_CASE("a service manager's UNIX socket fits by its path, and whatever has the name where listen says it") {
  const Folder folder;
  const auto spec = local_at(folder.file("x"));
  const auto opened = open_socket(spec);
  REQUIRE(opened.has_value());
  const auto facts = facts_of(opened->fd.get());
  REQUIRE(facts.has_value());
  CHECK(misfit(*facts, spec).empty());
  CHECK(misfit(*facts, local_at(folder.file("y"))).find("it is bound to unix:" + spec.name) != std::string::npos);
  CHECK(misfit(*facts, local_at(spec.name, config::SocketType::dgram)).find("its type") != std::string::npos);
  CHECK_FALSE(misfit(*facts, tcp_at("127.0.0.1")).empty());
  config::ListenSpec named;
  named.kind = config::ListenSpec::Kind::activated;
  named.protocol = {"tcp", IPPROTO_TCP};
  named.name = "web";
  CHECK(any_fits({{"web", *facts}}, "x", named));
  CHECK_FALSE(any_fits({{"other", *facts}}, "x", named));
  CHECK(any_fits({{"other", *facts}}, "x", spec));
  CHECK_FALSE(open_socket(named).has_value());
}

TEST_CASE("a UNIX socket that a server has had is brought back to what it was") {
  const Folder folder;
  const auto spec = local_at(folder.file("x"));
  const auto opened = open_socket(spec);
  REQUIRE(opened.has_value());
  const int fd = opened->fd.get();
  const auto required = required_state(spec, fd);
  REQUIRE(required.has_value());
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  CHECK(tampered(fd, *required, spec).find("SO_PASSCRED") != std::string::npos);
  CHECK(bring_back(fd, *required, spec).has_value());
  CHECK(tampered(fd, *required, spec).empty());
  hang_up(fd);
  CHECK_FALSE(tampered(fd, *required, spec).empty());
  CHECK_FALSE(local_client(spec.name));
}

TEST_CASE("options are set on a new socket and on an open one, and taken back") {
  auto with = tcp_at("127.0.0.1");
  with.keepalive = true;
  with.options.keepalive = config::KeepaliveTimes{61, 11, 6};
  with.options.defer_accept = 3;
  with.options.receive_buffer = 8192;
  with.options.send_buffer = 16384;
  with.options.tos = 0xb8;
  const auto plain = tcp_at("127.0.0.1");
  const auto check_set = [](int fd) {
    CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 61);
    CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL) == 11);
    CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT) == 6);
    CHECK(option_of(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT) >= 3);
    CHECK(option_of(fd, SOL_SOCKET, SO_RCVBUF) == 16384);
    CHECK(option_of(fd, SOL_SOCKET, SO_SNDBUF) == 32768);
    CHECK(option_of(fd, IPPROTO_IP, IP_TOS) == 0xb8);
  };
  const base::Fd fresh = opened(with);
  check_set(fresh.get());
  const base::Fd fd = opened(plain);
  const auto before = state_of(fd.get());
  reset_options(fd.get(), plain, with);
  apply_options(fd.get(), with);
  check_set(fd.get());
  reset_options(fd.get(), with, plain);
  apply_options(fd.get(), plain);
  CHECK(difference(state_of(fd.get()), before, plain) == "");
}

TEST_CASE("a socket listens at an address that this host does not have only when it is told to") {
  auto spec = tcp_at("192.0.2.77");
  CHECK_FALSE(open_socket(spec).has_value());
  spec.options.freebind = true;
  CHECK(open_socket(spec).has_value());
  auto v6 = tcp_at("2001:db8::77");
  CHECK_FALSE(open_socket(v6).has_value());
  v6.options.freebind = true;
  CHECK(open_socket(v6).has_value());
}

TEST_CASE("an interface that is not there is an error that names it") {
  auto spec = tcp_at("127.0.0.1");
  spec.options.device = "nosuchdevice";
  const auto opened = open_socket(spec);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == ENODEV);
  CHECK(opened.error().sentence.find("nosuchdevice") != std::string::npos);
}

TEST_CASE("multipath TCP is used where the system has it, and TCP where not") {
  auto spec = tcp_at("127.0.0.1");
  spec.options.mptcp = true;
  const auto opened = open_socket(spec);
  REQUIRE(opened.has_value());
  CHECK(option_of(opened->fd.get(), SOL_SOCKET, SO_PROTOCOL) == (opened->without_mptcp ? IPPROTO_TCP : IPPROTO_MPTCP));
  CHECK(client_of(local_endpoint(opened->fd.get())));
  const auto facts = facts_of(opened->fd.get());
  REQUIRE(facts.has_value());
  CHECK(facts->protocol == IPPROTO_TCP);
}
