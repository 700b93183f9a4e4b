// SPDX-License-Identifier: MIT
#include "box/helper_link.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

namespace xsuperd::box {

std::string HelperLink::start() {
  const auto now = std::chrono::steady_clock::now();
  if (lives() || (started_ && now - *started_ < std::chrono::seconds(1))) return {};
  started_ = now;
  auto helper = callbacks_.start();
  if (!helper) return helper.error().sentence;
  try {
    take_helper(std::move(*helper));
    return {};
  } catch (const std::exception& full) {
    return fmt::format("can't watch the helper that makes boxes: {}", full.what());
  }
}

void HelperLink::take_helper(BoxHelper helper) {
  process_.assign(helper.process.get());
  (void)helper.process.release();
  await_end();
  socket_.assign(helper.socket.get());
  (void)helper.socket.release();
  await_replies();
}

int HelperLink::send(const Request& request, std::string_view bytes) { return send_request(socket_.native_handle(), request, bytes); }

void HelperLink::await_replies() {
  socket_.async_wait(Descriptor::wait_read, [weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (!self || error || !self->open()) return;
    self->await_replies();  // first: who is answered may throw
    self->take_replies();
  });
}

void HelperLink::take_replies() {
  while (open()) {
    Reply reply;
    std::vector<base::Fd> descriptors;
    const Received received = receive_reply(socket_.native_handle(), reply, descriptors);
    if (received == Received::nothing) break;
    if (received == Received::end) return callbacks_.on_lost("the helper that makes boxes has closed its socket");
    const bool lacking = received == Received::short_of_descriptors;
    if (lacking) descriptors.clear();
    callbacks_.on_reply(reply, std::move(descriptors));
    // What did not arrive is known to nobody; it ends with the helper.
    if (lacking && open()) return callbacks_.on_lost("no descriptors are left for boxes");
  }
  if (!closed_) callbacks_.on_replies();
}

bool HelperLink::wait(std::chrono::milliseconds most) {
  pollfd reply{socket_.native_handle(), POLLIN, 0};
  int ready = 0;
  do ready = ::poll(&reply, 1, static_cast<int>(most.count()));
  while (ready < 0 && errno == EINTR);
  return ready > 0;
}

void HelperLink::await_end() {
  process_.async_wait(Descriptor::wait_read, [weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (self && !error && !self->closed_) self->look_for_end();
  });
}

void HelperLink::look_for_end() {
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(process_.native_handle()), &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0) return await_end();
  boost::system::error_code ignored;
  process_.close(ignored);
  if (open())
    callbacks_.on_lost(fmt::format("the helper that makes boxes ended ({} {})", info.si_code == CLD_EXITED ? "status" : "signal", info.si_status));
}

void HelperLink::kill() { ::syscall(SYS_pidfd_send_signal, process_.native_handle(), SIGKILL, nullptr, 0U); }

void HelperLink::give_up() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (lives()) kill();
}

bool HelperLink::ends_soon() {
  constexpr int patience = 1000;
  pollfd end{process_.native_handle(), POLLIN, 0};
  int ready = 0;
  do ready = ::poll(&end, 1, patience);
  while (ready < 0 && errno == EINTR);
  return ready > 0;
}

void HelperLink::close(bool politely) {
  closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (!lives()) return;
  if (!politely || !ends_soon()) kill();
  (void)ends_soon();
  siginfo_t info{};
  (void)::waitid(P_PIDFD, static_cast<id_t>(process_.native_handle()), &info, WEXITED | WNOHANG);
  process_.close(ignored);
}

int HelperLink::pidfd() { return lives() ? process_.native_handle() : -1; }

}  // namespace xsuperd::box
