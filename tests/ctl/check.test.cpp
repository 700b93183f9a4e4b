// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "xsuperd/ctl/run.hpp"

// xsuperctl check, on real files.
namespace {

struct Checked {
  int status = 0;
  std::string out;
};

Checked check(const std::string& text, const std::vector<std::string>& options = {}) {
  std::string form = std::filesystem::temp_directory_path() / "xsuperctl-check-XXXXXX";
  REQUIRE(::mkdtemp(form.data()));
  const std::string path = form + "/conf";
  std::ofstream(path) << text;
  std::vector<std::string> words{"check", path};
  words.insert(words.end(), options.begin(), options.end());
  char* memory = nullptr;
  std::size_t size = 0;
  std::FILE* out = ::open_memstream(&memory, &size);
  Checked result;
  result.status = xsuperd::ctl::run(words, out, stderr);
  std::fclose(out);
  result.out.assign(memory, size);
  std::free(memory);
  std::filesystem::remove_all(form);
  return result;
}

std::string service(const std::string& lines) {
  return "service x\n{\n\ttype = UNLISTED\n\tport = 7\n\tprotocol = tcp\n\tsocket_type = stream\n\twait = no\n"
         "\tuser = root\n\tserver = /bin/cat\n" + lines + "}\n";
}

}  // namespace

TEST_CASE("check finds nothing in a good configuration") {
  const Checked c = check(service(""));
  CHECK(c.status == 0);
  CHECK(c.out.ends_with("conf: 1 service, 0 disabled, 0 refused; 0 errors, 0 warnings\n"));
}

TEST_CASE("check points at an error with a caret, and suggests what may have been meant") {
  const Checked c = check(service("\tinstnces = 4\n\tnice = pleasant\n"));
  CHECK(c.status == 4);
  CHECK(c.out.find("conf:10:2: error: ") != std::string::npos);
  CHECK(c.out.find("\tinstnces = 4\n    \t^~~~~~~~\n") != std::string::npos);
  CHECK(c.out.find("did you mean 'instances'?") != std::string::npos);
  CHECK(c.out.find("conf:11:9: error: ") != std::string::npos);
}

TEST_CASE("with --strict warnings are errors") {
  const std::string text = service("\tonly_from = 10.77\n");
  CHECK(check(text).status == 0);
  CHECK(check(text, {"--strict"}).status == 4);
}

TEST_CASE("check tells the same as JSON") {
  const Checked c = check(service("\tonly_from = 10.77\n"), {"--json"});
  const auto told = boost::json::parse(c.out).as_object();
  CHECK(told.at("services").as_int64() == 1);
  CHECK(told.at("warnings").as_int64() == 1);
  const auto& finding = told.at("findings").as_array().at(0).as_object();
  CHECK(finding.at("level").as_string() == "warning");
  CHECK(finding.at("line").as_int64() == 10);
  CHECK(finding.at("column").as_int64() == 14);
  CHECK(finding.at("text").as_string() == "\tonly_from = 10.77");
}

TEST_CASE("check reads a file of inetd") {
  CHECK(check("x stream tcp nowait root /bin/cat cat\n", {"--inetd"}).status == 4);  // no port has that name
  CHECK(check("7 stream tcp nowait root /bin/cat cat\n", {"--inetd"}).status == 0);
}

TEST_CASE("check without a file that can be read is an error") { CHECK(check("include /no/such/file\n").status == 4); }

TEST_CASE("check --as-xinetd warns of what xinetd ignores, and with --strict that is an error") {
  const std::string text = service("\truntime_max = 1h\n");
  CHECK(check(text, {"--strict"}).status == 0);
  const Checked c = check(text, {"--as-xinetd"});
  CHECK(c.status == 0);
  CHECK(c.out.find("conf:10:2: warning: Service x: xinetd ignores runtime_max: ") != std::string::npos);
  CHECK(c.out.find("\truntime_max = 1h\n    \t^~~~~~~~~~~\n") != std::string::npos);
  CHECK(c.out.ends_with("0 errors, 1 warning\n"));
  CHECK(check(text, {"--as-xinetd", "--strict"}).status == 4);
}

TEST_CASE("check --as-xinetd tells the same as JSON") {
  const Checked c = check(service("\tmax_load = 0\n"), {"--as-xinetd", "--json"});
  const auto told = boost::json::parse(c.out).as_object();
  CHECK(told.at("warnings").as_int64() == 1);
  const auto& finding = told.at("findings").as_array().at(0).as_object();
  CHECK(finding.at("line").as_int64() == 10);
  CHECK(finding.at("column").as_int64() == 13);
  CHECK(finding.at("service").as_string() == "x");
}

TEST_CASE("check --as-xinetd is not for files of inetd") {
  CHECK(check("7 stream tcp nowait root /bin/cat cat\n", {"--inetd", "--as-xinetd"}).status == 2);
}
