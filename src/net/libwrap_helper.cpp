// SPDX-License-Identifier: MIT
// The helper process: takes questions from its socket, forks a child for each, passes the children's answers
// on. One thread, no loop library; ends with the daemon.
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "net/libwrap_evaluate.hpp"
#include "net/libwrap_protocol.hpp"
#include "xsuperd/base/daemon_socket.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/net/libwrap.hpp"

namespace xsuperd::net {

namespace {

using wrap::Request;

/// A child that works on a question. Its answer, one byte, comes through a pipe that closes when the child
/// ends, and also when it becomes another program.
struct Child {
  pid_t pid = 0;
  std::uint64_t id = 0;
  base::Fd answer;  ///< none: it is ending
  base::Moment due;
};

/// Whether a process has lost its program already and is about to be a zombie.
bool ending(pid_t pid) {
  char program[1];
  return ::readlink(fmt::format("/proc/{}/exe", pid).c_str(), program, sizeof program) < 0 && errno == ENOENT;
}

/// What an answer of one byte means.
LibwrapAnswer meaning(char byte) {
  const bool allowed = byte == static_cast<char>(LibwrapAnswer::allowed);
  return allowed ? LibwrapAnswer::allowed : LibwrapAnswer::refused;
}

void answer_with(LibwrapAnswer answer, const base::Fd& to) {
  const auto byte = static_cast<char>(answer);
  [[maybe_unused]] const auto written = ::write(to.get(), &byte, 1);
}

/// As the service's user, when we may choose (fact B5.25).
bool become_user(const Request& request) {
  if (request.has_user == 0 || ::geteuid() != 0) return true;
  const std::vector<gid_t> groups(request.groups.begin(), request.groups.begin() + request.group_count);
  return ::setgroups(groups.size(), groups.data()) == 0 &&
         ::setresgid(request.gid, request.gid, request.gid) == 0 &&
         ::setresuid(request.uid, request.uid, request.uid) == 0;
}

/// The child's whole life. With `twist` it goes on as another program; else it never ends by itself without
/// an answer.
[[noreturn]] void work(const Request& request, base::Fd connection, base::Fd answer) {
  ::close(base::daemon_socket);
  // The library ends its process by exit(3) when a twist fails; nothing of the daemon's may run then.
  ::on_exit(
      [](int, void* to) {
        answer_with(LibwrapAnswer::refused, *static_cast<base::Fd*>(to));
        ::_exit(0);
      },
      &answer);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  bool allowed = false;
  if (become_user(request))
    allowed = wrap::evaluate(request.daemon.data(), wrap::endpoint_of(request.peer),
                             wrap::endpoint_of(request.local), connection.get());
  else
    ::syslog(LOG_ERR, "libwrap: cannot become user %u: %m", request.uid);
  // Before the answer, so that a server that follows has the connection for itself.
  connection.reset();
  answer_with(allowed ? LibwrapAnswer::allowed : LibwrapAnswer::refused, answer);
  ::_exit(0);
}

class Helper {
 public:
  Helper(std::size_t most, std::chrono::milliseconds deadline, base::Fd ended)
      : most_(most), deadline_(deadline), ended_(std::move(ended)) {}
  /// Returns when the daemon is gone.
  void run();

 private:
  void watch();
  [[nodiscard]] int patience() const;
  void take_question();
  void start(const Request& request, base::Fd connection);
  void collect();
  [[nodiscard]] bool settle(Child& child);
  void reap();
  [[nodiscard]] static LibwrapAnswer last_words(const Child& child, int status);
  void stop_late_ones();
  void reply(std::uint64_t id, LibwrapAnswer answer);

