// SPDX-License-Identifier: MIT
// Goes through the members of described structs (base/members.hpp), and through what they hold: writes them as JSON, reads
// them with all checks, visits the values. Internal to supervisor.
#pragma once
#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/members.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/policy/reason.hpp"

namespace xsuperd::base {
BOOST_DESCRIBE_STRUCT(Endpoint, (), (address, port))
}

namespace xsuperd::supervisor {

constexpr std::size_t longest_text = 64u << 20;
constexpr int greatest_descriptor = 1 << 30;

/// What is allowed of a member, and how it stands in JSON, where its type and name do not say so.
struct Limits {
  std::string_view name = {};  ///< what it is called; empty: what it is called in the struct
  bool flat = false;           ///< it is none: its own members stand in its place
  bool descriptor = false;     ///< the number of one, or -1
  std::int64_t low = 0;        ///< of a number
  std::uint64_t high = std::numeric_limits<std::uint64_t>::max();  ///< where its type can be as great
  std::size_t most = 0;        ///< bytes of a text (0: longest_text), elements of a list (which need be said)
};
/// To be specialised for a member by its pointer.
template <auto Member>
inline constexpr Limits limits{};

template <typename T>
constexpr bool is_list = false;
template <typename T>
constexpr bool is_list<std::vector<T>> = true;
template <typename T>
constexpr bool is_optional = false;
template <typename T>
constexpr bool is_optional<std::optional<T>> = true;
template <typename T>
constexpr bool is_time = false;
template <typename Clock, typename D>
constexpr bool is_time<std::chrono::time_point<Clock, D>> = true;

using ReasonCounts = policy::PerReason<std::uint64_t>;

/// What is in a list, or optional, is an object; where it has no members, with one of this name.
template <typename T>
constexpr const char* only_name = is_time<T> ? "ns" : "text";

template <typename D>
constexpr std::string_view name_of(base::Member<D> member) {
  return limits<member.pointer>.name.empty() ? member.name : limits<member.pointer>.name;
}

/// The version that the youngest member came with, of T and of all that it holds.
template <typename T>
consteval std::uint64_t newest_version() {
  std::uint64_t newest = 0;
  if constexpr (std::is_same_v<T, ReasonCounts>)
    for (const policy::ReasonRow& row : policy::reason_table) newest = std::max(newest, row.since);
  if constexpr (is_list<T> || is_optional<T>) newest = newest_version<typename T::value_type>();
  if constexpr (base::Described<T>)
    base::for_each_member<T>([&](auto member) {
      using Type = std::remove_cvref_t<decltype(std::declval<T&>().*member.pointer)>;
      newest = std::max({newest, member.since(), newest_version<Type>()});
    });
  return newest;
}

/// Calls `visit` with each value that has no members of its own, and its Limits.
template <typename T, typename F>
void for_each_value(T& value, const F& visit, const Limits& its = {}) {
  using Type = std::remove_const_t<T>;
  if constexpr (base::Described<Type>) {
    base::for_each_member<Type>(
        [&](auto member) { for_each_value(value.*member.pointer, visit, limits<member.pointer>); });
  } else if constexpr (is_list<Type>) {
    for (auto& one : value) for_each_value(one, visit);
  } else if constexpr (is_optional<Type>) {
    if (value) for_each_value(*value, visit);
  } else {
    visit(value, its);
  }
}

/// Writes a JSON object.
class Writing {
 public:
  template <base::Described T>
  [[nodiscard]] static boost::json::object of(const T& value) {
    Writing writing;
    writing.members(value);
    return std::move(writing.object_);
  }

 private:
  template <typename T>
  void members(const T& value) {
    base::for_each_member<T>([&](auto member) {
      if constexpr (limits<member.pointer>.flat)
        members(value.*member.pointer);
      else
        put(name_of(member), value.*member.pointer);
    });
  }
  template <typename T>
  void put(std::string_view name, const T& value) {
    object_[name] = json_of(value);
  }
  template <typename T>
  void put(std::string_view name, const std::optional<T>& value) {
    if (value) object_[name] = element(*value);
  }
  template <typename T>
  void put(std::string_view name, const std::vector<T>& values) {
    boost::json::array array;
    array.reserve(values.size());
    for (const T& value : values) array.push_back(element(value));
    object_[name] = std::move(array);
  }
  void put(std::string_view, const ReasonCounts& counts) {
    for (const policy::ReasonRow& row : policy::reason_table) object_[row.word] = counts[row.reason];
  }
  template <typename T>
  static boost::json::value element(const T& value) {
    if constexpr (base::Described<T>)
      return of(value);
    else
      return boost::json::object{{only_name<T>, json_of(value)}};
  }
  template <typename T>
  static boost::json::value json_of(const T& value) {
    if constexpr (base::Described<T>)
      return of(value);
    else if constexpr (std::is_enum_v<T>)
      return static_cast<unsigned>(value);
    else
      return value;
  }
  static boost::json::value json_of(const std::string& value) { return boost::json::string(value); }
  template <typename Clock, typename D>
  static boost::json::value json_of(const std::chrono::time_point<Clock, D>& value) {
    return std::int64_t{value.time_since_epoch().count()};
  }
  static boost::json::value json_of(const std::chrono::nanoseconds& value) { return std::int64_t{value.count()}; }
  static boost::json::value json_of(const base::Address& value);

