// SPDX-License-Identifier: MIT
#include "supervisor/ban_file.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "fakes/memory_sink.hpp"
#include "policy/networks.hpp"
#include "supervisor/ban_pack.hpp"
#include "supervisor/scratch.hpp"
#include "xsuperd/policy/ban_origin.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace std::chrono_literals;
using xsuperd::policy::test::network;

namespace {

struct Bench {
  test::Scratch scratch;
  std::string path = scratch / "bans";
  fakes::MemorySink sink;
  log::DaemonLog log{sink, nullptr};
  boost::asio::io_context loop;
  FileWork files{loop};
  policy::BanList bans;
  policy::BansBehind behind;
  base::Moment clock = base::Moment{} + 1000h;
  std::function<base::Moment()> now = [this] { return clock; };
  BanFile file{files, bans, behind, now, log};

  void write(const std::string& text) const { std::ofstream(path, std::ios::binary) << text; }
  [[nodiscard]] std::string text() const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::size_t lines() const {
    const std::string all = text();
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n'));
  }
  void ban(const char* peer, const char* reason = "", const char* origin = "service") {
    bans.add(network(peer), 60, clock, {.reason = reason, .origin = origin});
    file.changed(network(peer));
  }
  void lift(const char* peer) {
    bans.remove(network(peer));
    file.changed(network(peer));
  }
  /// Until it has nothing more to do.
  void run() {
    run_until([this] { return !file.behind(); });
    CHECK_FALSE(file.behind());
  }
  /// Or for twenty seconds. What is done off the loop is nothing that the loop waits for.
  template <typename Done>
  void run_until(Done done) {
    for (const auto end = std::chrono::steady_clock::now() + 20s; !done() && std::chrono::steady_clock::now() < end;) {
      loop.restart();
      loop.run_for(2ms);
      std::this_thread::sleep_for(1ms);
    }
  }
  void run_for(std::chrono::milliseconds time) {
    run_until([end = std::chrono::steady_clock::now() + time] { return std::chrono::steady_clock::now() >= end; });
  }
};

/// What another daemon finds.
struct Next : Bench {
  explicit Next(const Bench& before) {
    std::filesystem::copy_file(before.path, path);
    file.open(path);
  }
};

}  // namespace

TEST_CASE("What is banned stands in the file, and another daemon finds it there") {
  Bench b;
  b.file.open(b.path);
  b.ban("192.0.2.1", "refused ftp");
  b.ban("2001:db8::/32", "by \"hand\"", "administrator");
  b.ban("192.0.2.3");
  b.lift("192.0.2.3");
  b.run();
  const Next next(b);
  CHECK(next.bans.size() == 2);
  const auto ban = next.bans.find(network("192.0.2.1"), next.clock);
  REQUIRE(ban);
  CHECK(ban->reason == "refused ftp");
  CHECK(ban->origin == "service");
  CHECK_FALSE(ban->stays);
  CHECK(ban->until - next.clock > 59min);
  CHECK(ban->until - next.clock <= 61min);
  CHECK(next.bans.find(network("2001:db8::/32"), next.clock)->stays);
}

TEST_CASE("A ban of ours behind somebody else's stands in the same line, and another daemon has both") {
  Bench b;
  b.file.open(b.path);
  b.ban("192.0.2.1", "ssh-bf", "crowdsec");
  policy::ban_until(b.bans, b.behind, network("192.0.2.1"), b.clock + 10min, b.clock, {.reason = "ticket", .origin = "administrator", .stays = true});
  b.file.changed(network("192.0.2.1"));
  b.ban("192.0.2.2", "", "crowdsec");
  b.run();
  CHECK(b.lines() == 3);
  const bool anew = GENERATE(false, true);
  if (anew) {
    b.files.join();
    b.file.go_on(b.path, 3, true);
    b.file.finish();
    CHECK(b.lines() == 2);
  }
  Next next(b);
  const auto front = next.bans.find(network("192.0.2.1"), next.clock);
  REQUIRE(front);
  CHECK(front->origin == "crowdsec");
  CHECK(front->stays);
  CHECK(front->until - next.clock > 59min);
  CHECK(next.behind.peers.size() == 1);
  next.bans.remove(network("192.0.2.1"));
  next.behind.bring_back(next.bans, network("192.0.2.1"), next.clock);
  const auto ours = next.bans.find(network("192.0.2.1"), next.clock);
  REQUIRE(ours);
  CHECK((ours->reason == "ticket" && ours->origin == "administrator" && ours->stays));
  CHECK(ours->until - next.clock <= 10min + 2s);
  next.file.changed(network("192.0.2.1"));
  next.run();
  const Bench& before = next;
  CHECK(Next(before).bans.find(network("192.0.2.1"), next.clock)->origin == "administrator");
}

