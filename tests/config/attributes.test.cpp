// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>

#include "config/fixture.hpp"
#include "xsuperd/config/vocabulary.hpp"

// The table of attributes itself, and what holds for its rows alike.
using namespace xsuperd::config;
using namespace xsuperd::config::test;

TEST_CASE("every row of the attribute table is complete") {
  std::set<std::string_view> names;
  for (const Attribute& row : attributes()) {
    INFO(row.name);
    CHECK(names.insert(row.name).second);
    CHECK_FALSE(row.text.empty());
    CHECK_FALSE(row.synopsis.empty());
    CHECK_FALSE(row.initial.empty());
    CHECK(row.example.rfind(std::string(row.name) + ' ', 0) == 0);
    CHECK(row.parse);
    CHECK(row.is_set);
    CHECK(row.print);
    CHECK(row.same);
    CHECK(row.inherit);
    CHECK(row.least >= 0);
    CHECK((row.most == -1 || row.most >= row.least));
    CHECK(find_attribute(row.name) == &row);
  }
  CHECK(std::is_sorted(attributes().begin(), attributes().end(),
                       [](const Attribute& a, const Attribute& b) { return a.name < b.name; }));
}

TEST_CASE("attributes are found whatever their case, and interface is bind") {
  CHECK(find_attribute("Log_On_Success")->name == "log_on_success");
  CHECK(find_attribute("interface")->name == "bind");
  CHECK(find_attribute("INTERFACE") == find_attribute("bind"));
  CHECK_FALSE(find_attribute("nonsense"));
  CHECK_FALSE(find_attribute(""));
  CHECK_FALSE(find_attribute("zzz"));
}

TEST_CASE("no row is set at first, and the rows of equal settings are the same") {
  for (const Attribute& row : attributes()) {
    CHECK_FALSE(row.is_set({}));
    CHECK(row.same({}, {}));
    CHECK(row.print({}) == "");
  }
}

TEST_CASE("every flag is named in the manual text of flags") {
  for (const auto& word : vocabulary<Flag>())
    CHECK(find_attribute("flags")->text.find(word.text) != std::string_view::npos);
  for (const auto& word : vocabulary<Type>())
    CHECK(find_attribute("type")->synopsis.find(word.text) != std::string_view::npos);
}

TEST_CASE("attributes for services only are ignored in the defaults, with a warning") {
  for (const Attribute& row : attributes()) {
    if (row.where != Where::service) continue;
    const World w(defaults(std::string(row.name) + " = 1") + service("x", 1));
    INFO(row.name);
    CHECK(w.up("x"));
    const Diagnostic* d = w.finding(fmt::format("attribute: {} should not be in default section", row.name));
    REQUIRE(d);
    CHECK(d->level == Level::warning);
  }
}

TEST_CASE("attributes of the defaults only are ignored in a service, with a warning") {
  for (const std::string name : {"enabled", "disabled"}) {
    const World w = with(name + " = x");
    CHECK(w.up("x"));
    CHECK(w.said("bad service attribute: " + name));
  }
}

TEST_CASE("a line with none or two values for an attribute of one is ignored, or costs the entry where it restricts") {
  for (const Attribute& row : attributes()) {
    if (row.most != 1 || row.name == "disable" || row.where == Where::defaults) continue;
    INFO(row.name);
    const World none = with(std::string(row.name) + " =");
    const World two = with(std::string(row.name) + " = 1 1");
    for (const World* w : {&none, &two}) {
      const bool plain_has_it = std::string(plain).find(std::string(row.name) + " =") != std::string::npos;
      CHECK(w->up("x") == (plain_has_it || !restricts(row)));
      CHECK(w->said(plain_has_it ? "attribute already set" : "values were specified"));
    }
  }
}

TEST_CASE("an attribute that takes one value refuses += and -=, and where it restricts its entry goes with the line") {
  for (const Attribute& row : attributes()) {
    if (row.operators != Operators::set || row.where == Where::defaults) continue;
    if (std::string(plain).find(std::string(row.name) + " =") != std::string::npos) continue;
    INFO(row.name);
    const World w = with(std::string(row.name) + " += 1 1");
    CHECK(w.up("x") != restricts(row));
    CHECK(with(std::string(row.name) + " -= 1 1").said("cannot be used for attribute"));
    if (w.up("x")) CHECK_FALSE(row.is_set(w.at("x").settings));
  }
}

TEST_CASE("a list of words that must not be empty refuses its service when it is") {
  for (const std::string name : {"flags", "server_args", "access_times", "log_type"}) {
    const World w = with(name + " =");
    CHECK(w.refused("x"));
    CHECK(w.said("attribute " + name + " expects at least 1 value and none was given"));
  }
}

TEST_CASE("the words of enumerations are found whatever their case") {
  CHECK(find_word<Flag>(vocabulary<Flag>(), "ipv4") == Flag::ipv4);
  CHECK(find_word<SocketType>(vocabulary<SocketType>(), "SEQPACKET") == SocketType::seqpacket);
  CHECK_FALSE(find_word<Type>(vocabulary<Type>(), "LISTED"));
  CHECK(words_of(Set<SuccessOption>{SuccessOption::traffic, SuccessOption::host}) ==
        std::vector<std::string>{"HOST", "TRAFFIC"});
}

namespace {

/// What an entry has to say besides, if it has this attribute.
std::string beside(std::string_view attribute) {
  if (attribute == "user_namespace") return "dynamic_user = yes\n";
  if (attribute == "real_peer") return "proxy_from = 10.0.0.1\n";
  return attribute.starts_with("tls_") || attribute == "only_cert" ? "tls = no\n" : "";
}

/// The lines of an entry that is complete but for this attribute.
std::string lines_without(std::string_view attribute) {
  const bool rpc = attribute.starts_with("rpc_");
  const bool waits = attribute == "pass_fds";
  std::string lines;
  for (const std::string line :
       {rpc ? "type = RPC UNLISTED" : "type = UNLISTED", rpc ? "rpc_version = 1" : "port = 9000", "socket_type = stream",
        waits ? "wait = yes" : "wait = no", "user = root", "server = /bin/server", rpc ? "rpc_number = 200000" : "log_on_failure = HOST"})
    if (line.substr(0, line.find(' ')) != attribute) lines += line + "\n";
  return lines + beside(attribute);
}

World world_of_examples() {
  World w;
  w.files.programs.insert("/usr/sbin/in.ftpd");
  for (const char* banner : {"/etc/issue.net", "/etc/xinetd/go-away", "/etc/xinetd/welcome"}) w.files.texts[banner] = "hello";
  w.names.group_ids["nogroup"] = 65534;
  return w;
}

}  // namespace

TEST_CASE("the example of every row is understood without a word wherever the row may stand") {
  for (const Attribute& row : attributes()) {
    INFO(row.name);
    World w = world_of_examples();
    const std::string example(row.example);
    if (row.where != Where::defaults) {
      w.read(entry("x", lines_without(row.name) + example));
      CHECK(w.log() == "");
      const std::string id = row.name == "id" ? "ftp-inside" : "x";
      CHECK((w.up(id) ? row.is_set(w.at(id).settings) : row.name == "disable"));
    }
    if (row.where != Where::service) {
      w.read(defaults(example) + service("x", 9000, beside(row.name) + "log_on_failure = HOST"));
      CHECK(w.log() == "");
      CHECK((w.up("x") || row.name == "enabled"));
    }
  }
}