  const std::size_t most_;
  const std::chrono::milliseconds deadline_;
  const base::Fd ended_;  // tells that a child has ended
  std::vector<Child> working_;
  std::vector<pollfd> watched_;
  bool over_ = false;
};

void Helper::run() {
  while (!over_) {
    watch();
    if (::poll(watched_.data(), watched_.size(), patience()) < 0 && errno != EINTR) return;
    if ((watched_[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return;
    collect();
    reap();
    stop_late_ones();
    if ((watched_[0].revents & POLLIN) != 0) take_question();
  }
}

/// With too many at work questions are left in the socket.
void Helper::watch() {
  const short questions = working_.size() < most_ ? POLLIN : 0;
  watched_ = {{base::daemon_socket, questions, 0}, {ended_.get(), POLLIN, 0}};
  for (const Child& child : working_) watched_.push_back({child.answer.get(), POLLIN, 0});
}

/// Milliseconds until the first deadline, for poll(2).
int Helper::patience() const {
  if (working_.empty()) return -1;
  const auto first = std::min_element(working_.begin(), working_.end(),
                                      [](const Child& a, const Child& b) { return a.due < b.due; });
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(first->due - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void Helper::take_question() {
  Request request;
  auto received = wrap::receive_request(base::daemon_socket, request);
  if (!received) {
    // It is our own daemon that wrote this. To go on would be to guess: end, and all is refused.
    ::syslog(LOG_CRIT, "libwrap: malformed question from the daemon");
    over_ = true;
    return;
  }
  if (received->size > 0) start(request, std::move(received->connection));
}

void Helper::start(const Request& request, base::Fd connection) {
  // It was lost on the way when we are out of descriptors.
  if (request.has_connection == 1 && !connection) return reply(request.id, LibwrapAnswer::refused);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return reply(request.id, LibwrapAnswer::refused);
  base::Fd ours(ends[0]);
  base::Fd its(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) work(request, std::move(connection), std::move(its));
  if (pid < 0) return reply(request.id, LibwrapAnswer::refused);
  working_.push_back({pid, request.id, std::move(ours), std::chrono::steady_clock::now() + deadline_});
}

/// Takes answers, and what stands for one: the end of a pipe.
void Helper::collect() {
  std::erase_if(working_, [this](Child& child) { return settle(child); });
}

bool Helper::settle(Child& child) {
  if (!child.answer) return false;
  char byte = 0;
  const ssize_t n = ::read(child.answer.get(), &byte, 1);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (n == 0 && ending(child.pid)) {
    child.answer.reset();  // reap() is about to learn how it ended
    return false;
  }
  reply(child.id, n == 0 ? LibwrapAnswer::twisted : meaning(byte));
  return true;
}

/// Programs that came by twist end here too, long after they were settled.
void Helper::reap() {
  signalfd_siginfo info;
  while (::read(ended_.get(), &info, sizeof info) > 0) {
  }
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto child =
        std::find_if(working_.begin(), working_.end(), [&](const Child& c) { return c.pid == pid; });
    if (child == working_.end()) continue;
    reply(child->id, last_words(*child, status));
    working_.erase(child);
  }
}

/// Of a child that has ended. It may have answered since collect(); one that did not and was not killed had
/// become another program.
LibwrapAnswer Helper::last_words(const Child& child, int status) {
  char byte = 0;
  if (child.answer && ::read(child.answer.get(), &byte, 1) == 1) return meaning(byte);
  return WIFSIGNALED(status) ? LibwrapAnswer::refused : LibwrapAnswer::twisted;
}

void Helper::stop_late_ones() {
  const base::Moment now = std::chrono::steady_clock::now();
  std::erase_if(working_, [&](const Child& child) {
    if (child.due > now) return false;
    ::syslog(LOG_WARNING, "libwrap: no decision within %lld ms, refused",
             static_cast<long long>(deadline_.count()));
    ::kill(child.pid, SIGKILL);
    reply(child.id, LibwrapAnswer::refused);
    return true;
  });
}

/// May wait for the daemon to read; never for long, and never for a daemon that is gone.
void Helper::reply(std::uint64_t id, LibwrapAnswer answer) {
  const wrap::Reply message{wrap::version, static_cast<std::uint32_t>(answer), id};
  ssize_t sent = 0;
  do sent = ::send(base::daemon_socket, &message, sizeof message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) over_ = true;
}

/// Default actions, which the children inherit.
void default_signals() {
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigaction(number, &action, nullptr);
  }
}

/// Forks with all signals blocked. The helper leaves it at that (its children do not): what is meant for the daemon, or
/// comes from its terminal, is none of its business.
pid_t fork_sealed() {
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  const int error = errno;
  if (pid != 0) ::sigprocmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

[[noreturn]] void be_helper(int socket, const LibwrapHelperOptions& options) {
  default_signals();
  const auto kept = base::keep_only(socket);
  if (!kept) ::_exit(1);
  ::prctl(PR_SET_NAME, "xsuperd-wrap");
  ::setsid();
  if (::chdir("/") != 0) ::_exit(1);  // no file system stays busy on our account
  ::openlog(options.identity.c_str(), LOG_PID, options.facility);
  if (const auto loaded = wrap::load(options.tables); !loaded) {
    ::syslog(LOG_CRIT, "libwrap: %s", loaded.error().sentence.c_str());
    ::_exit(wrap::not_loaded_status);
  }
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  base::Fd ended(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!ended) ::_exit(1);
  Helper(options.most, options.deadline, std::move(ended)).run();
  ::_exit(0);
}

}  // namespace

base::Result<LibwrapHelper> start_libwrap_helper(const LibwrapHelperOptions& options) {
  if (!libwrap_available()) return base::Error{0, "xsuperd was built without libwrap"};
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return base::system_error(errno, "can't create a socket for the libwrap helper");
  LibwrapHelper helper{base::Fd(ends[0]), {}};
  const base::Fd its(ends[1]);
  const pid_t daemon = ::getpid();
  const pid_t pid = fork_sealed();
  if (pid < 0) return base::system_error(errno, "can't fork the libwrap helper");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != daemon) ::_exit(1);
    be_helper(its.get(), options);
  }
  helper.process.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  if (helper.process) return helper;
  const base::Error error = base::system_error(errno, "can't watch the libwrap helper");
  helper.socket.reset();
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return error;
}

void run_libwrap_helper(int socket) {
  LibwrapHelperOptions options;
  if (const char* identity = ::getenv("XSUPERD_WRAP_IDENTITY")) options.identity = identity;
  if (const char* facility = ::getenv("XSUPERD_WRAP_FACILITY")) options.facility = std::atoi(facility);
  ::unsetenv("XSUPERD_WRAP_IDENTITY");
  ::unsetenv("XSUPERD_WRAP_FACILITY");
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  be_helper(socket, options);
}

}  // namespace xsuperd::net
