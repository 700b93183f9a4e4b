// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "convert/networks.hpp"
#include "convert/report.hpp"
#include "convert/unit_file.hpp"
#include "convert/unit_text.hpp"
#include "xsuperd/base/text.hpp"

using namespace xsuperd;
using namespace xsuperd::convert;

namespace {
Networks networks(const std::string& text) {
  Networks result;
  for (const std::string_view word : base::split_words(text)) result.push_back(*parse_network(word));
  return result;
}
std::string left(const std::string& from, const std::string& holes) {
  std::vector<std::string> words;
  for (const Network& one : without(networks(from), networks(holes))) words.push_back(text_of(one));
  return base::join(words);
}
/// Words in brackets; "none" when the value cannot be read.
std::string words(const std::string& value) {
  const auto found = unit_words(value);
  if (!found) return "none";
  std::string all;
  for (const std::string& one : *found) all += "[" + one + "]";
  return all;
}
}  // namespace

TEST_CASE("networks without others are the networks that are left") {
  CHECK(left("10.0.0.0/8", "") == "10.0.0.0/8");
  CHECK(left("10.0.0.0/8", "10.0.0.0/8") == "");
  CHECK(left("10.0.0.0/8", "0.0.0.0/0") == "");
  CHECK(left("10.0.0.0/8", "11.0.0.0/8 ::/0") == "10.0.0.0/8");
  CHECK(left("10.0.0.0/8", "10.0.0.0/9") == "10.128.0.0/9");
  CHECK(left("10.0.0.0/8", "10.128.0.0/9") == "10.0.0.0/9");
  CHECK(left("192.0.2.0/30", "192.0.2.2") == "192.0.2.0/31 192.0.2.3");
  CHECK(left("192.0.2.0/30", "192.0.2.0 192.0.2.3") == "192.0.2.2 192.0.2.1");
  CHECK(left("2001:db8::/126", "2001:db8::1") == "2001:db8::2/127 2001:db8::");
  CHECK(left("0.0.0.0/0 ::/0", "10.0.0.0/8") ==
        "128.0.0.0/1 64.0.0.0/2 32.0.0.0/3 16.0.0.0/4 0.0.0.0/5 12.0.0.0/6 8.0.0.0/7 11.0.0.0/8 ::/0");
}

TEST_CASE("a network without one address holds all the others and not that one") {
  const auto parts = without(networks("10.0.0.0/8"), networks("10.77.3.200"));
  CHECK(parts.size() == 24);
  std::uint64_t addresses = 0;
  for (const Network& one : parts) {
    addresses += std::uint64_t{1} << (32 - one.prefix);
    CHECK_FALSE(contains(one, networks("10.77.3.200")[0]));
  }
  CHECK(addresses == (1u << 24) - 1);
}

TEST_CASE("networks are read with the bits behind the prefix cleared") {
  CHECK(text_of(*parse_network("10.1.2.3/8")) == "10.0.0.0/8");
  CHECK(text_of(*parse_network("2001:db8::1/32")) == "2001:db8::/32");
  CHECK(text_of(*parse_network("::1")) == "::1");
  for (const char* wrong : {"", "10.0.0.0/33", "::/129", "10.0.0/8", "host", "10.0.0.0/-1", "10.0.0.0/x"})
    CHECK_FALSE(parse_network(wrong).has_value());
}

TEST_CASE("words of a unit are quoted where systemd would read something else") {
  CHECK(unit_word("plain") == "plain");
  CHECK(unit_word("50%") == "50%%");
  CHECK(unit_word("$x") == "$x");
  CHECK(command_word("$x${y}") == "$$x$${y}");
  CHECK(command_word("%h") == "%%h");
  CHECK(command_word("a b") == "\"a b\"");
  CHECK(command_word("") == "\"\"");
  CHECK(command_word(";") == "\";\"");
  CHECK(command_word("a\\b\"c") == "\"a\\\\b\\\"c\"");
  CHECK(command_word("it's") == "\"it's\"");
  CHECK(command_word("tab\there") == "\"tab\\x09here\"");
}

