// SPDX-License-Identifier: MIT
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "xsuperd/convert/run.hpp"

// The command line, with real files.
using namespace xsuperd::convert;
namespace fs = std::filesystem;

namespace {

class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "xsuperd-convert-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Scratch() { fs::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Ran {
  int status = -1;
  std::string out, err;
};
Ran convert(const std::vector<std::string>& words) {
  Ran result;
  char* texts[2]{};
  std::size_t sizes[2]{};
  std::FILE* out = ::open_memstream(&texts[0], &sizes[0]);
  std::FILE* err = ::open_memstream(&texts[1], &sizes[1]);
  result.status = run(words, out, err);
  std::fclose(out);
  std::fclose(err);
  result.out.assign(texts[0], sizes[0]);
  result.err.assign(texts[1], sizes[1]);
  std::free(texts[0]);
  std::free(texts[1]);
  return result;
}

const std::string good = "127.0.0.1:9000 stream tcp nowait root /bin/cat cat\n";

}  // namespace

TEST_CASE("the files go to the standard output, each below its name") {
  const Scratch s;
  const Ran o = convert({"--from", "inetd", "--to=xinetd", s.write("inetd.conf", good)});
  CHECK(o.status == 0);
  CHECK(o.out.starts_with("# File: 9000\n# Converted from "));
  CHECK(o.err == "xsuperctl: 1 file, 0 errors, 0 gaps, 0 notes\n");
}

TEST_CASE("the exit status says how good the conversion is") {
  const Scratch s;
  const auto status = [&](const std::string& lines) {
    return convert({"--from", "inetd", "--to", "xinetd", s.write("inetd.conf", lines)}).status;
  };
  CHECK(status(good) == 0);
  CHECK(status(good + "time stream tcp nowait root/staff /bin/cat\n") == 1);
  CHECK(status(good + "x stream\n/run/x stream unix nowait root /bin/cat\n") == 4);
  CHECK(convert({"--from", "inetd", "--to", "xinetd", s.path("missing")}).status == 4);
}

TEST_CASE("a wrong command line is answered with what is wrong") {
  const std::vector<std::vector<std::string>> wrong{
      {},
      {"--from", "inetd", "--to", "xinetd"},
      {"--from", "inetd", "x"},
      {"--to", "xinetd", "x"},
      {"--from", "xinetd", "--to", "xinetd", "x"},
      {"--from", "init", "--to", "xinetd", "x"},
      {"--from", "inetd", "--to", "inetd", "x"},
      {"--from", "inetd", "--to"},
      {"--from", "inetd", "--to", "xinetd", "--all", "x"},
      {"--from", "inetd", "--to", "xinetd", "--nonsense", "x"},
      {"--from", "xinetd", "--to", "systemd", "a b"},
  };
  for (const auto& words : wrong) {
    const Ran o = convert(words);
    CHECK(o.status == 2);
    CHECK(o.out.empty());
    CHECK(o.err.starts_with("xsuperctl: "));
  }
  CHECK(convert({"--help"}).status == 0);
  CHECK(convert({"--help"}).out.starts_with("usage: xsuperctl convert"));
}

TEST_CASE("files are written into a directory, which is made") {
  const Scratch s;
  const std::string input = s.write("inetd.conf", "# c\n\n" + good);
  const ::mode_t mask = ::umask(027);
  const Ran o = convert({"--from", "inetd", "--to", "xinetd", "--output", s.path("d"), input});
  ::umask(mask);
  CHECK(o.status == 0);
  CHECK(o.out.empty());
  CHECK(contents(s.path("d/9000")).find("service 9000\n{\n") != std::string::npos);
  CHECK(contents(s.path("d/README.inetd")).find("1:\t# c\n") != std::string::npos);
  struct stat there {};
  REQUIRE(::stat(s.path("d/9000").c_str(), &there) == 0);
  CHECK((there.st_mode & 0777) == 0640);
  CHECK(std::distance(fs::directory_iterator(s.path("d")), fs::directory_iterator()) == 2);
}

TEST_CASE("what not everybody may read is not written for everybody") {
  const Scratch s;
  const std::string input = s.write("inetd.conf", good);
  fs::permissions(input, fs::perms::owner_read | fs::perms::owner_write);
  const Ran o = convert({"--from", "inetd", "--to", "xinetd", "--output", s.path("d"), input});
  CHECK(o.status == 0);
  CHECK(o.err.find("this file is not readable by everybody") != std::string::npos);
  struct stat there {};
  REQUIRE(::stat(s.path("d/9000").c_str(), &there) == 0);
  CHECK((there.st_mode & 0777) == 0600);
}

