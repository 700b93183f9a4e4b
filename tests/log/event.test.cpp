// SPDX-License-Identifier: MIT
#include "xsuperd/log/event.hpp"

#include <syslog.h>

#include <catch2/catch.hpp>

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

}  // namespace

TEST_CASE("START has the fields that are asked for, in xinetd's order") {
  using enum SuccessOption;
  CHECK(start_entry(service({host, duration, exit, pid, userid, traffic}), 25035, mapped) ==
        "START: plain pid=25035 from=::ffff:127.0.0.1");
  CHECK(start_entry(service({pid}), 7, mapped) == "START: plain pid=7");
  CHECK(start_entry(service({host}), 7, mapped) == "START: plain from=::ffff:127.0.0.1");
  for (const SuccessOption only : {duration, exit, userid, traffic})
    CHECK(start_entry(service({only}), 7, mapped) == "START: plain");
}

TEST_CASE("START is not logged without any option") {
  CHECK_FALSE(start_entry(service({}), 7, mapped));
  CHECK_FALSE(start_entry(config::Service{}, 7, mapped));
}

TEST_CASE("a peer that is not known has no address in START") {
  using enum SuccessOption;
  CHECK(start_entry(service({pid, host}), 12028, {}) == "START: plain pid=12028 from=<no address>");
  CHECK(start_entry(service({pid, host}), 0, *base::Address::parse("::1")) == "START: plain pid=0 from=::1");
}

TEST_CASE("EXIT has the fields that are asked for, and never the host") {
  using enum SuccessOption;
  const ExitStatus status{false, 3};
  CHECK(exit_entry(service({host, duration, exit, pid, userid, traffic}), 25035, status, seconds(12)) ==
        "EXIT: plain status=3 pid=25035 duration=12(sec)");
  CHECK(exit_entry(service({exit}), 7, status, seconds(1)) == "EXIT: plain status=3");
  CHECK(exit_entry(service({duration}), 7, status, seconds(0)) == "EXIT: plain duration=0(sec)");
  CHECK(exit_entry(service({duration, pid}), 7, status, seconds(0)) == "EXIT: plain pid=7 duration=0(sec)");
  CHECK(exit_entry(service({exit, duration}), 7, {true, 9}, seconds(1)) ==
        "EXIT: plain signal=9 duration=1(sec)");
}

TEST_CASE("EXIT is not logged without EXIT or DURATION") {
  using enum SuccessOption;
  for (const SuccessOption only : {host, pid, userid, traffic})
    CHECK_FALSE(exit_entry(service({only}), 7, {}, seconds(1)));
  CHECK_FALSE(exit_entry(config::Service{}, 7, {}, seconds(1)));
}

TEST_CASE("FAIL is logged with any option of log_on_failure, and names the host on demand") {
  using enum FailureOption;
  CHECK(fail_entry(service({}, {host, attempt, userid}), "service_limit", mapped) ==
        "FAIL: plain service_limit from=::ffff:127.0.0.1");
  CHECK(fail_entry(service({}, {host}), "connections per second", mapped) ==
        "FAIL: plain connections per second from=::ffff:127.0.0.1");
  CHECK(fail_entry(service({}, {attempt}), "address", mapped) == "FAIL: plain address");
  CHECK(fail_entry(service({}, {userid}), "libwrap", mapped) == "FAIL: plain libwrap");
  CHECK_FALSE(fail_entry(service({SuccessOption::host}), "address", mapped));
}

TEST_CASE("what an ident server said is escaped and bounded in USERID") {
  CHECK(userid_entry(service({}), "UNIX : root") == "USERID: plain UNIX : root");
  CHECK(userid_entry(service({}), "x\n26/1/1@00:00:00: START\x1b[2J %m") ==
        "USERID: plain x\\x0a26/1/1@00:00:00: START\\x1b[2J %m");
  CHECK(userid_entry(service({}), std::string(5000, 'a')).size() < 1100);
}

TEST_CASE("CVE-2001-0825: fields of no byte, of one and of very many make entries that are bounded") {
  using enum SuccessOption;
  for (const std::size_t size : {0, 1, 2, 254, 255, 256, 1022, 1023, 1024, 1025, 2048, 65536, 1048576}) {
    config::Service s = service({host, pid, exit, duration}, {FailureOption::host});
    const std::string text(size, size % 2 == 0 ? '%' : '\xff');
    CHECK(userid_entry(s, text).size() < 4200);
    CHECK(userid_entry(s, text).starts_with("USERID: plain "));
    CHECK(fail_entry(s, "address", {})->view().starts_with("FAIL: plain address"));
    s.id = std::string(size, 'x');  // from a file of ours: whole
    CHECK(start_entry(s, 7, mapped) == "START: " + s.id + " pid=7 from=::ffff:127.0.0.1");
    CHECK(userid_entry(s, "") == "USERID: " + s.id + " ");
  }
}

TEST_CASE("NOID names address and reason, TRAFFIC counts bytes") {
  CHECK(noid_entry(service({}), mapped, "no server") == "NOID: plain ::ffff:127.0.0.1 no server");
  CHECK(traffic_entry(service({}), 17, 5000000000) == "TRAFFIC: plain in=17(bytes) out=5000000000(bytes)");
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
