// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <array>
#include <boost/describe/bases.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include "xsuperd/base/described.hpp"

/// Goes through the members of structs that are described (described.hpp). Everything is decided by the compiler.
namespace xsuperd::base {

namespace detail {

/// Stands for a value of any type.
struct Anything {
  template <typename T>
  operator T() const;  // NOLINT: it is meant to be implicit
};

constexpr std::size_t most_members = 64;

template <typename T, std::size_t... I>
consteval bool takes(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), Anything{})...}; };
}

/// How many values T can be made of: its members, and its bases, which count as one each.
template <typename T, std::size_t... N>
consteval std::size_t arity(std::index_sequence<N...>) {
  std::size_t most = 0;
  ((takes<T>(std::make_index_sequence<N>{}) ? static_cast<void>(most = N) : static_cast<void>(0)), ...);
  return most;
}

template <typename T>
using OwnMembers = boost::describe::describe_members<T, boost::describe::mod_public>;
template <typename T>
using AllMembers = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;
template <typename T>
using Bases = boost::describe::describe_bases<T, boost::describe::mod_public>;

template <typename Base>
struct IsWhole;

template <typename T>
consteval bool whole() {
  const std::size_t described = boost::mp11::mp_size<OwnMembers<T>>::value + boost::mp11::mp_size<Bases<T>>::value;
  return arity<T>(std::make_index_sequence<most_members + 1>{}) == described &&
         boost::mp11::mp_all_of<Bases<T>, IsWhole>::value;
}
template <typename Base>
struct IsWhole : std::bool_constant<whole<typename Base::type>()> {};

template <typename T, typename M>
T class_of(M T::*);

/// What structs have that list no members as younger.
constexpr std::array<Since, 0> members_since(const void*) { return {}; }

template <typename T>
consteval auto since_list() {
  return members_since(static_cast<const T*>(nullptr));
}

/// Is every one that is listed as younger a member at all? A struct without a list of its own has that of its base.
template <typename T>
consteval bool names_members() {
  const auto is_member = [](const Since& one) {
    bool found = false;
    boost::mp11::mp_for_each<AllMembers<T>>([&](auto member) { found = found || one.member == decltype(member)::name; });
    return found;
  };
  const auto list = since_list<T>();
  return std::all_of(list.begin(), list.end(), is_member);
}

}  // namespace detail

template <typename T>
concept Described = boost::describe::has_describe_members<T>::value;

/// One member of a described struct.
template <typename D>
struct Member {
  static constexpr auto pointer = D::pointer;
  static constexpr std::string_view name = D::name;
  /// The version of the state that it came with; 0: it was there from the first one on.
  static consteval std::uint64_t since() {
    using Class = decltype(detail::class_of(D::pointer));
    static_assert(detail::names_members<Class>(), "members_since() names what is not a member");
    for (const Since& one : detail::since_list<Class>())
      if (one.member == name) return one.version;
    return 0;
  }
};

/// Calls `visit` with the Member of each, those of bases first, in the order in which they are described.
template <Described T, typename F>
constexpr void for_each_member(F visit) {
  static_assert(std::is_aggregate_v<T>);
  static_assert(detail::whole<T>(), "a member is missing in BOOST_DESCRIBE_STRUCT");
  boost::mp11::mp_for_each<detail::AllMembers<T>>([&](auto member) { visit(Member<decltype(member)>{}); });
}

namespace detail {

template <auto Value>
consteval bool has_name() {
  // "... [with auto Value = ns::E::name]", or "(ns::E)7" for a value without; clang leaves out "with auto".
  constexpr std::string_view mark = "Value = ";
  const std::string_view text = __PRETTY_FUNCTION__;
  return text[text.find(mark) + mark.size()] != '(';
}

template <typename E, std::size_t... I>
consteval std::size_t named(std::index_sequence<I...>) {
  std::size_t count = 0;
  static_cast<void>(((has_name<static_cast<E>(I)>() && ++count > 0) && ...));
  return count;
}

}  // namespace detail

/// The last of an enumeration that counts from 0 without a gap: the compiler knows which values have names.
template <typename E>
  requires std::is_enum_v<E>
consteval E last_enumerator() {
  constexpr std::size_t count = detail::named<E>(std::make_index_sequence<64>{});
  static_assert(count > 0 && count < 64);
  return static_cast<E>(count - 1);
}

}  // namespace xsuperd::base
