// SPDX-License-Identifier: MIT
#include "xsuperd/config/parser.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::config;
using State = Entry::State;

namespace {
struct Parsed {
  Diagnostics diagnostics;
  ParsedFile file;
  explicit Parsed(std::string_view text) : file(parse(text, "/f", diagnostics)) {}

  [[nodiscard]] std::size_t count() const { return file.entries.size(); }
  [[nodiscard]] const Entry& entry(std::size_t i) const { return file.entries.at(i); }
  /// "LINE: sentence" of the only finding, or "" when there is none.
  [[nodiscard]] std::string finding() const {
    if (diagnostics.all().empty()) return "";
    if (diagnostics.all().size() > 1) return "several";
    return std::to_string(diagnostics.all()[0].place.line) + ": " + diagnostics.all()[0].sentence;
  }
};

std::vector<std::string> texts(const Assignment& a) {
  std::vector<std::string> words;
  for (const Value& v : a.values) words.push_back(v.text);
  return words;
}
using Texts = std::vector<std::string>;

/// The only assignment of an entry that consists of `line`.
Assignment one(const std::string& line) {
  const Parsed p("service x\n{\n" + line + "\n}\n");
  REQUIRE(p.finding() == "");
  REQUIRE(p.entry(0).assignments.size() == 1);
  return p.entry(0).assignments[0];
}
/// What is said about an entry that consists of `line`, which must be broken.
std::string wrong(const std::string& line) {
  const Parsed p("service x\n{\n" + line + "\n}\nservice y\n{\nid = y\n}\n");
  REQUIRE(p.count() == 2);
  CHECK(p.entry(0).state == State::broken);
  CHECK(p.entry(1).state == State::whole);
  return p.finding();
}
}  // namespace

TEST_CASE("an empty file, blank lines and comments hold no entries") {
  for (const std::string_view text : {"", "\n\n", "# a comment", " \t\v\f\r# comment\n\n", "   "}) {
    const Parsed p(text);
    CHECK(p.count() == 0);
    CHECK(p.finding() == "");
  }
}

TEST_CASE("the four kinds of entries are told apart whatever their case") {
  const Parsed p(
      "DEFAULTS\n{\n}\nService one more words\n\n # note\n {\t\n}\ninclude /a b\n\tIncludeDir /d/\n");
  REQUIRE(p.count() == 4);
  CHECK(p.finding() == "");
  CHECK(p.entry(0).kind == Entry::Kind::defaults);
  CHECK(p.entry(1).kind == Entry::Kind::service);
  CHECK(p.entry(1).name == "one");
  CHECK(p.entry(1).place == Place{"/f", 4, 1});
  CHECK(p.entry(2).kind == Entry::Kind::include);
  CHECK(p.entry(2).name == "/a");
  CHECK(p.entry(3).kind == Entry::Kind::includedir);
  CHECK(p.entry(3).name == "/d/");
  CHECK(p.entry(3).place.column == 2);
}

TEST_CASE("names keep their case, and places are counted from one") {
  const Parsed p("\nservice MiXed\n{\n  Socket_Type\t+=  Stream  DGRAM \n}\n");
  CHECK(p.entry(0).name == "MiXed");
  const Assignment& a = p.entry(0).assignments.at(0);
  CHECK(a.name == "Socket_Type");
  CHECK(a.line == 4);
  CHECK(a.column == 3);
  CHECK(a.op == Operator::add);
  CHECK(texts(a) == Texts{"Stream", "DGRAM"});
  CHECK(a.values[1].column == 27);
  CHECK(a.line_text == "  Socket_Type\t+=  Stream  DGRAM ");
}

TEST_CASE("the last line may lack its newline") {
  const Parsed p("service x\n{\nid = y\n}");
  CHECK(p.finding() == "");
  CHECK(p.entry(0).state == State::whole);
}

TEST_CASE("there is no quoting, no escape, no trailing comment") {
  CHECK(texts(one("server_args = a # \"q w\" \\\\ \\")) == Texts{"a", "#", "\"q", "w\"", "\\\\", "\\"});
  CHECK(texts(one("server_args = {} a=b =")) == Texts{"{}", "a=b", "="});
}

TEST_CASE("only blanks and tabs separate values") {
  CHECK(texts(one("server_args = a\fb c\vd")) == Texts{"a\fb", "c\vd"});
  CHECK(texts(one("server_args = 9\r8")) == Texts{"9\r8"});
}

