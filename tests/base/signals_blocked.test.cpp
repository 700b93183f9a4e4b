// SPDX-License-Identifier: MIT
#include "xsuperd/base/signals_blocked.hpp"

#include <catch2/catch.hpp>
#include <thread>

using namespace xsuperd;

namespace {

sigset_t blocked_here() {
  sigset_t now;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
  return now;
}

}  // namespace

TEST_CASE("a thread made while signals are blocked takes none, also when they are let through again where it was made") {
  sigset_t in_thread;
  sigemptyset(&in_thread);
  std::thread thread;
  {
    const base::SignalsBlocked blocked;
    thread = std::thread([&] { in_thread = blocked_here(); });
  }
  thread.join();
  for (const int signal : {SIGPIPE, SIGHUP, SIGTERM, SIGXFSZ, SIGUSR1}) CHECK(sigismember(&in_thread, signal) == 1);
}

TEST_CASE("afterwards is blocked what was blocked before, and nothing else") {
  sigset_t one;
  sigset_t before;
  sigemptyset(&one);
  sigaddset(&one, SIGUSR2);
  ::pthread_sigmask(SIG_BLOCK, &one, &before);
  {
    const base::SignalsBlocked blocked;
    const sigset_t inside = blocked_here();
    CHECK(sigismember(&inside, SIGTERM) == 1);
  }
  const sigset_t after = blocked_here();
  CHECK(sigismember(&after, SIGUSR2) == 1);
  CHECK(sigismember(&after, SIGTERM) == 0);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}
