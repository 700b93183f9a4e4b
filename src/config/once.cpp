// SPDX-License-Identifier: MIT
#include "config/once.hpp"

namespace xsuperd::config {

namespace {

using User = std::optional<Names::UserEntry>;

bool same(const User& a, const User& b) {
  if (!a || !b) return !a && !b;
  return a->name == b->name && a->uid == b->uid && a->gid == b->gid;
}

bool same(const base::Result<Files::Kind>& a, const base::Result<Files::Kind>& b) {
  return a && b ? *a == *b : !a && !b;
}

/// For answers that have no ==.
template <typename Question, typename Answer, typename Ask>
bool all_same(const Asked<Question, Answer>& asked, Ask ask) {
  return std::ranges::all_of(asked.all(), [&](const auto& one) { return same(ask(one.first), one.second); });
}

}  // namespace

bool Answers::hold(Names& names, Files& files) const {
  return all_same(users, [&](const auto& name) { return names.user(name); }) &&
         all_same(uids, [&](uid_t uid) { return names.user(uid); }) &&
         groups.hold([&](const auto& name) { return names.group(name); }) &&
         memberships.hold([&](const auto& of) { return names.groups_of(of.first, of.second); }) &&
         ports.hold([&](const auto& of) { return names.service_port(of.first, of.second); }) &&
         protocols.hold([&](const auto& name) { return names.protocol(name); }) &&
         rpc.hold([&](const auto& name) { return names.rpc_number(name); }) &&
         networks.hold([&](const auto& name) { return names.network(name); }) &&
         system_calls.hold([&](const auto& name) { return names.system_call(name); }) &&
         all_same(kinds, [&](const auto& path) { return files.kind(path); }) &&
         executables.hold([&](const auto& path) { return files.executable(path); }) &&
         environment == names.environment();
}

}  // namespace xsuperd::config
