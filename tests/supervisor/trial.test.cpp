// SPDX-License-Identifier: MIT
// The trial run of a new image, with shell scripts in its place.
#include "supervisor/trial.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <optional>

#include "supervisor/image.hpp"
#include "supervisor/scratch.hpp"
#include "supervisor/sealed_memory.hpp"
#include "xsuperd/supervisor/take_over.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace std::chrono_literals;

namespace {

struct Bench {
  /// What the script says to the state.
  std::string run(const std::string& script, const std::string& state = "state", mode_t mode = 0755) {
    scratch.put("image", "#!/bin/sh\n" + script + "\n");
    ::chmod((scratch / "image").c_str(), mode);
    return run_file(scratch / "image", state);
  }
  std::string run_file(const std::string& path, const std::string& state, const std::string& file = {}) {
    std::optional<base::Result<std::string>> answer;
    Trial::What what{path, {"xsuperd", "-f", "x.conf"}, {"PATH=/usr/bin:/bin", "WORD=here"}, state, limit, file};
    const auto trial = std::make_shared<Trial>(loop, std::move(what), [&](auto result) { answer = std::move(result); });
    trial->start(*spawner);
    CHECK_FALSE(answer);  // never from inside a call
    loop.restart();
    while (!answer) REQUIRE(loop.run_one_for(30s) == 1);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // reaped
    return *answer ? "ready: " + **answer : answer->error().sentence;
  }

  test::Scratch scratch;
  boost::asio::io_context loop;
  std::unique_ptr<spawn::Spawner> spawner =
      spawn::make_clone_spawner(loop, {.threads = 0, .thread_patience = std::chrono::seconds(30)});
  std::chrono::milliseconds limit{20'000};
};

}  // namespace

TEST_CASE("an image that is ready says so, and leaves its notes") {
  Bench bench;
  CHECK(bench.run("read state; echo ready; echo \"$state $WORD $*\"", "the state\n") ==
        "ready: the state here take-over-trial -f x.conf\n");
}

TEST_CASE("a state larger than a socket holds arrives whole") {
  Bench bench;
  CHECK(bench.run("echo ready; wc -c", std::string(5'000'000, 'x')) == "ready: 5000000\n");
}

TEST_CASE("an image that objects is quoted, and its bytes are made fit for the log") {
  Bench bench;
  CHECK(bench.run("cat > /dev/null; printf 'no such\\toption\\n'; exit 1") ==
        "its trial run ended with status 1: no such\\x09option");
  CHECK(bench.run("exit 3") == "its trial run ended with status 3: it gives no reason");
}

TEST_CASE("a program that knows nothing of trial runs is no image") {
  Bench bench;
  CHECK(bench.run("exit 0") == "its trial run ended with status 0: it is not a program that can take over");
  CHECK(bench.run("echo ready; exit 1") == "its trial run ended with status 1: ready");
}

TEST_CASE("an image that crashes, hangs or cannot be executed is refused") {
  Bench bench;
  CHECK(bench.run("kill -SEGV $$") == "its trial run ended with signal 11");
  bench.limit = 100ms;
  CHECK(bench.run("exec sleep 60") == "no answer in 100 ms");
  CHECK(bench.run("", "", 0644).ends_with("Permission denied (errno = 13)"));
  CHECK(bench.run_file("/no/such/image", "").ends_with("No such file or directory (errno = 2)"));
}

TEST_CASE("what gets the name of an image after it was opened is not executed") {
  Bench bench;
  bench.scratch.put("image", "#!/bin/sh\necho ready; echo first\n");
  ::chmod((bench.scratch / "image").c_str(), 0755);
  const auto image = Image::open(bench.scratch / "image");
  REQUIRE(image.has_value());
  bench.scratch.put("other", "#!/bin/sh\necho ready; echo second\n");
  ::chmod((bench.scratch / "other").c_str(), 0755);
  REQUIRE(::rename((bench.scratch / "other").c_str(), (bench.scratch / "image").c_str()) == 0);
  CHECK(bench.run_file(bench.scratch / "image", "", image->path()) == "ready: first\n");
  CHECK(image->changed() == "");
  CHECK_FALSE(Image::open("/no/such/image").has_value());
}

TEST_CASE("an image that was written into is another one") {
  Bench bench;
  bench.scratch.put("image", "#!/bin/sh\n");
  const auto image = Image::open(bench.scratch / "image");
  REQUIRE(image.has_value());
  bench.scratch.put("image", "#!/bin/sh\nexit\n");
  CHECK(image->changed().ends_with("was changed after its trial"));
}

TEST_CASE("a trial that could not be started is over when it is abandoned, and its process is reaped") {
  Bench bench;
  bench.scratch.put("image", "#!/bin/sh\nexec sleep 60\n");
  ::chmod((bench.scratch / "image").c_str(), 0755);
  Trial::What what{bench.scratch / "image", {"xsuperd"}, {"PATH=/usr/bin:/bin"}, "", 20s};
  bool told = false;
  auto trial = std::make_shared<Trial>(bench.loop, std::move(what), [&](const auto&) { told = true; });
  trial->start(*bench.spawner);
  trial->abandon();
  trial.reset();
  bench.loop.run_for(10s);  // as long as there is a process to wait for
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK_FALSE(told);
}

TEST_CASE("the state lies in memory that nobody can change any more") {
  const auto memory = make_sealed_memory(std::string(200'000, 's'));
  REQUIRE(memory.has_value());
  CHECK(*read_sealed_memory(memory->get()) == std::string(200'000, 's'));
  CHECK(::write(memory->get(), "x", 1) == -1);
  CHECK(::ftruncate(memory->get(), 1) == -1);
  CHECK((::fcntl(memory->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a descriptor that is no such memory is none") {
  const base::Fd plain(::memfd_create("plain", MFD_CLOEXEC));
  CHECK_FALSE(read_sealed_memory(plain.get()).has_value());
  CHECK_FALSE(read_sealed_memory(0).has_value());
  CHECK_FALSE(read_sealed_memory(-1).has_value());
}

TEST_CASE("when the program cannot be executed everything is close-on-exec again") {
  const base::Fd kept(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const base::Error error = execute_in_place("/no/such/image", {"x"}, {}, {kept.get()});
  CHECK(error.code == ENOENT);
  CHECK((::fcntl(kept.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("the daemon's own file is found by the name it was started under") {
  const std::string exe = own_binary("no-such-name-in-path");
  REQUIRE(exe.starts_with("/"));
  const test::Scratch scratch;
  REQUIRE(::symlink(exe.c_str(), (scratch / "link").c_str()) == 0);
  CHECK(own_binary(scratch / "link") == scratch / "link");
  REQUIRE(::setenv("PATH", ("/nowhere::" + scratch.path().string()).c_str(), 1) == 0);
  CHECK(own_binary("link") == scratch / "link");
  CHECK(own_binary("/bin/sh") == exe);  // that is not us
}

TEST_CASE("a process that was not started by an upgrade inherits nothing") {
  const auto nothing = Inheritance::receive(16);
  REQUIRE(nothing.has_value());
  CHECK(*nothing == nullptr);
  ::setenv(take_over_variable, "zero", 1);
  CHECK_FALSE(Inheritance::receive(16).has_value());
  CHECK(::getenv(take_over_variable) == nullptr);
}
