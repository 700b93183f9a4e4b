// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "xsuperd/base/described.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/box/boxes.hpp"
#include "xsuperd/box/user_space.hpp"
#include "xsuperd/spawn/spawner.hpp"

namespace xsuperd::spawn {

/// A box that a server has, for the next image of the daemon.
struct InheritedBox {
  std::uint64_t token = 0;
  int keeper = -1;  ///< number of the pidfd
  uid_t own_uid = 0;
  int group = -1;               ///< number of the descriptor of its control group
  std::string group_path = {};
  bool operator==(const InheritedBox&) const = default;
};
BOOST_DESCRIBE_STRUCT(InheritedBox, (), (token, keeper, own_uid, group, group_path))
constexpr auto members_since(const InheritedBox*) { return std::array{base::Since{"group", 9}, base::Since{"group_path", 9}}; }

/// Puts servers whose recipe has a mould into a box, and those that are to have one into a user namespace, and leaves the
/// start of all of them to another Spawner. A server for which no box is there yet is started when one has been made; one for
/// which none can be made fails in Step::box. Lives on the loop thread, and makes user namespaces there: one for each start
/// with an id of its own, about a tenth of a millisecond.
class BoxingSpawner final : public Spawner {
 public:
  /// Both outlive it.
  BoxingSpawner(Spawner& spawner, box::Boxes& boxes) : spawner_(spawner), boxes_(boxes) {}

  [[nodiscard]] std::optional<Outcome> start(Job job, Load load) override;
  void on_outcome(std::function<void(Outcome)> handler) override;
  /// With true it also waits for boxes that are being made, up to a second.
  void presume(bool on) override;

  /// The server of that token has been sent KILL: all that is in its control group ends with it. For one without a box
  /// nothing happens.
  void killed(std::uint64_t token);
  /// The server of that token has ended and was reaped: its box is free. For one without a box nothing happens. Tells
  /// which limits of its box it met.
  box::Struck ended(std::uint64_t token);
  /// How many servers have a box.
  [[nodiscard]] std::size_t lent() const { return lent_.size(); }
  [[nodiscard]] bool has_box(std::uint64_t token) const { return lent_.contains(token); }

  [[nodiscard]] std::vector<InheritedBox> hand_over() const;
  /// `keeper` may be none: then it ended meanwhile.
  void take_over(const InheritedBox& box, base::Fd keeper, base::Fd group);

 private:
  struct Lent {
    box::Box box;
    uid_t own_uid = 0;
  };
  [[nodiscard]] std::optional<Outcome> start_in(box::Box box, Job job, Load load);
  void arrived(std::uint64_t token, base::Result<box::Box> box, Load load);
  /// None: all of them are in use.
  [[nodiscard]] std::optional<uid_t> choose_uid(const OwnUids& uids);
  [[nodiscard]] std::optional<Outcome> start_as(Job job, Load load);
  void note(const Outcome& outcome);

  Spawner& spawner_;
  box::Boxes& boxes_;
  std::function<void(Outcome)> handler_;
  std::unordered_map<std::uint64_t, Job> waiting_;  ///< for a box, by token
  std::unordered_map<std::uint64_t, Lent> lent_;
  std::unordered_map<uid_t, std::size_t> uids_;  ///< those in use
  uid_t last_uid_ = 0;
  box::UserSpaces user_spaces_;  ///< those of users that are the recipe's
};

}  // namespace xsuperd::spawn
