// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "net/libwrap_protocol.hpp"
#include "net/libwrap_scratch.hpp"
#include "net/libwrap_tables.hpp"
#include "net/sockets.hpp"

using namespace xsuperd;
using namespace xsuperd::net;
using namespace xsuperd::net::testing;

namespace {

struct Ends {
  Ends() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    daemon.reset(ends[0]);
    helper.reset(ends[1]);
  }
  base::Fd daemon, helper;
};

wrap::Request encoded(const LibwrapQuestion& question) {
  wrap::Request request{};
  REQUIRE(wrap::encode(question, 7, request));
  return request;
}

LibwrapQuestion sample() {
  return {.daemon = "in.testd",
          .peer = {address("2001:db8::1"), 40000},
          .local = {address("2001:db8::2"), 23},
          .user = LibwrapUser{1000, 100, {100, 27}}};
}

bool has_rules(const std::string& text) {
  const Scratch scratch;
  scratch.put("file", text);
  return wrap::TableFile(scratch / "file").has_rules();
}

}  // namespace

TEST_CASE("a question of libwrap arrives as it was sent, with its connection") {
  const Ends ends;
  REQUIRE(wrap::send_request(ends.daemon.get(), encoded(sample()), -1) == 0);
  auto with = sample();
  with.connection = ends.daemon.get();
  REQUIRE(wrap::send_request(ends.daemon.get(), encoded(with), with.connection) == 0);

  wrap::Request got;
  auto first = wrap::receive_request(ends.helper.get(), got);
  REQUIRE(first);
  CHECK(first->size == wrap::request_size(2));
  CHECK_FALSE(first->connection);
  CHECK(got.id == 7);
  CHECK(std::string(got.daemon.data()) == "in.testd");
  CHECK(wrap::endpoint_of(got.peer) == sample().peer);
  CHECK(wrap::endpoint_of(got.local) == sample().local);
  CHECK((got.has_user == 1 && got.uid == 1000 && got.gid == 100));
  CHECK((got.group_count == 2 && got.groups[0] == 100 && got.groups[1] == 27));

  auto second = wrap::receive_request(ends.helper.get(), got);
  REQUIRE(second);
  REQUIRE(second->connection);
  CHECK((::fcntl(second->connection.get(), F_GETFD) & FD_CLOEXEC) != 0);
  auto nothing = wrap::receive_request(ends.helper.get(), got);
  REQUIRE(nothing);
  CHECK(nothing->size == 0);
}

TEST_CASE("mapped addresses travel to libwrap as IPv4, and no address as none") {
  const auto request = encoded({.daemon = "d", .peer = {address("::ffff:192.0.2.7"), 1}, .local = {}});
  CHECK(wrap::endpoint_of(request.peer) == base::Endpoint{address("192.0.2.7"), 1});
  CHECK_FALSE(wrap::endpoint_of(request.local).address.known());
}

TEST_CASE("questions that do not fit are not sent to libwrap") {
  wrap::Request request;
  CHECK_FALSE(wrap::encode({.daemon = std::string(256, 'd'), .peer = {}, .local = {}}, 1, request));
  CHECK_FALSE(wrap::encode({.daemon = std::string("a\0b", 3), .peer = {}, .local = {}}, 1, request));
  auto crowded = sample();
  crowded.user->groups.assign(1024, 5);
  CHECK(wrap::encode(crowded, 1, request));
  CHECK(wrap::valid(request, sizeof request, false));
  crowded.user->groups.push_back(5);
  CHECK_FALSE(wrap::encode(crowded, 1, request));
}

