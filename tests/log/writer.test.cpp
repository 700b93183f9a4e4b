// SPDX-License-Identifier: MIT
#include "xsuperd/log/writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <future>

#include "fakes/memory_sink.hpp"
#include "log/batch.hpp"
#include "log/fake_output.hpp"
#include "log/scratch.hpp"

using namespace xsuperd;
using namespace xsuperd::log;
using namespace xsuperd::log::test;
using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

namespace {

constexpr milliseconds long_enough{20000};
const base::WallTime when = sample_time();

void write_numbers(Writer& writer, const std::shared_ptr<Output>& to, int first, int last) {
  for (int i = first; i <= last; ++i) writer.write(to, Level::info, when, std::to_string(i));
}

Texts numbers(int first, int last) {
  Texts texts;
  for (int i = first; i <= last; ++i) texts.push_back(std::to_string(i));
  return texts;
}

}  // namespace

TEST_CASE("the writer writes to each output in order") {
  const auto a = std::make_shared<FakeOutput>(), b = std::make_shared<FakeOutput>();
  Writer writer(a);
  write_numbers(writer, a, 1, 500);
  write_numbers(writer, b, 1, 500);
  REQUIRE(writer.flush(long_enough));
  CHECK(a->texts() == numbers(1, 500));
  CHECK(b->texts() == numbers(1, 500));
}

TEST_CASE("events of all kinds arrive with the texts that they had when they were written") {
  const auto log = std::make_shared<FakeOutput>();
  Writer writer(log);
  log->hold();  // all of them wait together, in memory that grows
  for (int i = 100; i < 300; ++i) {
    const std::string id = fmt::format("service-{}", i), words = fmt::format("words {}", i);
    for (const Event& event : {Event(Start{id, i, base::AddressText("::1")}), Event(Exit{id, 1, {}, i, {}}),
                               Event(Fail{id, words, {}}), Event(UserId{id, PeerText(words)}),
                               Event(NoId{id, "10.0.0.1", words}), Event(Traffic{id, {1}, {2}}),
                               Event(Limit{id, i, words}), Event(Stderr{id, i, words}), Event(words)})
      writer.write(log, Level::info, when, event);
  }
  log->release();
  REQUIRE(writer.flush(long_enough));
  Texts expected;
  for (int i = 100; i < 300; ++i)
    for (const char* form : {"START: service-{0} pid={0} from=::1", "EXIT: service-{0} status=1 pid={0}",
                             "FAIL: service-{0} words {0}", "USERID: service-{0} words {0}",
                             "NOID: service-{0} 10.0.0.1 words {0}", "TRAFFIC: service-{0} in=1(bytes) out=2(bytes)",
                             "LIMIT: service-{0} pid={0} words {0}", "STDERR: service-{0} pid={0} words {0}", "words {0}"})
      expected.push_back(fmt::format(fmt::runtime(form), i));
  CHECK(log->texts() == expected);
}

TEST_CASE("the writer's end comes after the last line") {
  const auto log = std::make_shared<FakeOutput>();
  {
    Writer writer(log);
    write_numbers(writer, log, 1, 1000);
  }
  CHECK(log->texts() == numbers(1, 1000));
}

TEST_CASE("an output that fails a few times gets every line, in order") {
  const auto log = std::make_shared<FakeOutput>(3);
  Writer writer(std::make_shared<FakeOutput>());
  write_numbers(writer, log, 1, 100);
  while (!writer.flush(milliseconds(1))) continue;  // each flush has it offered again
  CHECK(log->texts() == numbers(1, 100));
}

TEST_CASE("the last words are offered more than once") {
  const auto log = std::make_shared<FakeOutput>(2);
  {
    Writer writer(log);
    writer.write(log, Level::warning, when, "Exiting...");
  }
  CHECK(log->texts() == Texts{"Exiting..."});
}

TEST_CASE("an output that never works does not hold up the end for long") {
  const auto log = std::make_shared<FakeOutput>(1000000);
  const auto before = std::chrono::steady_clock::now();
  {
    Writer writer(log);
    write_numbers(writer, log, 1, 10);
    CHECK_FALSE(writer.flush(milliseconds(1)));
  }
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(2));
}

TEST_CASE("a full queue drops lines, and how many stands in the daemon log") {
  const auto daemon_log = std::make_shared<FakeOutput>(), file = std::make_shared<FakeOutput>();
  Writer writer(daemon_log, {10 * Batch::cost(64), 1000});
  file->hold();
  writer.write(file, Level::info, when, "in the writer's hands");
  file->wait_for_attempts(1);
  const std::string text(64, 'x');
  for (int i = 0; i < 17; ++i) writer.write(file, Level::info, when, text);
  file->release();
  REQUIRE(writer.flush(long_enough));
  CHECK(file->texts().size() == 11);
  writer.write(file, Level::info, when, "there is room again");
  REQUIRE(writer.flush(long_enough));
  CHECK(file->texts().back() == "there is room again");
  CHECK(daemon_log->texts() == Texts{"7 lines were lost: more was logged than could be written"});
}

