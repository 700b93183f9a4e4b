// SPDX-License-Identifier: MIT
#include "log/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <chrono>
#include <ctime>
#include <iterator>

#include "log/record_text.hpp"
#include "xsuperd/base/utf8.hpp"
#include "xsuperd/log/fields.hpp"

namespace xsuperd::log {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";
constexpr std::string_view cut_mark = "...";

bool is_plain(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

/// Written where it is to stand: only what has to be escaped takes memory of its own.
template <typename Value>
void append_string(std::string& to, const Value& value) {
  const std::size_t begin = to.size();
  to += '"';
  append_value(to, value);
  const std::string_view text = std::string_view(to).substr(begin + 1);
  if (text.size() <= longest_field && std::all_of(text.begin(), text.end(), is_plain)) {
    to += '"';
    return;
  }
  const std::string valid = valid_text(text, longest_field);
  to.resize(begin);
  to += boost::json::serialize(boost::json::string_view(valid));
}

/// The fields of an object, one after the other.
class JsonFields {
 public:
  explicit JsonFields(std::string& to) : to_(&to) {}

  template <typename Value>
  void operator()(std::string_view name, const Value& value) const {
    fmt::format_to(std::back_inserter(*to_), ",\"{}\":", name);
    if constexpr (Numeric<Value>)
      append_value(*to_, value);
    else
      append_string(*to_, value);
  }

 private:
  std::string* to_;
};

}  // namespace

std::string utc_stamp(base::WallTime when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(when));
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                     utc.tm_sec);
}

void append_microseconds(std::string& to, base::WallTime when) {
  const auto part = std::chrono::floor<std::chrono::microseconds>(when - std::chrono::floor<std::chrono::seconds>(when));
  fmt::format_to(std::back_inserter(to), ".{:06}Z", part.count());
}

std::string valid_text(std::string_view text, std::size_t most) {
  std::string valid;
  while (!text.empty()) {
    const std::size_t length = base::utf8_length(text);
    const std::string_view next = length == 0 ? replacement : text.substr(0, length);
    if (valid.size() + next.size() > most) return valid.append(cut_mark);
    valid += next;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return valid;
}

void append_json(std::string& to, Stamp& stamp, base::WallTime when, const Event& event) {
  fmt::format_to(std::back_inserter(to), "{{\"schema\":{},\"time\":\"{}", record::schema, stamp.at(when));
  append_microseconds(to, when);
  fmt::format_to(std::back_inserter(to), "\",\"event\":\"{}\"", word_of(event));
  for_each_field(event, JsonFields(to));
  to += '}';
}

}  // namespace xsuperd::log
