// SPDX-License-Identifier: MIT
#include "supervisor/trial.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

#include "supervisor/sealed_memory.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/supervisor/take_over.hpp"

namespace xsuperd::supervisor {

namespace {

constexpr std::uint64_t the_child = 1;
constexpr std::size_t longest_answer = 64u << 20;
constexpr std::size_t longest_sentence = 1000;

std::shared_ptr<const spawn::Recipe> recipe_for(const Trial::What& what) {
  auto recipe = std::make_shared<spawn::Recipe>();
  recipe->path = what.file.empty() ? what.binary : what.file;
  recipe->argv = what.arguments;
  recipe->argv.insert(recipe->argv.begin() + 1, std::string(trial_word));
  recipe->environment = what.environment;
  recipe->remote_host = false;
  return recipe;
}

}  // namespace

Trial::Trial(boost::asio::io_context& loop, What what, Done done)
    : what_(std::move(what)),
      done_(std::move(done)),
      socket_(loop),
      timer_(loop),
      child_(loop, [this](const spawn::Ended& how) { ended(how); }) {
  if (what_.arguments.empty()) what_.arguments = {"xsuperd"};
}

Trial::~Trial() { child_.signal(the_child, SIGKILL); }

void Trial::abandon() noexcept {
  done_ = nullptr;
  if (child_.signal(the_child, SIGKILL)) self_ = shared_from_this();
}

void Trial::start(spawn::Spawner& spawner) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return finish(base::system_error(errno, "a socket for the trial run"));
  base::Fd its(ends[1]);
  base::Fd ours(ends[0]);
  socket_.assign(ours.get());
  (void)ours.release();
  auto outcome = spawner.start({0, recipe_for(what_), std::move(its), {}}, spawn::Spawner::Load::at_once);
  if (!outcome) return finish(base::Error{EAGAIN, "the trial run could not be started"});
  if (const auto* failed = std::get_if<spawn::StartFailed>(&*outcome))
    return finish(base::system_error(failed->error, "executing " + what_.binary));
  auto& started = std::get<spawn::Started>(*outcome);
  child_.watch(the_child, started.pid, std::move(started.pidfd));
  timer_.expires_after(what_.limit);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    if (const auto self = weak.lock(); self && !error) self->too_late();
  });
  send();
  receive();
}

void Trial::send() {
  while (sent_ < what_.state.size()) {
    const ssize_t n = ::send(socket_.native_handle(), what_.state.data() + sent_, what_.state.size() - sent_,
                             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN)
      return socket_.async_wait(socket_.wait_write, [weak = weak_from_this()](boost::system::error_code error) {
        if (const auto self = weak.lock(); self && !error) self->send();
      });
    if (n < 0) return;  // it does not want it all; its end will tell
    sent_ += static_cast<std::size_t>(n);
  }
  ::shutdown(socket_.native_handle(), SHUT_WR);
}

void Trial::receive() {
  socket_.async_wait(socket_.wait_read, [weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (self && !error && self->done_) self->take_answer_or_give_up();
  });
}

/// What it says cannot be kept: its end will tell.
void Trial::take_answer_or_give_up() {
  try {
    take_answer();
  } catch (const std::exception&) {
    child_.signal(the_child, SIGKILL);
    throw;
  }
}

void Trial::take_answer() {
  char buffer[65536];
  while (true) {
    const ssize_t n = ::recv(socket_.native_handle(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return receive();
    if (n <= 0) return;
    if (answer_.size() < longest_answer) answer_.append(buffer, static_cast<std::size_t>(n));
  }
}

void Trial::too_late() {
  late_ = true;
  child_.signal(the_child, SIGKILL);
}

void Trial::ended(const spawn::Ended& how) {
  const std::shared_ptr<Trial> self = self_ ? std::exchange(self_, nullptr) : shared_from_this();
  if (!done_) return;
  base::Result<std::string> result = base::Error{ENOMEM, {}};
  try {
    take_answer();  // its last words may still be unread
    result = verdict(how);
  } catch (const std::exception& error) {
    result = base::Error{0, error.what()};
  }
  tell(std::move(result));
}

base::Result<std::string> Trial::verdict(const spawn::Ended& how) const {
  if (late_) return base::Error{0, fmt::format("no answer in {} ms", what_.limit.count())};
  if (how.signalled) return base::Error{0, fmt::format("its trial run ended with signal {}", how.value)};
  if (how.value == 0 && answer_.starts_with(trial_passed)) return answer_.substr(trial_passed.size());
  std::string said = base::escaped(base::trim(answer_), longest_sentence);
  if (how.value == 0) said = "it is not a program that can take over";
  if (said.empty()) said = "it gives no reason";
  return base::Error{0, fmt::format("its trial run ended with status {}: {}", how.value, said)};
}

void Trial::finish(base::Result<std::string> result) {
  boost::asio::post(timer_.get_executor(), [self = shared_from_this(), result = std::move(result)]() mutable {
    self->tell(std::move(result));
  });
}

void Trial::tell(base::Result<std::string> result) {
  timer_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (done_) std::exchange(done_, {})(std::move(result));
}

}  // namespace xsuperd::supervisor
