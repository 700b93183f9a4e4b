// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "spawn/job_ring.hpp"
#include "spawn/launcher.hpp"
#include "spawn/outcome_box.hpp"
#include "spawn/pending.hpp"
#include "spawn/raw_syscall.hpp"
#include "spawn/slow_programs.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::spawn {

namespace {

constexpr std::size_t ring_capacity = 256;
/// How long a spawner thread waits for a program that hangs already: long enough to notice that it does no more.
constexpr std::chrono::milliseconds patience_with_hanging{10};

base::Fd open_null() {
  base::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) throw std::system_error(errno, std::generic_category(), "/dev/null");
  return null;
}

/// Threads made during its life never take a signal.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

class CloneSpawner final : public Spawner {
 public:
  CloneSpawner(boost::asio::io_context& loop, const CloneOptions& options);
  ~CloneSpawner() override;

  std::optional<Outcome> start(Job job, Load load) override;
  void on_outcome(std::function<void(Outcome)> handler) override;
  void presume() override { pending_.presume(); }

 private:
  [[nodiscard]] std::optional<Outcome> start_here(Job job, bool slow, bool at_once);
  void take(Launched launched);
  void work(unsigned thread);

  const CloneOptions options_;
  const Manner manner_;
  const base::Fd null_;
  std::function<void(Outcome)> handler_;
  SlowPrograms slow_;
  Launcher here_;
  PendingLaunches pending_;
  JobRing ring_;
  OutcomeBox box_;
  std::vector<std::jthread> threads_;
};

CloneSpawner::CloneSpawner(boost::asio::io_context& loop, const CloneOptions& options)
    : options_(options),
      manner_(choose_manner(options)),
      null_(open_null()),
      here_(manner_, 0, null_.get()),
      pending_(loop, slow_),
      ring_(options.threads == 0 ? 0 : ring_capacity),
      box_(loop) {
  box_.on_launched([this](Launched launched) { take(std::move(launched)); });
  const SignalsBlocked blocked;
  for (unsigned thread = 1; thread <= options.threads; ++thread)
    threads_.emplace_back([this, thread] { work(thread); });
}

CloneSpawner::~CloneSpawner() {
  ring_.close();  // none goes on with the jobs that are left
  threads_.clear();
  for (Launched& launched : box_.take_rest())
    if (auto* launch = std::get_if<std::unique_ptr<Launch>>(&launched)) pending_.add(std::move(*launch), true);
}

void CloneSpawner::on_outcome(std::function<void(Outcome)> handler) {
  handler_ = std::move(handler);
  pending_.on_outcome(handler_);
}

std::optional<Outcome> CloneSpawner::start(Job job, Load load) {
  const std::string& program = job.recipe->path;
  const bool slow = slow_.remembers(program, std::chrono::steady_clock::now());
  if (slow && pending_.size() >= options_.most_pending && slow_.hangs(program))
    return StartFailed{.token = job.token, .error = EAGAIN, .socket = std::move(job.socket)};
  const bool for_threads = load == Load::many || (load == Load::alone && (slow || raw_touches_tls));
  if (for_threads && ring_.push(job)) return std::nullopt;
  return start_here(std::move(job), slow, load == Load::at_once);
}

std::optional<Outcome> CloneSpawner::start_here(Job job, bool slow, bool at_once) {
  auto patience = at_once ? options_.thread_patience : options_.loop_patience;
  if (slow) patience = std::chrono::milliseconds(0);
  Launched launched = here_.launch(std::move(job), patience);
  if (auto* outcome = std::get_if<Outcome>(&launched)) return std::move(*outcome);
  auto launch = std::get<std::unique_ptr<Launch>>(std::move(launched));
  slow_.add(launch->program());
  std::optional<Outcome> outcome;
  if (at_once) outcome = launch->presume();
  pending_.add(std::move(launch), !at_once);
  return outcome;
}

void CloneSpawner::take(Launched launched) {
  if (auto* outcome = std::get_if<Outcome>(&launched)) return handler_(std::move(*outcome));
  pending_.add(std::get<std::unique_ptr<Launch>>(std::move(launched)), true);
}

void CloneSpawner::work(unsigned thread) {
  Launcher launcher(manner_, thread, null_.get());
  while (std::optional<Job> job = ring_.take()) {
    const auto patience = slow_.hangs(job->recipe->path) ? patience_with_hanging : options_.thread_patience;
    Launched launched = launcher.launch(*std::move(job), patience);
    if (auto* launch = std::get_if<std::unique_ptr<Launch>>(&launched)) slow_.add((*launch)->program());
    box_.put(std::move(launched));
  }
}

}  // namespace

std::unique_ptr<Spawner> make_clone_spawner(boost::asio::io_context& loop, CloneOptions options) {
  return std::make_unique<CloneSpawner>(loop, options);
}

}  // namespace xsuperd::spawn
