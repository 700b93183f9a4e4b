// SPDX-License-Identifier: MIT
// Four ways to go through the members of a value, which describe(archive, value) names one by one: write them as JSON,
// read them with all checks, collect the descriptors, move the moments. Internal to supervisor.
#pragma once
#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/time.hpp"

namespace xsuperd::supervisor {

constexpr std::size_t longest_text = 64u << 20;
constexpr int greatest_descriptor = 1 << 30;

/// Writes a JSON object.
class Writing {
 public:
  template <std::integral T>
  void number(const char* name, T& value, T = 0, T = std::numeric_limits<T>::max()) {
    object_[name] = value;
  }
  void flag(const char* name, bool& value) { object_[name] = value; }
  void text(const char* name, std::string& value, std::size_t = longest_text) { object_[name] = value; }
  void descriptor(const char* name, int& value) { object_[name] = value; }
  template <typename E>
  void word(const char* name, E& value, E) {
    object_[name] = static_cast<unsigned>(value);
  }
  template <typename Clock, typename D>
  void moment(const char* name, std::chrono::time_point<Clock, D>& value) {
    object_[name] = std::int64_t{value.time_since_epoch().count()};
  }
  void address(const char* name, base::Address& value);
  template <typename T>
  void object(const char* name, T& value) {
    object_[name] = of(value);
  }
  template <typename T>
  void optional(const char* name, std::optional<T>& value) {
    if (value) object_[name] = of(*value);
  }
  template <typename T>
  void list(const char* name, std::vector<T>& values, std::size_t = 0) {
    boost::json::array array;
    array.reserve(values.size());
    for (T& value : values) array.push_back(of(value));
    object_[name] = std::move(array);
  }
  /// Members that exist since that version of the state. Always written.
  template <typename F>
  void since(std::uint64_t, F members) {
    members();
  }
  template <typename T>
  [[nodiscard]] static boost::json::object of(T& value) {
    Writing writing;
    describe(writing, value);
    return std::move(writing.object_);
  }

 private:
  boost::json::object object_;
};

/// Reads a JSON object. The first member that is missing or not allowed ends it: `error` names it, and nothing read
/// after that counts. Members that nobody asked for are not allowed either.
class Reading {
 public:
  /// `version`: of the state that is read. Members that are younger are not looked for and keep the values they have.
  Reading(const boost::json::value& from, std::string where, std::uint64_t version, std::string& error)
      : object_(from.if_object()), where_(std::move(where)), version_(version), error_(error) {
    if (!object_) complain(nullptr, "must be an object");
  }

  template <std::integral T>
  void number(const char* name, T& value, T low = 0, T high = std::numeric_limits<T>::max()) {
    const boost::json::value* member = find(name);
    if (!member) return;
    boost::system::error_code wrong;
    const T read = member->is_double() ? T{} : member->to_number<T>(wrong);
    if (member->is_double() || wrong || read < low || read > high)
      return complain(name, fmt::format("must be a number from {} to {}", low, high));
    value = read;
  }
  void flag(const char* name, bool& value);
  void text(const char* name, std::string& value, std::size_t most = longest_text);
  void descriptor(const char* name, int& value) { number(name, value, -1, greatest_descriptor); }
  template <typename E>
  void word(const char* name, E& value, E last) {
    unsigned read = 0;
    number(name, read, 0U, static_cast<unsigned>(last));
    value = static_cast<E>(read);
  }
  template <typename Clock, typename D>
  void moment(const char* name, std::chrono::time_point<Clock, D>& value) {
    std::int64_t count = 0;
    number(name, count, std::numeric_limits<std::int64_t>::min());
    value = std::chrono::time_point<Clock, D>(D(count));
  }
  void address(const char* name, base::Address& value);
  template <typename T>
  void object(const char* name, T& value) {
    if (const boost::json::value* member = find(name)) read(*member, path(name), value);
  }
  template <typename T>
  void optional(const char* name, std::optional<T>& value) {
    if (!good() || !object_->contains(name)) return;
    object(name, value.emplace());
  }
  template <typename T>
  void list(const char* name, std::vector<T>& values, std::size_t most) {
    const boost::json::value* member = find(name);
    if (!member) return;
    const boost::json::array* array = member->if_array();
    if (!array || array->size() > most) return complain(name, fmt::format("must be a list of at most {}", most));
    values.resize(array->size());
    for (std::size_t i = 0; i < array->size() && good(); ++i)
      read((*array)[i], fmt::format("{}[{}]", path(name), i), values[i]);
  }
  [[nodiscard]] bool good() const { return error_.empty(); }

  template <typename F>
  void since(std::uint64_t version, F members) {
    if (version_ >= version) members();
  }
  template <typename T>
  void read(const boost::json::value& from, std::string where, T& value) {
    Reading reading(from, std::move(where), version_, error_);
    describe(reading, value);
    reading.finish();
  }
  void finish();

 private:
  [[nodiscard]] const boost::json::value* find(const char* name);
  [[nodiscard]] std::string path(const char* name) const { return where_.empty() ? name : where_ + "." + name; }
  void complain(const char* name, std::string_view what);

  const boost::json::object* object_;
  std::string where_;
  std::uint64_t version_;
  std::string& error_;
  std::size_t taken_ = 0;
};

/// Goes through all members and does nothing but what `Self` does with some of them.
template <typename Self>
class Visiting {
 public:
  template <std::integral T>
  void number(const char*, T&, T = 0, T = 0) {}
  void flag(const char*, bool&) {}
  void text(const char*, std::string&, std::size_t = 0) {}
  void descriptor(const char*, int&) {}
  template <typename E>
  void word(const char*, E&, E) {}
  template <typename Clock, typename D>
  void moment(const char*, std::chrono::time_point<Clock, D>&) {}
  void address(const char*, base::Address&) {}
  template <typename T>
  void object(const char*, T& value) {
    describe(static_cast<Self&>(*this), value);
  }
  template <typename T>
  void optional(const char*, std::optional<T>& value) {
    if (value) describe(static_cast<Self&>(*this), *value);
  }
  template <typename T>
  void list(const char*, std::vector<T>& values, std::size_t = 0) {
    for (T& value : values) describe(static_cast<Self&>(*this), value);
  }
  template <typename F>
  void since(std::uint64_t, F members) {
    members();
  }
};

/// Collects the numbers of all descriptors.
class Collecting : public Visiting<Collecting> {
 public:
  void descriptor(const char*, int& value) {
    if (value >= 0) numbers.push_back(value);
  }

  std::vector<int> numbers;
};

/// Moves what is a moment; not one that is not set, or never.
class Moving : public Visiting<Moving> {
 public:
  explicit Moving(base::Moment::duration by) : by_(by) {}
  using Visiting::moment;
  void moment(const char*, base::Moment& value) {
    if (value != base::Moment{} && value != base::Moment::max()) value += by_;
  }

 private:
  base::Moment::duration by_;
};

}  // namespace xsuperd::supervisor
