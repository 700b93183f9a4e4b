// SPDX-License-Identifier: MIT
// How many address-true pairs (net::TruePairs) are made in a second, and whether ports or what TIME_WAIT keeps run out. Needs root.
//
//   bench_pairs [SECONDS]
//
// For each kind of client: pairs a second, microseconds of processor a pair, those that came with another port than the client's, and those that failed. Each pair
// is made, says something, and is closed, by the server's end first or by the carrier's.
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "xsuperd/net/socket.hpp"
#include "xsuperd/net/true_pairs.hpp"

using namespace xsuperd;
using Clock = std::chrono::steady_clock;

namespace {

struct Kind {
  const char* name;
  bool server_first;
  base::Endpoint (*client)(unsigned number);
};

base::Endpoint one_port(unsigned) { return {base::Address::ipv4(0xcb007107), 4711}; }
base::Endpoint ports(unsigned number) { return {base::Address::ipv4(0xcb007107), static_cast<std::uint16_t>(1024 + number % 60000)}; }
base::Endpoint no_port(unsigned) { return {base::Address::ipv4(0xcb007107), 0}; }
base::Endpoint many(unsigned number) { return {base::Address::ipv4(0x0a000001 + number % 1'000'000), static_cast<std::uint16_t>(1024 + number % 60000)}; }

class Measured {
 public:
  Measured(const Kind& kind, std::chrono::seconds time) : kind_(kind), end_(Clock::now() + time) {
    const auto work = boost::asio::make_work_guard(loop_);
    for (int i = 0; i < at_once; ++i) next();
    const double before = processor_time();
    while (open_ > 0) loop_.run_one();
    used_ = processor_time() - before;
  }
  void print(std::chrono::seconds time) const {
    std::printf("%-32s %8.0f/s  %6.1f us  %8u made  %6u with another port  %6u failed %s\n", kind_.name, made_ / static_cast<double>(time.count()),
                made_ == 0 ? 0.0 : used_ / made_, made_, others_,
                failed_, why_.c_str());
  }

 private:
  static constexpr int at_once = 16;
  /// Microseconds.
  static double processor_time() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto of = [](const timeval& time) { return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec); };
    return of(used.ru_utime) + of(used.ru_stime);
  }
  void next() {
    if (Clock::now() >= end_) return;
    const base::Endpoint client = kind_.client(number_++);
    ++open_;
    pairs_.make(client, {base::Address::ipv4(0xc6336401), 873}, [this, client](base::Result<net::TruePair> pair) { take(client, std::move(pair)); });
  }
  void take(const base::Endpoint& client, base::Result<net::TruePair> pair) {
    --open_;
    if (!pair) why_ = pair.error().sentence, ++failed_;
    if (pair) use(client, *pair);
    next();
  }
  void use(const base::Endpoint& client, net::TruePair& pair) {
    ++made_;
    char byte = 0;
    if (net::local_endpoint(pair.carrier.get()) != client) ++others_;
    (void)!::send(pair.handler.get(), "x", 1, MSG_NOSIGNAL);
    (void)!::recv(pair.carrier.get(), &byte, 1, 0);
    (kind_.server_first ? pair.handler : pair.carrier).reset();
    (kind_.server_first ? pair.carrier : pair.handler).reset();
  }

  const Kind& kind_;
  const Clock::time_point end_;
  boost::asio::io_context loop_;
  net::TruePairs pairs_{loop_};
  unsigned number_ = 0, open_ = 0, made_ = 0, others_ = 0, failed_ = 0;
  double used_ = 0;
  std::string why_;
};

constexpr Kind kinds[]{{"one client, one port", true, one_port},        {"the same, carrier closes first", false, one_port},
                       {"one client, 60,000 ports", true, ports},       {"the same, carrier closes first", false, ports},
                       {"one client, port not told", true, no_port},    {"a million clients", true, many}};

}  // namespace

int main(int argc, char** argv) {
  if (!net::TruePairs::usable()) {
    std::fprintf(stderr, "bench_pairs: %s\n", net::TruePairs::usable().error().sentence.c_str());
    return 77;
  }
  const std::chrono::seconds time(argc > 1 ? std::max(1, std::atoi(argv[1])) : 10);
  for (const Kind& kind : kinds) Measured(kind, time).print(time);
}
