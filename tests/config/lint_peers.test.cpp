// SPDX-License-Identifier: MIT
// What is pointed out about peers that have no IP address.
#include <catch2/catch.hpp>

#include "config/fixture.hpp"
#include "xsuperd/config/lint.hpp"

using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {

/// A service that listens where `listen` says, with further lines from line 9 on.
std::vector<Diagnostic> found(const std::string& listen, const std::string& lines, const std::string& before = "") {
  const World w(before + entry("x", "type = UNLISTED\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server\nlisten = " +
                                        listen + "\n" + lines));
  REQUIRE(w.up("x"));
  return lints(*w.loaded.config);
}

/// "warning: SENTENCE" or "note: SENTENCE"; empty without a finding.
std::string said(const std::string& listen, const std::string& lines, const std::string& before = "") {
  std::string text;
  for (const Diagnostic& one : found(listen, lines, before))
    text += (text.empty() ? "" : "\n") + std::string(one.level == Level::warning ? "warning: " : "note: ") + one.sentence;
  return text;
}

constexpr char local[] = "unix:/run/x";
constexpr char ip[] = "tcp:127.0.0.1:9000";
constexpr char guest[] = "vsock:any:99";
const std::string mixed = std::string(local) + " " + ip;

}  // namespace

TEST_CASE("what restricts the peers that a service has is nothing to point at") {
  CHECK(said(local, "only_uid = root") == "");
  CHECK(said(local, "only_gid = 4\nonly_uid = 0") == "");
  CHECK(said(guest, "only_cid = 3") == "");
  CHECK(said(mixed, "only_uid = root\nonly_from = 10.0.0.0/8") == "");
  CHECK(said(mixed, "") == "");
  CHECK(said("fd:web", "only_uid = root\nonly_cid = 3") == "");
}

TEST_CASE("to trust everybody as a proxy is a warning") {
  for (const char* everybody : {"0.0.0.0/0", "::/0"})
    CHECK(said(ip, std::string("proxy_from = 10.0.0.1 ") + everybody) ==
          "warning: Service x: proxy_from contains everybody, so each peer may say that it is another one");
  CHECK(said(ip, "proxy_from = 10.0.0.0/8 ::1") == "");
}

TEST_CASE("a restriction for sockets that the service does not have is a warning") {
  CHECK(said(ip, "only_uid = root") == "warning: only_uid has no effect: service x has no UNIX socket");
  CHECK(said(ip, "only_gid = 4") == "warning: only_gid has no effect: service x has no UNIX socket");
  CHECK(said(guest, "only_uid = root") == "warning: only_uid has no effect: service x has no UNIX socket");
  CHECK(said(local, "only_cid = 3") == "warning: only_cid has no effect: service x has no vsock socket");
  const auto all = found(ip, "only_cid = 3");
  REQUIRE(all.size() == 1);
  CHECK(all[0].place.line == 9);
  CHECK(all[0].id == "x");
  // The defaults are for others, too.
  CHECK(said(ip, "", defaults("only_uid = root\nonly_cid = 3")) == "");
}

TEST_CASE("that peers over IP are all admitted beside a restricted socket is a note") {
  CHECK(said(mixed, "only_uid = root") == "note: Service x: only_uid holds for its UNIX sockets only: peers over IP are all admitted");
  CHECK(said(std::string(guest) + " " + ip, "only_cid = 3") ==
        "note: Service x: only_cid holds for its vsock sockets only: peers over IP are all admitted");
  CHECK(said(mixed, "", defaults("only_gid = 4")) ==
        "note: Service x: only_gid holds for its UNIX sockets only: peers over IP are all admitted");
}

TEST_CASE("that only_from alone keeps out everybody who has no address is told") {
  CHECK(said(mixed, "only_from = 10.0.0.0/8") ==
        "note: Service x: with only_from alone, peers over its UNIX sockets are all refused");
  const auto all = found(local, "only_from = .example.com");
  REQUIRE(all.size() == 1);
  CHECK(all[0].level == Level::warning);
  CHECK(all[0].suggestion == "only_uid or only_gid says who may come there");
  CHECK(said(guest, "only_from = .example.com") ==
        "warning: Service x: with only_from alone, peers over its vsock sockets are all refused");
}
