// SPDX-License-Identifier: MIT
#include "spawn/launcher.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <new>
#include <utility>

#include "spawn/low_descriptors.hpp"

namespace xsuperd::spawn {

namespace {

bool kernel_can_unshare() {
  // An empty range does nothing; a kernel that knows the call and the flag answers EINVAL.
  return ::syscall(SYS_close_range, 1U, 0U, CLOSE_RANGE_UNSHARE) == -1 && errno == EINVAL;
}

/// Null when there is no memory for another.
std::unique_ptr<Launch> make_launch() {
  try {
    return std::make_unique<Launch>();
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace

Manner choose_manner(const CloneOptions& options) {
  Manner manner;
  manner.null_slot = null_slot(options.threads);
  manner.pidfd_clone = !options.without_pidfd_clone;
  manner.begins = present_ids();
  if (!options.without_unshare && kernel_can_unshare() && low_descriptors_reserved(options.threads))
    manner.first_high = static_cast<unsigned>(first_high(options.threads));
  return manner;
}

Launcher::Launcher(Manner manner, int null) : manner_(manner), null_(null), launch_(std::make_unique<Launch>()) {}

Launched Launcher::launch(Job&& job, std::chrono::nanoseconds patience, int slot, bool inherits) {
  if (!launch_) launch_ = make_launch();
  if (!launch_) return StartFailed{.token = job.token, .error = ENOMEM, .socket = std::move(job.socket)};
  try {
    launch_->prepare(std::move(job));
  } catch (const std::bad_alloc&) {
    launch_->fail(Step::clone, ENOMEM);
    return launch_->finish();
  }
  if (inherits) launch_->inherits();
  // What becomes 2 has no slot, nor has a user namespace: few servers have one of their own, and a copy of the whole table
  // leads them to it.
  const bool plainly = manner_.first_high == 0 || launch_->job().errors || launch_->job().users.space;
  const bool through = plainly ? start_plainly(patience) : start_by_slot(patience, slot);
  if (through) return launch_->finish();
  return std::move(launch_);
}

bool Launcher::start_plainly(std::chrono::nanoseconds patience) {
  const Job& job = launch_->job();
  Manner whole = manner_;
  whole.first_high = 0;
  launch_->clone(whole, launch_->socket(), job.errors.get() == -1 && job.discard_errors ? null_ : job.errors.get());
  return launch_->wait(patience);
}

bool Launcher::start_by_slot(std::chrono::nanoseconds patience, int slot) {
  if (::dup3(launch_->socket(), slot, O_CLOEXEC) == -1) {
    launch_->fail(Step::descriptors, errno);
    return true;
  }
  launch_->clone(manner_, slot, launch_->job().discard_errors ? manner_.null_slot : -1);
  const bool through = launch_->wait(patience);
  if (!through) launch_->wait_for_table();
  ::dup3(null_, slot, O_CLOEXEC);
  return through;
}

}  // namespace xsuperd::spawn
