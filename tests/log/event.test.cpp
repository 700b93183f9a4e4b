// SPDX-License-Identifier: MIT
#include "xsuperd/log/event.hpp"

#include <fmt/format.h>
#include <syslog.h>

#include <catch2/catch.hpp>
#include <type_traits>

#include "xsuperd/log/fields.hpp"

using namespace xsuperd;
using namespace xsuperd::log;
using config::FailureOption;
using config::SuccessOption;
using std::chrono::seconds;

namespace {

const base::Address mapped = *base::Address::parse("::ffff:127.0.0.1");

config::Service service(config::Set<SuccessOption> success, config::Set<FailureOption> failure = {}) {
  config::Service s;
  s.name = "login";
  s.id = "plain";
  s.settings.log_on_success = success;
  s.settings.log_on_failure = failure;
  return s;
}

std::string line(const std::optional<Event>& event) { return event ? text_of(*event) : "(nothing)"; }

/// As a format would write it that names all fields.
std::string named(const Event& event) {
  std::string out(word_of(event));
  for_each_field(event, [&]<typename T>(std::string_view name, const T& value) {
    if constexpr (std::is_same_v<T, PeerText>)
      out += fmt::format("|{}={}", name, value.bytes());
    else if constexpr (std::is_same_v<T, base::AddressText>)
      out += fmt::format("|{}={}", name, value.view());
    else if constexpr (std::is_same_v<T, seconds>)
      out += fmt::format("|{}={}s", name, value.count());
    else if constexpr (std::is_same_v<T, ByteCount>)
      out += fmt::format("|{}={}B", name, value.bytes);
    else if constexpr (fmt::is_formattable<T>::value)
      out += fmt::format("|{}={}", name, value);
  });
  return out;
}

}  // namespace

TEST_CASE("START has the fields that are asked for, in xinetd's order") {
  using enum SuccessOption;
  CHECK(line(start_event(service({host, duration, exit, pid, userid, traffic}), 25035, mapped)) ==
        "START: plain pid=25035 from=::ffff:127.0.0.1");
  CHECK(line(start_event(service({pid}), 7, mapped)) == "START: plain pid=7");
  CHECK(line(start_event(service({host}), 7, mapped)) == "START: plain from=::ffff:127.0.0.1");
  for (const SuccessOption only : {duration, exit, userid, traffic})
    CHECK(line(start_event(service({only}), 7, mapped)) == "START: plain");
}

TEST_CASE("START is not logged without any option") {
  CHECK_FALSE(start_event(service({}), 7, mapped));
  CHECK_FALSE(start_event(config::Service{}, 7, mapped));
}

TEST_CASE("a peer that is not known has no address in START") {
  using enum SuccessOption;
  CHECK(line(start_event(service({pid, host}), 12028, {})) == "START: plain pid=12028 from=<no address>");
  CHECK(line(start_event(service({pid, host}), 0, *base::Address::parse("::1"))) == "START: plain pid=0 from=::1");
}

TEST_CASE("EXIT has the fields that are asked for, and never the host") {
  using enum SuccessOption;
  const ExitStatus status{false, 3};
  CHECK(line(exit_event(service({host, duration, exit, pid, userid, traffic}), 25035, status, seconds(12))) ==
        "EXIT: plain status=3 pid=25035 duration=12(sec)");
  CHECK(line(exit_event(service({exit}), 7, status, seconds(1))) == "EXIT: plain status=3");
  CHECK(line(exit_event(service({duration}), 7, status, seconds(0))) == "EXIT: plain duration=0(sec)");
  CHECK(line(exit_event(service({duration, pid}), 7, status, seconds(0))) == "EXIT: plain pid=7 duration=0(sec)");
  CHECK(line(exit_event(service({exit, duration}), 7, {true, 9}, seconds(1))) ==
        "EXIT: plain signal=9 duration=1(sec)");
}

TEST_CASE("EXIT is not logged without EXIT or DURATION") {
  using enum SuccessOption;
  for (const SuccessOption only : {host, pid, userid, traffic})
    CHECK_FALSE(exit_event(service({only}), 7, {}, seconds(1)));
  CHECK_FALSE(exit_event(config::Service{}, 7, {}, seconds(1)));
}

TEST_CASE("FAIL is logged with any option of log_on_failure, and names the host on demand") {
  using enum FailureOption;
  CHECK(line(fail_event(service({}, {host, attempt, userid}), "service_limit", mapped)) ==
        "FAIL: plain service_limit from=::ffff:127.0.0.1");
  CHECK(line(fail_event(service({}, {host}), "connections per second", mapped)) ==
        "FAIL: plain connections per second from=::ffff:127.0.0.1");
  CHECK(line(fail_event(service({}, {attempt}), "address", mapped)) == "FAIL: plain address");
  CHECK(line(fail_event(service({}, {userid}), "libwrap", mapped)) == "FAIL: plain libwrap");
  CHECK_FALSE(fail_event(service({SuccessOption::host}), "address", mapped));
}

TEST_CASE("what an ident server said is escaped and bounded in USERID") {
  const auto user = [](std::string_view text) { return line(UserId{"plain", PeerText(text)}); };
  CHECK(user("UNIX : root") == "USERID: plain UNIX : root");
  CHECK(user("x\n26/1/1@00:00:00: START\x1b[2J %m") == "USERID: plain x\\x0a26/1/1@00:00:00: START\\x1b[2J %m");
  CHECK(user(std::string(1024, 'a')) == "USERID: plain " + std::string(1024, 'a'));
  CHECK(user(std::string(1025, 'a')) == "USERID: plain " + std::string(1024, 'a') + "...");
  CHECK(user(std::string(5000, 'a')) == user(std::string(1025, 'a')));
  CHECK(PeerText(std::string(5000, 'a')).bytes().size() == 1025);
}

