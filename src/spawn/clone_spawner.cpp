// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "spawn/job_ring.hpp"
#include "spawn/launcher.hpp"
#include "spawn/outcome_box.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::spawn {

namespace {

constexpr std::size_t ring_capacity = 256;

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
  void on_outcome(std::function<void(Outcome)> handler) override { box_.on_outcome(std::move(handler)); }

 private:
  void work(unsigned thread);

  const Manner manner_;
  const base::Fd null_;
  Launcher here_;
  JobRing ring_;
  OutcomeBox box_;
  std::vector<std::jthread> threads_;  // last: they use all of the above, and are joined first
};

CloneSpawner::CloneSpawner(boost::asio::io_context& loop, const CloneOptions& options)
    : manner_(choose_manner(options)),
      null_(open_null()),
      here_(manner_, 0, null_.get()),
      ring_(options.threads == 0 ? 0 : ring_capacity),
      box_(loop) {
  const SignalsBlocked blocked;
  for (unsigned thread = 1; thread <= options.threads; ++thread)
    threads_.emplace_back([this, thread] { work(thread); });
}

CloneSpawner::~CloneSpawner() {
  ring_.close();  // none goes on with the jobs that are left
}

std::optional<Outcome> CloneSpawner::start(Job job, Load load) {
  if (load == Load::many && ring_.push(job)) return std::nullopt;
  return here_.launch(std::move(job));
}

void CloneSpawner::work(unsigned thread) {
  Launcher launcher(manner_, thread, null_.get());
  while (std::optional<Job> job = ring_.take()) box_.put(launcher.launch(*std::move(job)));
}

}  // namespace

std::unique_ptr<Spawner> make_clone_spawner(boost::asio::io_context& loop, CloneOptions options) {
  return std::make_unique<CloneSpawner>(loop, options);
}

}  // namespace xsuperd::spawn
