// SPDX-License-Identifier: MIT
#include "xsuperd/spawn/boxing_spawner.hpp"

#include <sched.h>

#include <cerrno>
#include <utility>

namespace xsuperd::spawn {

namespace {

int namespaces_of(const box::Mould& mould) {
  using Own = box::Mould::Own;
  return (mould.has_mounts() ? CLONE_NEWNS : 0) | (mould.network != Own::none ? CLONE_NEWNET : 0) | (mould.ipc != Own::none ? CLONE_NEWIPC : 0);
}

StartFailed without_box(Job& job, const base::Error& why) {
  return {.token = job.token, .step = Step::box, .error = why.code == 0 ? EAGAIN : why.code, .socket = std::move(job.socket), .detail = why.sentence};
}

/// The ids that the server has, inside and outside; the config refuses a service that would stay root.
box::UserMap map_of(const Job& job) {
  const Recipe& recipe = *job.recipe;
  if (job.box.own_uid == 0) {
    const Credentials who = recipe.credentials.value_or(Credentials{});
    return {who.uid, who.uid, who.gid, who.gid};
  }
  const uid_t inside = recipe.root_inside ? 0 : job.box.own_uid;
  return {inside, job.box.own_uid, inside, job.box.own_uid};
}

}  // namespace

std::optional<Outcome> BoxingSpawner::start(Job job, Load load) {
  if (!job.recipe->mould) return start_as(std::move(job), load);
  const std::uint64_t token = job.token;
  auto box = boxes_.lend(job.recipe->mould, [this, token, load](base::Result<box::Box> made) { arrived(token, std::move(made), load); });
  if (box) return start_in(std::move(*box), std::move(job), load);
  waiting_.emplace(token, std::move(job));
  return std::nullopt;
}

std::optional<Outcome> BoxingSpawner::start_in(box::Box box, Job job, Load load) {
  const auto uid = job.recipe->own_uids ? choose_uid(*job.recipe->own_uids) : std::optional<uid_t>(0);
  if (!uid) {
    boxes_.take_back(std::move(box));
    return without_box(job, {EAGAIN, "all user ids of dynamic_uids are in use"});
  }
  job.box = {.keeper = box.keeper.get(), .namespaces = namespaces_of(*box.mould), .pids = box.mould->pids,
             .proc = box.mould->pids && !box.mould->reuse ? box.mould->proc_options() : nullptr,
             .group = box.group ? box.group.get() : -1, .group_limits_memory = box.mould->limits_memory(),
             .group_limits_cpu = box.mould->limits_cpu(), .own_uid = *uid};
  lent_.emplace(job.token, Lent{std::move(box), *uid});
  auto outcome = start_as(std::move(job), load);
  if (outcome) note(*outcome);
  return outcome;
}

/// One for ids that come back after all others are not worth keeping.
std::optional<Outcome> BoxingSpawner::start_as(Job job, Load load) {
  if (!job.recipe->own_users) return spawner_.start(std::move(job), load);
  const box::UserMap map = map_of(job);
  auto space = job.box.own_uid != 0 ? box::make_user_space(map) : user_spaces_.get(map);
  if (!space) return without_box(job, space.error());
  job.users = {std::move(*space), map.uid_inside, map.gid_inside};
  return spawner_.start(std::move(job), load);
}

void BoxingSpawner::arrived(std::uint64_t token, base::Result<box::Box> box, Load load) {
  auto node = waiting_.extract(token);
  Job job = std::move(node.mapped());
  if (!box) return handler_(without_box(job, box.error()));
  if (auto outcome = start_in(std::move(*box), std::move(job), load)) handler_(std::move(*outcome));
}

/// In turn, so that an id comes again as late as possible.
std::optional<uid_t> BoxingSpawner::choose_uid(const OwnUids& uids) {
  const std::size_t all = std::size_t{uids.last} - uids.first + 1;
  for (std::size_t tries = 0; tries < all && tries <= uids_.size(); ++tries) {
    last_uid_ = last_uid_ >= uids.first && last_uid_ < uids.last ? last_uid_ + 1 : uids.first;
    if (uids_.try_emplace(last_uid_, 1).second) return last_uid_;
  }
  return std::nullopt;
}

void BoxingSpawner::note(const Outcome& outcome) {
  if (const auto* failed = std::get_if<StartFailed>(&outcome)) (void)ended(failed->token);
}

void BoxingSpawner::on_outcome(std::function<void(Outcome)> handler) {
  handler_ = std::move(handler);
  spawner_.on_outcome([this](Outcome outcome) {
    note(outcome);
    handler_(std::move(outcome));
  });
}

void BoxingSpawner::presume(bool on) {
  if (on) boxes_.settle(std::chrono::seconds(1));
  spawner_.presume(on);
}

void BoxingSpawner::killed(std::uint64_t token) {
  if (const auto found = lent_.find(token); found != lent_.end()) boxes_.kill(found->second.box);
}

box::Struck BoxingSpawner::ended(std::uint64_t token) {
  if (lent_.empty()) return {};
  auto node = lent_.extract(token);
  if (!node) return {};
  Lent& lent = node.mapped();
  if (const auto used = uids_.find(lent.own_uid); used != uids_.end() && --used->second == 0) uids_.erase(used);
  return boxes_.take_back(std::move(lent.box));
}

std::vector<InheritedBox> BoxingSpawner::hand_over() const {
  std::vector<InheritedBox> all;
  for (const auto& [token, lent] : lent_) all.push_back({token, lent.box.keeper.get(), lent.own_uid, lent.box.group ? lent.box.group.get() : -1, lent.box.group_path});
  return all;
}

void BoxingSpawner::take_over(const InheritedBox& box, base::Fd keeper, base::Fd group) {
  if (!keeper) return;
  if (box.own_uid != 0) ++uids_[box.own_uid];
  last_uid_ = std::max(last_uid_, box.own_uid);
  lent_.emplace(box.token, Lent{{.keeper = std::move(keeper), .group = std::move(group), .group_path = box.group_path}, box.own_uid});
}

}  // namespace xsuperd::spawn
