// SPDX-License-Identifier: MIT
#include "xsuperd/base/descriptor_reserve.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>

namespace xsuperd::base {

namespace {
constexpr int numbers_in_between = 64;
}

DescriptorReserve::DescriptorReserve(unsigned long long limit) noexcept {
  const auto numbers = std::min<unsigned long long>(limit, std::numeric_limits<int>::max());
  first_kept_ = static_cast<int>(numbers - std::min({std::max(numbers / 8, 24ULL), numbers / 4, 128ULL}));
  approach_ = std::max(first_kept_ - numbers_in_between, 0);
  near_ = true;  // until the first session tells
}

DescriptorReserve DescriptorReserve::of_this_process() noexcept {
  rlimit files{};
  return ::getrlimit(RLIMIT_NOFILE, &files) == 0 ? DescriptorReserve(files.rlim_cur) : DescriptorReserve();
}

bool DescriptorReserve::looks_free(int any_open) const noexcept {
  const Fd next(::fcntl(any_open, F_DUPFD_CLOEXEC, 0));
  return !next || next.get() < first_kept_;
}

Fd DescriptorReserve::below(Fd fd) const noexcept {
  if (fd.get() < first_kept_) return fd;
  Fd lower(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  return lower && lower.get() < fd.get() ? std::move(lower) : std::move(fd);
}

}  // namespace xsuperd::base