TEST_CASE("What a file says of a ban of ours counts behind somebody else's alone, and in front when that is over") {
  Bench b;
  const std::string past = "\"2001-01-01T00:00:00Z\"", later = "\"2099-01-01T00:00:00Z\"";
  const auto line = [](const std::string& peer, const std::string& until, const std::string& origin, const std::string& ours) {
    return fmt::format("{{\"prefix\":\"{}\",\"until\":{},\"origin\":\"{}\",{}}}\n", peer, until, origin, ours);
  };
  b.write(line("192.0.2.1", past, "crowdsec", "\"our_until\":" + later + ",\"our_reason\":\"a\"") +
          line("192.0.2.2", "null", "service", "\"our_until\":null,\"our_origin\":\"administrator\"") +
          line("192.0.2.3", "null", "crowdsec", "\"our_until\":" + past) + line("192.0.2.4", "null", "crowdsec", "\"our_until\":null,\"our_origin\":\"fleet:beta\"") +
          line("192.0.2.5", later, "fleet:beta", "\"our_until\":null") + line("192.0.2.6", past, "fleet:beta", "\"our_until\":" + past) +
          line("192.0.2.7", "null", "crowdsec", "\"our_until\":" + later) + "{\"prefix\":\"192.0.2.7\",\"origin\":\"crowdsec\"}\n");
  b.file.open(b.path);
  const auto origin = [&](const char* peer) {
    const auto ban = b.bans.find(network(peer), b.clock);
    return ban ? ban->origin : "none";
  };
  CHECK(origin("192.0.2.1") == "file");
  CHECK(origin("192.0.2.2") == "service");
  CHECK(origin("192.0.2.3") == "crowdsec");
  CHECK(origin("192.0.2.4") == "crowdsec");
  CHECK(origin("192.0.2.5") == "file");
  CHECK(origin("192.0.2.6") == "none");
  CHECK(origin("192.0.2.7") == "crowdsec");
  CHECK(b.behind.peers.empty());  // the last line about a prefix counts, with what it says of ours
}