TEST_CASE("nothing is written when a file exists, unless it is forced") {
  const Scratch s;
  const std::string input = s.write("inetd.conf", good + "127.0.0.1:9001 stream tcp nowait root /bin/cat cat\n");
  fs::create_directory(s.path("d"));
  s.write("d/9001", "mine");
  std::vector<std::string> words{"--from", "inetd", "--to", "xinetd", "-o", s.path("d"), input};
  const Ran o = convert(words);
  CHECK(o.status == 1);
  CHECK(o.err.find("9001 exists, so nothing was written (--force replaces it)") != std::string::npos);
  CHECK(contents(s.path("d/9001")) == "mine");
  CHECK_FALSE(fs::exists(s.path("d/9000")));
  words.push_back("--force");
  CHECK(convert(words).status == 0);
  CHECK(contents(s.path("d/9001")).find("service 9001") != std::string::npos);
  CHECK(fs::exists(s.path("d/9000")));
  CHECK(std::distance(fs::directory_iterator(s.path("d")), fs::directory_iterator()) == 2);
}

TEST_CASE("a link where a file would go is not followed") {
  const Scratch s;
  const std::string input = s.write("inetd.conf", good);
  fs::create_directory(s.path("d"));
  fs::create_symlink(s.path("elsewhere"), s.path("d/9000"));
  CHECK(convert({"--from", "inetd", "--to", "xinetd", "-o", s.path("d"), input}).status == 1);
  CHECK(convert({"--from", "inetd", "--to", "xinetd", "-o", s.path("d"), "--force", input}).status == 0);
  CHECK_FALSE(fs::exists(s.path("elsewhere")));
  CHECK(fs::is_regular_file(fs::symlink_status(s.path("d/9000"))));
}

TEST_CASE("a directory that cannot be made is an error") {
  const Scratch s;
  const Ran o =
      convert({"--from", "inetd", "--to", "xinetd", "-o", s.path("no/such"), s.write("inetd.conf", good)});
  CHECK(o.status == 1);
  CHECK(o.err.find("cannot create the directory") != std::string::npos);
}

TEST_CASE("the report does nothing to a terminal") {
  const Scratch s;
  const Ran o = convert(
      {"--from", "inetd", "--to", "xinetd", s.write("inetd.conf", "a\x1b[2J\xff stream tcp maybe\x07 root /bin/x\n")});
  CHECK(o.status == 4);
  for (const char c : o.err) CHECK((c == '\n' || (c >= ' ' && c < 0x7f)));
}

// systemd reads what we wrote for it as we meant it.
TEST_CASE("systemd-analyze finds nothing wrong with converted units") {
  if (std::system("systemd-analyze --version >/dev/null 2>&1") != 0) {
    WARN("skipped: there is no systemd-analyze");
    return;
  }
  const Scratch s;
  const std::string plain = "type = UNLISTED\nsocket_type = stream\nwait = no\nuser = daemon\n";
  const std::string conf = s.write(
      "xinetd.conf",
      "service xc-all\n{\n" + plain +
          "port = 9001\nserver = /bin/cat\nserver_args = -u %h $x \"a\\b ; it's\ninstances = 5\nper_source = 2\n"
          "cps = 7 30\nruntime_max = 1h\nkill_grace = 0\nflags = NODELAY KEEPALIVE LABELED\nbacklog = 7\nonly_from = 127.0.0.0/8 ::1\nno_access = "
          "127.0.0.9\numask = 27\n"
          "nice = 3\nenv = A=50%x B=$x\"y\npassenv = PATH LANG\nrlimit_as = 64M\nrlimit_cpu = 30\nrlimit_data = "
          "UNLIMITED\nrlimit_files = 64\n"
          "group = daemon\n}\n"
          "service xc-waits\n{\ntype = UNLISTED\nsocket_type = dgram\nwait = yes\nuser = daemon\nport = 9002\nserver = "
          "/bin/cat\nbind = ::1\n}\n"
          "service xc-four\n{\n" +
          plain +
          "port = 9003\nserver = /bin/cat\nserver_args = name\nflags = IPv4 NAMEINARGS\n}\n"
          "service xc-six\n{\n" +
          plain + "port = 9004\nserver = /bin/cat\nv6only = yes\n}\n");
  const Ran o = convert({"--from", "xinetd", "--to", "systemd", "-o", s.path("u"), conf});
  INFO(o.err);
  CHECK(o.status == 1);
  const std::string units = s.path("u/xc-all.socket") + " " + s.path("u/xc-waits.socket") + " " +
                            s.path("u/xc-four.socket") + " " + s.path("u/xc-six.socket");
  const int status = std::system(("systemd-analyze verify --man=no " + units + " >" + s.path("log") + " 2>&1").c_str());
  INFO(contents(s.path("log")));
  CHECK(status == 0);
  // What systemd passes over with a warning is a mistake of ours.
  CHECK(contents(s.path("log")).find("xc-") == std::string::npos);
  // It would have found something.
  s.write("u/xc-all.socket", "[Socket]\nListenStream=nonsense\n");
  CHECK(std::system(("systemd-analyze verify --man=no " + units + " >/dev/null 2>&1").c_str()) != 0);
}
