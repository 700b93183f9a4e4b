// SPDX-License-Identifier: MIT
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <optional>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/slab.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/service/state_snapshot.hpp"

namespace xsuperd::service {

/// Requests that wait for a place (`queue`): first come, first served within a source, and the sources in turn, so that one
/// of them with many requests does not keep others waiting. A source that may have no more for the time being is put aside
/// with all of its requests, and keeps its turn. Those that are exempt from limits come before all others. About 60 bytes for
/// each request, 120 for each source. Pure; a State owns it.
class WaitingLine {
 public:
  /// Adds one at the end of its source; nothing happens for one that waits already. Throws std::bad_alloc, and nothing has
  /// happened then.
  void push(Token token, const base::Address& source, bool exempt, base::Moment since);
  /// Puts sources aside until the one whose turn it is may have its turn, or none is left.
  template <typename May>
  void settle(const May& may) {
    while (const Source* source = first())
      if (may(source->address, source->exempt)) return;
      else put_aside();
  }
  struct Next {
    Token token = 0;
    bool exempt = false;
  };
  /// The next one, when settle() has been called since the last change; nothing when no source may.
  [[nodiscard]] std::optional<Next> next() const;
  /// That source may have its turn again.
  void take_back(const base::Address& source);
  /// It has its place, and then its source has the next turn after all others; or it left, or has waited for too long. False
  /// when it did not wait.
  bool take_out(Token token, bool served);
  struct Oldest {
    Token token = 0;
    base::Moment since{};
  };
  /// The one that has waited longest; nothing when none waits.
  [[nodiscard]] std::optional<Oldest> oldest() const;

  [[nodiscard]] bool contains(Token token) const { return index_.contains(token); }
  [[nodiscard]] std::size_t size() const { return index_.size(); }
  [[nodiscard]] bool empty() const { return index_.empty(); }
  [[nodiscard]] std::size_t count_from(const base::Address& source) const;
  /// How many would be served before one that came from that source now, if all sources may. Looks at all sources.
  [[nodiscard]] std::size_t before(const base::Address& source, bool exempt) const;

  /// In the order in which their turns come.
  [[nodiscard]] std::vector<StateSnapshot::Waiting> snapshot() const;
  /// To be called on a new one.
  void restore(std::vector<StateSnapshot::Waiting> waiting);

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr std::uint64_t after_the_exempt = std::uint64_t{1} << 62;  ///< turns are never as many

  struct Wait {
    Token token = 0;
    base::Moment since{};
    std::uint32_t before = none, after = none;  ///< within its source
    std::uint32_t older = none, younger = none;
    std::uint32_t source = none;
  };
  struct Source {
    base::Address address;
    std::uint64_t turn = 0;  ///< the smaller, the earlier; 0: it is none
    std::uint32_t first = none, last = none;
    std::uint32_t count = 0;
    bool aside = false;
    bool exempt = false;
  };
  struct Turn {
    std::uint64_t number;
    std::uint32_t source;
  };
  static bool later(const Turn& a, const Turn& b) { return a.number > b.number; }

  /// Whose turn it is; null when it is nobody's. Forgets what is out of date.
  [[nodiscard]] const Source* first();
  [[nodiscard]] bool in_force(const Turn& turn) const;
  void put_aside();
  void add_turn(std::uint32_t source);
  [[nodiscard]] std::uint32_t source_number(const base::Address& address, bool exempt);
  [[nodiscard]] std::uint64_t new_turn(const Source& source) { return ++last_turn_ + (source.exempt ? 0 : after_the_exempt); }
  void append(std::uint32_t number);
  void unlink(const Wait& wait);
  void forget_source(std::uint32_t number);

  base::Slab<Wait> waits_;
  base::Slab<Source> sources_;
  boost::unordered_flat_map<Token, std::uint32_t> index_;
  boost::unordered_flat_map<base::Address, std::uint32_t> source_index_;
  /// A heap, the next turn on top. What has another turn by now, or is aside, is out of date.
  std::vector<Turn> turns_;
  std::uint64_t last_turn_ = 0;
  std::uint32_t oldest_ = none, youngest_ = none;
};

}  // namespace xsuperd::service
