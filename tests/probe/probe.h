// SPDX-License-Identifier: MIT
// What a program tries from inside: attempts, each in a process of its own, each with one answer.
#pragma once
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Answers of an attempt besides the errno for which something was refused.
enum { ALLOWED = 0, ABSENT = 1000 };

struct attempt {
  const char* name;
  /// ALLOWED, ABSENT or an errno. Whatever it changes of its process ends with it; of the machine it changes nothing that
  /// it does not put back.
  int (*run)(void);
};

extern const struct attempt file_attempts[], proc_attempts[], device_attempts[], process_attempts[], socket_attempts[],
    kernel_attempts[], right_attempts[];

/// What the driver has told about the host, as NAME=VALUE on the command line; "" for what it has not.
const char* fact(const char* name);
long number_fact(const char* name);

/// The errno of a call that has failed; one of those that mean "not there" as ABSENT.
int answer(long result);
/// The same for a call that cannot succeed: with this errno it got by all checks of rights.
int got_by(long result, int error);
/// Can the file be opened? Nothing is read or written.
int opens(const char* path, int flags);
/// Makes a file in the directory, and removes it again.
int writes_in(const char* directory);
