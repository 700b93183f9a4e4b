// SPDX-License-Identifier: MIT
#pragma once
#include <sys/syscall.h>

#include <type_traits>
#if !(defined(__x86_64__) && defined(__LP64__)) && !defined(__aarch64__)
#include <unistd.h>

#include <cerrno>
#endif

#ifdef __has_attribute
#if __has_attribute(no_stack_protector)
#define XSUPERD_WITHOUT_CANARY __attribute__((no_stack_protector))
#endif
#endif
#ifndef XSUPERD_WITHOUT_CANARY
#define XSUPERD_WITHOUT_CANARY
#endif

/// Marks functions that run between clone and exec. The child shares our memory, and with it the TLS of the
/// thread that made it, which goes on meanwhile and may even end: so the bookkeeping of sanitizers has no place
/// there, and no canary is read from the TLS. (GCC before 11 lacks that attribute: CMakeLists.txt builds the
/// sources that have such functions without canaries in any case.)
#define XSUPERD_IN_CHILD \
  __attribute__((no_sanitize("address", "thread", "undefined"))) XSUPERD_WITHOUT_CANARY

/// glibc's clone() by its other name, because ThreadSanitizer puts a function of its own in place of the usual one: that takes
/// every child for a fork and notes so in its state, which lies in the memory that we share with the child.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern "C" int __clone(int (*run)(void*), void* stack, int flags, void* argument, ...);

/// System calls for the child: they leave errno alone, which belongs to the thread that made it. Each returns
/// the kernel's answer, -errno on failure.
namespace xsuperd::base {

/// Where we have no system calls of our own, libc's write into the TLS, which the child shares: there the
/// thread that made it must stand still until the child is through.
#if (defined(__x86_64__) && defined(__LP64__)) || defined(__aarch64__)
constexpr bool raw_touches_tls = false;
#else
constexpr bool raw_touches_tls = true;
#endif

XSUPERD_IN_CHILD inline long raw_words(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__) && defined(__LP64__)
  long answer = number;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall" : "+a"(answer) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return answer;
#elif defined(__aarch64__)
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#else
  const int kept = errno;
  long answer = ::syscall(number, a, b, c, d, e, f);
  if (answer == -1) answer = -errno;
  errno = kept;
  return answer;
#endif
}

template <typename T>
XSUPERD_IN_CHILD inline long raw_word(T value) {
  if constexpr (std::is_null_pointer_v<T>)
    return 0;
  else if constexpr (std::is_pointer_v<T>)
    return reinterpret_cast<long>(value);
  else
    return static_cast<long>(value);
}

/// Those that are not given are 0, as prctl(2) wants them.
template <typename A = long, typename B = long, typename C = long, typename D = long, typename E = long, typename F = long>
XSUPERD_IN_CHILD inline long raw(long number, A a = 0, B b = 0, C c = 0, D d = 0, E e = 0, F f = 0) {
  return raw_words(number, raw_word(a), raw_word(b), raw_word(c), raw_word(d), raw_word(e), raw_word(f));
}

/// errno of an answer, 0 for success.
XSUPERD_IN_CHILD inline int error_of(long answer) { return answer < 0 ? static_cast<int>(-answer) : 0; }

}  // namespace xsuperd::base