TEST_CASE("CVE-2001-0825: fields of no byte, of one and of very many make entries that are bounded") {
  using enum SuccessOption;
  for (const std::size_t size : {0, 1, 2, 254, 255, 256, 1022, 1023, 1024, 1025, 2048, 65536, 1048576}) {
    config::Service s = service({host, pid, exit, duration}, {FailureOption::host});
    const std::string text(size, size % 2 == 0 ? '%' : '\xff');
    CHECK(line(UserId{s.id, PeerText(text)}).size() < 4200);
    CHECK(line(UserId{s.id, PeerText(text)}).starts_with("USERID: plain "));
    CHECK(line(fail_event(s, "address", {})).starts_with("FAIL: plain address"));
    s.id = std::string(size, 'x');  // from a file of ours: whole
    CHECK(line(start_event(s, 7, mapped)) == "START: " + s.id + " pid=7 from=::ffff:127.0.0.1");
    CHECK(line(UserId{s.id, PeerText("")}) == "USERID: " + s.id + " ");
  }
}

TEST_CASE("LIMIT names the limit, with the process on demand, and needs EXIT") {
  using enum SuccessOption;
  CHECK(line(limit_event(service({exit, pid, host}), 7, "idle_timeout")) == "LIMIT: plain pid=7 idle_timeout");
  CHECK(line(limit_event(service({exit, pid}), 0, "runtime_max")) == "LIMIT: plain pid=0 runtime_max");
  CHECK(line(limit_event(service({exit}), 7, "runtime_max")) == "LIMIT: plain runtime_max");
  for (const SuccessOption only : {host, pid, userid, traffic, duration}) CHECK_FALSE(limit_event(service({only}), 7, "runtime_max"));
}

TEST_CASE("STDERR has service, process and text, whatever else is logged") {
  CHECK(line(Stderr{"plain", 123, "cannot open \\x1b"}) == "STDERR: plain pid=123 cannot open \\x1b");
  CHECK(named(Stderr{"plain", 7, "a b"}) == "STDERR|service=plain|pid=7|text=a b");
}

TEST_CASE("NOID names address and reason, TRAFFIC counts bytes") {
  CHECK(line(NoId{"plain", "::ffff:127.0.0.1", "no server"}) == "NOID: plain ::ffff:127.0.0.1 no server");
  CHECK(line(Traffic{"plain", {17}, {5000000000}}) == "TRAFFIC: plain in=17(bytes) out=5000000000(bytes)");
}

TEST_CASE("a sentence of the daemon is its own line") {
  CHECK(line(Event("bind failed {} %m \n")) == "bind failed {} %m \n");
  CHECK(line(Event(std::string())).empty());
}

TEST_CASE("a line is appended to what is there") {
  std::string text = "26/1/1@00:00:00: ";
  append_text(text, Fail{"plain", "address", {}});
  CHECK(text == "26/1/1@00:00:00: FAIL: plain address");
}

TEST_CASE("every kind of event tells its fields by name, without those that it does not have") {
  using enum SuccessOption;
  const config::Service all = service({host, duration, exit, pid}, {FailureOption::host});
  const config::Service few = service({duration}, {FailureOption::attempt});
  CHECK(named(*start_event(all, 7, mapped)) == "START|service=plain|pid=7|from=::ffff:127.0.0.1");
  CHECK(named(*start_event(few, 7, mapped)) == "START|service=plain");
  CHECK(named(*exit_event(all, 7, {true, 9}, seconds(12))) == "EXIT|service=plain|signal=9|pid=7|duration=12s");
  CHECK(named(*exit_event(all, 7, {false, 0}, seconds(0))) == "EXIT|service=plain|status=0|pid=7|duration=0s");
  CHECK(named(*exit_event(few, 7, {true, 9}, seconds(12))) == "EXIT|service=plain|duration=12s");
  CHECK(named(*fail_event(all, "load", mapped)) == "FAIL|service=plain|reason=load|from=::ffff:127.0.0.1");
  CHECK(named(*fail_event(few, "load", mapped)) == "FAIL|service=plain|reason=load");
  CHECK(named(UserId{"plain", PeerText("a\tb")}) == "USERID|service=plain|user=a\tb");
  CHECK(named(NoId{"plain", "::1", "timeout"}) == "NOID|service=plain|from=::1|reason=timeout");
  CHECK(named(Traffic{"plain", {17}, {4}}) == "TRAFFIC|service=plain|in=17B|out=4B");
  CHECK(named(Limit{"plain", 7, "runtime_max"}) == "LIMIT|service=plain|pid=7|limit=runtime_max");
  CHECK(named(Event("Exiting...")) == "|text=Exiting...");
}

TEST_CASE("levels have xinetd's words and the numbers of syslog") {
  CHECK(level_word(Level::critical) == "CRITICAL");
  CHECK(level_word(Level::error) == "ERROR");
  CHECK(level_word(Level::warning) == "WARNING");
  CHECK(level_word(Level::notice) == "NOTICE");
  CHECK(level_word(Level::info) == "INFO");
  CHECK(level_word(Level::debug) == "DEBUG");
  CHECK(syslog_level(Level::critical) == LOG_CRIT);
  CHECK(syslog_level(Level::error) == LOG_ERR);
  CHECK(syslog_level(Level::notice) == LOG_NOTICE);
  CHECK(syslog_level(Level::debug) == LOG_DEBUG);
}
