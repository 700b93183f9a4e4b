// SPDX-License-Identifier: MIT
#pragma once
#include <random>
#include <set>
#include <string>
#include <type_traits>

#include "supervisor/hand_over_limits.hpp"

namespace xsuperd::supervisor::testing {

/// States with whatever values their members may have, made from what describes them: a new member is made by itself.
class Maker {
 public:
  enum class With {
    anything,
    everything,  ///< nothing has its default, no list is empty; but a session cannot have all at once
    nothing,     ///< everything has its default where it may, in lists of one element
  };
  explicit Maker(std::uint32_t seed, With with = With::anything) : random_(seed), with_(with) {}

  HandOver state() {
    HandOver all;
    fill(all);
    if (all.services.empty()) all.runners.clear();
    all.configured = std::min(all.configured, all.services.size());
    for (HandOver::Runner& runner : all.runners) {
      runner.service = with_ == With::everything ? 1 : runner.service % all.services.size();
      fit(runner.state);
    }
    all.ban_table = all.ban_texts.empty() ? "" : "192.0.2.0/24 5000000000 7000000000 3 1 0\n2001:db8::1 -1 0 0 0 0\n";
    all.bans_behind = all.ban_texts.empty() ? "" : "192.0.2.0/24 4000000000 6000000000 2 1 0\n";
    all.last_token = last_token_ + number() % 100;
    return all;
  }

 private:
  template <typename T>
  void fill(T& value, const Limits& its = {}) {
    if constexpr (base::Described<T>) {
      const T unset{};
      base::for_each_member<T>([&](auto member) {
        auto& one = value.*member.pointer;
        do fill(one, limits<member.pointer>);
        while (with_ == With::everything && one == unset.*member.pointer);
      });
    } else if constexpr (is_list<T>) {
      const std::size_t size = with_ == With::nothing ? 1 : with_ == With::everything ? 3 : number() % 4;
      value.resize(its.most > 0 ? std::min(size, its.most) : size);
      for (auto& one : value) fill(one);
    } else if constexpr (is_optional<T>) {
      if (with_ == With::everything || number() % 2 == 0) fill(value.emplace());
    } else if (with_ == With::nothing) {
      if constexpr (std::is_integral_v<T>)
        if (!its.descriptor && its.low > static_cast<std::int64_t>(value)) value = static_cast<T>(its.low);
    } else {
      make(value, its);
    }
  }
  template <std::integral T>
  void make(T& value, const Limits& its) {
    if (its.descriptor) return value = flag() ? T(++last_descriptor_) : T(-1), void();
    const std::uint64_t high = std::min<std::uint64_t>(its.high, std::numeric_limits<T>::max());
    const std::uint64_t span = high - static_cast<std::uint64_t>(its.low) + 1;
    const std::uint64_t far = flag() ? std::uint64_t{number()} << 32 | number() : number();
    value = static_cast<T>(static_cast<std::uint64_t>(its.low) + (span == 0 ? far : far % span));
  }
  void make(bool& value, const Limits&) { value = flag(); }
  template <typename E>
    requires std::is_enum_v<E>
  void make(E& value, const Limits& its) {
    const auto high = std::min<std::uint64_t>(its.high, static_cast<std::uint64_t>(base::last_enumerator<E>()));
    value = static_cast<E>(number() % (high + 1));
  }
  void make(std::string& value, const Limits&) {
    value.resize(number() % 20);
    for (char& c : value) c = static_cast<char>(number());  // whatever bytes names of files have
  }
  template <typename Clock, typename D>
  void make(std::chrono::time_point<Clock, D>& value, const Limits&) {
    value = number() % 8 == 0 ? value.max() : std::chrono::time_point<Clock, D>(D(std::int64_t{number()} - (1 << 30)));
  }
  void make(std::chrono::nanoseconds& value, const Limits&) { value = std::chrono::nanoseconds(number()); }
  void make(ReasonCounts& counts, const Limits&) {
    for (const policy::ReasonRow& row : policy::reason_table) counts[row.reason] = 1 + number();
  }
  void make(base::Address& value, const Limits&) {
    value = {};
    if (number() % 3 == 0) return;
    if (number() % 4 == 0) return value = flag() ? base::Address::local(number(), number(), number()) : base::Address::vsock(number(), number()), void();
    if (flag()) return value = base::Address::ipv4(number()), void();
    std::array<std::uint8_t, 16> bytes{};
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(number());
    value = base::Address::ipv6(bytes, flag() ? number() : 0);
  }

  /// What single members cannot know: tokens are different, places belong to sessions, and those have a server, a
  /// conversation or neither.
  void fit(service::InheritedRunner& runner) {
    for (service::InheritedSession& session : runner.sessions) {
      session.token = ++last_token_;
      if (with_ != With::nothing) session.pidfd = session.pidfd < 0 ? -1 : ++last_descriptor_;
      if (session.pidfd < 0) session.pid = 0;
      if (session.pidfd >= 0 && session.pid == 0) session.pid = 1;
      if (session.pid != 0 && with_ == With::everything && session.token % 3 == 0) session.pid = 0, session.pidfd = -1;
      if (session.pid != 0) session.conversing = false;
    }
    auto& places = runner.state.places;
    if (places.size() > runner.sessions.size()) places.resize(runner.sessions.size());
    for (std::size_t i = 0; i < places.size(); ++i) places[i].token = runner.sessions[i].token;
  }

  std::uint32_t number() { return static_cast<std::uint32_t>(random_()); }
  bool flag() { return number() % 2 == 1; }

  std::mt19937 random_;
  With with_;
  int last_descriptor_ = 2;
  service::Token last_token_ = 0;
};

/// The members of a state, as "runners.state.sessions.pid".
struct Members {
  std::set<std::string> all;
  std::set<std::string> set;  ///< those that somewhere have another value than their default

  template <base::Described T>
  void look_at(const T& value, const std::string& path = {}) {
    const T unset{};
    base::for_each_member<T>([&](auto member) {
      const std::string its = path + "." + std::string(member.name);
      const auto& one = value.*member.pointer;
      all.insert(its);
      if (one != unset.*member.pointer) set.insert(its);
      look_into(one, its);
    });
  }

 private:
  template <typename T>
  void look_into(const T& value, const std::string& path) {
    if constexpr (base::Described<T>) {
      look_at(value, path);
    } else if constexpr (is_list<T>) {
      look_into(typename T::value_type{}, path);
      for (const auto& one : value) look_into(one, path);
    } else if constexpr (is_optional<T>) {
      look_into(value.value_or(typename T::value_type{}), path);
    }
  }
};

}  // namespace xsuperd::supervisor::testing