  boost::json::object object_;
};

/// Reads a JSON object. The first member that is missing or not allowed ends it: `error` names it, and nothing read
/// after that counts. Members that nobody asked for are not allowed either.
class Reading {
 public:
  /// `version`: of the state that is read. Members that are younger are not looked for and keep the values they have.
  /// `taken`: members that were read before.
  Reading(const boost::json::value& from, std::string where, std::uint64_t version, std::string& error,
          std::size_t taken = 0)
      : object_(from.if_object()), where_(std::move(where)), version_(version), error_(error), taken_(taken) {
    if (!object_) complain({}, "must be an object");
  }
  template <base::Described T>
  void read(T& value) {
    members(value);
    finish();
  }

 private:
  template <typename T>
  void members(T& value) {
    base::for_each_member<T>([&](auto member) {
      constexpr Limits its = limits<member.pointer>;
      using Type = std::remove_cvref_t<decltype(value.*member.pointer)>;
      static_assert(!is_list<Type> || its.most > 0, "how long may the list be?");
      if (member.since() > version_) return;
      if constexpr (its.flat)
        members(value.*member.pointer);
      else
        get(name_of(member), value.*member.pointer, its);
    });
  }
  template <base::Described T>
  void get(std::string_view name, T& value, const Limits&) {
    if (const boost::json::value* member = find(name)) Reading(*member, path(name), version_, error_).read(value);
  }
  template <typename T>
  void get(std::string_view name, std::optional<T>& value, const Limits&) {
    if (!good() || !object_->contains(name)) return;
    if (const boost::json::value* member = find(name)) element(*member, path(name), value.emplace());
  }
  template <typename T>
  void get(std::string_view name, std::vector<T>& values, const Limits& its) {
    const boost::json::value* member = find(name);
    if (!member) return;
    const boost::json::array* array = member->if_array();
    if (!array || array->size() > its.most) return complain(name, fmt::format("must be a list of at most {}", its.most));
    values.resize(array->size());
    for (std::size_t i = 0; i < array->size() && good(); ++i)
      element((*array)[i], fmt::format("{}[{}]", path(name), i), values[i]);
  }
  template <std::integral T>
  void get(std::string_view name, T& value, const Limits& its) {
    if (its.descriptor) return number(name, value, T(-1), T(greatest_descriptor));
    const std::uint64_t most = std::numeric_limits<T>::max();
    number(name, value, static_cast<T>(its.low), static_cast<T>(std::min(its.high, most)));
  }
  template <typename E>
    requires std::is_enum_v<E>
  void get(std::string_view name, E& value, const Limits& its) {
    auto read = static_cast<unsigned>(value);
    number(name, read, 0U, static_cast<unsigned>(std::min(its.high, static_cast<std::uint64_t>(base::last_enumerator<E>()))));
    value = static_cast<E>(read);
  }
  template <typename Clock, typename D>
  void get(std::string_view name, std::chrono::time_point<Clock, D>& value, const Limits&) {
    std::int64_t count = 0;
    number(name, count, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
    value = std::chrono::time_point<Clock, D>(D(count));
  }
  void get(std::string_view name, std::chrono::nanoseconds& value, const Limits&);
  void get(std::string_view name, ReasonCounts& counts, const Limits&);
  void get(std::string_view name, bool& value, const Limits&);
  void get(std::string_view name, std::string& value, const Limits& its);
  void get(std::string_view name, base::Address& value, const Limits&);
  template <typename T>
  void element(const boost::json::value& from, std::string where, T& value) {
    Reading reading(from, std::move(where), version_, error_);
    if constexpr (base::Described<T>) return reading.read(value);
    reading.get(only_name<T>, value, {});
    reading.finish();
  }
  template <std::integral T>
  void number(std::string_view name, T& value, T low, T high) {
    const boost::json::value* member = find(name);
    if (!member) return;
    boost::system::error_code wrong;
    const T read = member->is_double() ? T{} : member->to_number<T>(wrong);
    if (member->is_double() || wrong || read < low || read > high)
      return complain(name, fmt::format("must be a number from {} to {}", low, high));
    value = read;
  }
  [[nodiscard]] const boost::json::value* find(std::string_view name);
  void finish();
  [[nodiscard]] bool good() const { return error_.empty(); }
  [[nodiscard]] std::string path(std::string_view name) const;
  void complain(std::string_view name, std::string_view what);

  const boost::json::object* object_;
  std::string where_;
  std::uint64_t version_;
  std::string& error_;
  std::size_t taken_;
};

}  // namespace xsuperd::supervisor