TEST_CASE("the operator needs white space before it and none after it") {
  CHECK(texts(one("id =foo")) == Texts{"foo"});
  CHECK(texts(one("id\v=\tfoo")) == Texts{"foo"});
  CHECK(texts(one("log_on_success -=PID")) == Texts{"PID"});
  CHECK(one("log_on_success -=PID").op == Operator::remove);
  CHECK(texts(one("id == x")) == Texts{"=", "x"});
  CHECK(one("id =").values.empty());
  CHECK(wrong("id=foo") == "3: Attribute id needs a space before operator");
  CHECK(wrong("id= foo") == "3: Attribute id needs a space before operator");
  CHECK(wrong("id+=foo") == "3: Attribute id+ needs a space before operator");
}

TEST_CASE("a line without an operator breaks its entry alone") {
  CHECK(wrong("id") == "3: Nothing after attribute: id");
  CHECK(wrong("id ") == "3: Nothing after attribute: id");
  CHECK(wrong("id foo") == "3: Bad operator for attribute: id");
  CHECK(wrong("id + = foo") == "3: Bad operator for attribute: id");
  CHECK(wrong("id +") == "3: Bad operator for attribute: id");
  CHECK(wrong("= foo") == "3: Attribute  needs a space before operator");
}

TEST_CASE("include inside an entry is an error that says so") {
  const Parsed p("service x\n{\ninclude /etc/more\n}\n");
  CHECK(p.finding() == "3: Bad operator for attribute: include");
  CHECK(p.diagnostics.all()[0].suggestion == "'include' is not allowed inside an entry");
}

TEST_CASE("a brace on the line of the header costs that entry alone") {
  const Parsed p("service x {\nid = a\n}\nservice y\n{\n}\n");
  REQUIRE(p.count() == 2);
  CHECK(p.finding() == "1: Service x: missing '{'");
  CHECK(p.diagnostics.all()[0].suggestion == "put the brace on a line of its own");
  CHECK(p.entry(0).state == State::broken);
  CHECK(p.entry(1).state == State::whole);
}

TEST_CASE("a defaults header without its brace is broken and empty") {
  const Parsed p("defaults {\ninstances = 3\n}\nservice y\n{\n}\n");
  CHECK(p.finding() == "1: Service (null): missing '{'");
  CHECK(p.entry(0).state == State::broken);
  CHECK(p.entry(0).assignments.empty());
  CHECK(p.entry(1).name == "y");
}

TEST_CASE("a header that is followed by another entry costs itself alone") {
  const Parsed p("service x\nservice y\n{\n}\n");
  REQUIRE(p.count() == 2);
  CHECK(p.entry(0).state == State::broken);
  CHECK(p.entry(1).state == State::whole);
}

TEST_CASE("a closing brace with company is no closing brace") {
  const Parsed p("service x\n{\nid = a\n} # end\n}\nservice y\n{\n}\n");
  CHECK(p.finding() == "4: Bad operator for attribute: }");
  CHECK(p.entry(0).state == State::broken);
  CHECK(p.entry(1).state == State::whole);
}

TEST_CASE("a stray word or brace does not cost the entry after it") {
  for (const std::string stray : {"word", "}", "word\nmore words\nand more", "}\n}", "id = 3"}) {
    const Parsed p(stray + "\nservice y\n{\n}\n");
    CHECK(p.file.unclear);
    REQUIRE(p.count() == 1);
    CHECK(p.entry(0).name == "y");
    CHECK(p.entry(0).state == State::whole);
    const std::string sentence = p.diagnostics.all()[0].sentence;
    CHECK(sentence == (stray[0] == '}' ? "unexpected '}': no entry is open here" : stray[0] == 'i' ? "'id' is outside any entry"
                                                                                             : "missing service keyword before 'word'"));
  }
}

TEST_CASE("a misspelt keyword takes its block with it and is explained") {
  for (const std::string header : {"servcie x\n{", "servcie x {"}) {
    const Parsed p(header + "\nid = a\n}\nservice y\n{\n}\n");
    CHECK(p.finding() == "1: missing service keyword before 'servcie'");
    CHECK(p.diagnostics.all()[0].suggestion == "did you mean 'service'?");
    CHECK(p.file.unclear);
    REQUIRE(p.count() == 2);
    CHECK(p.entry(0).name == "x");
    CHECK(p.entry(0).state == State::broken);
    CHECK(p.entry(1).name == "y");
  }
}