TEST_CASE("Another file's ban of ours behind somebody else's comes to the bans in force, with the one in front of it") {
  Bench b;
  b.file.open("");
  b.bans.add(network("192.0.2.1"), 5, b.clock, {.reason = "sensor trap", .origin = "service"});
  b.bans.add(network("192.0.2.2"), -1, b.clock, {.reason = "ssh-bf", .origin = "crowdsec"});
  for (const char* peer : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
    b.write(b.text() + fmt::format("{{\"prefix\":\"{}\",\"origin\":\"crowdsec\",\"our_until\":\"2099-01-01T00:00:00Z\",\"our_reason\":\"ticket\"}}\n", peer));
  b.file.use(b.path);
  b.run();
  CHECK(b.bans.find(network("192.0.2.1"), b.clock)->reason == "ticket");
  for (const char* peer : {"192.0.2.2", "192.0.2.3"}) {
    CHECK(b.bans.find(network(peer), b.clock)->origin == "crowdsec");
    const auto* ours = b.behind.find(network(peer), policy::ban_origin::ours, b.clock);
    REQUIRE(ours);
    CHECK((ours->reason == "ticket" && ours->stays));
  }
  CHECK(Next(b).behind.peers.size() == 2);
}

TEST_CASE("A file that somebody has written is read, and what is not right in it is told and costs no more than its line") {
  Bench b;
  b.write("{\"prefix\":\"192.0.2.0/24\"}\n\nnonsense\n{\"prefix\":\"::1\",\"until\":\"2001-01-01T00:00:00Z\"}\n"
          "{\"prefix\":\"192.0.2.9\",\"until\":\"2099-01-01T00:00:00Z\",\"reason\":\"ticket\"}\r\n{\"prefix\":\"192.0.2.8\",\"unt");
  b.file.open(b.path);
  CHECK(b.bans.size() == 2);
  CHECK(b.bans.find(network("192.0.2.0/24"), b.clock)->origin == "file");
  CHECK(b.bans.find(network("192.0.2.9"), b.clock)->reason == "ticket");
  const auto told = b.sink.texts();
  REQUIRE(told.size() == 3);
  CHECK_THAT(told[0], Catch::EndsWith(":3: the line is not a JSON object, and is ignored"));
  CHECK_THAT(told[1], Catch::Contains(":6: the line is not complete, and is ignored; it has no end"));
  // The next line does not become a part of the torn one.
  b.ban("192.0.2.7");
  b.run();
  CHECK(Next(b).bans.size() == 3);
}

TEST_CASE("A later line about the same prefix replaces an earlier one") {
  Bench b;
  b.write("{\"prefix\":\"::1\",\"until\":null}\n{\"prefix\":\"::2\"}\n{\"prefix\":\"::1\",\"until\":\"2099-01-01T00:00:00Z\"}\n"
          "{\"prefix\":\"::2\",\"until\":\"2001-01-01T00:00:00Z\"}\n");
  b.file.open(b.path);
  CHECK(b.bans.size() == 1);
  CHECK(b.bans.find(network("::1"), b.clock)->until != base::Moment::max());
}

TEST_CASE("A file that has grown too long is written anew, and nothing that changes meanwhile is missing") {
  Bench b;
  b.file.open(b.path);
  for (std::uint32_t i = 0; i < 3000; ++i) {
    const auto peer = policy::Network::of(base::Address::ipv4(0x0a000000 + i));
    b.bans.add(peer, 60, b.clock, {.reason = "refused ftp", .origin = "service"});
    b.file.changed(peer);
  }
  for (int turn = 0; turn < 5; ++turn)
    for (std::uint32_t i = 0; i < 2500; ++i) {
      const auto peer = policy::Network::of(base::Address::ipv4(0x0a000000 + i));
      turn == 4 ? void(b.bans.remove(peer)) : void(b.bans.add(peer, 60, b.clock));
      b.file.changed(peer);
      if (i % 250 == 0) b.loop.restart(), b.loop.run_for(1ms);
    }
  b.run();
  CHECK(b.lines() <= 2 * 500 + 1000 + 2500);
  CHECK(Next(b).bans.size() == 500);
}

TEST_CASE("What cannot be written is told once, and written when that is possible again") {
  Bench b;
  b.file.open(b.path);
  b.ban("192.0.2.1");
  b.run();
  // In the place of the file stands what it cannot be.
  std::filesystem::remove(b.path);
  std::filesystem::create_directory(b.path);
  const auto begun = std::chrono::steady_clock::now();
  b.ban("192.0.2.2");
  b.run_until([&] { return b.file.trouble().has_value(); });
  b.ban("192.0.2.3");
  b.run_for(20ms);
  REQUIRE(b.file.trouble());
  CHECK_THAT(*b.file.trouble(), Catch::Contains("cannot open"));
  std::filesystem::remove(b.path);
  b.ban("192.0.2.4");
  // It waits for its pause, whoever is banned meanwhile.
  b.run_for(20ms);
  if (std::chrono::steady_clock::now() - begun < 900ms) CHECK_FALSE(std::filesystem::exists(b.path));
  b.run();
  CHECK_FALSE(b.file.trouble());
  CHECK(Next(b).bans.size() == 4);
  std::size_t told = 0;
  for (const std::string& text : b.sink.texts()) told += text.find("the file will be rewritten as soon as") != text.npos;
  CHECK(told == 1);
}

TEST_CASE("At the end everything is in the file") {
  Bench b;
  b.file.open(b.path);
  b.ban("192.0.2.1");
  b.ban("192.0.2.2");
  b.files.join();
  b.file.finish();
  CHECK(Next(b).bans.size() == 2);
}

TEST_CASE("Another file is read without holding anybody up, and has all bans then") {
  Bench b;
  b.file.open("");
  b.ban("192.0.2.1");
  b.write("{\"prefix\":\"192.0.2.2\"}\n");
  b.file.use(b.path);
  b.run();
  CHECK(b.bans.size() == 2);
  CHECK(Next(b).bans.size() == 2);
}

TEST_CASE("The daemon's end while another file is being read costs nothing that is in it") {
  Bench b;
  b.file.open("");
  b.ban("192.0.2.1");
  b.write("{\"prefix\":\"192.0.2.2\"}\n{\"prefix\":\"192.0.2.3\"}\n");
  SECTION("It has been read, and nobody has heard of it") {}
  SECTION("A part of it is among the bans already") {
    std::string many;
    for (int i = 0; i < 5000; ++i) many += fmt::format("{{\"prefix\":\"10.0.{}.{}\"}}\n", i / 256, i % 256);
    b.write(b.text() + many);
  }
  const bool many = b.lines() > 2;
  b.file.use(b.path);
  if (many) {
    while (b.bans.size() < 2) b.loop.restart(), b.loop.run_one_for(1s);
    CHECK(b.bans.size() < 5000);
  }
  b.files.join();
  b.file.finish();
  CHECK(Next(b).bans.size() == (many ? 5003U : 3U));
}

TEST_CASE("The daemon's end leaves a file alone that cannot be read") {
  Bench b;
  b.file.open("");
  b.ban("192.0.2.1");
  std::filesystem::create_directory(b.path);
  b.file.use(b.path);
  b.files.join();
  b.file.finish();
  CHECK(std::filesystem::is_directory(b.path));
  REQUIRE_FALSE(b.sink.texts().empty());
  CHECK_THAT(b.sink.texts().back(), Catch::Contains("the last bans are lost: "));
}

TEST_CASE("What is lifted while another file is being read stays lifted") {
  Bench b;
  b.file.open("");
  b.ban("192.0.2.1");
  b.write("{\"prefix\":\"192.0.2.1\"}\n{\"prefix\":\"192.0.2.2\"}\n");
  b.file.use(b.path);
  b.lift("192.0.2.1");
  b.run();
  CHECK(b.bans.size() == 1);
  CHECK(Next(b).bans.size() == 1);
}

TEST_CASE("A ban that a service has left in another file does not replace an administrator's, and only makes it longer") {
  Bench b;
  b.file.open("");
  b.bans.add(network("192.0.2.1"), 5, b.clock, {.reason = "ticket", .origin = "administrator", .stays = true});
  b.bans.add(network("192.0.2.2"), -1, b.clock, {.reason = "refused ftp", .origin = "service"});
  b.write("{\"prefix\":\"192.0.2.1\",\"until\":\"2099-01-01T00:00:00Z\",\"reason\":\"refused ftp\",\"origin\":\"service\"}\n"
          "{\"prefix\":\"192.0.2.2\",\"until\":\"2099-01-01T00:00:00Z\",\"reason\":\"ticket\",\"origin\":\"administrator\"}\n");
  b.file.use(b.path);
  b.run();
  const auto one = b.bans.find(network("192.0.2.1"), b.clock), two = b.bans.find(network("192.0.2.2"), b.clock);
  REQUIRE((one && two));
  CHECK((one->reason == "ticket" && one->stays && one->until > b.clock + 24h));
  CHECK((two->reason == "ticket" && two->stays && two->until == base::Moment::max()));
}

TEST_CASE("Files that are changed back and forth have what they should") {
  Bench b;
  const std::string other = b.scratch / "other";
  b.write("{\"prefix\":\"192.0.2.1\"}\n");
  b.file.open(b.path);
  b.ban("192.0.2.2");
  b.file.use(other);
  b.file.use(b.path);
  b.file.use(other);
  b.file.use(b.path);
  b.ban("192.0.2.3");
  b.run();
  CHECK(Next(b).bans.size() == 3);
}

TEST_CASE("The file that takes the place of another is made afresh, whatever somebody has put there") {
  Bench b;
  const std::string precious = b.scratch / "precious";
  { std::ofstream(precious) << "precious"; }
  const bool hard = GENERATE(false, true);
  hard ? std::filesystem::create_hard_link(precious, b.path + ".new") : std::filesystem::create_symlink(precious, b.path + ".new");
  b.file.use(b.path);
  b.ban("192.0.2.1");
  b.run();
  CHECK(std::filesystem::file_size(precious) == 8);
  CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(b.path)));
  CHECK_FALSE(std::filesystem::exists(b.path + ".new"));
}

