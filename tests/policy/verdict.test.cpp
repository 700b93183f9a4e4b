// SPDX-License-Identifier: MIT
#include "xsuperd/policy/verdict.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "policy/patterns.hpp"

using namespace xsuperd;
using namespace xsuperd::policy;
using namespace xsuperd::policy::test;
using config::Limit;
using config::Service;

namespace {

Policy policy_of(Service service) { return Policy(std::make_shared<const Service>(std::move(service))); }

/// A service with every limit, none of them reached by a fresh Question.
Service strict() {
  Service service;
  service.settings.max_load = 4.0;
  service.settings.access_times = {{0, 1439}};
  service.settings.instances = Limit{10};
  service.settings.per_source = Limit{5};
  service.settings.fleet_per_source = Limit{9};
  service.settings.only_from = patterns({"127.0.0.0/8"});
  return service;
}

Question fresh() {
  Question question;
  question.peer = {address("127.0.0.1"), 40000};
  question.load = 0.5;
  question.process_limit = 100;
  question.fleet.emplace();
  return question;
}

/// "admit", "need_name" or the reason's word.
std::string answer(const Service& service, const Question& question) {
  const Verdict verdict = judge(policy_of(service), question);
  if (verdict.kind == Verdict::Kind::admit) return "admit";
  if (verdict.kind == Verdict::Kind::need_name) return "need_name";
  return std::string(log_word(verdict.reason));
}

}  // namespace

TEST_CASE("a request that no check objects to is admitted") {
  CHECK(answer(strict(), fresh()) == "admit");
  CHECK(answer(Service{}, Question{}) == "admit");
}

TEST_CASE("of several reasons the first in xinetd's order is given") {
  struct Step {
    const char* word;
    std::function<void(Service&, Question&)> break_rule;
  };
  const Step order[] = {
      {"connections per second", [](Service&, Question& q) { q.rate_tripped = true; }},
      {"per_source_rate", [](Service&, Question& q) { q.source_rate_tripped = true; }},
      {"fleet_rate", [](Service&, Question& q) { q.fleet->rate_reached = true; }},
      {"load", [](Service&, Question& q) { q.load = 4.0; }},
      {"time",
       [](Service& s, Question&) {
         s.settings.access_times = {{60, 120}};
       }},
      {"service_limit", [](Service&, Question& q) { q.running = 10; }},
      {"per_source_limit", [](Service&, Question& q) { q.running_from_source = 5; }},
      {"fleet_per_source", [](Service&, Question& q) { q.fleet->elsewhere = 9; }},
      {"process_limit", [](Service&, Question& q) { q.processes = 100; }},
      {"address", [](Service&, Question& q) { q.banned = true; }},
      {"need_name", [](Service& s, Question&) { s.settings.no_access = patterns({".example.com"}); }},
  };
  // Break the rules from the last to the first: the newest comes earlier and so takes over.
  Service service = strict();
  Question question = fresh();
  for (auto step = std::rbegin(order); step != std::rend(order); ++step) {
    step->break_rule(service, question);
    CHECK(answer(service, question) == step->word);
  }
}

TEST_CASE("a name is not asked for while another check refuses") {
  Service service = strict();
  service.settings.only_from = patterns({".example.com"});
  Question question = fresh();
  CHECK(answer(service, question) == "need_name");
  question.running = 10;
  CHECK(answer(service, question) == "service_limit");
  question.running = 9;
  question.banned = true;
  CHECK(answer(service, question) == "address");
}

TEST_CASE("the load refuses from the limit on") {
  Question question = fresh();
  question.load = 3.99;
  CHECK(answer(strict(), question) == "admit");
  question.load = 4.0;
  CHECK(answer(strict(), question) == "load");
  question.load = 400.0;
  CHECK(answer(strict(), question) == "load");
  question.load.reset();
  CHECK(answer(strict(), question) == "admit");
}

TEST_CASE("a max_load of 0 is off") {
  Service service = strict();
  service.settings.max_load = 0.0;
  Question question = fresh();
  question.load = 99.0;
  CHECK(answer(service, question) == "admit");
}

TEST_CASE("access_times are taken from the local time of the question") {
  Service service = strict();
  service.settings.access_times = {{8 * 60, 9 * 60}};
  Question question = fresh();
  question.local_time = {2024, 2, 29, 9, 0, 59};
  CHECK(answer(service, question) == "admit");
  question.local_time = {2024, 2, 29, 9, 1, 0};
  CHECK(answer(service, question) == "time");
}