TEST_CASE("words that are quoted are read back") {
  for (const std::string word : {"a b", "", ";", "\\", "\"", "'", "a\tb\nc", "\\x41", "it's \"quoted\\"})
    CHECK(words(unit_word(word)) == "[" + word + "]");
}

TEST_CASE("words of a value are taken apart at blanks") {
  CHECK(words("") == "");
  CHECK(words("  a  b ") == "[a][b]");
  CHECK(words("\"a b\" 'c d'e \"\"") == "[a b][c de][]");
  CHECK(words("a\\x20b \\t \\101 \\s \\;") == "[a b][\t][A][ ][;]");
  CHECK(words("'it\"s'") == "[it\"s]");
  for (const char* wrong : {"\"open", "'", "\\", "\\q", "\\x1", "\\x00", "\\400"}) CHECK(words(wrong) == "none");
}

TEST_CASE("times and sizes of units") {
  CHECK(unit_seconds("5") == 5);
  CHECK(unit_seconds("1min 30s") == 90);
  CHECK(unit_seconds("2h15m") == 8100);
  CHECK(unit_seconds("200ms") == 1);
  CHECK(unit_microseconds("200ms") == 200'000u);
  CHECK(unit_microseconds("1min 1us") == 60'000'001u);
  CHECK(unit_seconds("1.5 days") == 129600);
  for (const char* wrong : {"", "infinity", "5 parsecs", "s", "-1"}) CHECK_FALSE(unit_seconds(wrong).has_value());
  CHECK(unit_size("4096") == 4096);
  CHECK(unit_size("8M") == 8u << 20);
  CHECK(unit_size("1KB") == 1024);
  CHECK(unit_size("8388607T") == 8388607ULL << 40);
  // Greater than any limit of a process can be.
  for (const char* wrong : {"8388608T", "9007199254740992K", "9223372036854775808"}) CHECK_FALSE(unit_size(wrong).has_value());
  for (const char* wrong : {"", "M", "8X", "-1", "infinity"}) CHECK_FALSE(unit_size(wrong).has_value());
}

TEST_CASE("a unit's lines are joined, its comments left out") {
  Report report;
  Unit unit;
  unit.name = "x@.service";
  unit.add("# c\n; c\n[A]\nKey = one \\\n# inside\n  two\\\n three\n[B]\r\nKey=z\r\nEnd=a\\\\\nNext=\n", "f", report);
  CHECK(report.findings().empty());
  REQUIRE(unit.last("A", "Key"));
  CHECK(unit.last("A", "Key")->value == "one  two three");
  CHECK(unit.last("A", "Key")->place.line == 4);
  CHECK(unit.last("B", "Key")->value == "z");
  CHECK(unit.unused().size() == 2);
  CHECK(unit.last("B", "End")->value == "a\\\\");
  CHECK(unit.prefix() == "x");
}

TEST_CASE("an empty assignment takes the earlier ones back") {
  Report report;
  Unit unit;
  unit.add("[A]\nK=1\nK=2\nK=\nK=3\nL=1\nL=\n", "f", report);
  CHECK(unit.all("A", "K").size() == 1);
  CHECK(unit.last("A", "L") == nullptr);
  CHECK(unit.unused().empty());
}

TEST_CASE("lines of a unit that systemd would pass over are errors") {
  Report report;
  Unit unit;
  unit.add("K=1\n[A]\nword\n=x\n", "f", report);
  const auto findings = report.findings();
  REQUIRE(findings.size() == 3);
  for (int i = 0; i < 3; ++i) {
    CHECK(findings[static_cast<std::size_t>(i)].weight == Weight::error);
    CHECK(findings[static_cast<std::size_t>(i)].place.line == (i == 0 ? 1 : i + 2));
  }
}

TEST_CASE("no two files get one name") {
  FileNames names;
  CHECK(names.give("ftp", "_-+", '-') == "ftp");
  CHECK(names.give("ftp", "_-+", '-') == "ftp-2");
  CHECK(names.give("a/../b.c", "_-+", '-') == "a----b-c");
  CHECK(names.give("", "_-+", '-') == "_");
  CHECK(names.give("-x", "_-+", '-') == "_-x");
}
