// SPDX-License-Identifier: MIT
#include "supervisor/control/command.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <map>
#include <set>

#include "fakes/fake_worker.hpp"
#include "fakes/memory_sink.hpp"
#include "supervisor/collection.hpp"
#include "supervisor/control/services.hpp"
#include "supervisor/control/sessions.hpp"
#include "supervisor/impl.hpp"
#include "supervisor/pages.hpp"
#include "supervisor/scratch.hpp"
#include "xsuperd/log/writer.hpp"
#include "xsuperd/worker/process.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace std::chrono_literals;

namespace {

/// A worker is this program again: one that never becomes ready, and ends with the daemon's socket.
const bool no_worker = [] {
  char byte = 0;
  if (program_invocation_name != worker::program_name) return true;
  while (::read(0, &byte, 1) > 0) {
  }
  ::_exit(0);
}();

struct Nowhere : log::Output {
  Outcome write(const Line&) override { return Outcome::written; }
};

/// A daemon with two services on free ports of 127.0.0.1, one that is disabled, and one in error.
class Daemon {
 public:
  explicit Daemon(const std::string& defaults = "", const std::string& more = "") : path_(scratch_ / "xinetd.conf") {
    std::ofstream(path_) << "defaults\n{\n\tbind = 127.0.0.1\n\tinstances = 5\n" << defaults << "}\n"
                         << entry("one", "\tserver = /bin/cat\n") << entry("two", "\tserver = /bin/cat\n\tinstances = 1\n")
                         << entry("off", "\tdisable = yes\n") << entry("wrong", "\tserver = /nowhere\n") << more;
    options_.sources.main = path_;
    options_.stay_alive = true;
    impl.emplace(options_, writer_, log_);
    REQUIRE(impl->load());
    impl->start_services();
  }
  /// No child is left behind.
  ~Daemon() {
    impl->roster().for_each_server([](const auto&, const service::Session& session) {
      if (session.pid != 0) ::kill(session.pid, SIGKILL);
    });
    impl.reset();
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
  }
  static std::string entry(const std::string& name, const std::string& more) {
    return "service " + name +
           "\n{\n\ttype = UNLISTED\n\tsocket_type = stream\n\tprotocol = tcp\n\tport = 0\n\twait = no\n\tuser = " +
           std::to_string(::getuid()) + "\n" + more + "}\n";
  }

  /// The rows and the result of the reply, or "CODE: sentence".
  struct Answered {
    std::vector<json::object> rows;
    json::object result;
    std::string failure;
  };
  Answered ask(std::string command, json::object arguments = {}, bool may_change = true) {
    std::optional<Reply> reply;
    answer_control(impl->view(), impl->actions(), {std::move(command), std::move(arguments)}, {::getuid(), ::getpid(), may_change},
                   [&](Reply answer) { reply = std::move(answer); });
    run_until([&] { return reply.has_value(); });
    return told_by(std::move(reply));
  }
  static Answered told_by(std::optional<Reply> reply) {
    Answered told;
    while (reply->rows && !reply->failure) {
      auto row = reply->rows();
      if (!row) break;
      told.rows.push_back(std::move(*row));
    }
    told.result = reply->result;
    if (reply->failure) told.failure = std::string(control::word_of(reply->failure->code)) + ": " + reply->failure->sentence;
    return told;
  }
  void run_until(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!done()) {
      REQUIRE(std::chrono::steady_clock::now() < until);
      impl->loop().restart();
      impl->loop().run_one_for(10ms);
    }
  }
  [[nodiscard]] service::Runner& runner(std::size_t number) { return *impl->roster().served().at(number); }
  /// A connection to a service; -1 when it is refused.
  [[nodiscard]] base::Fd dial(std::size_t number) {
    base::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage to{};
    const auto length = base::fill_sockaddr(port_[number] = listening(number), false, to);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), length) != 0) fd.reset();
    return fd;
  }
  [[nodiscard]] base::Endpoint listening(std::size_t number) {
    const int fd = runner(number).endpoints().listening_fd();
    return fd < 0 ? port_[number] : net::local_endpoint(fd);
  }

 private:
  test::Scratch scratch_;
  std::string path_;
  Options options_;
  std::shared_ptr<log::Output> output_ = std::make_shared<Nowhere>();
  log::Writer writer_{output_};
  log::DaemonLog log_{writer_, output_};
  std::map<std::size_t, base::Endpoint> port_;

 public:
  std::optional<Supervisor::Impl> impl;
};

