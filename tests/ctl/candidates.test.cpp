// SPDX-License-Identifier: MIT
#include "ctl/candidates.hpp"

#include <catch2/catch.hpp>
#include <cstdio>

#include "ctl/commands.hpp"
#include "ctl/options.hpp"
#include "fakes/fake_files.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/convert/run.hpp"

using namespace xsuperd;
using namespace xsuperd::ctl;

namespace {

using Words = std::vector<std::string>;

class FakeThings final : public Things {
 public:
  Candidates services() override { return {{"ftp", "listening"}, {"ftp-data", ""}, {"git", ""}}; }
  Candidates sessions() override { return {{"17", ""}}; }
  Candidates peers() override { return {{"192.0.2.7", ""}}; }
  Candidates banned() override { return {{"2001:db8::1", ""}}; }
};

Words words_for(const Words& line) {
  FakeThings things;
  Words words;
  for (const Candidate& one : candidates(line, things)) words.push_back(one.word);
  return words;
}

bool offers(const Words& line, const std::string& word) {
  const Words all = words_for(line);
  return std::find(all.begin(), all.end(), word) != all.end();
}

}  // namespace

TEST_CASE("Every command is offered, but the one that completes") {
  Words wanted;
  for (const Command& command : commands())
    if (command.name != "complete") wanted.emplace_back(command.name);
  CHECK(words_for({""}) == wanted);
  CHECK(words_for({"re"}) == Words{"reopen-logs", "reload", "renew"});
  CHECK(words_for({"--json", "--socket", "status", "hea"}) == Words{"health"});
}

TEST_CASE("Every option is offered to the commands that take it, and to no other") {
  for (const OptionWord& option : option_words()) {
    CAPTURE(option.word);
    std::size_t takers = offers({option.word}, option.word);
    for (const Command& command : commands()) {
      if (command.apart) continue;
      const std::string name(command.name);
      const bool offered = offers({name, "--"}, option.word);
      const Words line = option.takes_value() ? Words{name, option.word, "1"} : Words{name, option.word};
      const bool general = option.word == "--help" || option.word == "--version";
      if (!general) CHECK(offered == misplaced_option(parse_arguments(line).value()).empty());
      takers += offered;
    }
    CHECK(takers > 0);
  }
}

TEST_CASE("The options of convert are those that its summary has") {
  std::FILE* out = std::tmpfile();
  REQUIRE(out != nullptr);
  REQUIRE(convert::run({"--help"}, out, out) == 0);
  std::rewind(out);
  std::string text(10'000, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), out));
  std::fclose(out);
  Words wanted{"--help"};
  for (const std::string_view line : {std::string_view(text)})
    for (const std::string_view word : base::split_words(line)) {
      const std::string bare(word.substr(0, word.find_first_of(" \n]")));
      if (bare.starts_with("--") && std::find(wanted.begin(), wanted.end(), bare) == wanted.end()) wanted.push_back(bare);
    }
  CHECK(wanted.size() > 4);
  for (const std::string& word : wanted) {
    CAPTURE(word);
    CHECK(offers({"convert", "--"}, word));
  }
}

TEST_CASE("Words of a command are offered by what its synopsis calls them") {
  CHECK(words_for({"sessions", ""}) == Words{"ftp", "ftp-data", "git"});
  CHECK(words_for({"drain", "--hold", "f"}) == Words{"ftp", "ftp-data"});
  CHECK(words_for({"drain", "ftp", "g"}) == Words{"git"});
  CHECK(words_for({"check", "x", ""}).empty());
  CHECK(words_for({"kill", ""}) == Words{"17", "ftp", "ftp-data", "git"});
  CHECK(words_for({"health", "ftp", "git", "g"}) == Words{"git"});
  CHECK(words_for({"unban", ""}) == Words{"2001:db8::1"});
  CHECK(words_for({"explain", ""}) == Words{"ftp", "ftp-data", "git"});
  CHECK(words_for({"explain", "ftp", ""}) == Words{"ftp", "ftp-data", "git", "192.0.2.7"});
  CHECK(words_for({"ban", ""}) == Words{"192.0.2.7"});
  CHECK(offers({"ban", "::1", ""}, "7d"));
  CHECK(offers({"show", "ftp", "g"}, "git"));
  CHECK(offers({"log-level", "w"}, "warning"));
  CHECK(words_for({"check", "x"}) == Words{":files"});
  CHECK(words_for({"status", ""}).empty());
  CHECK(offers({"watch", ""}, "list"));
  CHECK_FALSE(offers({"watch", ""}, "kill"));
  CHECK(words_for({"watch", "-n", "1", "explain", "gi"}) == Words{"git"});
  CHECK(offers({"watch", "list", "--"}, "--all"));
  CHECK(words_for({"no-such-command", ""}).empty());
  CHECK(words_for({}).size() > 10);
}

TEST_CASE("A command that wants a service is offered some") {
  for (const Command& command : commands()) {
    if (command.apart || command.synopsis.find("SERVICE") == std::string_view::npos) continue;
    CAPTURE(command.name);
    CHECK(offers({std::string(command.name), ""}, "git"));
  }
}

TEST_CASE("Where attributes are wanted each that a service can have is offered") {
  for (const config::Attribute& row : config::attributes()) {
    CAPTURE(row.name);
    CHECK(offers({"show", "ftp", "port", ""}, std::string(row.name)) == (row.where != config::Where::defaults));
  }
}

TEST_CASE("Values of options are offered behind the option and behind its equals sign") {
  CHECK(words_for({"top", "--sort", "r"}) == Words{"rate", "running", "refused"});
  CHECK(words_for({"top", "--sort=n"}) == Words{"--sort=name"});
  CHECK(words_for({"--socket", ""}) == Words{":files"});
  CHECK(words_for({"convert", "--output", ""}) == Words{":directories"});
  CHECK(words_for({"convert", "--from", "x"}) == Words{"xinetd"});
  CHECK(offers({"kill", "--signal", ""}, "HUP"));
  CHECK(words_for({"explain", "--at", ""}).empty());
}

TEST_CASE("Services of a configuration are found through what it includes") {
  fakes::FakeFiles files;
  files.texts = {{"/c", "defaults\n{\n}\nincludedir /d\nservice one\n{\nid = uno\n}\ninclude /more\ninclude /c\n"},
                 {"/d/b", "service two\n{\ndisable = yes\n}\nservice two\n{\n}\n"},
                 {"/d/left.out", "service three\n{\n}\n"},
                 {"/more", "nonsense\nservice four\n{\n}\n"}};
  CHECK(services_in(files, "/c") == Candidates{{"two", "/d/b"}, {"uno", "/c"}, {"four", "/more"}});
  CHECK(services_in(files, "/none").empty());
}
