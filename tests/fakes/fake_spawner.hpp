// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::fakes {

/// A Spawner that starts nothing: it keeps the jobs, and the test decides what becomes of them.
class FakeSpawner final : public spawn::Spawner {
 public:
  struct Request {
    spawn::Job job;
    Load load = Load::alone;
  };
  std::vector<Request>
      requests;  ///< all jobs so far, oldest first; a socket leaves its job when it is answered
  /// When set, answers a job out of start() itself, as Load::alone and Load::at_once do; nullopt leaves it for later.
  std::function<std::optional<spawn::Outcome>(spawn::Job&)> answer_at_once;

  std::optional<spawn::Outcome> start(spawn::Job job, Load load) override {
    std::optional<spawn::Outcome> answer;
    if (answer_at_once) answer = answer_at_once(job);
    requests.push_back({std::move(job), load});
    return answer;
  }
  void on_outcome(std::function<void(spawn::Outcome)> handler) override { handler_ = std::move(handler); }

  void presume(bool on) override { presuming = on; }
  bool presuming = false;  ///< what was asked for last

  /// Hands any outcome to the handler.
  void deliver(spawn::Outcome outcome) { handler_(std::move(outcome)); }

  /// The job runs as `pid`: its socket is closed here, as the real one does.
  void deliver_started(std::size_t request, pid_t pid, base::Fd pidfd = {}) {
    spawn::Job& job = requests.at(request).job;
    job.socket.reset();
    job.errors.reset();
    deliver(spawn::Started{.token = job.token, .pid = pid, .pidfd = std::move(pidfd)});
  }
  /// No process came to be.
  void deliver_clone_failure(std::size_t request, int error) {
    deliver(failure(request, spawn::Step::clone, error));
  }
  /// A process came to be and ended in `step`.
  void deliver_child_failure(std::size_t request, spawn::Step step, int error, pid_t pid, int status = 126) {
    spawn::StartFailed failed = failure(request, step, error);
    failed.process_existed = true;
    failed.pid = pid;
    failed.status = status;
    deliver(std::move(failed));
  }

 private:
  spawn::StartFailed failure(std::size_t request, spawn::Step step, int error) {
    spawn::Job& job = requests.at(request).job;
    spawn::StartFailed failed;
    failed.token = job.token;
    failed.step = step;
    failed.error = error;
    failed.socket = std::move(job.socket);
    job.errors.reset();
    return failed;
  }

  std::function<void(spawn::Outcome)> handler_;
};

}  // namespace xsuperd::fakes
