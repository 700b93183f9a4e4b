// SPDX-License-Identifier: MIT
#include "xsuperd/cli/check.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/caught.hpp"
#include "xsuperd/cli/daemon.hpp"

using namespace xsuperd;

namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A configuration file, and what checking it says.
class Checked {
 public:
  explicit Checked(const std::string& text, bool strict = false, bool show = false, config::Readers readers = config::Readers::xsuperd) {
    std::string form = std::filesystem::temp_directory_path() / "xsuperd-check-XXXXXX";
    REQUIRE(::mkdtemp(form.data()) != nullptr);
    directory_ = form;
    const std::string path = directory_ / "xinetd.conf";
    if (!text.empty()) std::ofstream(path) << text;
    {
      const cli::test::Caught out(1, directory_ / "out"), errors(2, directory_ / "errors");
      status = cli::check_configuration({.main = path}, {strict, show, readers});
    }
    out = contents(directory_ / "out");
    errors = contents(directory_ / "errors");
    for (std::size_t at = 0; (at = errors.find(form, at)) != std::string::npos;)
      errors.erase(at, form.size() + 1);
  }
  ~Checked() { std::filesystem::remove_all(directory_); }

  int status = -1;
  std::string out;
  std::string errors;

 private:
  std::filesystem::path directory_;
};

std::string service(const std::string& name, const std::string& more = "") {
  return "service " + name + "\n{\n\ttype = UNLISTED\n\tport = 9000\n\tsocket_type = stream\n\twait = no\n" +
         "\tuser = root\n\tserver = /bin/sh\n" + more + "}\n";
}

}  // namespace

TEST_CASE("a good configuration is counted, and the status is 0") {
  const Checked checked(service("one") + service("two", "\tdisable = yes\n"), true);
  CHECK(checked.status == 0);
  CHECK(checked.errors == "xinetd.conf: 1 service, 1 disabled, 0 refused; 0 errors, 0 warnings\n");
  CHECK(checked.out == "");
}

TEST_CASE("warnings alone are good, and with strict the status is 1") {
  const std::string text = service("one", "\tbannr = 5\n");
  const Checked lenient(text);
  CHECK(lenient.status == 0);
  CHECK(lenient.errors.find("xinetd.conf:9:2: warning: ") != std::string::npos);
  CHECK(lenient.errors.ends_with("1 service, 0 disabled, 0 refused; 0 errors, 1 warning\n"));
  CHECK(Checked(text, true).status == 1);
}

TEST_CASE("an error makes the status 2, strict or not, and names its place") {
  const std::string text = service("one") + service("two", "\tinstances = many\n");
  const Checked checked(text);
  CHECK(checked.status == 2);
  CHECK(checked.errors.find("xinetd.conf:18:14: error: ") != std::string::npos);
  CHECK(checked.errors.find("\tinstances = many\n") != std::string::npos);
  CHECK(checked.errors.find("1 service, 0 disabled, 1 refused; ") != std::string::npos);
  CHECK(Checked(text, true).status == 2);
}

TEST_CASE("findings come in the order of the lines, whatever found them") {
  const Checked checked(service("one", "\tserver_args\n") + service("two", "\tbogus = 1\n") +
                        "service three\n{\n\twait = no\n}\n");
  const auto syntax = checked.errors.find("xinetd.conf:9:");
  const auto unknown = checked.errors.find("xinetd.conf:19:");
  const auto missing = checked.errors.find("xinetd.conf:21:");
  REQUIRE(missing != std::string::npos);
  CHECK(syntax < unknown);
  CHECK(unknown < missing);
}

TEST_CASE("a configuration that cannot be read is an error") {
  const Checked checked("");
  CHECK(checked.status == 2);
  CHECK(checked.errors.find("open( xinetd.conf ) failed") != std::string::npos);
}

TEST_CASE("a bad value in the defaults is an error") {
  CHECK(Checked("defaults\n{\n\tinstances = many\n}\n" + service("one")).status == 2);
}

TEST_CASE("what may not be meant is pointed at, as a note or a warning") {
  const Checked note(service("one", "\tonly_from = 10.0.0.0/8\n\tno_access = 10.1.2.3\n"), true);
  CHECK(note.status == 0);
  CHECK(note.errors.find("xinetd.conf:10:14: note: 10.1.2.3 in no_access and 10.0.0.0/8 in only_from (") == 0);
  CHECK(note.errors.ends_with("1 service, 0 disabled, 0 refused; 0 errors, 0 warnings\n"));
  const Checked warning(service("one", "\tno_access = 10.0.0.0/8\n\tonly_from = 10.1.2.3\n"), true);
  CHECK(warning.status == 1);
  CHECK(warning.errors.find("xinetd.conf:10:14: warning: 10.1.2.3 in only_from and ") == 0);
}

TEST_CASE("option --show prints the configuration in effect, which reads as the same configuration") {
  const Checked first("defaults\n{\n\tinstances = 7\n}\n" + service("one"), false, true);
  CHECK(first.status == 0);
  CHECK(first.out.find("service one\n{\n") != std::string::npos);
  CHECK(first.out.find("\tinstances       = 7\n") != std::string::npos);
  const Checked second(first.out, true, true);
  CHECK(second.status == 0);
  CHECK(second.out.substr(second.out.find("service one")) == first.out.substr(first.out.find("service one")));
}

TEST_CASE("the version is bare for xinetd and named for others") {
  const std::string bare = cli::version_text("xinetd");
  CHECK_FALSE(bare.empty());
  CHECK(cli::version_text("xsuperd") == "xsuperd " + bare);
}

TEST_CASE("option --as-xinetd adds warnings about what xinetd would make of the files") {
  const std::string text = service("one", "\truntime_max = 1h\n");
  CHECK(Checked(text, true).status == 0);
  const Checked checked(text, true, false, config::Readers::also_xinetd);
  CHECK(checked.status == 1);
  CHECK(checked.errors.find("xinetd.conf:9:2: warning: Service one: xinetd ignores runtime_max") != std::string::npos);
}
