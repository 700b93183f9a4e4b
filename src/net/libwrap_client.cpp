// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <deque>
#include <unordered_map>
#include <utility>

#include "net/helper_process.hpp"
#include "net/libwrap_protocol.hpp"
#include "net/libwrap_tables.hpp"
#include "xsuperd/net/libwrap.hpp"

namespace xsuperd::net {

namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

/// A question that found no room in the socket, with its own copy of the connection.
struct Waiting {
  wrap::Request request;
  base::Fd connection;
};

std::string end_text(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED && info.si_status == wrap::not_loaded_status)
    return "libwrap cannot be loaded (syslog has the reason): as long as hosts.allow or hosts.deny have rules, every "
           "peer that would be looked up there is refused";
  return fmt::format(
      "the libwrap helper (pid {}) ended ({} {}): the peers that it was looking up in hosts.allow and hosts.deny are "
      "refused",
      info.si_pid, info.si_code == CLD_EXITED ? "status" : "signal", info.si_status);
}

}  // namespace

struct Libwrap::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& on, Options with)
      : loop(on), options(std::move(with)), tables(options.tables), socket(on), process(on), looking(on) {}

  void take_helper(LibwrapHelper helper);
  void drop_helper(const base::Fd& unwatched);
  void start();
  void later(Done done, LibwrapAnswer answer);
  void ask(const LibwrapQuestion& question, Done done);
  [[nodiscard]] bool post_question(const LibwrapQuestion& question, std::uint64_t id);
  [[nodiscard]] bool keep(const wrap::Request& request, int connection);
  void await_room();
  void send_kept();
  void give_up(std::uint64_t id);

  void await_replies();
  void take_replies();
  void take(const wrap::Reply& reply);

  void look_after_helper();
  [[nodiscard]] bool hangs();

  void await_end();
  void look_for_end();
  void ended(const siginfo_t& info);
  void refuse_all();
  void kill() { kill_helper(process.native_handle()); }
  void close();

  boost::asio::io_context& loop;
  Options options;
  wrap::Tables tables;
  Descriptor socket;   // closed as soon as the helper is useless
  Descriptor process;  // closed once it is reaped
  boost::asio::steady_timer looking;  // runs as long as there are questions
  bool is_looking = false;
  std::chrono::steady_clock::time_point heard;  // of the helper, or the first question after it had none
  std::uint64_t last_id = 0;
  std::unordered_map<std::uint64_t, Done> open;
  std::deque<Waiting> kept;
  std::optional<std::chrono::steady_clock::time_point> started;  // the last of ours
  bool closed = false;
};

void Libwrap::Impl::later(Done done, LibwrapAnswer answer) {
  boost::asio::post(loop, [weak = weak_from_this(), done = std::move(done), answer] {
    const auto self = weak.lock();
    if (self && !self->closed) done(answer);
  });
}

void Libwrap::Impl::ask(const LibwrapQuestion& question, Done done) {
  const std::uint64_t id = ++last_id;
  if (!socket.is_open()) start();
  if (!socket.is_open() || !post_question(question, id))
    return later(std::move(done), LibwrapAnswer::refused);
  if (open.empty()) heard = std::chrono::steady_clock::now();
  open.emplace(id, std::move(done));
  look_after_helper();
}

void Libwrap::Impl::look_after_helper() {
  if (open.empty() || std::exchange(is_looking, true)) return;
  looking.expires_after(options.look);
  looking.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (!self || error || self->closed) return;
    self->is_looking = false;
    self->look_after_helper();
    if (!self->open.empty() && self->process.is_open() && self->hangs()) self->kill();  // its end tells
  });
}

/// The status of a stopped child is looked at and left where it is.
bool Libwrap::Impl::hangs() {
  siginfo_t info{};
  const int answer = ::waitid(P_PIDFD, static_cast<id_t>(process.native_handle()), &info,
                              WSTOPPED | WNOHANG | WNOWAIT);
  if (answer == 0 && info.si_pid != 0) return true;
  return std::chrono::steady_clock::now() - heard > options.silence;
}

void Libwrap::Impl::take_helper(LibwrapHelper helper) {
  if (!helper.socket || !helper.process) return;
  base::Fd pidfd = std::move(helper.process);
  try {
    assign(process, pidfd);
    assign(socket, helper.socket);
    await_replies();
    await_end();
  } catch (const std::exception&) {
    // The kernel watches no more descriptors, or there is no memory: the next question starts another.
    drop_helper(pidfd);
    throw;
  }
}

/// It has been asked nothing yet.
void Libwrap::Impl::drop_helper(const base::Fd& unwatched) {
  end_helper(process.is_open() ? process.native_handle() : unwatched.get());
  boost::system::error_code ignored;
  socket.close(ignored);
  process.close(ignored);
}

