// SPDX-License-Identifier: MIT
#include "spawn/slow_programs.hpp"

namespace xsuperd::spawn {

void SlowPrograms::add(const std::string& program) {
  const std::scoped_lock lock(mutex_);
  ++programs_[program].under_way;
  any_ = true;
}

void SlowPrograms::remove(const std::string& program, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  Entry& entry = programs_[program];
  if (entry.under_way > 0) --entry.under_way;
  entry.until = now + memory;
}

bool SlowPrograms::hangs(const std::string& program) {
  if (!any_.load(std::memory_order_relaxed)) return false;
  const std::scoped_lock lock(mutex_);
  const auto found = programs_.find(program);
  return found != programs_.end() && found->second.under_way > 0;
}

bool SlowPrograms::remembers(const std::string& program, Clock::time_point now) {
  if (!any_.load(std::memory_order_relaxed)) return false;
  const std::scoped_lock lock(mutex_);
  std::erase_if(programs_, [now](const auto& one) { return one.second.under_way == 0 && one.second.until <= now; });
  any_ = !programs_.empty();
  return programs_.contains(program);
}

}  // namespace xsuperd::spawn
