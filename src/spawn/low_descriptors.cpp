// SPDX-License-Identifier: MIT
#include "spawn/low_descriptors.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::spawn {

namespace {

// A close-on-exec /dev/null is taken for ours: whoever opened it can lose nothing.
bool is_placeholder(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3)) return false;
  return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

int reserve(int null, int slot) {
  if (is_placeholder(slot)) return 0;
  base::Fd copy(::fcntl(null, F_DUPFD_CLOEXEC, slot));  // the lowest free number from `slot` on
  if (!copy) return errno;
  if (copy.get() != slot) return EBUSY;
  (void)copy.release();  // belongs to the process from now on
  return 0;
}

}  // namespace

bool low_descriptors_reserved(unsigned threads) {
  for (int slot = first_slot; slot < first_high(threads); ++slot)
    if (!is_placeholder(slot)) return false;
  return true;
}

int reserve_low_descriptors(unsigned threads) {
  base::Fd low(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!low) return errno;
  const base::Fd null(::fcntl(low.get(), F_DUPFD_CLOEXEC, first_high(threads)));
  if (!null) return errno;
  low.reset();  // it may have taken a slot
  for (int slot = first_slot; slot < first_high(threads); ++slot)
    if (const int error = reserve(null.get(), slot)) return error;
  return 0;
}

}  // namespace xsuperd::spawn
