// SPDX-License-Identifier: MIT
#include "ctl/persist.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "xsuperd/config/parser.hpp"

using namespace xsuperd;
using namespace xsuperd::ctl;

namespace {

/// The new text, or the sentence of the error behind a "!".
std::string edited(std::string_view text, int line, std::string_view name, bool disable, std::string_view id = "") {
  const auto result = with_disable(text, line, name, id.empty() ? name : id, disable);
  return result ? *result : "!" + result.error().sentence;
}

/// The same after lines for `set`.
std::string set_in(std::string_view text, std::string_view setting) {
  const auto result = with_setting(text, 1, "x", "x", setting);
  return result ? *result : "!" + result.error().sentence;
}

config::Entry::State state_of(const std::string& text, std::size_t number = 0) {
  config::Diagnostics found;
  return config::parse(text, "file", found).entries.at(number).state;
}

}  // namespace

TEST_CASE("a comment behind the value of disable or id stays where it is") {
  const std::string on = "service x\n{\n\tid = a # of x\n\tdisable = no # for now\n}\n";
  const std::string off = "service x\n{\n\tid = a # of x\n\tdisable = yes # for now\n}\n";
  CHECK(edited(on, 1, "x", true, "a") == off);
  CHECK(edited(off, 1, "x", false, "a") == on);
  CHECK(state_of(off) == config::Entry::State::disabled);
}

TEST_CASE("The value of a disable line is replaced, and nothing else") {
  const std::string text =
      "# top\n"
      "service x\n"
      "{\n"
      "\t# disable = yes\n"
      "\tport = 1\n"
      "\tdisable\t\t=  no  \n"
      "}\n";
  const std::string off = edited(text, 2, "x", true);
  CHECK(off ==
        "# top\n"
        "service x\n"
        "{\n"
        "\t# disable = yes\n"
        "\tport = 1\n"
        "\tdisable\t\t=  yes  \n"
        "}\n");
  CHECK(state_of(off) == config::Entry::State::disabled);
  CHECK(edited(off, 2, "x", false) == text);
  CHECK(edited(off, 2, "x", true) == off);
}

TEST_CASE("A missing disable line is added in the style of the entry") {
  CHECK(edited("service x\n{\n    port            = 1\n}\n", 1, "x", true) ==
        "service x\n{\n    disable         = yes\n    port            = 1\n}\n");
  CHECK(edited("service x\n{\n# note\n\tport\t\t= 1\n}\n", 1, "x", true) ==
        "service x\n{\n\tdisable\t\t= yes\n# note\n\tport\t\t= 1\n}\n");
  CHECK(edited("service x\n{\n  id = 1\n}\n", 1, "x", true, "1") == "service x\n{\n  disable = yes\n  id = 1\n}\n");
  CHECK(edited("service x\n{\n}\n", 1, "x", true) == "service x\n{\n\tdisable = yes\n}\n");
  CHECK(edited("service x\r\n{\r\n\tport = 1\r\n}\r\n", 1, "x", true) ==
        "service x\r\n{\r\n\tdisable = yes\r\n\tport = 1\r\n}\r\n");
  CHECK(state_of(edited("service x\n{\n\tport\t\t= 1\n}", 1, "x", true)) == config::Entry::State::disabled);
}

TEST_CASE("A line is added whatever the first line of the entry is like") {
  for (const std::string first : {"\tlog_on_failure\t+= USERID", "\tno_access\t-= 10.0.0.1", "\tlog_on_failure += USERID", "\tnice:\t= 3", "\tlisten\t\t+= unix:/run/x tcp:[::1]:21",
                                  "\tlisten -= any:203.0.113.0/24:1-1024", "\tlisten\t= unix:@disable"}) {
    const std::string off = edited("service x\n{\n" + first + "\n}\n", 1, "x", true);
    INFO(off);
    CHECK(off.find("disable") < off.find("= yes"));
    CHECK(off.find("+= yes") == std::string::npos);
    CHECK(off.find("-= yes") == std::string::npos);
    CHECK(state_of(off) == config::Entry::State::disabled);
  }
}

TEST_CASE("A byte order mark stays where it is") {
  const std::string off = edited("\xef\xbb\xbfservice x\n{\n\tport = 1\n}\n", 1, "x", true);
  CHECK(off == "\xef\xbb\xbfservice x\n{\n\tdisable = yes\n\tport = 1\n}\n");
}

TEST_CASE("To enable what has no disable line changes nothing") {
  const std::string text = "service x\n{\n\tport = 1\n}\n";
  CHECK(edited(text, 1, "x", false) == text);
}

TEST_CASE("Every disable line of the entry gets the value, those of others stay") {
  const std::string text =
      "service a\n{\n\tdisable = yes\n}\n"
      "service B\n{\n\tdisable = yes\n\tDisable = YES\n}\n"
      "service c\n{\n\tdisable = yes\n}\n";
  const std::string on = edited(text, 5, "b", false);
  CHECK(on ==
        "service a\n{\n\tdisable = yes\n}\n"
        "service B\n{\n\tdisable = no\n\tDisable = no\n}\n"
        "service c\n{\n\tdisable = yes\n}\n");
  CHECK(state_of(on, 1) == config::Entry::State::whole);
}

TEST_CASE("What is not understood is left alone") {
  CHECK(edited("service y\n{\n}\n", 1, "x", true) == "!service x is no longer there; reload first");
  CHECK(edited("", 1, "x", true) == "!service x is no longer there; reload first");
  CHECK(edited("service x\nport = 1\n}\n", 1, "x", true) == "!the entry has no opening brace");
  CHECK(edited("service x\n{\nport = 1\n", 1, "x", true) == "!the entry has no closing brace");
  CHECK(edited("service x\n{\n\tdisable = yes please\n}\n", 1, "x", false) ==
        "!its line 'disable = yes please' is not of the form 'disable = VALUE'");
}

