// SPDX-License-Identifier: MIT
// The parts of a decision by themselves, with Google Benchmark: what a verdict costs, a look-up in an access list, an
// entry of the log, a request's way through the State, and reading a configuration. bench/README.md says how to run it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "fakes/fake_files.hpp"
#include "fakes/fake_names.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/log/event.hpp"
#include "xsuperd/policy/ban_line.hpp"
#include "xsuperd/policy/ban_list.hpp"
#include "xsuperd/policy/verdict.hpp"
#include "xsuperd/service/state.hpp"

namespace {

using namespace xsuperd;

/// So many IPv4 networks of all lengths from /16 to /32; the same ones each time.
std::vector<config::AddressPattern> networks(std::int64_t count) {
  std::mt19937 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same numbers are the point
  std::vector<config::AddressPattern> all;
  for (std::int64_t i = 0; i < count; ++i) {
    config::AddressPattern one;
    one.prefix = 16 + static_cast<int>(random() % 17);
    const std::uint32_t mask = 0xffffffffU << (32 - one.prefix);
    one.base = base::Address::ipv4((0x0a000000U | (random() & 0x00ffffffU)) & mask);
    all.push_back(one);
  }
  return all;
}

/// Addresses inside 10.0.0.0/8, of which some match and some do not.
std::vector<base::Address> peers() {
  std::mt19937 random(2);  // NOLINT(cert-msc32-c,cert-msc51-cpp)
  std::vector<base::Address> all(1024);
  for (base::Address& peer : all) peer = base::Address::ipv4(0x0a000000U | (random() & 0x00ffffffU));
  return all;
}

std::shared_ptr<config::Service> service() {
  auto one = std::make_shared<config::Service>();
  one->name = one->id = "example";
  one->settings.log_on_success = {config::SuccessOption::pid, config::SuccessOption::host};
  one->settings.log_on_failure = {config::FailureOption::host};
  return one;
}

void access_list(benchmark::State& state) {
  const policy::AddressList list(networks(state.range(0)));
  const auto all = peers();
  std::size_t at = 0;
  for (auto _ : state) benchmark::DoNotOptimize(list.match_network(all[at++ % all.size()]));
}
BENCHMARK(access_list)->Arg(10)->Arg(1'000)->Arg(100'000);

void verdict(benchmark::State& state) {
  auto one = service();
  one->settings.instances = config::Limit{50};
  one->settings.per_source = config::Limit{10};
  one->settings.no_access = networks(state.range(0));
  const policy::Policy policy(one);
  const auto all = peers();
  policy::Question question;
  std::size_t at = 0;
  for (auto _ : state) {
    question.peer = {all[at++ % all.size()], 40000};
    benchmark::DoNotOptimize(policy::judge(policy, question));
  }
}
BENCHMARK(verdict)->Arg(10)->Arg(1'000)->Arg(100'000);

/// So many addresses, and among them networks; none of those whom peers() has.
policy::BanList bans(std::int64_t count) {
  std::mt19937 random(3);  // NOLINT(cert-msc32-c,cert-msc51-cpp)
  policy::BanList all(static_cast<std::size_t>(count) + 1);
  for (std::int64_t i = 0; i < count; ++i) {
    auto bytes = base::Address::parse("2001:db8::")->bytes();
    for (std::size_t at = 4; at < 8; ++at) bytes[at] = static_cast<std::uint8_t>(random());
    const auto ipv4 = base::Address::ipv4(0x0b000000U + random() % 0xd0000000U);
    const auto one = i % 4 == 0   ? policy::Network::of(base::Address::ipv6(bytes), 64)
                     : i % 4 == 1 ? policy::Network::of(ipv4, 24)
                                  : policy::Network::of(ipv4);
    all.add(one, 60, {}, {.reason = "refused example", .origin = "service"});
  }
  return all;
}

/// The same as `verdict` without lists, with a look at the bans before it, of which there are `range`.
void verdict_and_bans(benchmark::State& state) {
  auto one = service();
  one->settings.instances = config::Limit{50};
  one->settings.per_source = config::Limit{10};
  one->settings.no_access = networks(10);
  const policy::Policy policy(one);
  const policy::BanList list = bans(state.range(0));
  const auto all = peers();
  policy::Question question;
  std::size_t at = 0;
  for (auto _ : state) {
    question.peer = {all[at++ % all.size()], 40000};
    question.banned = list.banned(question.peer.address, {});
    benchmark::DoNotOptimize(policy::judge(policy, question));
  }
}
BENCHMARK(verdict_and_bans)->Arg(0)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

/// A ban comes and another goes, where there are `range`; `bytes`: what one takes of the heap.
void ban(benchmark::State& state) {
  const std::size_t before = mallinfo2().uordblks;
  policy::BanList list = bans(state.range(0));
  state.counters["bytes"] = static_cast<double>(mallinfo2().uordblks - before) / static_cast<double>(list.size());
  std::uint32_t next = 0x0a000000U;
  for (auto _ : state) {
    const auto peer = policy::Network::of(base::Address::ipv4(next++));
    list.add(peer, 60, {}, {.reason = "refused example", .origin = "service"});
    list.remove(peer);
  }
}
BENCHMARK(ban)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

/// A line of ban_file is read, and comes into the list.
void ban_line(benchmark::State& state) {
  std::string line;
  policy::write_ban_line(line, {.peer = *policy::Network::parse("203.0.113.77"), .until = std::chrono::system_clock::now(),
                                .since = std::chrono::system_clock::now(), .reason = "refused example", .origin = "service"});
  line.pop_back();
  policy::BanList list(2'000'000);
  std::uint32_t next = 0;
  for (auto _ : state) {
    auto read = policy::read_ban_line(line);
    next = next * 1664525U + 1013904223U;
    (void)list.put({.peer = policy::Network::of(base::Address::ipv4(next)), .until = base::Moment::max(), .reason = std::move(read->reason),
                    .origin = std::move(read->origin)}, {});
  }
}
BENCHMARK(ban_line);

/// A request that is admitted, the start of its server, and its end; `range` others run meanwhile.
void state_of_a_service(benchmark::State& state) {
  auto one = service();
  one->settings.per_source = config::Limit{};
  service::State machine(std::make_shared<policy::Policy>(one));
  (void)machine.handle(service::Opened{});
  const auto all = peers();
  service::Token token = 0;
  const auto ask = [&] {
    service::Request request;
    request.token = ++token;
    request.question.peer = {all[token % all.size()], 40000};
    return machine.handle(request);
  };
  const auto others = static_cast<service::Token>(state.range(0));
  while (token < others) (void)ask();
  for (auto _ : state) {
    benchmark::DoNotOptimize(ask());
    benchmark::DoNotOptimize(machine.handle(service::Started{token}));
    benchmark::DoNotOptimize(machine.handle(service::Exited{token}));
  }
}
BENCHMARK(state_of_a_service)->Arg(0)->Arg(10'000);

/// The same, with the limits that xinetd has, and the window of per_source_rate (0), or with every limit (1); none objects.
void state_with_limits(benchmark::State& state) {
  auto one = service();
  config::Settings& s = one->settings;
  s.instances = config::Limit{50};
  s.per_source = config::Limit{10};
  s.cps = config::Rate{1'000'000'000, 10};
  s.per_source_rate = config::SourceRate{1'000'000'000, 60};
  if (state.range(0) == 1) {
    s.rate = config::TokenRate{1'000'000, 1, 1'000'000};
    s.per_source_rate = config::SourceRate{1'000'000, 1, 1'000'000};
    s.source_prefix = config::SourcePrefix{24, 64};
    s.limit_exempt = std::vector{config::AddressPattern{}};
    s.limit_exempt->front().base = base::Address::ipv4(0xc0000201U);
    s.limit_exempt->front().prefix = 32;
    s.queue = config::QueueLimit{100, 30};
    s.penalty = {{config::Penalty::Cause::exit, config::Penalty::any_failure, 10}};
  }
  service::State machine(std::make_shared<policy::Policy>(one));
  (void)machine.handle(service::Opened{});
  const auto all = peers();
  service::Token token = 0;
  base::Moment now{};
  for (auto _ : state) {
    service::Request request;
    request.token = ++token;
    request.question.peer = {all[token % all.size()], 40000};
    request.now = now += std::chrono::microseconds(10);
    benchmark::DoNotOptimize(machine.handle(request));
    benchmark::DoNotOptimize(machine.handle(service::Started{token}));
    benchmark::DoNotOptimize(machine.handle(service::Exited{token}));
    benchmark::DoNotOptimize(machine.next_look());
  }
}
BENCHMARK(state_with_limits)->Arg(0)->Arg(1);

void log_entry(benchmark::State& state) {
  const auto one = service();
  const auto peer = base::Address::parse("2001:db8:1234:5678:9abc:def0:1234:5678").value();
  std::string line;
  for (auto _ : state) {
    line.clear();
    log::append_text(line, *log::start_event(*one, 12345, peer));
    benchmark::DoNotOptimize(line);
  }
}
BENCHMARK(log_entry);

/// Bytes of a peer's; `range` of 256 are to be escaped.
void escaping(benchmark::State& state) {
  std::string bytes(256, 'x');
  for (std::int64_t i = 0; i < state.range(0); ++i) bytes[static_cast<std::size_t>(i)] = '\n';
  for (auto _ : state) benchmark::DoNotOptimize(base::escaped(bytes, 2048));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(escaping)->Arg(0)->Arg(256);

std::string configuration(std::int64_t services) {
  std::string text = "defaults\n{\n\tlog_type\t= SYSLOG daemon\n\tlog_on_success\t= PID HOST EXIT DURATION\n}\n";
  for (std::int64_t i = 0; i < services; ++i)
    text += fmt::format(
        "\n# number {0}\nservice example{0}\n{{\n\ttype\t\t= UNLISTED\n\tsocket_type\t= stream\n\tprotocol\t= tcp\n"
        "\tport\t\t= {1}\n\twait\t\t= no\n\tuser\t\t= nobody\n\tserver\t\t= /bin/server\n\tserver_args\t= -v -d /srv/{0}\n"
        "\tonly_from\t= 10.0.0.0/8 192.0.2.1\n\tinstances\t= 50\n}}\n",
        i, 1000 + i % 60000);
  return text;
}

/// Parsed, merged, completed and checked, from text in memory.
void load(benchmark::State& state) {
  fakes::FakeFiles files;
  fakes::FakeNames names;
  files.texts["/etc/xinetd.conf"] = configuration(state.range(0));
  for (auto _ : state) {
    auto loaded = config::load(files, names, "/etc/xinetd.conf");
    if (!loaded.config || loaded.config->services.size() != static_cast<std::size_t>(state.range(0)))
      return state.SkipWithError("the configuration was not taken");
    benchmark::DoNotOptimize(loaded);
  }
  const auto size = static_cast<std::int64_t>(files.texts.begin()->second.size());
  state.SetBytesProcessed(state.iterations() * size);
}
BENCHMARK(load)->Arg(10)->Arg(10'000)->Unit(benchmark::kMillisecond);

/// The same once more, when the configuration before is known and nothing has changed.
void load_again(benchmark::State& state) {
  fakes::FakeFiles files;
  fakes::FakeNames names;
  files.texts["/etc/xinetd.conf"] = configuration(state.range(0));
  const auto first = config::load(files, names, "/etc/xinetd.conf");
  for (auto _ : state) {
    auto loaded = config::load(files, names, {.main = "/etc/xinetd.conf"}, *first.config);
    benchmark::DoNotOptimize(loaded);
  }
  const auto size = static_cast<std::int64_t>(files.texts.begin()->second.size());
  state.SetBytesProcessed(state.iterations() * size);
}
BENCHMARK(load_again)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
