// SPDX-License-Identifier: MIT
// How many address-true pairs (net::TruePairs) are made in a second, and whether ports or what TIME_WAIT keeps run out. Needs root.
//
//   bench_pairs [SECONDS]
//
// For each kind of client: pairs a second, those that came with another port than the client's, and those that failed. Each pair
// is made, says something, and is closed, by the server's end first or by the carrier's.
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>

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
    for (int i = 0; i < at_once; ++i) next();
    loop_.run();
  }
  void print(std::chrono::seconds time) const {
    std::printf("%-32s %8.0f/s  %8u made  %6u with another port  %6u failed %s\n", kind_.name, made_ / static_cast<double>(time.count()), made_, others_,
                failed_, why_.c_str());
  }

 private:
  static constexpr int at_once = 16;
  void next() {
    if (Clock::now() >= end_) return;
    const base::Endpoint client = kind_.client(number_++);
    pairs_.make(client, {base::Address::ipv4(0xc6336401), 873}, [this, client](base::Result<net::TruePair> pair) { take(client, std::move(pair)); });
  }
  void take(const base::Endpoint& client, base::Result<net::TruePair> pair) {
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
  unsigned number_ = 0, made_ = 0, others_ = 0, failed_ = 0;
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