TEST_CASE("an include after a stray word is still followed") {
  const Parsed p("word\ninclude /a\nservice y\n{\n}\n");
  REQUIRE(p.count() == 2);
  CHECK(p.entry(0).kind == Entry::Kind::include);
}

TEST_CASE("an entry behind a stray word is reported when its brace is misplaced too") {
  const Parsed p("word\nservice y {\nid = a\n}\n");
  REQUIRE(p.count() == 1);
  CHECK(p.entry(0).name == "y");
  CHECK(p.entry(0).state == State::broken);
}

TEST_CASE("a keyword without a name is reported") {
  const Parsed p("include\nincludedir \nservice y\n{\n}\n");
  CHECK(p.diagnostics.all().size() == 2);
  CHECK(p.diagnostics.all()[0].sentence == "include needs a path");
  REQUIRE(p.count() == 1);
  CHECK(p.entry(0).name == "y");
  const Parsed q("service\n{\nid = a\n}\nservice y\n{\n}\n");
  CHECK(q.finding() == "1: service name missing");
  CHECK(q.file.unclear);
  CHECK(q.count() == 1);
}

TEST_CASE("an entry without its closing brace costs itself alone") {
  for (const std::string next : {"service y\n{\n}\n", "service y {\n}\n"}) {
    const Parsed p("service x\n{\nid = a\n" + next);
    REQUIRE(p.count() == 2);
    CHECK(p.file.unclear);
    CHECK(p.diagnostics.all()[0].sentence == "incomplete entry: 'x' has no closing brace");
    CHECK(p.entry(0).state == State::broken);
    CHECK(p.entry(1).name == "y");
  }
  const Parsed d("defaults\n{\ninstances = 3\nservice y\n{\n}\n");
  CHECK(d.finding() == "1: incomplete entry: 'defaults' has no closing brace");
  CHECK(d.diagnostics.all()[0].suggestion == "the next entry begins at line 4; put a line '}' before it");
  CHECK(d.entry(0).assignments.size() == 1);
  CHECK(d.entry(1).state == State::whole);
}

TEST_CASE("an unterminated entry at the end of the file is dropped, and told where it begins") {
  const Parsed p("service a\n{\n}\nservice x\n{\nid = a\n# end\n");
  REQUIRE(p.diagnostics.all().size() == 1);
  CHECK(p.diagnostics.all()[0].sentence == "incomplete entry: 'x' has no closing brace");
  CHECK(p.diagnostics.all()[0].place == Place{"/f", 4, 1});
  CHECK(p.diagnostics.all()[0].suggestion == "the file ends at line 7 without a line '}'");
  CHECK(p.file.unclear);
  CHECK(p.entry(0).state == State::whole);
  CHECK(p.entry(1).state == State::broken);
}

TEST_CASE("a second defaults entry of a file is ignored") {
  const Parsed p("defaults\n{\ninstances = 1\n}\ndefaults\n{\ninstances = 2\n}\nservice y\n{\n}\n");
  CHECK(p.finding() == "5: only 1 defaults entry is allowed. This entry will be ignored");
  REQUIRE(p.count() == 2);
  CHECK(p.entry(1).name == "y");
}

TEST_CASE("a defaults entry goes on past a line that cannot be read and names what was lost") {
  const Parsed p("defaults\n{\ninstances = 1\nfoo\ncps = 1 1\n}\n");
  CHECK(p.finding() == "4: Nothing after attribute: foo");
  REQUIRE(p.count() == 1);
  CHECK(p.entry(0).state == State::whole);
  CHECK(p.entry(0).assignments.size() == 2);
  CHECK(p.entry(0).lost == std::vector<std::string>{"foo"});
}

TEST_CASE("disable = yes disables its entry wherever it stands, and what is wrong beside it is a note") {
  for (const std::string lines : {"id = a\nDisable = YES\ngarbage", "id = a\ngarbage\nDisable = YES", "garbage\ndisable = yes # for now\nid = a"}) {
    const Parsed p("service x\n{\n" + lines + "\n}\nservice y\n{\n}\n");
    INFO(lines);
    REQUIRE(p.diagnostics.all().size() == 1);
    CHECK(p.diagnostics.all()[0].level == Level::info);
    CHECK(p.entry(0).state == State::disabled);
    CHECK(p.entry(0).assignments.size() == 2);
    CHECK(p.entry(1).state == State::whole);
  }
  CHECK(Parsed("service x {\ndisable = yes\n}\n").entry(0).state == State::disabled);
  CHECK(Parsed("service x\n{\ndisable = yes\n").entry(0).state == State::disabled);
}

