// SPDX-License-Identifier: MIT
#include "xsuperd/supervisor/process.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <functional>

#include "supervisor/scratch.hpp"
#include "xsuperd/base/fd.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace xsuperd::supervisor::test;

namespace {

/// What the function returns in a process of its own, so that ours stays as it is.
int in_child(const std::function<int()>& function) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(function());
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::lstat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

std::string our_line() { return std::to_string(::getpid()) + "\n"; }

}  // namespace

TEST_CASE("a pid file holds our number and a line end, readable for all whatever the umask") {
  const Scratch scratch;
  const std::string path = scratch / "daemon.pid";
  const mode_t before = ::umask(077);
  PidFile file;
  const auto written = file.write(path);
  ::umask(before);
  REQUIRE(written.has_value());
  CHECK(scratch.text("daemon.pid") == our_line());
  CHECK(mode_of(path) == 0644);
}

TEST_CASE("an old pid file is replaced, not written into") {
  const Scratch scratch;
  scratch.put("daemon.pid", "12345 and more\n");
  const std::string path = scratch / "daemon.pid";
  const base::Fd reader(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  PidFile file;
  REQUIRE(file.write(path).has_value());
  CHECK(scratch.text("daemon.pid") == our_line());
  struct stat old {};
  REQUIRE(::fstat(reader.get(), &old) == 0);
  CHECK(old.st_nlink == 0);
  CHECK(old.st_size == 15);
}

TEST_CASE("a link in the place of the pid file is removed, and what it leads to stays untouched") {
  const Scratch scratch;
  scratch.put("precious", "precious");
  std::filesystem::create_symlink(scratch / "precious", scratch / "daemon.pid");
  PidFile file;
  REQUIRE(file.write(scratch / "daemon.pid").has_value());
  CHECK(scratch.text("precious") == "precious");
  CHECK_FALSE(std::filesystem::is_symlink(scratch / "daemon.pid"));
  CHECK(scratch.text("daemon.pid") == our_line());
}

TEST_CASE("a pid file that cannot be made is an error with its name, and nothing is removed later") {
  const Scratch scratch;
  const std::string path = scratch / "no/such/folder";
  PidFile file;
  const auto written = file.write(path);
  REQUIRE(written.has_error());
  CHECK(written.error().sentence == "open( " + path + " ) failed: No such file or directory (errno = 2)");
  file.remove();
}

TEST_CASE("the pid file goes at the end") {
  const Scratch scratch;
  {
    PidFile file;
    REQUIRE(file.write(scratch / "daemon.pid").has_value());
  }
  CHECK_FALSE(std::filesystem::exists(scratch / "daemon.pid"));
}

TEST_CASE("a pid file that another daemon has taken over stays") {
  const Scratch scratch;
  {
    PidFile file;
    REQUIRE(file.write(scratch / "daemon.pid").has_value());
    scratch.put("daemon.pid", std::to_string(::getpid() + 1) + "\n");
  }
  CHECK(std::filesystem::exists(scratch / "daemon.pid"));
}

TEST_CASE("a link that has taken the place of the pid file is not followed at the end") {
  const Scratch scratch;
  scratch.put("other", our_line());
  {
    PidFile file;
    REQUIRE(file.write(scratch / "daemon.pid").has_value());
    std::filesystem::remove(scratch / "daemon.pid");
    std::filesystem::create_symlink(scratch / "other", scratch / "daemon.pid");
  }
  CHECK(std::filesystem::is_symlink(scratch / "daemon.pid"));
  CHECK(std::filesystem::exists(scratch / "other"));
}

TEST_CASE("a relative pid file is removed from where it was made, wherever the daemon is by then") {
  const Scratch scratch;
  CHECK(in_child([&] {
          if (::chdir(scratch.path().c_str()) != 0) return 1;
          PidFile file;
          if (!file.write("daemon.pid") || !std::filesystem::exists(scratch / "daemon.pid")) return 2;
          if (::chdir("/") != 0) return 3;
          file.remove();
          return std::filesystem::exists(scratch / "daemon.pid") ? 4 : 0;
        }) == 0);
}

TEST_CASE("a pid file may be removed twice and never written") {
  const Scratch scratch;
  PidFile file;
  file.remove();
  REQUIRE(file.write(scratch / "daemon.pid").has_value());
  file.remove();
  scratch.put("daemon.pid", our_line());
  file.remove();
  CHECK(std::filesystem::exists(scratch / "daemon.pid"));
}

TEST_CASE("relative paths are taken from the current directory, others stay") {
  CHECK(absolute("/etc/xinetd.conf") == "/etc/xinetd.conf");
  CHECK(absolute("") == "");
  CHECK(absolute("a/b") == std::filesystem::current_path().string() + "/a/b");
}

TEST_CASE("the umask becomes at least 022") {
  const auto widened = [](mode_t from) {
    return in_child([from] {
      ::umask(from);
      const mode_t told = widen_umask();
      const mode_t is = ::umask(0);
      return told == is ? static_cast<int>(is) : 255;
    });
  };
  CHECK(widened(0) == 022);
  CHECK(widened(002) == 022);
  CHECK(widened(077) == 077);
  CHECK(widened(027) == 027);
}

TEST_CASE("descriptors from 3 on are closed but for those to keep, and closed ones below become /dev/null") {
  CHECK(in_child([] {
          ::dup2(2, 7);
          ::close(0);
          ::dup2(2, 20);
          ::dup2(2, 22);
          tidy_descriptors({22, 20});
          if (::fcntl(7, F_GETFD) != -1 || ::fcntl(3, F_GETFD) != -1 || ::fcntl(21, F_GETFD) != -1) return 1;
          if (::fcntl(20, F_GETFD) == -1 || ::fcntl(22, F_GETFD) == -1 || ::fcntl(23, F_GETFD) != -1) return 4;
          if (::fcntl(0, F_GETFD) != 0) return 2;  // open, and servers inherit it
          char byte = 0;
          return ::read(0, &byte, 1) == 0 ? 0 : 3;
        }) == 0);
}

TEST_CASE("descriptors 1 and 2 are silenced only when asked for") {
  const auto same_as_null = [](int fd) {
    struct stat one {
    }, other{};
    return ::fstat(fd, &one) == 0 && ::stat("/dev/null", &other) == 0 && one.st_rdev == other.st_rdev &&
           S_ISCHR(one.st_mode);
  };
  const auto silenced = [&](int last) {
    return in_child([&] {
      int ends[2];
      if (::pipe(ends) != 0 || ::dup2(ends[1], 0) < 0 || ::dup2(ends[1], 1) < 0 || ::dup2(ends[1], 2) < 0)
        return 255;
      silence_stdio(last);
      return (same_as_null(0) ? 1 : 0) | (same_as_null(1) ? 2 : 0) | (same_as_null(2) ? 4 : 0);
    });
  };
  CHECK(silenced(0) == 1);
  CHECK(silenced(1) == 3);
  CHECK(silenced(2) == 7);
}

TEST_CASE("all signals are blocked and have their default action") {
  CHECK(in_child([] {
          ::signal(SIGHUP, SIG_IGN);
          ::signal(SIGTERM, [](int) {});
          block_signals();
          sigset_t mask;
          ::sigprocmask(SIG_BLOCK, nullptr, &mask);
          for (const int number : {SIGHUP, SIGTERM, SIGUSR1, SIGPIPE, SIGCHLD, SIGINT}) {
            struct sigaction action {};
            ::sigaction(number, nullptr, &action);
            if (action.sa_handler != SIG_DFL || ::sigismember(&mask, number) != 1) return number;
          }
          return 0;
        }) == 0);
}

TEST_CASE("the daemon may open as many files as the hard limit allows") {
  CHECK(in_child([] {
          rlimit files{};
          ::getrlimit(RLIMIT_NOFILE, &files);
          files.rlim_cur = 64;
          ::setrlimit(RLIMIT_NOFILE, &files);
          raise_file_limit();
          ::getrlimit(RLIMIT_NOFILE, &files);
          return files.rlim_cur == files.rlim_max ? 0 : 1;
        }) == 0);
}

TEST_CASE("the load average is a number that is not negative") {
  const auto load = load_average();
  REQUIRE(load.has_value());
  CHECK(*load >= 0);
}
