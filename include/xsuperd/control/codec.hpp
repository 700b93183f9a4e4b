// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <boost/mp11.hpp>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "xsuperd/base/error.hpp"
#include "xsuperd/control/message.hpp"

/// JSON objects from structs that Boost.Describe knows, and the way back: the one place that knows the names of members
/// is the struct. Pure.
namespace xsuperd::control {

/// A member that an object may lack. A std::optional is always there, and may be null. What a later version adds to a
/// reply is a Maybe as long as daemons without it are asked.
template <typename T>
struct Maybe : std::optional<T> {
  using std::optional<T>::optional;
};

/// One of the words in `List::all`. Readers take any other as well: a later version may have more.
template <typename List>
struct Word : std::string {
  using Words = List;
  Word() = default;
  template <std::convertible_to<std::string_view> Text>
  Word(const Text& word) : std::string(std::string_view(word)) {}  // NOLINT(google-explicit-constructor)
};

/// Seconds since 1970, or null for what never was.
struct Time : std::optional<double> {
  using std::optional<double>::optional;
};

/// A list that a request may have of no more than `most` elements.
template <typename T, std::size_t most>
struct UpTo : std::vector<T> {
  using std::vector<T>::vector;
};

/// An object whose members have names that only the daemon knows; a Key is a string or a Word.
template <typename Key, typename T>
struct Table : std::vector<std::pair<Key, T>> {
  using Keys = Key;
  using Value = T;
};

/// A number that is written without a fraction where it has none.
struct Number {
  double value = 0;
};

/// What docs/schema and the manual say about a member.
struct Note {
  std::string_view member;
  std::string_view text;
};

/// For a struct that has a name of its own in docs/schema and in the manual, because several replies have it.
struct Definition {
  std::string_view name;
  std::string_view text;
};
template <typename T>
inline constexpr Definition definition{};
template <>
inline constexpr Definition definition<Time>{"time", "seconds since 1970; null: never"};

/// The members of a struct, those of its bases first.
template <typename T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;
template <typename T>
concept Described = boost::describe::has_describe_members<T>::value;

/// The name in JSON: `new_` stands for a word that C++ reserves.
constexpr std::string_view json_name(std::string_view member) {
  return member.ends_with('_') ? member.substr(0, member.size() - 1) : member;
}

namespace codec {

template <typename T>
inline constexpr bool is_maybe = false;
template <typename T>
inline constexpr bool is_maybe<Maybe<T>> = true;
template <typename T>
inline constexpr bool is_optional = false;
template <typename T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <>
inline constexpr bool is_optional<Time> = true;
template <typename T>
inline constexpr bool is_table = false;
template <typename Key, typename T>
inline constexpr bool is_table<Table<Key, T>> = true;
template <typename T>
inline constexpr bool is_variant = false;
template <typename... Ts>
inline constexpr bool is_variant<std::variant<Ts...>> = true;
template <typename T>
inline constexpr std::size_t most_elements = static_cast<std::size_t>(-1);
template <typename T, std::size_t most>
inline constexpr std::size_t most_elements<UpTo<T, most>> = most;
template <typename T>
concept Text = std::derived_from<T, std::string>;
template <typename T>
concept List = !Text<T> && !is_table<T> && !std::derived_from<T, json::object> && requires(T& list, typename T::value_type one) { list.push_back(one); };

/// A number that has no fraction, as an integer; any other as it is.
[[nodiscard]] json::value number_value(double number);

// Sentences about an argument.
[[nodiscard]] std::string missing(std::string_view name);
[[nodiscard]] std::string of_another_kind(std::string_view name, std::string_view what_it_must_be);
[[nodiscard]] std::string list_of(std::string_view elements, std::size_t most);

// What a value must be, for a sentence: "a string", and of several "strings".
template <typename T>
[[nodiscard]] std::string what_is() {
  if constexpr (is_maybe<T> || (is_optional<T> && !std::same_as<T, Time>)) return what_is<typename T::value_type>();
  else if constexpr (std::same_as<T, bool>) return "true or false";
  else if constexpr (std::unsigned_integral<T>) return "a non-negative integer";
  else if constexpr (std::integral<T>) return "an integer";
  else if constexpr (Text<T>) return "a string";
  else if constexpr (List<T>) {
    using Element = typename T::value_type;
    return list_of(Text<Element> ? "strings" : std::is_arithmetic_v<Element> ? "numbers" : "objects", most_elements<T>);
  } else if constexpr (is_table<T> || Described<T> || is_variant<T> || std::derived_from<T, json::object>) return "an object";
  else return "a number";
}

template <typename T>
[[nodiscard]] json::object object_of(const T& from);

template <typename T>
[[nodiscard]] json::value value_of(const T& from) {
  if constexpr (std::is_arithmetic_v<T>) return from;
  else if constexpr (std::derived_from<T, json::object>) return static_cast<const json::object&>(from);
  else if constexpr (std::same_as<T, Number>) return number_value(from.value);
  else if constexpr (Text<T>) return json::value(json_text(from));
  else if constexpr (is_optional<T>) return from ? value_of(*from) : json::value(nullptr);
  else if constexpr (is_table<T>) {
    json::object all;
    for (const auto& [name, one] : from) all[json_text(name)] = value_of(one);
    return all;
  } else if constexpr (List<T>) {
    json::array all;
    all.reserve(from.size());
    for (const auto& one : from) all.push_back(value_of(one));
    return all;
  } else if constexpr (is_variant<T>) {
    return std::visit([](const auto& one) { return value_of(one); }, from);
  } else {
    return object_of(from);
  }
}

template <typename T>
json::object object_of(const T& from) {
  json::object object;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    const auto& value = from.*member.pointer;
    if constexpr (is_maybe<std::remove_cvref_t<decltype(value)>>) {
      if (value) object[json_name(member.name)] = value_of(*value);
    } else {
      object[json_name(member.name)] = value_of(value);
    }
  });
  return object;
}

