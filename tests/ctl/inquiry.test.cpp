// SPDX-License-Identifier: MIT
#include "ctl/inquiry.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>

using namespace xsuperd;
using namespace xsuperd::ctl;

namespace {

/// A socket in a folder of its own, where a test plays the daemon.
class Listener {
 public:
  explicit Listener(int backlog = 5) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    char name[] = "/tmp/inquiry-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    folder_ = name;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path().c_str());
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket_.get(), backlog) == 0);
  }
  ~Listener() {
    ::unlink(path().c_str());
    ::rmdir(folder_.c_str());
  }
  [[nodiscard]] std::string path() const { return folder_ + "/control"; }
  [[nodiscard]] base::Fd accept() const { return base::Fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }

 private:
  base::Fd socket_;
  std::string folder_;
};

void say(const base::Fd& peer, std::string_view bytes) {
  REQUIRE(::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

/// As often as poll(2) says that there is something to do; the sentence it failed with, or nothing.
std::string run(Inquiry& inquiry) {
  pollfd one{inquiry.descriptor(), inquiry.events(), 0};
  while (!inquiry.done() && ::poll(&one, 1, 100) > 0) {
    if (const auto gone_on = inquiry.go_on(); !gone_on) return gone_on.error().sentence;
    one.events = inquiry.events();
  }
  return {};
}

}  // namespace

TEST_CASE("An inquiry never waits, and is done when the last byte of the answer is there") {
  const Listener daemon;
  auto inquiry = Inquiry::begin(daemon.path(), {"stats"});
  REQUIRE(inquiry.has_value());
  const base::Fd peer = daemon.accept();
  CHECK(run(*inquiry).empty());
  CHECK_FALSE(inquiry->done());
  char request[100];
  const ssize_t size = ::recv(peer.get(), request, sizeof request, 0);
  REQUIRE(size > 4);
  CHECK(std::string_view(request + 4, static_cast<std::size_t>(size) - 4).find(R"("stats")") != std::string_view::npos);
  control::Reply reply{{{"now", 5}}};
  const std::string answer = control::frame(R"({"version":1,"rows":[{"id":"a"},{"id":"b"}]})") +
                             control::frame(control::final_text(reply));
  for (const char byte : answer.substr(0, answer.size() - 1)) {
    say(peer, {&byte, 1});
    REQUIRE(run(*inquiry).empty());
  }
  CHECK_FALSE(inquiry->done());
  say(peer, answer.substr(answer.size() - 1));
  CHECK(run(*inquiry).empty());
  REQUIRE(inquiry->done());
  const Answer taken = inquiry->take();
  CHECK(taken.rows.size() == 2);
  CHECK(control::number_at(taken.result, "now") == 5);
}

TEST_CASE("What a daemon refuses, garbles or leaves unsaid ends an inquiry with a sentence") {
  const Listener daemon;
  const auto after = [&](std::string_view bytes) {
    auto inquiry = Inquiry::begin(daemon.path(), {"stats"});
    REQUIRE(inquiry.has_value());
    {
      const base::Fd peer = daemon.accept();
      REQUIRE(inquiry->go_on().has_value());
      char request[100];
      REQUIRE(::recv(peer.get(), request, sizeof request, 0) > 0);
      if (!bytes.empty()) say(peer, bytes);
    }
    return run(*inquiry);
  };
  CHECK(after("") == "the daemon closed the connection without an answer");
  CHECK(after(control::frame(control::final_text(control::Reply::failed(control::Code::busy, "too many")))) == "too many");
  CHECK(after("\xff\xff\xff\xff") == "the peer on that socket is not xsuperd");
  CHECK_FALSE(after(control::frame("nonsense")).empty());
}

TEST_CASE("A daemon that has too many clients is told from one that hangs") {
  const Listener daemon;
  auto inquiry = Inquiry::begin(daemon.path(), {"stats"});
  REQUIRE(inquiry.has_value());
  const base::Fd peer = daemon.accept();
  REQUIRE(inquiry->go_on().has_value());
  say(peer, control::frame(control::final_text(control::Reply::failed(control::Code::busy, "too many"))));
  auto gone_on = inquiry->go_on();
  while (gone_on && !inquiry->done()) gone_on = inquiry->go_on();
  CHECK(gone_on.error().code == EBUSY);
}

TEST_CASE("Where no daemon is, or none that takes connections, an inquiry does not begin") {
  CHECK(Inquiry::begin("/nonexistent/control", {"stats"}).error().code == ENOENT);
  CHECK(Inquiry::begin(std::string(500, 'x'), {"stats"}).error().code == ENAMETOOLONG);
  const Listener stopped(0);
  const auto first = Inquiry::begin(stopped.path(), {"stats"});
  CHECK(first.has_value());
  CHECK(Inquiry::begin(stopped.path(), {"stats"}).error().code == EAGAIN);
}
