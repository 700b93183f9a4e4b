// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "xsuperd/base/described.hpp"

namespace xsuperd::base {

/// How long something took, and how often: counts by bounds that never change, so that those of several services, of several
/// daemons and of the image before an upgrade can be added. Counting allocates nothing.
struct Histogram {
  std::uint64_t within_250us = 0;
  std::uint64_t within_1ms = 0;  ///< and longer than the bound before, as all that follow
  std::uint64_t within_5ms = 0;
  std::uint64_t within_20ms = 0;
  std::uint64_t within_100ms = 0;
  std::uint64_t within_500ms = 0;
  std::uint64_t within_1s = 0;
  std::uint64_t within_5s = 0;
  std::uint64_t within_30s = 0;
  std::uint64_t within_5min = 0;
  std::uint64_t within_1h = 0;
  std::uint64_t longer = 0;
  std::uint64_t sum_us = 0;  ///< how long all of them took together, in microseconds

  void add(std::chrono::nanoseconds time);
  Histogram& operator+=(const Histogram& other);
  bool operator==(const Histogram&) const = default;
};
BOOST_DESCRIBE_STRUCT(Histogram, (), (within_250us, within_1ms, within_5ms, within_20ms, within_100ms, within_500ms, within_1s, within_5s,
                                      within_30s, within_5min, within_1h, longer, sum_us))

/// One of its counts.
struct Bound {
  std::string_view seconds;  ///< as metrics write it; the last: "+Inf"
  std::chrono::nanoseconds most{};
  std::uint64_t Histogram::*count = nullptr;
};

inline constexpr std::size_t bound_count = 12;
/// In ascending order; the last takes what is longer than all others.
inline constexpr std::array<Bound, bound_count> bounds{{
    {"0.00025", std::chrono::microseconds(250), &Histogram::within_250us},
    {"0.001", std::chrono::milliseconds(1), &Histogram::within_1ms},
    {"0.005", std::chrono::milliseconds(5), &Histogram::within_5ms},
    {"0.02", std::chrono::milliseconds(20), &Histogram::within_20ms},
    {"0.1", std::chrono::milliseconds(100), &Histogram::within_100ms},
    {"0.5", std::chrono::milliseconds(500), &Histogram::within_500ms},
    {"1.0", std::chrono::seconds(1), &Histogram::within_1s},
    {"5.0", std::chrono::seconds(5), &Histogram::within_5s},
    {"30.0", std::chrono::seconds(30), &Histogram::within_30s},
    {"300.0", std::chrono::minutes(5), &Histogram::within_5min},
    {"3600.0", std::chrono::hours(1), &Histogram::within_1h},
    {"+Inf", std::chrono::nanoseconds::max(), &Histogram::longer},
}};

inline void Histogram::add(std::chrono::nanoseconds time) {
  const Bound* bound = bounds.data();
  while (time > bound->most) ++bound;
  ++(this->*bound->count);
  if (time.count() > 0) sum_us += static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

inline Histogram& Histogram::operator+=(const Histogram& other) {
  for (const Bound& bound : bounds) this->*bound.count += other.*bound.count;
  sum_us += other.sum_us;
  return *this;
}

}  // namespace xsuperd::base