TEST_CASE("instances and per_source refuse when as many run as allowed") {
  struct Row {
    std::optional<Limit> limit;
    std::uint64_t running;
    bool refused;
  };
  const Row rows[] = {
      {{}, 1'000'000, false}, {Limit{}, Limit::unlimited, false},
      {Limit{0}, 0, true},    {Limit{1}, 0, false},
      {Limit{1}, 1, true},    {Limit{10}, 9, false},
      {Limit{10}, 10, true},  {Limit{10}, 11, true},
  };
  for (const Row& row : rows) {
    INFO("row " << &row - rows);
    Service service;
    Question question;
    service.settings.instances = row.limit;
    question.running = row.running;
    CHECK(answer(service, question) == (row.refused ? "service_limit" : "admit"));
    service.settings.instances.reset();
    service.settings.per_source = row.limit;
    question.running_from_source = row.running;
    CHECK(answer(service, question) == (row.refused ? "per_source_limit" : "admit"));
  }
}

TEST_CASE("the process limit counts the new server, and an intercepted one twice") {
  struct Row {
    std::uint64_t limit, running;
    bool refused, refused_intercepted;
  };
  const Row rows[] = {
      {0, 1'000'000, false, false}, {1, 0, false, true}, {1, 1, true, true},
      {5, 3, false, false},         {5, 4, false, true}, {5, 5, true, true},
  };
  for (const Row& row : rows) {
    INFO("limit " << row.limit << ", running " << row.running);
    Service service;
    Question question;
    question.process_limit = row.limit;
    question.processes = row.running;
    CHECK(answer(service, question) == (row.refused ? "process_limit" : "admit"));
    service.settings.flags = config::Set{config::Flag::intercept};
    CHECK(answer(service, question) == (row.refused_intercepted ? "process_limit" : "admit"));
  }
}

TEST_CASE("a sensor refuses everybody, of whatever kind it is") {
  Service service;
  service.kind = config::Kind::sensor;
  CHECK(answer(service, fresh()) == "address");
  service.kind = config::Kind::tcpmux;
  CHECK(answer(service, fresh()) == "admit");
  service.settings.flags = config::Set{config::Flag::sensor};
  CHECK(answer(service, fresh()) == "address");
}

TEST_CASE("a refusal by the lists names the element and says when both matched") {
  Service service;
  service.settings.only_from = patterns({"127.0.0.1"});
  service.settings.no_access = patterns({"10.0.0.0/8", "127.0.0.0/8"});
  const Policy policy = policy_of(service);
  const Verdict both = judge(policy, fresh());
  CHECK(both.kind == Verdict::Kind::refuse);
  CHECK(both.reason == Reason::address);
  CHECK(both.rule->text == "127.0.0.0/8");
  CHECK(both.both_lists);
}

TEST_CASE("the lists see a peer of a dual-stack socket as an IPv4 peer") {
  Question question = fresh();
  question.peer.address = address("::ffff:127.0.0.1");
  CHECK(answer(strict(), question) == "admit");
  question.peer.address = address("::ffff:10.0.0.1");
  CHECK(answer(strict(), question) == "address");
}

TEST_CASE("a peer of unknown address passes the lists and meets all other checks") {
  Question question = fresh();
  question.peer = {};
  CHECK(answer(strict(), question) == "admit");
  question.running = 10;
  CHECK(answer(strict(), question) == "service_limit");
}

TEST_CASE("a request waits for its name and is then decided") {
  Service service;
  service.settings.only_from = patterns({".example.com"});
  Question question = fresh();
  CHECK(answer(service, question) == "need_name");
  question.name = named({"a.example.com"});
  CHECK(answer(service, question) == "admit");
  question.name = nameless();
  CHECK(answer(service, question) == "address");
}

TEST_CASE("fleet_per_source counts what is here and what is elsewhere, and only where a fleet is known") {
  Service service;
  service.settings.fleet_per_source = Limit{3};
  Question question = fresh();
  question.running_from_source = 1;
  question.fleet->elsewhere = 1;
  CHECK(answer(service, question) == "admit");
  question.fleet->elsewhere = 2;
  CHECK(answer(service, question) == "fleet_per_source");
  question.fleet->elsewhere = 0;
  question.running_from_source = 3;
  CHECK(answer(service, question) == "fleet_per_source");
  question.fleet.reset();
  CHECK(answer(service, question) == "admit");
  service.settings.fleet_per_source = Limit{};
  question.fleet.emplace().elsewhere = 1'000'000'000;
  CHECK(answer(service, question) == "admit");
}

TEST_CASE("a limit of the fleet is nothing that passes by itself, and holds for those in a queue too") {
  Service service;
  service.settings.fleet_per_source = Limit{1};
  Question question = fresh();
  question.fleet->elsewhere = 1;
  CHECK_FALSE(passes_by_itself(Reason::fleet_per_source));
  CHECK_FALSE(passes_by_itself(Reason::fleet_rate));
  CHECK(judge_without_limits(policy_of(service), question).reason == Reason::fleet_per_source);
}