TEST_CASE("messages of libwrap that are cut, overlong or strange are no messages") {
  const wrap::Request good = encoded(sample());
  const std::size_t size = wrap::request_size(2);
  CHECK(wrap::valid(good, size, false));
  CHECK_FALSE(wrap::valid(good, size, true));
  for (const std::size_t other : {std::size_t{0}, std::size_t{1}, wrap::request_size(0), size - 1, size + 1})
    CHECK_FALSE(wrap::valid(good, other, false));
  auto bad = good;
  bad.version = 2;
  CHECK_FALSE(wrap::valid(bad, size, false));
  bad = good;
  bad.group_count = 0x4000'0002;  // its bytes would wrap around on a small machine
  CHECK_FALSE(wrap::valid(bad, size, false));
  bad = good;
  bad.peer.family = AF_UNIX;
  CHECK_FALSE(wrap::valid(bad, size, false));
  bad = good;
  bad.daemon.fill('d');
  CHECK_FALSE(wrap::valid(bad, size, false));

  const wrap::Reply reply{wrap::version, 2, 1};
  CHECK(wrap::valid(reply, sizeof reply));
  CHECK_FALSE(wrap::valid(reply, sizeof reply - 1));
  CHECK_FALSE(wrap::valid(reply, sizeof reply + 1));
  CHECK_FALSE(wrap::valid({wrap::version, 3, 1}, sizeof reply));
  CHECK_FALSE(wrap::valid({2, 1, 1}, sizeof reply));
}

TEST_CASE("a packet that is no question of libwrap is not taken for one") {
  const Ends ends;
  REQUIRE(send_now(ends.daemon.get(), "hello") == 5);
  wrap::Request got;
  CHECK_FALSE(wrap::receive_request(ends.helper.get(), got));
  REQUIRE(send_now(ends.daemon.get(), std::string(sizeof got + 1, '\1')) > 0);
  CHECK_FALSE(wrap::receive_request(ends.helper.get(), got));
}

TEST_CASE("a connection is lost, but not the question, when there are no descriptors left") {
  const Ends ends;
  auto with = sample();
  with.connection = ends.daemon.get();
  REQUIRE(wrap::send_request(ends.daemon.get(), encoded(with), with.connection) == 0);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  wrap::Request got;
  const auto received = wrap::receive_request(ends.helper.get(), got);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE(received);
  CHECK(received->size > 0);
  CHECK_FALSE(received->connection);
}

TEST_CASE("blank lines and comments in the first column are no rules") {
  CHECK_FALSE(has_rules(""));
  CHECK_FALSE(has_rules("\n\n  \t\r\n"));
  CHECK_FALSE(has_rules("# ALL: ALL\n#\n   \n# last, without line end"));
}

TEST_CASE("everything else is a rule, and so is what libwrap may read otherwise than we") {
  CHECK(has_rules("ALL: ALL\n"));
  CHECK(has_rules("# one\n\nsshd: ALL"));
  CHECK(has_rules(" # not in the first column\n"));
  CHECK(has_rules("# goes on \\\nALL: ALL\n"));
  CHECK(has_rules(std::string("#\0\n", 3)));
  CHECK(has_rules("#" + std::string(3000, 'x') + "\n"));
  std::string many;
  while (many.size() <= 64 * 1024) many += "# comment\n";
  CHECK(has_rules(many));
}

TEST_CASE("a file of rules that is not there has none, one that cannot be read may have some") {
  const Scratch scratch;
  CHECK_FALSE(wrap::TableFile(scratch / "none").has_rules());
  CHECK(wrap::TableFile(scratch / "").has_rules());  // a directory
  REQUIRE(::mkfifo((scratch / "pipe").c_str(), 0600) == 0);
  CHECK(wrap::TableFile(scratch / "pipe").has_rules());
  scratch.put("file", "");
  CHECK(wrap::TableFile(scratch / "file/below").has_rules());
}

TEST_CASE("a change to a file of rules is seen at the next question") {
  const Scratch scratch;
  wrap::TableFile file(scratch / "file");
  CHECK_FALSE(file.has_rules());
  // Same length and hardly any time between: what has just changed is looked at again each time.
  for (int i = 0; i < 20; ++i) {
    scratch.put("file", "ALL: ALL\n");
    CHECK(file.has_rules());
    scratch.put("file", "#LL: ALL\n");
    CHECK_FALSE(file.has_rules());
  }
  std::filesystem::remove(scratch / "file");
  CHECK_FALSE(file.has_rules());
}

TEST_CASE("a file of rules that has not changed for a while is not read again") {
  wrap::TableFile file("/etc/passwd");
  struct stat passwd {};
  if (::stat("/etc/passwd", &passwd) != 0 || ::time(nullptr) - passwd.st_ctime < 10) {
    WARN("skipped: no file of some age at hand");
    return;
  }
  for (int i = 0; i < 3; ++i) CHECK(file.has_rules());
  CHECK(file.reads() == 1);
}
