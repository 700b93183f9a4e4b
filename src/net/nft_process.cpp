// SPDX-License-Identifier: MIT
// The daemon's side of the process that calls libnftables.
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

#include "net/helper_process.hpp"
#include "net/nftables.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/net/nft.hpp"

namespace xsuperd::net {

namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

std::string end_text(const siginfo_t& info) {
  return fmt::format("the process that calls libnftables has ended ({} {})", info.si_code == CLD_EXITED ? "status" : "signal", info.si_status);
}

}  // namespace

struct NftProcess::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& on, Options with)
      : loop(on), options(std::move(with)), socket(on), process(on), late(on, [this] { give_up("it does not get on"); }) {}

  void run(Text commands, Done then);
  [[nodiscard]] std::string start();
  void send();
  [[nodiscard]] bool send_packet();
  void await_room();
  void await_answers();
  [[nodiscard]] bool take_answers();
  void await_end();
  void look_for_end();
  void finish(const base::Result<std::string>& outcome);
  void give_up(const std::string& why);
  void close();

  boost::asio::io_context& loop;
  Options options;
  Descriptor socket;   // closed as soon as the process is useless
  Descriptor process;  // closed once it is reaped
  loop::Alarm late;
  Text text;           // of what is being run; nothing: all of it has been taken
  Done done;           // nothing: nothing is being run
  std::string unsent;
  bool closed = false;
};

void NftProcess::Impl::run(Text commands, Done then) {
  text = std::move(commands);
  done = std::move(then);
  unsent.clear();
  boost::asio::post(loop, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->closed || !self->done) return;
    if (!self->socket.is_open())
      if (const std::string why = self->start(); !why.empty()) return self->finish(base::Error{0, why});
    self->send();
  });
}

std::string NftProcess::Impl::start() {
  if (process.is_open()) return "the process that calls libnftables has not ended yet";
  auto helper = options.start();
  if (!helper) return helper.error().sentence;
  try {
    assign(process, helper->process);
    assign(socket, helper->socket);
    await_answers();
    await_end();
    return {};
  } catch (const std::exception& full) {
    const std::string why = fmt::format("can't watch the process that calls libnftables: {}", full.what());
    end_helper(process.is_open() ? process.native_handle() : helper->process.get());
    boost::system::error_code ignored;
    socket.close(ignored);
    process.close(ignored);
    return why;
  }
}

/// A piece of the text a turn of the loop.
void NftProcess::Impl::send() {
  if (!socket.is_open() || !done) return;
  late.set(options.patience);
  while (unsent.size() >= nft_packet::longest || (!text && !unsent.empty()))
    if (!send_packet()) return;
  if (!text) return;
  if (!text(unsent)) {
    text = nullptr;
    unsent += '\n';
  }
  boost::asio::post(loop, [weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && !self->closed) self->send();
  });
}

/// False when it has to wait, or is of no use.
bool NftProcess::Impl::send_packet() {
  const std::size_t length = std::min(unsent.size(), nft_packet::longest - 1);
  char kind = !text && length == unsent.size() ? nft_packet::end : nft_packet::more;
  iovec parts[]{{&kind, 1}, {unsent.data(), length}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  if (::sendmsg(socket.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) return true;
    errno == EAGAIN || errno == ENOBUFS ? await_room() : give_up("it cannot be talked to");
    return false;
  }
  unsent.erase(0, length);
  return true;
}

void NftProcess::Impl::await_room() {
  socket.async_wait(Descriptor::wait_write, [weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (self && !error && !self->closed) self->send();
  });
}

void NftProcess::Impl::await_answers() {
  socket.async_wait(Descriptor::wait_read, [weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (!self || error || self->closed || !self->socket.is_open()) return;
    self->await_answers();  // first: whoever is answered may throw
    (void)self->take_answers();
  });
}

/// False when there is none.
bool NftProcess::Impl::take_answers() {
  std::string packet(nft_packet::longest_answer, '\0');
  const ssize_t count = ::recv(socket.native_handle(), packet.data(), packet.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (count <= 0) {  // its end tells why
    boost::system::error_code ignored;
    (void)socket.close(ignored);
    return false;
  }
  const bool failed = packet[0] == nft_packet::failed;
  packet.resize(static_cast<std::size_t>(count));
  packet.erase(0, 1);
  failed ? finish(base::Error{0, std::move(packet)}) : finish(std::move(packet));
  return true;
}

void NftProcess::Impl::await_end() {
  process.async_wait(Descriptor::wait_read, [weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (self && !error && !self->closed) self->look_for_end();
  });
}

void NftProcess::Impl::look_for_end() {
  siginfo_t info;
  if (!reap(process.native_handle(), info)) return await_end();
  boost::system::error_code ignored;
  process.close(ignored);
  const bool answered = socket.is_open() && take_answers();  // what it still said holds
  socket.close(ignored);
  if (!answered) finish(base::Error{0, end_text(info)});  // else the next command may be waiting, for the next process
}

/// No effect when nothing is being run.
void NftProcess::Impl::finish(const base::Result<std::string>& outcome) {
  late.cancel();
  text = nullptr;
  unsent.clear();
  if (const Done then = std::exchange(done, nullptr)) then(outcome);
}

void NftProcess::Impl::give_up(const std::string& why) {
  boost::system::error_code ignored;
  socket.close(ignored);
  if (process.is_open()) kill_helper(process.native_handle());
  finish(base::Error{0, fmt::format("the process that calls libnftables is of no use: {}", why)});
}

void NftProcess::Impl::close() {
  closed = true;
  late.cancel();
  boost::system::error_code ignored;
  socket.close(ignored);
  if (!process.is_open()) return;
  end_helper(process.native_handle());
  process.close(ignored);
}

NftProcess::NftProcess(boost::asio::io_context& loop, Options options) : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

NftProcess::~NftProcess() { impl_->close(); }

void NftProcess::run(Text text, Done done) { impl_->run(std::move(text), std::move(done)); }

int NftProcess::helper_pidfd() const { return impl_->process.is_open() ? impl_->process.native_handle() : -1; }

}  // namespace xsuperd::net
