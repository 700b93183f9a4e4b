// SPDX-License-Identifier: MIT
// redirect: passes bytes between the peer and a target that we connect to (facts B10, decision on B12.49). carry: between the
// peer and the far end of a pair whose other one a server has.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "converse/flow.hpp"
#include "converse/talks.hpp"

namespace xsuperd::converse {

using namespace std::chrono_literals;

namespace {

/// How long one side may take for what the other one sent before its connection broke.
constexpr auto time_for_the_rest = 2s;

void switch_on(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);
}

/// A non-blocking socket whose connection to the target is made or under way. Empty with errno.
base::Fd connecting_to(const base::Endpoint& target) {
  const bool ipv6 = target.address.family() == base::Address::Family::ipv6;
  base::Fd fd(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!fd) return fd;
  sockaddr_storage to;
  const socklen_t length = base::fill_sockaddr(target, ipv6, to);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), length) == 0 || errno == EINPROGRESS)
    return fd;
  const int error = errno;
  fd.reset();
  errno = error;
  return fd;
}

/// What becomes of a connection that breaks: its bytes are passed on, and then the other one is closed, or broken, too.
enum class Breaks : std::uint8_t { end, stay };

class Relay final : public Talk {
 public:
  Relay(Opening& opening, Breaks breaks)
      : Talk(opening),
        target_(poller_, *this),
        up_(poller_.pool(), peer_, target_, Flow::Haste::passes_on),
        down_(poller_.pool(), target_, peer_, Flow::Haste::passes_on),
        parameters_(std::make_unique<Parameters>(std::move(opening.parameters))),
        breaks_(breaks) {}

  [[nodiscard]] Traffic traffic() const override { return {up_.bytes_read(), down_.bytes_read()}; }

 private:
  enum class Stage : std::uint8_t { begin, connecting, connected, last_words };

  void step() override;
  void time_is_up() override;
  void close() override;
  void take_target();
  void try_next();
  void failed(int error);
  void connecting();
  void connected();
  void pass_on();
  void broke(Socket& other);

  Socket target_;
  Flow up_, down_;
  std::unique_ptr<Parameters> parameters_;  // until connected
  std::size_t next_ = 0;                    // the target that is tried, or will be
  Stage stage_ = Stage::begin;
  const Breaks breaks_;
};

void Relay::step() {
  switch (stage_) {
    case Stage::begin:
      return parameters_->target ? take_target() : try_next();
    case Stage::connecting:
      return connecting();
    case Stage::connected:
    case Stage::last_words:
      return pass_on();
  }
}

/// Somebody who may has connected it for us.
void Relay::take_target() {
  report_.connect_error = target_.open(std::move(*parameters_->target));
  report_.connect_error == 0 ? connected() : finish();
}

void Relay::try_next() {
  const auto& targets = parameters_->targets;
  for (stage_ = Stage::connecting; next_ < targets.size(); ++next_) {
    base::Fd fd = connecting_to(targets[next_]);
    const int error = fd ? target_.open(std::move(fd)) : errno;
    if (error == 0) return limit(parameters_->connect_deadline);
    failed(error);
  }
  if (targets.empty()) report_.connect_error = EDESTADDRREQ;
  finish();
}

void Relay::failed(int error) {
  report_.connect_error = error;
  report_.failed_target = parameters_->targets[next_].address.text();
  target_.close();
}

void Relay::time_is_up() {
  if (stage_ != Stage::connecting) return finish();
  failed(ETIMEDOUT);
  ++next_;
  try_next();
}

void Relay::connecting() {
  if (peer_.broken()) return finish();
  if (!target_.writable()) return;
  const int error = target_.broken() ? target_.take_error() : 0;
  if (error == 0) return connected();
  failed(error);
  ++next_;
  try_next();
}

void Relay::connected() {
  if (parameters_->keepalive)
    for (const int fd : {peer_.fd(), target_.fd()}) switch_on(fd, SOL_SOCKET, SO_KEEPALIVE);
  report_.connect_error = 0;
  report_.failed_target.clear();
  idle_limit(parameters_->idle_deadline);
  parameters_.reset();
  stage_ = Stage::connected;
  pass_on();
}

void Relay::pass_on() {
  using State = Flow::State;
  const State up = up_.run(down_.state() != State::open), down = down_.run(up != State::open);
  if (up == State::source_failed) return broke(target_);
  if (down == State::source_failed) return broke(peer_);
  if (up != State::open && down != State::open) return finish();
  const bool one_is_gone =
      up == State::sink_failed || down == State::sink_failed || peer_.broken() || target_.broken();
  if (!one_is_gone || stage_ == Stage::last_words) return;
  stage_ = Stage::last_words;
  limit(time_for_the_rest);
}

void Relay::broke(Socket& other) {
  if (breaks_ == Breaks::stay) other.reset();
  finish();
}

void Relay::close() {
  up_.drop();
  down_.drop();
  target_.close();
}

}  // namespace

std::unique_ptr<Talk> make_relay(Opening& opening) { return std::make_unique<Relay>(opening, Breaks::end); }

std::unique_ptr<Talk> make_carry(Opening& opening) { return std::make_unique<Relay>(opening, Breaks::stay); }

}  // namespace xsuperd::converse