/// Reads into `into`, which stays as it is where the value is of another kind: then false. With `wrong`, for a request,
/// the first thing that is wrong anywhere is told there and the rest is not read; without it, for a reply, what is of
/// another kind is ignored, and so is an element of a list.
template <typename T>
bool take(const json::value& from, T& into, std::string* wrong);

template <typename T>
bool take_number(const json::value& from, T& into) {
  if (!from.is_number()) return false;
  if constexpr (std::integral<T>) {
    if (from.is_double()) return false;
    const bool fits = from.is_int64() ? std::in_range<T>(from.get_int64()) : std::in_range<T>(from.get_uint64());
    if (fits) into = from.is_int64() ? static_cast<T>(from.get_int64()) : static_cast<T>(from.get_uint64());
    return fits;
  } else {
    into = from.to_number<double>();
    return true;
  }
}

template <typename T>
bool take_list(const json::value& from, T& into, std::string* wrong) {
  if (!from.is_array() || (wrong && from.get_array().size() > most_elements<T>)) return false;
  into.clear();
  for (const json::value& one : from.get_array()) {
    typename T::value_type element{};
    if (take(one, element, wrong))
      into.push_back(std::move(element));
    else if (wrong)
      return false;
  }
  return true;
}

template <typename T>
bool take_table(const json::value& from, T& into, std::string* wrong) {
  if (!from.is_object()) return false;
  into.clear();
  for (const auto& one : from.get_object()) {
    typename T::Value value{};
    if (take(one.value(), value, wrong))
      into.emplace_back(std::string(one.key()), std::move(value));
    else if (wrong)
      return false;
  }
  return true;
}

/// The members of a struct; of a variant those of the first whose `told_by` is among them, or else of the last.
template <std::size_t i = 0, typename T>
bool take_members(const json::object& from, T& into, std::string* wrong);

template <typename T>
void take_member(const json::object& from, std::string_view name, T& into, std::string* wrong) {
  const json::value* value = from.if_contains(name);
  if (!value) {
    if (wrong && !is_maybe<T>) *wrong = missing(name);
    return;
  }
  const bool good = [&] {
    if constexpr (is_maybe<T>) {
      typename T::value_type inner{};
      const bool taken = take(*value, inner, wrong);
      if (taken) into.emplace(std::move(inner));
      return taken;
    } else {
      return take(*value, into, wrong);
    }
  }();
  if (!good && wrong && wrong->empty()) *wrong = of_another_kind(name, what_is<T>());
}

template <std::size_t i, typename T>
bool take_members(const json::object& from, T& into, std::string* wrong) {
  if constexpr (is_variant<T>) {
    using One = std::variant_alternative_t<i, T>;
    if constexpr (i + 1 < std::variant_size_v<T>)
      if (!from.contains(One::told_by)) return take_members<i + 1>(from, into, wrong);
    return take_members(from, into.template emplace<i>(), wrong);
  } else {
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
      if (!wrong || wrong->empty()) take_member(from, json_name(member.name), into.*member.pointer, wrong);
    });
    return !wrong || wrong->empty();
  }
}

template <typename T>
bool take(const json::value& from, T& into, std::string* wrong) {
  if constexpr (std::same_as<T, bool>) {
    if (from.is_bool()) into = from.get_bool();
    return from.is_bool();
  } else if constexpr (std::is_arithmetic_v<T>) {
    return take_number(from, into);
  } else if constexpr (std::same_as<T, Number>) {
    return take_number(from, into.value);
  } else if constexpr (std::derived_from<T, json::object>) {
    if (from.is_object()) static_cast<json::object&>(into) = from.get_object();
    return from.is_object();
  } else if constexpr (Text<T>) {
    if (from.is_string()) into.assign(std::string_view(from.get_string()));
    return from.is_string();
  } else if constexpr (is_optional<T>) {
    into.reset();
    if (from.is_null()) return true;
    typename T::value_type inner{};
    const bool good = take(from, inner, wrong);
    if (good) into.emplace(std::move(inner));
    return good;
  } else if constexpr (is_table<T>) {
    return take_table(from, into, wrong);
  } else if constexpr (List<T>) {
    return take_list(from, into, wrong);
  } else {
    return from.is_object() && take_members(from.get_object(), into, wrong);
  }
}

}  // namespace codec

/// A struct as JSON, its members in the order in which they are described. Bytes that are not UTF-8 are escaped.
template <Described T>
[[nodiscard]] json::object write(const T& from) {
  return codec::object_of(from);
}

/// What a reply says, as far as it goes: what is missing or of another kind has its default, what is not described is
/// ignored. Never fails: replies come from daemons of any version.
template <typename T>
[[nodiscard]] T read(const json::object& from) {
  T into{};
  (void)codec::take_members(from, into, nullptr);
  return into;
}

/// The arguments of a request. Fails with a sentence that names the argument where one is missing or of another kind;
/// one that is not described is ignored.
template <Described T>
[[nodiscard]] base::Result<T> read_arguments(const json::object& from) {
  T into{};
  std::string wrong;
  if (codec::take_members(from, into, &wrong)) return into;
  return base::Error{0, std::move(wrong)};
}

}  // namespace xsuperd::control
