// SPDX-License-Identifier: MIT
#include "xsuperd/config/examine.hpp"

#include <catch2/catch.hpp>

#include "config/fixture.hpp"

// What can be told of a configuration without running it.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {
struct Examination {
  xsuperd::fakes::FakeFiles files;
  xsuperd::fakes::FakeNames names;
  Examined examined;
  explicit Examination(const std::string& text, Files::Status server = {}) {
    files.texts[main_file] = text;
    files.statuses["/bin/server"] = server;
    examined = examine(files, names, {.main = main_file}, Abilities{});
  }
  /// The first finding whose sentence has that part.
  [[nodiscard]] const Diagnostic* found(const std::string& part) const {
    for (const Diagnostic& d : examined.findings)
      if (d.sentence.find(part) != std::string::npos) return &d;
    return nullptr;
  }
};

std::string list(const std::string& elements) { return service("x", 1, "only_from = " + elements); }
}  // namespace

TEST_CASE("an element that means something else than it looks like is pointed at") {
  const auto told = [](const std::string& element, const std::string& sentence, Level level = Level::warning) {
    const Examination e(list(element));
    INFO(element);
    REQUIRE(e.found(sentence));
    CHECK(e.found(sentence)->level == level);
    CHECK(e.found(sentence)->place.line == 9);
    CHECK(e.found(sentence)->line_text == "only_from = " + element);
  };
  told("10.77", "10.77 means 10.0.0.77 only, not every address that begins with it");
  told("127", "127 means 0.0.0.127 only, not every address that begins with it");
  told("1.2.3.0/255.255.0.0", "1.2.3.0/255.255.0.0 means 1.2.0.0/16 here; xinetd does not understand masks and would match only 1.2.3.0", Level::info);
  told("10.1.2.3/8", "10.1.2.3/8 means the network 10.0.0.0/8", Level::info);
  told("2001:db8::1/32", "2001:db8::1/32 means the network 2001:db8::/32", Level::info);
  told("::", "::/0 is all of IPv6");
}

TEST_CASE("elements that mean what they say are passed over") {
  for (const std::string element :
       {"10.1.2.3", "10.0.0.0", "10.1.0.0/16", "0.0.0.0", "0", "::1", "2001:db8::/32", "::/0", "10.0.{1,2}"}) {
    INFO(element);
    CHECK(Examination(list(element)).examined.warnings == 0);
  }
}

TEST_CASE("an element of the defaults is told once") {
  const Examination e(defaults("only_from = 10.77") + service("x", 1) + service("y", 2));
  CHECK(e.examined.warnings == 1);
}

TEST_CASE("a server that the wrong people can change is pointed at") {
  const std::string text = service("x", 1);
  CHECK(Examination(text, {0100755, 0, 0}).examined.warnings == 0);
  CHECK(Examination(text, {0100775, 0, 0}).examined.warnings == 0);
  CHECK(Examination(text, {0100777, 0, 0}).found("/bin/server can be changed by everybody, and runs as root"));
  CHECK(Examination(text, {0100775, 0, 29}).found("can be changed by the group 29"));
  CHECK(Examination(text, {0100755, 1000, 0}).found("can be changed by the user 1000"));
}

TEST_CASE("a service that runs as the worker's user is warned of") {
  const std::string served = service("safe", 1);
  const std::string shared = "service shared\n{\nsocket_type = stream\nprotocol = tcp\ntype = UNLISTED\nport = 2\n"
                             "wait = no\nuser = 990\nserver = /bin/server\n}\n";
  const auto warnings = [&](const std::string& worker) {
    xsuperd::fakes::FakeFiles files;
    xsuperd::fakes::FakeNames names;
    names.users.push_back({worker, 990, 990});
    files.texts[main_file] = served + shared;
    std::vector<std::string> sentences;
    for (const Diagnostic& d : examine(files, names, {.main = main_file}, Abilities{}).findings)
      if (d.sentence.find("the user of the worker processes") != std::string::npos)
        sentences.push_back(d.id);
    return sentences;
  };
  CHECK(warnings("xsuperd-worker") == std::vector<std::string>{"shared"});
  CHECK(warnings("somebody").empty());
}

TEST_CASE("findings come in the order of lines, and are counted") {
  const Examination e(service("x", 1, "only_from = 10.77\nnice = bad") + service("y", 2, "disable = yes") +
                      service("z", 3, "bannr = 4"));
  int line = 0;
  for (const Diagnostic& d : e.examined.findings) {
    CHECK(d.place.line >= line);
    line = d.place.line;
  }
  CHECK(e.examined.services == 1);
  CHECK(e.examined.disabled == 1);
  CHECK(e.examined.refused == 1);
  CHECK(summary(e.examined) == "1 service, 1 disabled, 1 refused; 1 error, 1 warning");
}

TEST_CASE("without its main file nothing is served, and that is an error") {
  xsuperd::fakes::FakeFiles files;
  xsuperd::fakes::FakeNames names;
  const Examined e = examine(files, names, {.main = "/no/such"}, Abilities{});
  CHECK(e.loaded.config == nullptr);
  CHECK(e.errors > 0);
}