std::string texts(const std::vector<json::object>& rows, std::string_view member) {
  std::string all;
  for (const json::object& row : rows) all += (all.empty() ? "" : " ") + control::string_at(row, member).value_or("-");
  return all;
}

}  // namespace

TEST_CASE("The table of commands has no name twice, and says who may") {
  std::set<std::string_view> names;
  for (const ControlCommand& command : control_commands()) CHECK(names.insert(command.name).second);
  Daemon daemon;
  CHECK(daemon.ask("nonsense").failure == "unknown_command: unknown command nonsense");
  for (const ControlCommand& command : control_commands()) {
    const std::string failure = daemon.ask(std::string(command.name), {}, false).failure;
    CAPTURE(command.name, failure);
    CHECK(command.changes == (failure.find("not_allowed") == 0));
  }
}

TEST_CASE("list has a line for each service, and with all those that are left out") {
  Daemon daemon;
  CHECK(texts(daemon.ask("list").rows, "id") == "one two");
  const auto all = daemon.ask("list", {{"all", true}}).rows;
  CHECK(texts(all, "id") == "one two off wrong");
  CHECK(texts(all, "state") == "listening listening off in error");
}

TEST_CASE("Requests are counted, and a session is seen and ended") {
  Daemon daemon;
  const base::Fd peer = daemon.dial(0);
  REQUIRE(peer);
  daemon.run_until([&] { return running_sessions(daemon.runner(0)) == 1; });
  const auto rows = daemon.ask("sessions", {{"service", "one"}}).rows;
  REQUIRE(rows.size() == 1);
  CHECK(control::string_at(rows[0], "peer") == "127.0.0.1");
  CHECK(control::string_at(rows[0], "stage") == "running");
  CHECK(daemon.ask("sessions", {{"service", "two"}}).rows.empty());
  const std::int64_t number = control::number_at(rows[0], "session").value_or(0);
  CHECK(daemon.ask("kill", {{"session", number + 1}}).failure == "not_found: session " + std::to_string(number + 1) + " does not exist");
  CHECK(daemon.ask("kill", {{"session", number}}).failure.empty());
  daemon.run_until([&] { return daemon.runner(0).sessions().empty(); });
  const service::Counters& counters = daemon.runner(0).counters();
  CHECK(counters.accepted == 1);
  CHECK(counters.served == 1);
  CHECK(accounted(daemon.runner(0)));
}

