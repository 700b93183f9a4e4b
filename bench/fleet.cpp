// SPDX-License-Identifier: MIT
// Many hosts of a fleet in one process, each with its own conversation with one real store (StoreTalk, which is all of a host's
// part of ban_share that the store and the network see), and bans by hosts at random. How long until each host knows of a ban,
// and what that costs a host and the store. bench/README.md says how to run it.
//
//   bench_fleet STORE HOSTS BANS_A_SECOND SECONDS
//
// STORE is the path of a UNIX socket, or PORT of 127.0.0.1. Prints one JSON object.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "fleet/store_talk.hpp"

namespace {

using namespace xsuperd;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t first_address = 0x0a000000;  ///< of those who are banned; the others follow

base::Moment now() { return base::Moment(Clock::now().time_since_epoch()); }

int connected(const std::string& store) {
  if (store.front() == '/') {
    sockaddr_un to{.sun_family = AF_UNIX, .sun_path = {}};
    store.copy(to.sun_path, sizeof to.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("cannot connect to " + store);
    return fd;
  }
  sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(static_cast<std::uint16_t>(std::stoi(store))), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("cannot connect to port " + store);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/// Of the fleet, from the first ban on.
struct Account {
  std::uint64_t sent = 0, received = 0, commands = 0, done = 0, refused = 0, lost = 0, met = 0;
  std::vector<Clock::time_point> banned;  ///< by the number that is in its address
  std::vector<double> delays;             ///< seconds, of each ban to each host
  bool counting = false;
};

std::uint64_t commands_in(std::string_view text) {
  std::uint64_t count = 0;
  for (std::size_t at = 0; (at = text.find('*', at)) != text.npos; ++at) count += at == 0 || text[at - 1] == '\n' ? 1 : 0;
  return count;
}

class Host {
 public:
  Host(int epoll, const std::string& store, std::size_t number, Account& account)
      : account_(account), fds_{connected(store), connected(store)},
        talk_(fleet::Meet{.host = fmt::format("host{}", number), .self = number + 1}, now(), out_) {
    for (std::size_t i = 0; i < 2; ++i) {
      epoll_event event{.events = EPOLLIN, .data = {.u64 = number * 2 + i}};
      if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fds_[i], &event) != 0) throw std::runtime_error("epoll_ctl");
    }
    flush();
  }
  ~Host() {
    for (const int fd : fds_) ::close(fd);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  void read(std::size_t which) {
    std::array<char, 65536> bytes;
    const ssize_t count = ::recv(fds_[which], bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count <= 0) {
      if (count == 0) talk_.end("closed");
      return flush();
    }
    if (account_.counting) account_.received += static_cast<std::uint64_t>(count);
    const std::string_view text(bytes.data(), static_cast<std::size_t>(count));
    which == 0 ? talk_.hear_commands(text, now()) : talk_.hear_listening(text, now());
    if (talk_.could_go_on()) talk_.go_on(now());
    flush();
  }
  void ban(std::uint32_t number) {
    talk_.order(fleet::Add{policy::Network::of(base::Address::ipv4(first_address + number)), 600, "sensor telnet"}, now());
    flush();
  }
  void tick() {
    talk_.tick(now());
    flush();
  }

 private:
  void flush() {
    send(0, out_.commands);
    send(1, out_.listening);
    for (const fleet::Word& word : out_.words) hear(word);
    out_.words.clear();
  }
  /// What is sent here fits into the socket's buffer, or the run is worth nothing.
  void send(std::size_t which, std::string& text) {
    if (text.empty()) return;
    if (account_.counting) {
      account_.sent += text.size();
      account_.commands += commands_in(text);
    }
    if (::send(fds_[which], text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) ++account_.lost;
    text.clear();
  }
  void hear(const fleet::Word& word) {
    if (std::holds_alternative<fleet::Met>(word)) ++account_.met;
    if (std::holds_alternative<fleet::Lost>(word)) ++account_.lost;
    if (const auto* done = std::get_if<fleet::Done>(&word)) account_.done += done->count;
    if (const auto* refused = std::get_if<fleet::Refused>(&word)) account_.refused += refused->count;
    const auto* heard = std::get_if<fleet::Heard>(&word);
    if (!heard || !account_.counting) return;
    in_addr address{};
    if (::inet_pton(AF_INET, heard->peer.text().c_str(), &address) != 1) return;
    const std::uint32_t number = ntohl(address.s_addr) - first_address;
    if (number >= account_.banned.size() || account_.banned[number] == Clock::time_point()) return;
    account_.delays.push_back(std::chrono::duration<double>(Clock::now() - account_.banned[number]).count());
  }

  Account& account_;
  std::array<int, 2> fds_;
  fleet::StoreTalk::Out out_;
  fleet::StoreTalk talk_;
};

void turn(int epoll, std::vector<std::unique_ptr<Host>>& hosts, int timeout_ms) {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) hosts[events[i].data.u64 / 2]->read(events[i].data.u64 % 2);
}

double at(const std::vector<double>& sorted, double part) {
  return sorted.empty() ? 0 : sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int run(const std::string& store, std::size_t count, double rate, double seconds) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  Account account;
  std::vector<std::unique_ptr<Host>> hosts;
  for (std::size_t i = 0; i < count; ++i) {
    hosts.push_back(std::make_unique<Host>(epoll, store, i, account));
    turn(epoll, hosts, 0);
  }
  for (const auto until = Clock::now() + std::chrono::seconds(30); account.met < count && Clock::now() < until;) turn(epoll, hosts, 100);
  if (account.met < count) throw std::runtime_error(fmt::format("only {} of {} hosts have met the store", account.met, count));
  for (const auto until = Clock::now() + std::chrono::seconds(2); Clock::now() < until;) turn(epoll, hosts, 10);

  const auto bans = static_cast<std::size_t>(rate * seconds);
  account.banned.resize(bans);
  account.delays.reserve(bans * count);
  account.counting = true;
  const double cpu_before = cpu_seconds();
  std::mt19937 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same hosts each time
  const auto begun = Clock::now();
  auto next_tick = begun;
  std::size_t made = 0;
  while (Clock::now() < begun + std::chrono::duration<double>(seconds + 3)) {
    const double passed = std::chrono::duration<double>(Clock::now() - begun).count();
    for (; made < bans && static_cast<double>(made) <= passed * rate; ++made) {
      account.banned[made] = Clock::now();
      hosts[random() % count]->ban(static_cast<std::uint32_t>(made));
    }
    if (Clock::now() >= next_tick) {
      next_tick += std::chrono::seconds(1);
      for (auto& host : hosts) host->tick();
    }
    turn(epoll, hosts, 1);
  }
  const double all = std::chrono::duration<double>(Clock::now() - begun).count();
  const double used = cpu_seconds() - cpu_before;
  std::sort(account.delays.begin(), account.delays.end());
  const auto expected = static_cast<double>(bans) * static_cast<double>(count - 1);
  const auto within = static_cast<double>(std::upper_bound(account.delays.begin(), account.delays.end(), 1.0) - account.delays.begin());
  const double each = static_cast<double>(count) * all;
  fmt::print("{{\"hosts\": {}, \"bans\": {}, \"expected\": {:.0f}, \"heard\": {}, \"within_1s\": {:.6f}, \"p50_ms\": {:.2f}, \"p99_ms\": {:.2f}, "
             "\"max_ms\": {:.2f}, \"done\": {}, \"refused\": {}, \"lost\": {}, \"commands_per_host_and_second\": {:.3f}, "
             "\"bytes_sent_per_host_and_second\": {:.0f}, \"bytes_received_per_host_and_second\": {:.0f}, \"cpu_us_per_ban_heard\": {:.2f}}}\n",
             count, bans, expected, account.delays.size(), within / expected, at(account.delays, 0.5) * 1e3, at(account.delays, 0.99) * 1e3,
             account.delays.empty() ? 0 : account.delays.back() * 1e3, account.done, account.refused, account.lost,
             static_cast<double>(account.commands) / each, static_cast<double>(account.sent) / each, static_cast<double>(account.received) / each,
             used * 1e6 / std::max(1.0, static_cast<double>(account.delays.size())));
  return account.lost == 0 && within >= 0.99 * expected ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: bench_fleet STORE HOSTS BANS_A_SECOND SECONDS\n", stderr);
    return 2;
  }
  try {
    if (const auto loaded = fleet::load_hiredis(); !loaded) throw std::runtime_error(loaded.error().sentence);
    return run(argv[1], std::stoul(argv[2]), std::stod(argv[3]), std::stod(argv[4]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_fleet: %s\n", error.what());
    return 2;
  }
}