/// One that dies of every question must not be started as fast as peers come.
void Libwrap::Impl::start() {
  const auto now = std::chrono::steady_clock::now();
  if (!options.start || process.is_open() || (started && now - *started < std::chrono::seconds(1))) return;
  started = now;
  auto helper = options.start();
  std::string trouble;
  try {
    if (helper) return take_helper(std::move(*helper));
    trouble = helper.error().sentence;
  } catch (const std::exception& full) {
    trouble = fmt::format("can't watch the libwrap helper: {}", full.what());
  }
  if (options.on_helper_end) options.on_helper_end(trouble);
}

/// True when it is on its way, or will be.
bool Libwrap::Impl::post_question(const LibwrapQuestion& question, std::uint64_t id) {
  wrap::Request request;
  if (!wrap::encode(question, id, request)) return false;
  if (!kept.empty()) return keep(request, question.connection);
  const int error = wrap::send_request(socket.native_handle(), request, question.connection);
  return error == 0 || (error == EAGAIN && keep(request, question.connection));
}

bool Libwrap::Impl::keep(const wrap::Request& request, int connection) {
  if (kept.size() >= options.queue) return false;
  base::Fd copy(connection < 0 ? -1 : ::fcntl(connection, F_DUPFD_CLOEXEC, 0));
  if (connection >= 0 && !copy) return false;
  kept.push_back({request, std::move(copy)});
  if (kept.size() == 1) await_room();
  return true;
}

void Libwrap::Impl::await_room() {
  socket.async_wait(Descriptor::wait_write, [weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (self && !error && self->socket.is_open()) self->send_kept();
  });
}

void Libwrap::Impl::send_kept() {
  while (!kept.empty()) {
    const Waiting& next = kept.front();
    const int error = wrap::send_request(socket.native_handle(), next.request, next.connection.get());
    if (error == EAGAIN) return await_room();
    if (error != 0) give_up(next.request.id);
    kept.pop_front();
  }
}

void Libwrap::Impl::give_up(std::uint64_t id) {
  auto question = open.extract(id);
  if (question) later(std::move(question.mapped()), LibwrapAnswer::refused);
}

void Libwrap::Impl::await_replies() {
  socket.async_wait(Descriptor::wait_read, [weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (!self || error || !self->socket.is_open()) return;
    self->await_replies();  // first: a reply's handler may throw
    self->take_replies();
  });
}

/// What cannot be understood, or the end of the stream: the helper is useless. It is ended, and its end is reported.
void Libwrap::Impl::take_replies() {
  while (socket.is_open()) {
    wrap::Reply reply{};
    const ssize_t n = ::recv(socket.native_handle(), &reply, sizeof reply, MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n > 0 && wrap::valid(reply, static_cast<std::size_t>(n))) {
      take(reply);
      continue;
    }
    boost::system::error_code ignored;
    socket.close(ignored);
    kill();
  }
}

void Libwrap::Impl::take(const wrap::Reply& reply) {
  heard = std::chrono::steady_clock::now();
  auto question = open.extract(reply.id);
  if (question) question.mapped()(static_cast<LibwrapAnswer>(reply.answer));
}

void Libwrap::Impl::await_end() {
  process.async_wait(Descriptor::wait_read, [weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (self && !error && !self->closed) self->look_for_end();
  });
}

void Libwrap::Impl::look_for_end() {
  siginfo_t info;
  if (!reap(process.native_handle(), info)) return await_end();
  boost::system::error_code ignored;
  process.close(ignored);
  ended(info);
}

void Libwrap::Impl::ended(const siginfo_t& info) {
  take_replies();  // what it still said holds
  if (closed) return;
  boost::system::error_code ignored;
  socket.close(ignored);
  kept.clear();
  if (options.on_helper_end) options.on_helper_end(end_text(info));
  refuse_all();
}

void Libwrap::Impl::refuse_all() {
  auto refused = std::exchange(open, {});
  for (auto& [id, done] : refused)
    if (!closed) done(LibwrapAnswer::refused);
}

void Libwrap::Impl::close() {
  closed = true;
  looking.cancel();
  boost::system::error_code ignored;
  socket.close(ignored);
  if (!process.is_open()) return;
  end_helper(process.native_handle());
  process.close(ignored);
}

Libwrap::Libwrap(boost::asio::io_context& loop, LibwrapHelper helper, Options options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {
  impl_->take_helper(std::move(helper));
}

Libwrap::~Libwrap() { impl_->close(); }

bool Libwrap::no_rules() {
  if (!libwrap_available()) return true;
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return !impl_->tables.have_rules(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

void Libwrap::ask(const LibwrapQuestion& question, Done done) {
  if (no_rules()) return done(LibwrapAnswer::allowed);
  impl_->ask(question, std::move(done));
}

std::size_t Libwrap::pending() const { return impl_->open.size(); }

int Libwrap::helper_pidfd() const { return impl_->process.is_open() ? impl_->process.native_handle() : -1; }

}  // namespace xsuperd::net