TEST_CASE("A directory in which others may write is told") {
  Bench b;
  std::filesystem::permissions(std::string(b.scratch / ""), std::filesystem::perms::all);
  b.file.open(b.path);
  REQUIRE_FALSE(b.sink.texts().empty());
  CHECK_THAT(b.sink.texts().front(), Catch::EndsWith("its directory can be changed by others, who can thus ban peers and lift bans"));
}

TEST_CASE("A torn line is no part of the next one in another image either") {
  Bench b;
  b.write("{\"prefix\":\"192.0.2.1\"}\n{\"prefix\":\"192.0.2.8\",\"unt");
  b.file.open(b.path);
  CHECK(b.file.behind());
  {
    BanFile next(b.files, b.bans, b.behind, b.now, b.log);
    next.go_on(b.path, b.file.lines(), b.file.behind());
    b.bans.add(network("192.0.2.2"), 60, b.clock);
    next.changed(network("192.0.2.2"));
    while (next.behind()) b.loop.restart(), b.loop.run_for(2ms);
  }
  CHECK(b.lines() == 2);
  CHECK(Next(b).bans.size() == 2);
}

TEST_CASE("Another file lifts no ban, and shortens none") {
  Bench b;
  b.file.open("");
  b.ban("192.0.2.1", "here");
  b.ban("192.0.2.2", "here");
  b.ban("192.0.2.3", "here");
  b.write("{\"prefix\":\"192.0.2.1\",\"until\":\"2001-01-01T00:00:00Z\"}\n{\"prefix\":\"192.0.2.2\",\"reason\":\"there\"}\n" +
          fmt::format("{{\"prefix\":\"192.0.2.3\",\"until\":\"{}\",\"origin\":\"service\"}}\n", policy::rfc3339_text(std::chrono::system_clock::now() + 5min)));
  b.file.use(b.path);
  b.run();
  CHECK(b.bans.find(network("192.0.2.1"), b.clock)->reason == "here");
  CHECK(b.bans.find(network("192.0.2.2"), b.clock)->reason == "there");
  CHECK(b.bans.find(network("192.0.2.3"), b.clock)->reason == "here");
  CHECK(Next(b).bans.size() == 3);
}