TEST_CASE("only a plain disable = yes that comes first disables its entry") {
  for (const std::string lines :
       {"disable = no\ndisable = yes", "disable += yes", "disable = yes sir", "disable =", "disable += yes\ndisable = yes"})
    CHECK(Parsed("service x\n{\n" + lines + "\nid = a\n}\n").entry(0).state == State::whole);
  CHECK(Parsed("defaults\n{\ndisable = yes\nid = a\n}\n").entry(0).assignments.size() == 2);
}

TEST_CASE("an entry that cannot be read in one place is read on in the others") {
  const Parsed p("service x\n{\ngarbage\nid = a\nport: 7001\nnice = 3\n}\nservice y\n{\n}\n");
  CHECK(p.diagnostics.all().size() == 2);
  CHECK(p.entry(0).state == State::broken);
  CHECK(p.entry(0).assignments.size() == 2);
  CHECK(p.entry(1).state == State::whole);
}

TEST_CASE("a line that cannot be read is explained by what it looks like") {
  const auto hint = [](const std::string& line) {
    const Parsed p("service x\n{\n" + line + "\n}\n");
    return p.diagnostics.all().empty() ? "no finding" : p.diagnostics.all()[0].suggestion;
  };
  CHECK(hint("port: 7001") == "write 'port = 7001'");
  CHECK(hint("port 7001") == "write 'port = 7001'");
  CHECK(hint("port=7001") == "write 'port = 7001'");
  CHECK(hint("port := 7001") == "write 'port = 7001'");
  CHECK(hint("port") == "a line has the form 'NAME = VALUE'");
  CHECK(hint("} # end") == "put the closing brace on a line of its own");
  CHECK(hint("server_args = -a \\\n-b -c") == "the backslash at the end of line 3 does not continue it: all values must be on one line");
}

TEST_CASE("lines behind a closing brace are noted with the entry before them") {
  const Parsed p("service x\n{\n}\nonly_from = 10.0.0.1\nnice = 3\n}\nservice y\n{\n}\n");
  REQUIRE(p.count() == 2);
  CHECK(p.finding() == "4: 'only_from' is outside any entry");
  CHECK(p.diagnostics.all()[0].suggestion == "the previous entry ended at line 3");
  CHECK(p.entry(0).behind == std::vector<std::string>{"only_from", "nice"});
  CHECK(p.entry(1).behind.empty());
  CHECK(Parsed("service x\n{\n}\ninclude /a\nid = 3\n").entry(0).behind.empty());
}

TEST_CASE("a NUL ends its line") { CHECK(texts(one(std::string("server_args = a\0 b", 18))) == Texts{"a"}); }

TEST_CASE("very long lines are whole lines") {
  const std::string word(100'000, 'a');
  CHECK(texts(one("server_args = " + word + " b")) == Texts{word, "b"});
}

TEST_CASE("CR LF line ends and a byte order mark are understood, with one warning for the file") {
  const std::string returns = "service x\r\n{\r\nid = a\r\n}\r\n";
  const std::string mark = "\xef\xbb\xbf";
  for (const std::string& text : {returns, mark + "service x\n{\nid = a\n}\n", mark + returns}) {
    const Parsed p(text);
    REQUIRE(p.diagnostics.all().size() == 1);
    CHECK(p.diagnostics.all()[0].level == Level::warning);
    CHECK(p.diagnostics.all()[0].place == Place{"/f", 1, 0});
    REQUIRE(p.count() == 1);
    CHECK(p.entry(0).name == "x");
    CHECK(texts(p.entry(0).assignments.at(0)) == Texts{"a"});
  }
}

TEST_CASE("a text in UTF-16 is an error, and the file unclear") {
  for (const std::string text : {"\xff\xfes", "\xfe\xffs"}) {
    const Parsed p(text);
    CHECK(p.count() == 0);
    CHECK(p.file.unclear);
    CHECK(p.finding() == "1: the file is in UTF-16 and is not read");
  }
}
