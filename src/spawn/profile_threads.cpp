// SPDX-License-Identifier: MIT
#include "spawn/profile_threads.hpp"

#include <algorithm>
#include <system_error>

#include "xsuperd/base/signals_blocked.hpp"

namespace xsuperd::spawn {

ProfileThreads::ProfileThreads(Options options) : options_(std::move(options)) {}

void ProfileThreads::end() {
  for (const auto& group : groups_) group->ring.close();  // all of them, before any is waited for
  groups_.clear();
}

bool ProfileThreads::push(Job& job) {
  if (options_.threads == 0 || !job.recipe->inheritable) return false;
  Group* group = group_of(Profile::of(*job.recipe));
  return group != nullptr && !group->useless && group->ring.push(job);
}

ProfileThreads::Group* ProfileThreads::group_of(const Profile& profile) {
  const auto found = std::ranges::find_if(groups_, [&](const auto& group) { return group->profile == profile; });
  if (found != groups_.end()) {
    (*found)->last_use = ++uses_;
    return found->get();
  }
  if (groups_.size() >= options_.profiles && !make_room()) return nullptr;
  auto group = std::make_unique<Group>(profile, options_.ring);
  group->last_use = ++uses_;
  begin(*group);
  if (group->threads.empty()) return nullptr;
  return groups_.emplace_back(std::move(group)).get();
}

/// To wait for a thread that is at work would hold up the loop.
bool ProfileThreads::make_room() {
  std::ranges::sort(groups_, {}, [](const auto& group) { return group->last_use; });
  const auto idle = std::ranges::find_if(groups_, [](const auto& group) { return group->ring.all_wait(group->threads.size()); });
  if (idle == groups_.end()) return false;
  groups_.erase(idle);
  return true;
}

/// With fewer than wanted when the system has no more.
void ProfileThreads::begin(Group& group) {
  const base::SignalsBlocked blocked;
  try {
    for (unsigned thread = 0; thread < options_.threads; ++thread)
      group.threads.emplace_back([this, &group] {
        const bool good = take_on(group.profile);
        if (!good) group.useless = true;
        options_.serve(group.ring, good);
      });
  } catch (const std::system_error&) {
    return;
  }
}

}  // namespace xsuperd::spawn