TEST_CASE("A file that cannot be read is left alone") {
  Bench b;
  std::filesystem::create_directory(b.path);
  b.file.open(b.path);
  CHECK(b.file.trouble());
  b.ban("192.0.2.1");
  b.run();
  CHECK(std::filesystem::is_directory(b.path));
}

TEST_CASE("An image hands over its bans as they are") {
  const base::Moment now = base::Moment{} + 1000h;
  policy::BanList before;
  before.add(network("192.0.2.0/24"), 5, now - 1min, {.reason = "a b", .origin = "administrator", .stays = true});
  before.add(network("2001:db8::1"), -1, now - 2h, {.reason = "refused ftp", .origin = "service"});
  before.add(network("unix:uid=7"), 1, now - 1min, {.reason = "refused ftp", .origin = "service"});  // is over
  before.add(network("vsock:3"), 7, now, {.reason = "refused ftp", .origin = "service"});
  before.hit(*base::Address::parse("192.0.2.3"), now);
  HandOver state;
  pack_bans(before, {}, now, state);
  CHECK(state.ban_texts.size() == 2);
  const auto all = unpack_bans(state, now);
  REQUIRE(all.has_value());
  before.expire(now);
  CHECK(*all == before.snapshot());
  // By the clock of the new image.
  CHECK(unpack_bans(state, now + 5h)->front().until == now + 5h + 4min);
}

