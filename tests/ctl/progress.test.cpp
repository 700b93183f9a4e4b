// SPDX-License-Identifier: MIT
#include "ctl/progress.hpp"

#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace xsuperd::ctl;

namespace {

/// A terminal, and what has been written to it.
class Screen {
 public:
  Screen() {
    int slave = -1;
    winsize size{24, 30, 0, 0};
    REQUIRE(::openpty(&master_, &slave, nullptr, nullptr, &size) == 0);
    file_ = ::fdopen(slave, "w");
    REQUIRE(file_ != nullptr);
  }
  ~Screen() {
    std::fclose(file_);
    ::close(master_);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  [[nodiscard]] std::FILE* file() const { return file_; }
  /// What comes within so many milliseconds, or until there is `wanted` in all.
  std::string seen(int milliseconds, std::string_view wanted = {}) {
    pollfd one{master_, POLLIN, 0};
    char buffer[1000];
    while ((wanted.empty() || all_.find(wanted) == all_.npos) && ::poll(&one, 1, milliseconds) > 0) {
      const ssize_t n = ::read(master_, buffer, sizeof buffer);
      if (n > 0) all_.append(buffer, static_cast<std::size_t>(n));
    }
    return all_;
  }

 private:
  int master_ = -1;
  std::FILE* file_ = nullptr;
  std::string all_;
};

}  // namespace

TEST_CASE("Whoever waits at a terminal is told after a second what for, and sees nothing of it afterwards") {
  Screen screen;
  {
    Progress progress(screen.file(), "checking /c\x1b", "file");
    progress.count();
    CHECK(screen.seen(500).empty());
    progress.count();
    CHECK(screen.seen(10'000, "1s") == "\rchecking /c\\x1b: 2 files, 1s");
    progress.end();
    progress.end();
  }
  CHECK(screen.seen(100).ends_with("\r" + std::string(28, ' ') + "\r"));
}

TEST_CASE("What is told to whoever waits fits in a line of the terminal") {
  Screen screen;
  const Progress progress(screen.file(), "checking " + std::string(100, 'x'));
  CHECK(screen.seen(10'000, "..") == "\rchecking xxxxxxxxxxxxxxxxxx..");
}

TEST_CASE("What is done within a second, and what goes on where there is no terminal, is not told of") {
  Screen screen;
  { const Progress progress(screen.file(), "checking"); }
  CHECK(screen.seen(50).empty());
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  {
    const Progress progress(file, "checking");
    ::usleep(1'100'000);
  }
  CHECK(std::ftell(file) == 0);
  std::fclose(file);
}
