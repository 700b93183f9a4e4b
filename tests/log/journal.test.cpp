// SPDX-License-Identifier: MIT
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "log/scratch.hpp"

using namespace xsuperd;
using namespace xsuperd::log;
using namespace xsuperd::log::test;
using Outcome = Output::Outcome;

namespace {

/// The journal's end of its socket.
class Journal {
 public:
  explicit Journal(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::strncpy(at.sun_path, path.c_str(), sizeof at.sun_path - 1);
    ::unlink(path.c_str());
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) throw std::runtime_error("bind");
  }
  [[nodiscard]] std::string received() const {
    std::string text(20000, '\0');
    const ssize_t count = ::recv(fd_.get(), text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
  }

 private:
  base::Fd fd_;
};

Output::Line refusal(std::string_view reason = "address") {
  return {Level::info, sample_time() + std::chrono::microseconds(7),
          record::Refuse{.service = "ftp", .id = "ftp-in", .peer = *base::Address::parse("192.0.2.7"), .reason = reason}};
}

}  // namespace

TEST_CASE("a record goes to the journal as fields, in its native protocol") {
  const Scratch dir;
  const Journal journal(dir / "socket");
  const auto log = journal_output({"xsuperd", 123}, dir / "socket");
  CHECK(log->write(refusal()) == Outcome::written);
  CHECK(journal.received() ==
        "MESSAGE=refuse: service=ftp id=ftp-in peer=192.0.2.7 reason=address\nPRIORITY=6\nSYSLOG_IDENTIFIER=xsuperd\n"
        "XSUPERD_SCHEMA=1\nXSUPERD_TIME=2026-11-03T01:02:03.000007Z\nXSUPERD_EVENT=refuse\nXSUPERD_SERVICE=ftp\nXSUPERD_ID=ftp-in\n"
        "XSUPERD_PEER=192.0.2.7\nXSUPERD_REASON=address\n");
  CHECK(complaints(*log).empty());
}

TEST_CASE("no text can add a field of its own to what the journal gets") {
  const Scratch dir;
  const Journal journal(dir / "socket");
  const auto log = journal_output({"xsuperd", 123}, dir / "socket");
  log->write(refusal("a\nPRIORITY=0\n\xff"));
  const std::string got = journal.received();
  CHECK(got.find("\nPRIORITY=0") == std::string::npos);
  CHECK(got.find("XSUPERD_REASON=a PRIORITY=0 \xef\xbf\xbd\n") != std::string::npos);
}

TEST_CASE("a journal that is not there, or is started anew, costs no record") {
  const Scratch dir;
  const auto log = journal_output({"xsuperd", 123}, dir / "socket");
  CHECK(log->write(refusal()) == Outcome::later);
  CHECK(complaints(*log).size() == 1);
  {
    const Journal journal(dir / "socket");
    CHECK(log->write(refusal()) == Outcome::written);
    CHECK(journal.received() != "");
  }
  const Journal again(dir / "socket");
  CHECK(log->write(refusal()) == Outcome::written);
  CHECK(again.received() != "");
}
