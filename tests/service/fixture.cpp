// SPDX-License-Identifier: MIT
#include "service/fixture.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "xsuperd/base/text.hpp"

namespace xsuperd::service::test {

config::Service stream_service() {
  config::Service service;
  service.name = service.id = "x";
  service.settings.server = "/bin/server";
  service.settings.log_on_success = {config::SuccessOption::pid, config::SuccessOption::host,
                                     config::SuccessOption::exit, config::SuccessOption::duration};
  service.settings.log_on_failure = {config::FailureOption::host};
  service.listen.protocol = {"tcp", IPPROTO_TCP};
  service.listen.ipv6 = false;
  service.listen.at.address = base::Address::ipv4(INADDR_LOOPBACK);
  return service;
}

config::Service waiting_service(config::SocketType type) {
  config::Service service = stream_service();
  service.wait = true;
  service.listen.socket_type = type;
  if (type == config::SocketType::dgram) service.listen.protocol = {"udp", IPPROTO_UDP};
  return service;
}

std::shared_ptr<const policy::Policy> policy_of(config::Service service) {
  return std::make_shared<policy::Policy>(std::make_shared<config::Service>(std::move(service)));
}

std::vector<config::AddressPattern> pattern(std::string_view text) {
  config::AddressPattern one;
  one.text = text;
  const auto slash = text.find('/');
  if (const auto base = base::Address::parse(text.substr(0, slash))) {
    one.base = *base;
    one.prefix = base->family() == base::Address::Family::ipv4 ? 32 : 128;
    if (slash != text.npos) one.prefix = std::stoi(std::string(text.substr(slash + 1)));
  } else {
    one.kind = config::AddressPattern::Kind::domain;
    one.name = text;
  }
  return {one};
}

base::Moment at(std::chrono::milliseconds after) { return base::Moment{} + 1000s + after; }

Request request(Token token, std::string_view peer, base::Moment now) {
  Request request;
  request.token = token;
  request.now = now;
  if (const auto address = base::Address::parse(peer))
    request.question.peer = {*address, static_cast<std::uint16_t>(1024 + token)};
  return request;
}

Request named(Request request, std::vector<std::string> names) {
  using State = policy::PeerName::State;
  request.again = true;
  request.question.name = {names.empty() ? State::unknown : State::known, std::move(names)};
  return request;
}

namespace {
std::string word(const Listen&) { return "Listen"; }
std::string word(const Suspend&) { return "Suspend"; }
std::string word(const CloseSocket&) { return "CloseSocket"; }
std::string word(const OpenSocket&) { return "OpenSocket"; }
std::string word(const Spawn& a) { return fmt::format("Spawn {}", a.token); }
std::string word(const Refuse& a) {
  return fmt::format("Refuse {} {}", a.token, policy::log_word(a.verdict.reason));
}
std::string word(const AskName& a) { return fmt::format("AskName {}", a.token); }
std::string word(const ArmPause& a) { return fmt::format("ArmPause {}", a.seconds); }
std::string word(const Queue& a) { return fmt::format("Queue {}", a.token); }
std::string word(const Ban& a) { return fmt::format("Ban {}", a.peer.text()); }
std::string word(const Call& a) { return fmt::format("Call {}", a.token); }
std::string word(const ArmRetry& a) { return fmt::format("ArmRetry {} {}", a.token, a.seconds); }
}  // namespace

std::string text(const Actions& actions) {
  std::vector<std::string> words;
  for (const Action& action : actions)
    words.push_back(std::visit([](const auto& a) { return word(a); }, action));
  return base::join(words, ", ");
}

std::string does(State& state, const Event& event) { return text(state.handle(event)); }

State listening(config::Service service) {
  State state(policy_of(std::move(service)));
  (void)state.handle(Opened{});
  return state;
}

Process Process::sleeping(bool stubborn) { return Process({"sleep", "600", nullptr}, stubborn); }
Process Process::ended(int status) {
  const std::string script = fmt::format("exit {}", status);
  return Process({"sh", "-c", script.c_str(), nullptr}, false);
}

Process::Process(const std::vector<const char*>& argv, bool stubborn) {
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t mask;
  ::sigemptyset(&mask);
  if (stubborn) ::sigaddset(&mask, SIGTERM);
  ::posix_spawnattr_setsigmask(&attributes, &mask);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  // Close-on-exec alone closes a little after posix_spawn has returned, and ports would seem open.
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  std::array<char*, 1> environment{};
  const int error = ::posix_spawnp(&pid_, argv[0], &actions, &attributes, const_cast<char**>(argv.data()),
                                   environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  REQUIRE(error == 0);
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0U)));
  REQUIRE(pidfd_);
}

Process::~Process() {
  if (!pidfd_) return;
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0U);
  siginfo_t info{};
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED);
}

base::Fd Process::pidfd() const { return base::Fd(::fcntl(pidfd_.get(), F_DUPFD_CLOEXEC, 0)); }
bool Process::alive() const { return ::syscall(SYS_pidfd_send_signal, pidfd_.get(), 0, nullptr, 0U) == 0; }

