// SPDX-License-Identifier: MIT
#include "xsuperd/policy/deciding.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "fakes/fake_files.hpp"
#include "fakes/fake_names.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/policy/explain.hpp"

using namespace xsuperd;
using namespace xsuperd::policy;

namespace {

/// A service with these lines from line 8 on, the defaults being lines 1 to 4.
std::shared_ptr<const config::Service> service(const std::string& defaults, const std::string& lines) {
  fakes::FakeFiles files;
  fakes::FakeNames names;
  files.texts["/etc/xinetd.conf"] = "defaults\n{\n" + defaults + "\n}\nservice x\n{\ntype = UNLISTED\n" + lines +
                                    "\nport = 7\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server\n}\n";
  const auto loaded = config::load(files, names, "/etc/xinetd.conf");
  REQUIRE(loaded.config);
  REQUIRE(loaded.config->services.size() == 1);
  return loaded.config->services[0];
}

std::string decided(const std::string& defaults, const std::string& lines, Question question = {}) {
  const Policy policy(service(defaults, lines));
  question.peer.address = *base::Address::parse("192.0.2.7");
  const Verdict verdict = judge(policy, question);
  REQUIRE(verdict.kind == Verdict::Kind::refuse);
  const config::Place place = deciding_place(policy.service(), verdict);
  return place.line == 0 ? std::string() : fmt::format("{}:{}", place.file, place.line);
}

}  // namespace

TEST_CASE("a refusal by an access list is decided by the line of the element, or of the list that lacks one") {
  CHECK(decided("", "no_access = 10.0.0.0/8\nno_access += 192.0.2.0/24") == "/etc/xinetd.conf:9");
  CHECK(decided("no_access = 192.0.2.0/24", "") == "/etc/xinetd.conf:3");
  CHECK(decided("", "only_from = 10.0.0.0/8") == "/etc/xinetd.conf:8");
  CHECK(decided("", "only_from =") == "/etc/xinetd.conf:8");
}

TEST_CASE("a refusal by a limit is decided by the line of the attribute, wherever it stands") {
  Question full;
  full.running = 1;
  CHECK(decided("", "nice = 1\ninstances = 1", full) == "/etc/xinetd.conf:9");
  CHECK(decided("instances = 1", "", full) == "/etc/xinetd.conf:3");
  Question tripped;
  tripped.rate_tripped = true;
  CHECK(decided("", "cps = 5 5", tripped) == "/etc/xinetd.conf:8");
}

TEST_CASE("what nobody has written has no place: what is built in, an option, a ban") {
  Question tripped;
  tripped.rate_tripped = true;
  CHECK(decided("", "", tripped) == "");
  Question full;
  full.processes = full.process_limit = 1;
  CHECK(decided("", "", full) == "");
  Question banned;
  banned.banned = true;
  CHECK(decided("", "no_access = 192.0.2.0/24", banned) == "");
}

TEST_CASE("a sensor refuses by its flag") { CHECK(decided("", "flags = SENSOR") == "/etc/xinetd.conf:8"); }