TEST_CASE("Sessions are told with what their conversations have carried, when the worker has said so") {
  REQUIRE(no_worker);
  Daemon daemon("", Daemon::entry("relayed", "\tredirect = 127.0.0.1 9\n"));
  const base::Fd served = daemon.dial(0);
  daemon.run_until([&] { return running_sessions(daemon.runner(0)) == 1; });
  const base::Fd first = daemon.dial(2);
  daemon.run_until([&] { return running_sessions(daemon.runner(2)) == 1; });
  const base::Fd second = daemon.dial(2);
  daemon.run_until([&] { return running_sessions(daemon.runner(2)) == 2; });

  fakes::FakeWorker worker;
  std::optional<Reply> reply;
  const auto ask = [&](const std::string& service = {}) {
    reply.reset();
    request::Services arguments;
    if (!service.empty()) arguments.service = service;
    answer_sessions(daemon.impl->view(), [&](worker::Conversations::Answered told) { worker.progress(std::move(told)); }, arguments,
                    Answer<command::Sessions>([&](Reply answer) { reply = std::move(answer); }));
    CHECK_FALSE(reply);
    REQUIRE(worker.questions.size() == 1);
    worker.tell();
    REQUIRE(reply);
    return Daemon::told_by(std::move(reply)).rows;
  };
  const auto carried = [](const json::object& row) {
    return *control::string_at(row, "service") + " " + json::serialize(row.at("bytes_in")) + " " + json::serialize(row.at("bytes_out"));
  };
  auto rows = ask();
  REQUIRE(rows.size() == 3);
  CHECK(carried(rows[0]) == "one null null");
  CHECK(carried(rows[1]) == "relayed null null");
  const auto token_of = [](const json::object& row) { return static_cast<std::uint64_t>(*control::number_at(row, "session")); };
  worker.counts = {{token_of(rows[0]), {1, 2}}, {token_of(rows[2]), {10, ~std::uint64_t{0}}}, {99'999, {7, 7}}};
  rows = ask();
  REQUIRE(rows.size() == 3);
  CHECK(carried(rows[0]) == "one null null");  // a server's are not the worker's to tell
  CHECK(carried(rows[1]) == "relayed null null");
  CHECK(carried(rows[2]) == "relayed 10 18446744073709551615");
  CHECK(ask("relayed").size() == 2);
  CHECK(daemon.ask("sessions", {{"service", "relayed"}}).rows.size() == 2);  // no worker has it yet
}

TEST_CASE("A refusal has its reason in the counters") {
  Daemon daemon;
  const base::Fd first = daemon.dial(1);
  daemon.run_until([&] { return running_sessions(daemon.runner(1)) == 1; });
  const base::Fd second = daemon.dial(1);
  daemon.run_until([&] { return daemon.runner(1).counters().refused_in_all() == 1; });
  const auto row = daemon.ask("stats").rows.at(1);
  CHECK(json::serialize(row.at("reasons")) == R"({"service_limit":1})");
  CHECK(row.at("limit") == 1);
  CHECK(row.at("slowest_start").is_double());
  CHECK(accounted(daemon.runner(1)));
  CHECK(daemon.runner(1).counters().last_reason == policy::Reason::service_limit);
}

TEST_CASE("counters begin anew for those who may, and what was counted of a service stays in the sums") {
  Daemon daemon;
  const base::Fd first = daemon.dial(1);
  daemon.run_until([&] { return running_sessions(daemon.runner(1)) == 1; });
  CHECK(daemon.ask("stats", {{"reset", true}}, false).failure.starts_with("not_allowed"));
  CHECK(daemon.runner(1).counters().served == 1);
  const auto one = daemon.ask("stats", {{"service", "two"}, {"reset", true}});
  CHECK(one.rows.at(0).at("served") == 0);
  CHECK(one.result.at("totals").as_object().at("served") == 1);
  CHECK(accounted(daemon.runner(1)));
  const auto all = daemon.ask("stats", {{"reset", true}});
  CHECK(all.result.at("totals").as_object().at("served") == 0);
}

TEST_CASE("metrics have a row for each service, with histograms of those that have served") {
  Daemon daemon;
  const base::Fd first = daemon.dial(1);
  daemon.run_until([&] { return running_sessions(daemon.runner(1)) == 1; });
  const auto metrics = daemon.ask("metrics");
  REQUIRE(metrics.rows.size() == 2);
  CHECK(metrics.rows[0].at("starts").is_null());
  CHECK(metrics.rows[1].at("starts").as_object().at("counts").as_array().size() == base::bound_count);
  CHECK(metrics.rows[1].at("sessions") == 1);
  CHECK(metrics.result.at("totals").as_object().at("running") == 1);
  CHECK(metrics.result.at("upgrades") == 0);
}

TEST_CASE("sums that are copied in several turns are of one state of the services") {
  Daemon daemon;
  const base::Fd first = daemon.dial(1);
  daemon.run_until([&] { return running_sessions(daemon.runner(1)) == 1; });
  std::shared_ptr<Collected> all;
  const auto collection = std::make_shared<Collection>(daemon.impl->loop(), daemon.impl->view(), daemon.impl->roster(), Collection::Extent::services,
                                                       [&](std::shared_ptr<Collected> found) { all = std::move(found); });
  collection->begin();
  daemon.impl->loop().restart();
  daemon.impl->loop().run_one_for(1s);  // some have been copied now
  (void)daemon.ask("stats", {{"reset", true}});
  daemon.run_until([&] { return all != nullptr; });
  CHECK(all->snapshot.daemon.totals.served == 0);
  REQUIRE(all->snapshot.services.size() == 2);
  CHECK(all->snapshot.services[1].served == 0);
  CHECK(all->snapshot.daemon.totals.running == 1);
}

namespace {

/// Makes pages of a daemon, for whom a test wishes.
struct Asker {
  explicit Asker(Daemon& of, std::uint64_t most_out = 1 << 20)
      : daemon(of),
        files(of.impl->loop()),
        pages({.roster = of.impl->roster(), .files = files, .log = log, .view = [&of] { return of.impl->view(); }, .most_out = most_out}) {}
  worker::PageMade ask(worker::PageWish::What what, std::string name = {}) {
    std::optional<worker::PageMade> page;
    pages.make({what, false, std::move(name)}, [&](worker::PageMade made) { page = std::move(made); });
    CHECK_FALSE(page);
    daemon.run_until([&] { return page.has_value(); });
    return std::move(*page);
  }
  Daemon& daemon;
  fakes::MemorySink sink;
  log::DaemonLog log{sink, nullptr};
  FileWork files;
  Pages pages;
};

}  // namespace

TEST_CASE("health is that of a service, whatever the case of its id, or of any") {
  using What = worker::PageWish::What;
  Daemon daemon;
  Asker asker(daemon);
  CHECK(asker.ask(What::health).status == 200);
  CHECK(asker.ask(What::health, "ONE").status == 200);
  CHECK(asker.ask(What::health, "off").status == 404);
  (void)daemon.ask("disable", {{"service", "one"}});
  CHECK(asker.ask(What::health).status == 200);
  CHECK(asker.ask(What::health, "one").text == "disabled\n");
  (void)daemon.ask("disable", {{"service", "two"}});
  CHECK(asker.ask(What::health).status == 503);
}

TEST_CASE("many who wish for a page are answered in turns, each with a place in it of its own") {
  using What = worker::PageWish::What;
  Daemon daemon;
  Asker asker(daemon);
  std::vector<worker::PageMade> made;
  std::size_t most = 0;
  for (int i = 0; i < 200; ++i) asker.pages.make({What::text, false, {}}, [&](worker::PageMade page) { made.push_back(std::move(page)); });
  for (std::size_t before = 0; made.size() < 200; before = made.size()) {
    daemon.impl->loop().restart();
    daemon.impl->loop().run_one_for(100ms);
    most = std::max(most, made.size() - before);
  }
  CHECK(most == 64);
  for (const worker::PageMade& page : made) {
    CHECK(page.status == 200);
    CHECK(page.bytes.get() >= 0);
    CHECK(page.out.use_count() > 0);
  }
}

TEST_CASE("nobody is shown a page that was made before he asked, and those who ask at one time get the same") {
  using What = worker::PageWish::What;
  Daemon daemon;
  Asker asker(daemon);
  const auto file_of = [](const worker::PageMade& page) {
    struct stat file {};
    REQUIRE(::fstat(page.bytes.get(), &file) == 0);
    return file.st_ino;
  };
  const worker::PageMade first = asker.ask(What::text);
  std::optional<worker::PageMade> one, other;
  asker.pages.make({What::text, false, {}}, [&](worker::PageMade page) { one = std::move(page); });
  asker.pages.make({What::text, false, {}}, [&](worker::PageMade page) { other = std::move(page); });
  daemon.run_until([&] { return one && other; });
  CHECK(file_of(*one) == file_of(*other));
  CHECK(file_of(*one) != file_of(first));
}

TEST_CASE("while peers have too many pages to read no further one is made") {
  using What = worker::PageWish::What;
  Daemon daemon;
  Asker asker(daemon, 1);
  const worker::PageMade first = asker.ask(What::text);
  CHECK(first.status == 200);
  const worker::PageMade next = asker.ask(What::text);
  CHECK(next.status == 503);
  CHECK(next.text == "too many pages are still being read\n");
  CHECK(asker.ask(What::health).status == 200);
}

TEST_CASE("limits can be set, for all of the services or none") {
  Daemon daemon;
  const auto set = [&](json::array lines) { return daemon.ask("set", {{"service", "two"}, {"lines", std::move(lines)}}); };
  const base::Fd first = daemon.dial(1);
  daemon.run_until([&] { return running_sessions(daemon.runner(1)) == 1; });
  CHECK(set({"instances=many"}).failure.starts_with("refused: service two: "));
  CHECK(set({}).failure.starts_with("bad_request"));
  CHECK(set({"instances=2"}).failure.empty());
  CHECK(daemon.runner(1).service().settings.instances->value == 2);
  const base::Fd second = daemon.dial(1);
  daemon.run_until([&] { return running_sessions(daemon.runner(1)) == 2; });
  CHECK(daemon.runner(1).counters().refused_in_all() == 0);
  CHECK(accounted(daemon.runner(1)));
}

TEST_CASE("a change that another has overtaken is refused, and changes none of its services") {
  Daemon daemon;
  std::vector<std::optional<Reply>> replies(2);
  const auto set = [&](std::size_t number, json::array services, const char* line) {
    answer_control(daemon.impl->view(), daemon.impl->actions(), {"set", {{"services", std::move(services)}, {"lines", json::array{line}}}},
                   {::getuid(), ::getpid(), true}, [&replies, number](Reply reply) { replies[number] = std::move(reply); });
  };
  set(0, {"two"}, "instances=7");
  set(1, {"one", "two"}, "instances=8");
  daemon.run_until([&] { return replies[0] && replies[1]; });
  // Which of the two is first is not said: both were asked for with the same services in force.
  const bool first = !replies[0]->failure;
  REQUIRE(first != !replies[1]->failure);
  const auto& failure = *replies[first ? 1 : 0]->failure;
  CHECK(failure.sentence == "the configuration has been read or changed meanwhile: ask again");
  CHECK(daemon.runner(0).service().settings.instances->value == (first ? 5 : 8));
  CHECK(daemon.runner(1).service().settings.instances->value == (first ? 7 : 8));
}

TEST_CASE("show names the lines that a value comes from") {
  Daemon daemon;
  const auto rows = daemon.ask("show", {{"service", "TWO"}}).rows;
  const auto of = [&](std::string_view attribute) {
    for (const json::object& row : rows)
      if (control::string_at(row, "attribute") == attribute) return row;
    return json::object{};
  };
  const auto source = [&](std::string_view attribute) {
    const json::object first = of(attribute).at("sources").as_array().at(0).as_object();
    return *control::string_at(first, "from") + " " + std::to_string(control::number_at(first, "line").value_or(0));
  };
  CHECK(source("instances") == "entry 25");
  CHECK(source("bind") == "defaults 3");
  CHECK(source("backlog") == "built in 0");
  CHECK(of("backlog").at("set") == json::value(false));
  CHECK(daemon.ask("show", {{"service", "off"}}).failure.find("not_found: service off is disabled: ") == 0);
  CHECK(daemon.ask("show", {{"service", "nobody"}}).failure == "not_found: no service is named nobody");
  CHECK(daemon.ask("show", {{"service", "tow"}}).failure == "not_found: no service is named tow; did you mean 'two'?");
  CHECK(daemon.ask("show", {{"service", "ofl"}}).failure == "not_found: no service is named ofl; did you mean 'off'?");
  CHECK(daemon.ask("show").failure.find("bad_request") == 0);
}

TEST_CASE("Who may only look sees no values of variables") {
  Daemon daemon("", Daemon::entry("three", "\tserver = /bin/cat\n\tenv = USER_NAME=me PASSWORD=se=cret\n"));
  const auto value = [&](bool may_change) {
    for (const json::object& row : daemon.ask("show", {{"service", "three"}}, may_change).rows)
      if (control::string_at(row, "attribute") == "env") return control::string_at(row, "value").value_or("");
    return std::string("no row");
  };
  CHECK(value(true) == "USER_NAME=me PASSWORD=se=cret");
  CHECK(value(false) == "USER_NAME=... PASSWORD=...");
}

TEST_CASE("A service is drained, held and enabled") {
  Daemon daemon;
  CHECK(daemon.ask("drain", {{"service", "one"}}).failure.empty());
  CHECK_FALSE(daemon.runner(0).endpoints().open());
  CHECK(state_word(daemon.runner(0)) == "drained");
  CHECK(daemon.impl->roster().available() == 2);
  CHECK(daemon.ask("enable", {{"service", "one"}}).failure.empty());
  REQUIRE(daemon.dial(0));
  daemon.run_until([&] { return running_sessions(daemon.runner(0)) == 1; });

  CHECK(daemon.ask("drain", {{"service", "one"}, {"hold", true}}).failure.empty());
  const base::Fd waiting = daemon.dial(0);
  REQUIRE(waiting);
  (void)daemon.ask("status");
  CHECK(daemon.runner(0).counters().accepted == 1);
  CHECK(daemon.ask("enable", {{"service", "one"}}).failure.empty());
  daemon.run_until([&] { return daemon.runner(0).counters().accepted == 2; });
}

TEST_CASE("An argument of another kind is refused by its name, and nothing is done") {
  Daemon daemon;
  CHECK(daemon.ask("drain", {{"service", "one"}, {"hold", "yes"}}).failure == "bad_request: 'hold' must be true or false");
  CHECK(daemon.ask("drain", {{"service", 1}}).failure == "bad_request: 'service' must be a string");
  CHECK(daemon.ask("kill", {{"service", "one"}, {"signal", 9}}).failure == "bad_request: 'signal' must be a string");
  CHECK(daemon.ask("explain", {{"service", "one"}}).failure == "bad_request: the argument 'address' is missing");
  CHECK(daemon.ask("drain").failure == "bad_request: the argument 'service' is missing");
  CHECK(state_word(daemon.runner(0)) == "listening");
  CHECK(daemon.ask("list", {{"of_a_later_version", json::array{}}}).failure.empty());
}

TEST_CASE("What is disabled stays so over a reload") {
  Daemon daemon;
  CHECK(daemon.ask("disable", {{"service", "one"}}).failure.empty());
  CHECK(daemon.ask("reload").failure.empty());
  CHECK(state_word(daemon.runner(0)) == "disabled");
  CHECK_FALSE(daemon.runner(0).endpoints().open());
  CHECK(daemon.ask("enable", {{"service", "one"}}).failure.empty());
  CHECK(daemon.runner(0).endpoints().open());
  CHECK(daemon.ask("diff").result.at("changed").as_array().empty());
}

TEST_CASE("Bans are made, told and lifted") {
  Daemon daemon;
  CHECK(daemon.ask("ban", {{"address", "::ffff:192.0.2.1"}, {"minutes", 5}}).failure.empty());
  const auto rows = daemon.ask("bans").rows;
  REQUIRE(rows.size() == 1);
  CHECK(control::string_at(rows[0], "address") == "192.0.2.1");
  CHECK(daemon.ask("explain", {{"service", "one"}, {"address", "192.0.2.1"}}).result.at("admitted") == json::value(false));
  CHECK(daemon.ask("explain", {{"service", "one"}, {"address", "192.0.2.2"}}).result.at("admitted") == json::value(true));
  CHECK(daemon.ask("unban", {{"address", "192.0.2.1"}}).failure.empty());
  CHECK(daemon.ask("unban", {{"address", "192.0.2.1"}}).failure == "not_found: 192.0.2.1 is not banned");
  for (const json::value& minutes : {json::value(0), json::value(-1), json::value("5"), json::value(1e300)})
    CHECK(daemon.ask("ban", {{"address", "::1"}, {"minutes", minutes}}).failure.find("bad_request") == 0);
  CHECK(daemon.ask("ban", {{"address", "nobody.example"}}).failure == "bad_request: 'nobody.example' is not an address, a network or a peer");
}

TEST_CASE("The level of the log is told and set") {
  Daemon daemon;
  CHECK(control::string_at(daemon.ask("log-level").result, "level") == "debug");
  CHECK(daemon.ask("log-level", {{"level", "Warning"}}).failure.empty());
  CHECK(daemon.impl->view().log_level() == log::Level::warning);
  CHECK(daemon.ask("log-level", {{"level", "loud"}}).failure.find("bad_request") == 0);
}

TEST_CASE("status tells of daemon and configuration") {
  Daemon daemon;
  const json::object status = daemon.ask("status").result;
  CHECK(control::number_at(status, "pid") == ::getpid());
  CHECK(control::number_at(status.at("configuration").as_object(), "errors").value_or(0) >= 1);
  CHECK(status.at("configuration").as_object().at("last_reload").is_null());
  CHECK(control::number_at(status.at("descriptors").as_object(), "used").value_or(0) > 3);
  (void)daemon.ask("reload");
  const json::object again = daemon.ask("status").result;
  CHECK(control::string_at(again.at("configuration").as_object().at("last_reload").as_object(), "outcome") == "applied");
}

TEST_CASE("Several services and patterns are meant at once, or none when one word means nobody") {
  Daemon daemon;
  CHECK(daemon.ask("drain", {{"services", {"one", "nobody"}}}).failure == "not_found: no service is named nobody");
  CHECK(daemon.runner(0).endpoints().open());
  CHECK(daemon.ask("drain", {{"service", "x*"}}).failure == "not_found: no service matches x*");
  CHECK(daemon.ask("drain", {{"service", "?n*"}, {"services", {"TWO", "one"}}}).failure.empty());
  CHECK(state_word(daemon.runner(0)) == "drained");
  CHECK(state_word(daemon.runner(1)) == "drained");
  CHECK(texts(daemon.ask("list", {{"services", {"w*", "off", "t*"}}}).rows, "id") == "two wrong off");
  CHECK(texts(daemon.ask("stats", {{"service", "t*"}}).rows, "id") == "two");
  CHECK(daemon.ask("sessions", {{"service", "nobody"}}).failure == "not_found: no service is named nobody");
  CHECK(daemon.ask("sessions", {{"service", "off"}}).failure.find("not_found: service off is disabled") == 0);
  for (const json::value& wrong : {json::value(1), json::value({1}), json::value(nullptr), json::value(json::array(257, "one"))})
    CHECK(daemon.ask("list", {{"services", wrong}}).failure.find("bad_request") == 0);
}

TEST_CASE("list counts what is left out") {
  Daemon daemon;
  CHECK(json::serialize(daemon.ask("list").result.at("left_out")) == R"({"in_error":1,"off":1})");
}

TEST_CASE("Networks are banned, all or none are unbanned, and what is left is told in whole seconds") {
  Daemon daemon;
  CHECK(daemon.ask("ban", {{"addresses", {"192.0.2.7/24", "::1"}}, {"minutes", 1}}).failure.empty());
  const auto rows = daemon.ask("bans").rows;
  CHECK(texts(rows, "address") == "192.0.2.0/24 ::1");
  CHECK(control::number_at(rows.at(0), "seconds_left") == 60);
  CHECK(daemon.ask("explain", {{"service", "one"}, {"address", "192.0.2.200"}}).result.at("admitted") == json::value(false));
  CHECK(daemon.ask("unban", {{"address", "192.0.2.200"}}).failure ==
        "not_found: 192.0.2.200 is not banned; the network 192.0.2.0/24 is");
  CHECK(daemon.ask("unban", {{"addresses", {"::1", "::2"}}}).failure == "not_found: ::2 is not banned");
  CHECK(daemon.ask("bans").rows.size() == 2);
  CHECK(daemon.ask("unban", {{"addresses", {"::1", "192.0.2.0/24"}}}).failure.empty());
  CHECK(daemon.ask("bans").rows.empty());
  CHECK(daemon.ask("ban").failure == "bad_request: the argument 'address' is missing");
}

TEST_CASE("Sessions that are named must all run, or nobody is signalled") {
  Daemon daemon;
  const base::Fd peer = daemon.dial(0);
  daemon.run_until([&] { return running_sessions(daemon.runner(0)) == 1; });
  const auto number = control::number_at(daemon.ask("sessions").rows.at(0), "session").value_or(0);
  CHECK(daemon.ask("kill", {{"sessions", {number, number + 9}}}).failure ==
        "not_found: session " + std::to_string(number + 9) + " does not exist");
  CHECK(daemon.ask("kill", {{"session", number}, {"peer", "127.0.0.1"}}).failure.find("bad_request") == 0);
  CHECK(daemon.ask("kill", {{"sessions", {"1"}}}).failure.find("bad_request") == 0);
  CHECK(daemon.ask("kill").failure.find("bad_request") == 0);
  CHECK(running_sessions(daemon.runner(0)) == 1);
  CHECK(daemon.ask("kill", {{"session", number}, {"service", "two"}}).failure.empty());
  daemon.run_until([&] { return daemon.runner(0).sessions().empty(); });
}

TEST_CASE("A service whose port is taken is told with the reason, by reload, list and enable") {
  base::Fd taken(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage at{};
  const auto length = base::fill_sockaddr({*base::Address::parse("127.0.0.1"), 0}, false, at);
  REQUIRE(::bind(taken.get(), reinterpret_cast<sockaddr*>(&at), length) == 0);
  REQUIRE(::listen(taken.get(), 1) == 0);
  std::string late = Daemon::entry("late", "\tserver = /bin/cat\n");
  late.replace(late.find("port = 0"), 8, "port = " + std::to_string(net::local_endpoint(taken.get()).port));
  Daemon daemon("", late);
  const auto closed = [](const json::value& list) {
    std::string all;
    for (const json::value& one : list.as_array()) all += *control::string_at(one.as_object(), "id") + ": " + *control::string_at(one.as_object(), "sentence");
    return all;
  };
  const std::string why = "bind failed (Address already in use (errno = 98))";
  CHECK(closed(daemon.ask("reload").result.at("not_opened")) == "late: " + why);
  CHECK(control::string_at(daemon.ask("list", {{"service", "late"}}).rows.at(0), "trouble") == why);
  CHECK(daemon.ask("list", {{"service", "one"}}).rows.at(0).at("trouble").is_null());
  const json::object enabled = daemon.ask("enable", {{"service", "late"}}).result.at("services").as_array().at(0).as_object();
  CHECK(control::string_at(enabled, "state") == "closed");
  taken.reset();
  CHECK(daemon.ask("disable", {{"service", "late"}}).failure.empty());
  CHECK(daemon.ask("enable", {{"service", "late"}}).failure.empty());
  CHECK(daemon.ask("reload").result.at("not_opened").as_array().empty());
}
