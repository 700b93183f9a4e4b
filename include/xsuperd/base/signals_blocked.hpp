// SPDX-License-Identifier: MIT
#pragma once
#include <pthread.h>

#include <csignal>

namespace xsuperd::base {

/// While it lives the calling thread takes no signal: threads that it makes meanwhile never do, from their first moment
/// on. Handlers of signals belong to the loop thread, and a broken pipe is an error code everywhere else. Restores what
/// was blocked before. Ends on the thread it began on.
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

}  // namespace xsuperd::base