TEST_CASE("An entry that has moved is found, if it is the only one of its name and id") {
  const std::string text = "service x\n{\n}\nservice y\n{\n\tid = z\n}\nservice y\n{\n}\n";
  for (const int line : {0, 2, 4, 99}) {
    CHECK(edited(text, line, "x", true).starts_with("service x\n{\n\tdisable = yes\n}"));
    CHECK(edited(text, line, "y", true).ends_with("service y\n{\n\tdisable = yes\n}\n"));
  }
  CHECK(edited(text + "service x\n{\n}\n", 2, "x", true) == "!service x is no longer there; reload first");
}

TEST_CASE("A file is replaced as a whole, keeps its mode, and stays where a link leads") {
  std::string pattern = std::filesystem::temp_directory_path() / "xsuperd-persist-XXXXXX";
  const std::string directory = ::mkdtemp(pattern.data());
  const std::string path = directory + "/real";
  std::ofstream(path) << "old\n";
  REQUIRE(::chmod(path.c_str(), 0604) == 0);
  std::filesystem::create_symlink("real", directory + "/link");
  CHECK_FALSE(replace_file(directory + "/link", "old\n", "new\n").has_error());
  CHECK(read_file(path).value() == "new\n");
  CHECK(std::filesystem::is_symlink(directory + "/link"));
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0604);
  const auto late = replace_file(path, "old\n", "newer\n");
  REQUIRE(late.has_error());
  CHECK(late.error().sentence == path + " was changed by somebody else in the meantime");
  CHECK(read_file(path).value() == "new\n");
  CHECK(std::distance(std::filesystem::directory_iterator(directory), {}) == 2);
  std::filesystem::remove_all(directory);
}

TEST_CASE("an entry that has another id is left alone") {
  const std::string text = "service time\n{\n\tid = time-dgram\n}\n";
  CHECK(edited(text, 1, "time", true, "time-stream").starts_with("!the entry there is no longer that of time-stream"));
  CHECK(edited(text, 1, "time", true, "time-dgram").find("disable") != std::string::npos);
}

TEST_CASE("A file that is replaced keeps its extended attributes, and gets none of its folder's") {
  std::string pattern = std::filesystem::temp_directory_path() / "xsuperd-persist-XXXXXX";
  const std::string directory = ::mkdtemp(pattern.data());
  const std::string path = directory + "/real";
  std::ofstream(path) << "old\n";
  if (::setxattr(path.c_str(), "user.note", "mine", 4, 0) != 0) {
    WARN("skipped: no extended attributes here");
    std::filesystem::remove_all(directory);
    return;
  }
  // Version 2; its owner rw-, user 4001 r--, group r--, mask r--, others ---.
  const std::string list("\2\0\0\0\1\0\6\0\377\377\377\377\2\0\4\0\241\17\0\0\4\0\4\0\377\377\377\377"
                         "\20\0\4\0\377\377\377\377\40\0\0\0\377\377\377\377",
                         44);
  const bool lists = ::setxattr(path.c_str(), "system.posix_acl_access", list.data(), list.size(), 0) == 0;
  if (lists) REQUIRE(::setxattr(directory.c_str(), "system.posix_acl_default", list.data(), list.size(), 0) == 0);
  CHECK_FALSE(replace_file(path, "old\n", "new\n").has_error());
  char value[64]{};
  CHECK(::getxattr(path.c_str(), "user.note", value, sizeof value) == 4);
  CHECK(std::string(value) == "mine");
  if (lists) {
    CHECK(::getxattr(path.c_str(), "system.posix_acl_access", value, sizeof value) == 44);
    CHECK(std::string(value, 44) == list);
    REQUIRE(::removexattr(path.c_str(), "system.posix_acl_access") == 0);
    CHECK_FALSE(replace_file(path, "new\n", "newer\n").has_error());
    CHECK(::getxattr(path.c_str(), "system.posix_acl_access", value, sizeof value) == -1);
  }
  std::filesystem::remove_all(directory);
}

TEST_CASE("a setting takes the place of the lines that the attribute has, or stands first") {
  CHECK(set_in("service x\n{\n\tport\t= 1\n}\n", "instances=5") == "service x\n{\n\tinstances\t= 5\n\tport\t= 1\n}\n");
  CHECK(set_in("service x\n{\n  instances   = 3\n  port = 1\n}\n", "instances = 5") == "service x\n{\n  instances   = 5\n  port = 1\n}\n");
  CHECK(set_in("service x\r\n{\r\n\tonly_from = a\r\n\tport = 1\r\n\tonly_from += b\r\n}\r\n", "only_from=c  d") ==
        "service x\r\n{\r\n\tonly_from = c d\r\n\tport = 1\r\n}\r\n");
  CHECK(set_in("service x\n{\n}\n", "only_from=") == "service x\n{\n\tonly_from = \n}\n");
}

TEST_CASE("a part of a list is added behind its lines") {
  const std::string text = "service x\n{\n\tonly_from = a\n\tport = 1\n}\n";
  CHECK(set_in(text, "only_from+=b c") == "service x\n{\n\tonly_from = a\n\tonly_from += b c\n\tport = 1\n}\n");
  CHECK(set_in(text, "no_access-=b") == "service x\n{\n\tno_access -= b\n\tonly_from = a\n\tport = 1\n}\n");
  CHECK(set_in(text, "nothing").starts_with("!"));
  CHECK(set_in("service y\n{\n}\n", "instances=5").starts_with("!"));
}