namespace {
struct NoOutput final : log::Output {
  Outcome write(const Line&) override { return Outcome::written; }
};
}  // namespace

namespace {
std::filesystem::path new_directory() {
  std::string form = std::filesystem::temp_directory_path() / "xsuperd-service-XXXXXX";
  REQUIRE(::mkdtemp(form.data()) != nullptr);
  return form;
}
}  // namespace

std::shared_ptr<net::NameSource> one_host() {
  struct OneHost final : net::NameSource {
    const base::Address home = base::Address::ipv4(INADDR_LOOPBACK);
    std::vector<std::string> names_of(const base::Address& address) override {
      return address == home ? std::vector<std::string>{"host.example.com"} : std::vector<std::string>{};
    }
    std::vector<base::Address> addresses_of(const std::string&, base::Address::Family) override {
      return {home};
    }
  };
  return std::make_shared<OneHost>();
}

Bench::Bench(config::Service service)
    : directory(new_directory()),
      daemon_output(std::make_shared<NoOutput>()),
      service_output(std::make_shared<NoOutput>()),
      log(sink, daemon_output),
      children(loop,
               [this](spawn::Ended end) {
                 end.struck = struck;
                 if (const auto owner = around.census.owners.at(end.token).lock()) owner->on_ended(end);
               }),
      resolver(loop, {.threads = 1, .source = one_host()}),
      libwrap(loop, {}, {.tables = {directory / "allow", directory / "deny"}}),
      around{loop, blocking, spawner, children, log, resolver, ident, ident, libwrap, conversations},
      work_(loop.get_executor()) {
  around.clock.now = [this] { return clock; };
  around.clock.timer_length = [this](std::chrono::milliseconds length) {
    asked.push_back(length);
    return hurry ? 0ms : std::chrono::milliseconds(24h);
  };
  spawner.on_outcome([this](spawn::Outcome outcome) {
    const Token token = std::visit([](const auto& o) { return o.token; }, outcome);
    if (const auto owner = around.census.owners.at(token).lock()) owner->on_outcome(std::move(outcome));
  });
  runner = std::make_shared<Runner>(around, setup_for(std::move(service)));
}

Bench::~Bench() {
  CHECK((!runner || accounted(*runner)));  // whatever the test was about
  blocking.join();
  std::filesystem::remove_all(directory);
}

Setup Bench::setup_for(config::Service service) const {
  const auto policy = policy_of(std::move(service));
  return {policy, make_recipe(policy->service(), DaemonFacts{}), service_output};
}

void Bench::run_until(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!done())
    if (loop.run_one_for(30s) == 0 || std::chrono::steady_clock::now() > deadline) FAIL("it never happened");
}
void Bench::run_until_jobs(std::size_t count) {
  run_until([&] { return spawner.requests.size() >= count; });
}
void Bench::run_until_lines(std::size_t count) {
  run_until([&] { return sink.lines.size() >= count; });
}
void Bench::settle() {
  while (loop.poll() > 0) {
  }
}

std::string Bench::entries() const {
  std::string all;
  for (const auto& line : sink.lines)
    if (line.output == service_output) all += line.text + "\n";
  return all;
}

std::string Bench::file(const std::string& name, const std::string& text) {
  std::ofstream(directory / name) << text;
  return directory / name;
}

Client::Client(base::Endpoint to, int type, std::string_view from)
    : fd_(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
  sockaddr_storage address;
  socklen_t length = base::fill_sockaddr({base::Address::parse(from).value(), 0}, false, address);
  REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
  length = base::fill_sockaddr(to, false, address);
  connected_ = ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0;
}

void Client::send(std::string_view bytes) const {
  REQUIRE(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

void Client::send_end() const { REQUIRE(::shutdown(fd_.get(), SHUT_WR) == 0); }

void Client::abort() {
  const linger at_once{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd_.reset();
}

std::string Client::read_all(Bench& bench) const { return read(bench, std::string::npos); }

std::string Client::read(Bench& bench, std::size_t count) const {
  std::string all;
  std::array<char, 65536> buffer;
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (all.size() < count) {
    bench.loop.run_one_for(1ms);
    const ssize_t n =
        ::recv(fd_.get(), buffer.data(), std::min(buffer.size(), count - all.size()), MSG_DONTWAIT);
    if (n > 0) all.append(buffer.data(), static_cast<std::size_t>(n));
    if (n == 0 || (n < 0 && errno != EAGAIN)) break;
    REQUIRE(std::chrono::steady_clock::now() < deadline);
  }
  return all;
}

std::string receive(const base::Fd& fd) {
  std::array<char, 256> buffer;
  const ssize_t n = ::recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  return n < 0 ? "nothing" : std::string(buffer.data(), static_cast<std::size_t>(n));
}

}  // namespace xsuperd::service::test
