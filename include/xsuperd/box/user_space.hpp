// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"

namespace xsuperd::box {

/// The one user id and the one group id that exist in a user namespace, as they are inside and as the host has them.
struct UserMap {
  uid_t uid_inside = 0, uid = 0;
  gid_t gid_inside = 0, gid = 0;
  bool operator==(const UserMap&) const = default;
};

/// A user namespace with that map, for setns(2) (user_namespaces(7)). It belongs to the user of this process, root, and
/// never to the one that is mapped: whoever has that id elsewhere has no rights in it. setgroups(2) is denied in it. Takes a
/// process that lives for a fraction of a millisecond, and /proc. Any thread; the error's sentence says which step failed.
[[nodiscard]] base::Result<base::Fd> make_user_space(const UserMap& map);

/// Those that are wanted again and again. Belongs to one thread.
class UserSpaces {
 public:
  /// A descriptor of the caller's own.
  [[nodiscard]] base::Result<base::Fd> get(const UserMap& map);

 private:
  std::vector<std::pair<UserMap, base::Fd>> made_;  ///< the oldest first
};

/// Can this process make user namespaces and enter them? The first call tries it.
enum class UserSpaceAbility : std::uint8_t { usable, not_root, not_permitted, not_in_kernel };
[[nodiscard]] UserSpaceAbility user_space_ability();

}  // namespace xsuperd::box
