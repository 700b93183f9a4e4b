// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "spawn/job_ring.hpp"
#include "spawn/launcher.hpp"
#include "spawn/low_descriptors.hpp"
#include "spawn/outcome_box.hpp"
#include "spawn/pending.hpp"
#include "spawn/profile_threads.hpp"
#include "xsuperd/base/raw_syscall.hpp"
#include "spawn/slots.hpp"
#include "spawn/slow_programs.hpp"
#include "xsuperd/base/signals_blocked.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::spawn {

namespace {

constexpr std::size_t ring_capacity = 256;
/// How long a spawner thread waits for a program that hangs already: long enough to notice that it does no more.
constexpr std::chrono::milliseconds patience_with_hanging{10};
/// How long the loop waits for one that was slow a short time ago and may be healthy again.
constexpr std::chrono::milliseconds patience_with_slow{1};
constexpr std::chrono::milliseconds pause_without_memory{10};

base::Fd open_null() {
  base::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) throw std::system_error(errno, std::generic_category(), "/dev/null");
  return null;
}

class CloneSpawner final : public Spawner {
 public:
  CloneSpawner(boost::asio::io_context& loop, const CloneOptions& options);
  ~CloneSpawner() override;

  std::optional<Outcome> start(Job job, Load load) override;
  void on_outcome(std::function<void(Outcome)> handler) override;
  void presume(bool on) override;

 private:
  [[nodiscard]] std::optional<Outcome> start_here(Job&& job, bool slow, bool at_once);
  [[nodiscard]] std::chrono::milliseconds patience_here(const std::string& program, bool slow, bool at_once);
  [[nodiscard]] std::optional<Outcome> leave_alone(std::unique_ptr<Launch> launch, bool at_once);
  void count(Launch& launch);
  void take(Launched launched);
  void start_threads();
  void work(JobRing& ring, bool inherits);
  void put(Launched launched);

  const CloneOptions options_;
  const Manner manner_;
  const base::Fd null_;
  std::function<void(Outcome)> handler_;
  bool presumes_ = false;
  SlowPrograms slow_;
  Launcher here_;
  PendingLaunches pending_;
  Slots slots_;
  JobRing ring_;
  OutcomeBox box_;
  std::vector<std::jthread> threads_;
  ProfileThreads profiles_;
};

CloneSpawner::CloneSpawner(boost::asio::io_context& loop, const CloneOptions& options)
    : options_(options),
      manner_(choose_manner(options)),
      null_(open_null()),
      here_(manner_, null_.get()),
      pending_(loop, slow_),
      slots_(options.threads),
      ring_(options.threads == 0 ? 0 : ring_capacity),
      box_(loop),
      profiles_({.threads = options.threads,
                 .ring = ring_capacity,
                 .serve = [this](JobRing& ring, bool inherits) { work(ring, inherits); }}) {
  box_.on_launched([this](Launched launched) { take(std::move(launched)); });
  start_threads();
}

void CloneSpawner::start_threads() {
  const base::SignalsBlocked blocked;
  try {
    for (unsigned thread = 0; thread < options_.threads; ++thread)
      threads_.emplace_back([this] { work(ring_, false); });
  } catch (...) {
    ring_.close();  // those that are there end
    throw;
  }
}

CloneSpawner::~CloneSpawner() {
  ring_.close();  // none goes on with the jobs that are left
  profiles_.end();
  threads_.clear();
  for (Launched& launched : box_.take_rest())
    if (auto* launch = std::get_if<std::unique_ptr<Launch>>(&launched)) pending_.add(std::move(*launch), true);
}

void CloneSpawner::on_outcome(std::function<void(Outcome)> handler) {
  handler_ = std::move(handler);
  pending_.on_outcome(handler_);
}

/// The flag first: what the threads have becomes pending later.
void CloneSpawner::presume(bool on) {
  presumes_ = on;
  if (on) pending_.presume();
}

std::optional<Outcome> CloneSpawner::start(Job job, Load load) {
  const std::string& program = job.recipe->path;
  const bool slow = slow_.any() && slow_.remembers(program, std::chrono::steady_clock::now());
  if (slow && pending_.size() >= options_.most_pending && slow_.hangs(program))
    return StartFailed{.token = job.token, .error = EAGAIN, .socket = std::move(job.socket)};
  if (load != Load::at_once && profiles_.push(job)) return std::nullopt;
  const bool for_threads = load == Load::many || (load == Load::alone && (slow || base::raw_touches_tls));
  if (for_threads && ring_.push(job)) return std::nullopt;
  return start_here(std::move(job), slow, load == Load::at_once);
}

std::optional<Outcome> CloneSpawner::start_here(Job&& job, bool slow, bool at_once) {
  const auto patience = patience_here(job.recipe->path, slow, at_once);
  Launched launched = here_.launch(std::move(job), patience, slot_number(0));
  if (auto* outcome = std::get_if<Outcome>(&launched)) return std::move(*outcome);
  auto launch = std::get<std::unique_ptr<Launch>>(std::move(launched));
  if (!slow) count(*launch);
  return leave_alone(std::move(launch), at_once);
}

std::chrono::milliseconds CloneSpawner::patience_here(const std::string& program, bool slow, bool at_once) {
  if (!slow) return at_once ? options_.thread_patience : options_.loop_patience;
  if (slow_.hangs(program)) return std::chrono::milliseconds(0);
  return std::min(patience_with_slow, options_.loop_patience);
}

/// Its outcome, when that has to be presumed.
std::optional<Outcome> CloneSpawner::leave_alone(std::unique_ptr<Launch> launch, bool at_once) {
  std::optional<Outcome> outcome;
  if (at_once || presumes_) outcome = launch->presume();
  pending_.add(std::move(launch), !outcome);
  return outcome;
}

void CloneSpawner::count(Launch& launch) {
  launch.counted_slow = true;
  slow_.add(launch.program());
}

void CloneSpawner::take(Launched launched) {
  if (auto* launch = std::get_if<std::unique_ptr<Launch>>(&launched)) {
    if (auto outcome = leave_alone(std::move(*launch), false)) handler_(*std::move(outcome));
    return;
  }
  handler_(std::get<Outcome>(std::move(launched)));
}

void CloneSpawner::work(JobRing& ring, bool inherits) {
  Launcher launcher(manner_, null_.get());
  while (std::optional<Job> job = ring.take()) {
    const bool hangs = slow_.hangs(job->recipe->path);
    const auto patience = hangs ? patience_with_hanging : options_.thread_patience;
    Launched launched = [&] {
      const Slots::Use slot(slots_);
      return launcher.launch(*std::move(job), patience, slot.number(), inherits);
    }();
    auto* launch = std::get_if<std::unique_ptr<Launch>>(&launched);
    if (launch != nullptr && !hangs) count(**launch);
    put(std::move(launched));
  }
}

/// Somebody waits for it: it is kept until there is memory to tell of it.
void CloneSpawner::put(Launched launched) {
  while (true) {
    try {
      return box_.put(std::move(launched));
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(pause_without_memory);
    }
  }
}

}  // namespace

std::unique_ptr<Spawner> make_clone_spawner(boost::asio::io_context& loop, CloneOptions options) {
  return std::make_unique<CloneSpawner>(loop, options);
}

}  // namespace xsuperd::spawn