TEST_CASE("a line larger than the queue is lost, which is said") {
  const auto log = std::make_shared<FakeOutput>();
  {
    Writer writer(log, {1000, 1000});
    writer.write(log, Level::info, when, std::string(2000, 'x'));
  }
  CHECK(log->texts() == Texts{"1 line was lost: more was logged than could be written"});
}

TEST_CASE("a writer without daemon log and a line without output do no harm") {
  const auto file = std::make_shared<FakeOutput>();
  Writer writer(nullptr);
  writer.write(nullptr, Level::info, when, "nowhere");
  file->remark(Level::error, "trouble");
  writer.write(file, Level::info, when, "one");
  REQUIRE(writer.flush(long_enough));
  CHECK(file->texts() == Texts{"one"});
}

TEST_CASE("complaints go to the daemon log of the moment") {
  const auto first = std::make_shared<FakeOutput>(), second = std::make_shared<FakeOutput>();
  const auto file = std::make_shared<FakeOutput>();
  Writer writer(first);
  file->remark(Level::error, "before");
  writer.write(file, Level::info, when, "one");
  REQUIRE(writer.flush(long_enough));
  writer.set_daemon_log(second);
  file->remark(Level::error, "after");
  writer.write(file, Level::info, when, "two");
  REQUIRE(writer.flush(long_enough));
  CHECK(first->texts() == Texts{"before"});
  CHECK(second->texts() == Texts{"after"});
}

TEST_CASE("every signal is blocked in the writer's thread") {
  const auto log = std::make_shared<FakeOutput>();
  sigset_t blocked;
  sigemptyset(&blocked);
  log->on_write = [&] { pthread_sigmask(SIG_BLOCK, nullptr, &blocked); };
  Writer writer(log);
  writer.write(log, Level::info, when, "one");
  REQUIRE(writer.flush(long_enough));
  for (const int signal : {SIGPIPE, SIGHUP, SIGTERM, SIGXFSZ, SIGUSR1})
    CHECK(sigismember(&blocked, signal) == 1);
  sigset_t here;
  pthread_sigmask(SIG_BLOCK, nullptr, &here);
  CHECK(sigismember(&here, SIGTERM) == 0);
}

TEST_CASE("several threads may write") {
  const auto log = std::make_shared<FakeOutput>();
  Writer writer(log);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&] { write_numbers(writer, log, 1, 250); });
  for (std::thread& thread : threads) thread.join();
  REQUIRE(writer.flush(long_enough));
  CHECK(log->texts().size() == 1000);
}

TEST_CASE("a named pipe that nobody reads stops neither callers nor the end") {
  const Scratch dir;
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
  const std::shared_ptr<Output> log = *open_daemon_file(dir / "fifo", {"xinetd", 1});
  Writer writer(log);
  for (int i = 0; i < 1000; ++i) writer.write(log, Level::info, when, std::string(1000, 'x'));
  CHECK_FALSE(writer.flush(milliseconds(1)));
}

TEST_CASE("a thread that hangs in a blocking write is left behind") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  base::Fd reader(ends[0]);
  struct Guard : Output {
    std::shared_ptr<Output> inner;
    std::promise<void> gone;
    ~Guard() override { gone.set_value(); }
    Outcome write(const Line& l) override { return inner->write(l); }
  };
  auto log = std::make_shared<Guard>();
  log->inner = debug_output(base::Fd(ends[1]), {"xinetd", 1});
  std::future<void> gone = log->gone.get_future();

  const auto before = std::chrono::steady_clock::now();
  {
    Writer writer(log);
    for (int i = 0; i < 1000; ++i) writer.write(log, Level::info, when, std::string(1000, 'x'));
  }
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(10));

  log.reset();
  reader.reset();  // a broken pipe ends the write, and the thread after it
  CHECK(gone.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
}

TEST_CASE("the memory sink keeps lines for tests of other layers") {
  fakes::MemorySink sink;
  const auto log = std::make_shared<FakeOutput>();
  sink.write(log, Level::error, when, "bind failed");
  CHECK(sink.has("bind"));
  CHECK_FALSE(sink.has("other"));
  CHECK(sink.texts() == Texts{"bind failed"});
  CHECK(sink.lines.at(0).output == log);
  CHECK(sink.lines.at(0).level == Level::error);
}