TEST_CASE("An image hands over the bans behind others as they are") {
  const base::Moment now = base::Moment{} + 1000h;
  Bench b;
  b.bans.add(network("192.0.2.1"), 60, now, {.reason = "ssh-bf", .origin = "crowdsec"});
  policy::ban_until(b.bans, b.behind, network("192.0.2.1"), now + 10min, now - 1min, {.reason = "ticket", .origin = "administrator", .stays = true});
  CHECK(b.behind.keep(b.bans, {network("192.0.2.1"), now + 20min, now, 4, false, "sensor", "fleet:beta"}, now));
  CHECK(b.behind.keep(b.bans, {network("192.0.2.2"), now + 20min, now, 0, false, "", "service"}, now));  // is no longer on the list
  HandOver state;
  pack_bans(b.bans, b.behind, now, state);
  CHECK(state.ban_texts.size() == 3);
  const auto all = unpack_bans_behind(state, now);
  REQUIRE(all.has_value());
  CHECK(*all == b.behind.peers.at(network("192.0.2.1")));
  CHECK(unpack_bans(state, now)->size() == 1);
  state.bans_behind += "nonsense\n";
  CHECK(ban_trouble(state) == "bans_behind: line 3 is not right");
}

TEST_CASE("A ban of thousands of years outlasts upgrades and the daemon's end") {
  Bench b;
  b.file.open(b.path);
  b.bans.add(network("192.0.2.1"), 2'147'483'647, b.clock, {.reason = "sensor trap", .origin = "service"});
  b.file.changed(network("192.0.2.1"));
  b.run();
  { std::ofstream(b.path, std::ios::app) << "{\"prefix\":\"192.0.2.2\",\"until\":\"2200-01-01T00:00:00Z\"}\n"
                                            "{\"prefix\":\"192.0.2.3\",\"until\":\"2261-12-31T23:59:59Z\",\"since\":\"1970-01-01T00:00:00Z\"}\n"; }
  Next next(b);
  CHECK(next.sink.texts().size() == 1);  // none of its lines is wrong
  HandOver state;
  pack_bans(next.bans, next.behind, next.clock, state);
  CHECK(ban_trouble(state).empty());
  const auto all = unpack_bans(state, next.clock);
  REQUIRE(all.has_value());
  REQUIRE(all->size() == 3);
  for (const policy::BanList::Ban& ban : *all) CHECK(ban.until == base::Moment::max());
  next.ban("192.0.2.4");
  next.files.join();
  next.file.finish();
  const Bench& before = next;
  CHECK(Next(before).bans.size() == 4);
}

TEST_CASE("Moments that are too far away are clamped, so that an upgrade never fails because of them") {
  const base::Moment now = base::Moment{} + 1000h;
  policy::BanList bans;
  bans.restore({{.peer = network("192.0.2.1"), .until = base::Moment::max() - 1ns, .since = now - 24h * 366 * 150}});
  HandOver state;
  pack_bans(bans, {}, now, state);
  CHECK(ban_trouble(state).empty());
  CHECK(unpack_bans(state, now)->front().until == base::Moment::max());
}

TEST_CASE("What is not right in bans that were handed over is refused") {
  HandOver state;
  state.ban_texts = {{"a", "b"}};
  const std::string good = "192.0.2.1 1000 1000 0 0 0\n";
  state.ban_table = good;
  CHECK(ban_trouble(state).empty());
  for (const char* line : {"\n", "192.0.2.1\n", "192.0.2.1 1000 1000 0 0 1\n", "nobody 1000 1000 0 0 0\n", "192.0.2.1 -2 1000 0 0 0\n",
                           "192.0.2.1 1000 -1 0 0 0\n", "192.0.2.1 1000 1000 0 2 0\n", "192.0.2.1 1000 1000 0 0 0 0\n",
                           "192.0.2.1 99999999999999999999 1000 0 0 0\n", "192.0.2.1  1000 1000 0 0 0\n"}) {
    state.ban_table = good + line;
    CHECK(ban_trouble(state) == "ban_table: line 2 is not right");
  }
}
