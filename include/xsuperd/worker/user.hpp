// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "xsuperd/worker/client.hpp"

/// Who workers are where no user has been made for them: an id that nobody else has. Workers must not share one with a
/// server, which could stop, kill, limit and trace them, whatever their sandbox.
namespace xsuperd::worker {

/// Ids that exist in a user namespace, one line of /proc/self/uid_map (user_namespaces(7)).
struct IdRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  bool operator==(const IdRange&) const = default;
};
/// The lines that can be read; the others are ignored.
[[nodiscard]] std::vector<IdRange> parse_id_map(std::string_view text);

/// An id that exists in all of `users` and `groups` (both maps), and of which `taken` says that no user and no group
/// has it. From a range in which nothing is assigned: 2,100,000,000 and up, which is above the ranges of subuid(5),
/// FreeIPA and systemd's containers and below the foreign ids of systemd; in a namespace that has no such ids 65,520 to
/// 65,533, which lie between systemd's dynamic users and nobody. None when there is no such id either. Pure.
[[nodiscard]] std::optional<std::uint32_t> unused_id(const std::vector<IdRange>& users,
                                                     const std::vector<IdRange>& groups,
                                                     const std::function<bool(std::uint32_t)>& taken);

/// The same of this process and its user and group databases, as user and group; nobody's (65534) when there is none.
/// Blocks on look-ups; to be called while there are no other threads.
[[nodiscard]] WorkerUser unused_user();

}  // namespace xsuperd::worker
