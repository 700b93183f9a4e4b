// SPDX-License-Identifier: MIT
#include "xsuperd/policy/ban_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "xsuperd/base/text.hpp"
#include "xsuperd/base/utf8.hpp"

namespace xsuperd::policy {

namespace {

using std::chrono::seconds;

/// `count` digits at `at`; -1: they are not.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

void put_digits(std::string& to, unsigned value, int count) {
  char text[8];
  for (int i = count; i > 0; --i, value /= 10) text[i - 1] = static_cast<char>('0' + value % 10);
  to.append(text, static_cast<std::size_t>(count));
}

void put_time(std::string& to, base::WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto second = static_cast<unsigned>(std::chrono::floor<seconds>(time - day).count());
  put_digits(to, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  to += '-';
  put_digits(to, static_cast<unsigned>(date.month()), 2);
  to += '-';
  put_digits(to, static_cast<unsigned>(date.day()), 2);
  to += 'T';
  put_digits(to, second / 3600, 2);
  to += ':';
  put_digits(to, second / 60 % 60, 2);
  to += ':';
  put_digits(to, second % 60, 2);
  to += 'Z';
}

/// "Z", "+01:00": how far it is ahead of UTC. Nothing: it is neither.
std::optional<seconds> zone_of(std::string_view text) {
  if (text == "Z" || text == "z") return seconds(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hour = digits(text, 1, 2), minute = digits(text, 4, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
  const seconds ahead(hour * 3600 + minute * 60);
  return text[0] == '-' ? -ahead : ahead;
}

/// The longest beginning that is whole characters and no more bytes than that.
std::string_view cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t length = 0;
  while (length < most) {
    const std::size_t next = std::max<std::size_t>(base::utf8_length(text.substr(length)), 1);
    if (length + next > most) break;
    length += next;
  }
  return text.substr(0, length);
}

void put_text(std::string& to, std::string_view text, std::size_t most) {
  text = cut(text, most);
  to += '"';
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    std::size_t length = 1;
    if (c == '"' || c == '\\') {
      to += '\\';
      to += text.front();
    } else if (c < 0x20 || c == 0x7f) {
      fmt::format_to(std::back_inserter(to), "\\u{:04x}", c);
    } else if (c < 0x80) {
      to += text.front();
    } else {
      length = base::utf8_length(text);
      length == 0 ? to += '?' : to += text.substr(0, length);
      length = std::max<std::size_t>(length, 1);
    }
    text.remove_prefix(length);
  }
  to += '"';
}

void put_name(std::string& to, std::string_view prefix, std::string_view name) {
  to += ",\"";
  to += prefix;
  to += name;
  to += "\":";
}

/// What there is of a line, or of the ban of ours in it.
template <typename Part>
void put_members(std::string& to, std::string_view prefix, const Part& part) {
  const auto put_moment = [&](base::WallTime time) {
    to += '"';
    put_time(to, time);
    to += '"';
  };
  put_name(to, prefix, "until");
  part.until ? put_moment(*part.until) : void(to += "null");
  if (part.since) put_name(to, prefix, "since"), put_moment(*part.since);
  put_name(to, prefix, "reason");
  put_text(to, part.reason, longest_ban_reason);
  put_name(to, prefix, "origin");
  put_text(to, part.origin, longest_ban_origin);
}

/// Goes through one object. Every function says by its result whether it went well; what went wrong is in `trouble`.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool object(BanLine& line) {
    if (!take('{')) return fails("is not a JSON object");
    if (take('}')) return ends();
    do {
      std::string_view name;
      if (!text(name, name_) || !take(':')) return fails("is not a JSON object");
      if (!member(name, line)) return false;
    } while (take(','));
    if (!has_ours_) line.ours.reset();
    return take('}') ? ends() : fails("is not complete");
  }
  [[nodiscard]] bool has_prefix() const { return has_prefix_; }
  [[nodiscard]] std::string_view trouble() const { return trouble_; }

 private:
  bool fails(std::string_view why) {
    if (trouble_.empty()) trouble_ = why;
    return false;
  }
  void blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r' || rest_.front() == '\n')) rest_.remove_prefix(1);
  }
  bool take(char c) {
    blanks();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool ends() {
    blanks();
    return rest_.empty() || fails("has something behind its end");
  }

  /// A string of JSON: as it stands there, or in `copy` where it has anything but plain characters.
  bool text(std::string_view& value, std::string& copy) {
    if (!take('"')) return fails("is not a JSON object");
    const std::size_t plain = plain_length(rest_);
    if (plain == rest_.size() || rest_[plain] != '"') {
      const bool right = rest_of_text(copy);
      value = copy;
      return right;
    }
    value = rest_.substr(0, plain);
    rest_.remove_prefix(plain + 1);
    return true;
  }
  static std::size_t plain_length(std::string_view text) {
    const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_plain) - text.begin());
  }
  bool rest_of_text(std::string& value) {
    value.clear();
    while (!rest_.empty()) {
      const std::size_t plain = std::min(rest_.find_first_of("\"\\"), rest_.size());
      if (!characters(rest_.substr(0, plain), value)) return false;
      rest_.remove_prefix(plain);
      if (rest_.empty()) break;
      const bool end = rest_.front() == '"';
      rest_.remove_prefix(1);
      if (end) return true;
      if (!escape(value)) return fails("has an escape in a string that JSON does not know");
    }
    return fails("is not complete");
  }
  bool characters(std::string_view some, std::string& value) {
    for (std::size_t at = 0; at < some.size();) {
      const auto c = static_cast<unsigned char>(some[at]);
      if (c < 0x20) return fails("has a control character in a string");
      const std::size_t length = c < 0x80 ? 1 : base::utf8_length(some.substr(at));
      if (length == 0) return fails("is not UTF-8");
      at += length;
    }
    value.append(some);
    return true;
  }
  bool escape(std::string& value) {
    if (rest_.empty()) return false;
    constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
    const char name = rest_.front();
    rest_.remove_prefix(1);
    if (const std::size_t at = names.find(name); at != names.npos) return value += values[at], true;
    return name == 'u' && unicode(value);
  }
  std::optional<unsigned> hex4() {
    if (rest_.size() < 4) return std::nullopt;
    unsigned number = 0;
    for (int i = 0; i < 4; ++i) {
      const auto digit = base::hexadecimal_digit(rest_[static_cast<std::size_t>(i)]);
      if (!digit) return std::nullopt;
      number = number * 16 + static_cast<unsigned>(*digit);
    }
    rest_.remove_prefix(4);
    return number;
  }
  bool unicode(std::string& value) {
    const auto first = hex4();
    if (!first) return false;
    unsigned code = *first;
    if (code >= 0xd800 && code < 0xdc00) {
      if (!rest_.starts_with("\\u")) return false;
      rest_.remove_prefix(2);
      const auto second = hex4();
      if (!second || *second < 0xdc00 || *second > 0xdfff) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (*second - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) {
      return false;
    }
    const auto byte = [&](unsigned bits) { value += static_cast<char>(bits); };
    if (code < 0x80) return byte(code), true;
    if (code < 0x800)
      byte(0xc0 | code >> 6);
    else if (code < 0x10000)
      byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 0x3f));
    else
      byte(0xf0 | code >> 18), byte(0x80 | (code >> 12 & 0x3f)), byte(0x80 | (code >> 6 & 0x3f));
    return byte(0x80 | (code & 0x3f)), true;
  }

  /// A number, true, false or null, as far as anybody cares here.
  std::string_view word() {
    blanks();
    const std::size_t length = std::min(rest_.find_first_of(",} \t\r\n"), rest_.size());
    const std::string_view found = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return found;
  }
  static bool is_word(std::string_view word) {
    if (word == "null" || word == "true" || word == "false") return true;
    return !word.empty() && word.find_first_not_of("+-.0123456789eE") == word.npos;
  }

  bool member(std::string_view name, BanLine& line) {
    blanks();
    if (rest_.empty()) return fails("is not complete");
    if (rest_.front() == '{' || rest_.front() == '[') return fails("has a member that is an object or a list");
    const bool is_text = rest_.front() == '"';
    std::string_view value;
    if (is_text && !text(value, value_)) return false;
    if (!is_text && !is_word(value = word())) return fails("has a member without a value");
    if (name == "prefix") return prefix(is_text, value, line);
    const bool is_null = !is_text && value == "null";
    if (name == "until" && is_null) return line.until.reset(), true;
    if (name == "until") return time(is_text, value, line.until, "has an 'until' that is not a time");
    if (name == "since" && !is_null) return time(is_text, value, line.since, "has a 'since' that is not a time");
    if (name == "reason" && is_text) line.reason = cut(value, longest_ban_reason);
    if (name == "origin" && is_text) line.origin = cut(value, longest_ban_origin);
    return !name.starts_with("our_") || member_of_ours(name.substr(4), is_text, is_null, value, line);
  }
  bool member_of_ours(std::string_view name, bool is_text, bool is_null, std::string_view value, BanLine& line) {
    BanLineOfOurs& ours = line.ours ? *line.ours : line.ours.emplace();
    if (name == "until") has_ours_ = true;
    if (name == "until" && is_null) return ours.until.reset(), true;
    if (name == "until") return time(is_text, value, ours.until, "has an 'our_until' that is not a time");
    if (name == "since" && !is_null) return time(is_text, value, ours.since, "has an 'our_since' that is not a time");
    if (name == "reason" && is_text) ours.reason = cut(value, longest_ban_reason);
    if (name == "origin" && is_text) ours.origin = cut(value, longest_ban_origin);
    return true;
  }
  bool prefix(bool is_text, std::string_view value, BanLine& line) {
    const auto network = is_text ? Network::parse(value) : std::nullopt;
    if (!network) return fails("has a 'prefix' that is not an address or a network");
    line.peer = *network;
    has_prefix_ = true;
    return true;
  }
  bool time(bool is_text, std::string_view value, std::optional<base::WallTime>& to, std::string_view wrong) {
    to = is_text ? rfc3339_time(value) : std::nullopt;
    return to || fails(wrong);
  }

  std::string_view rest_;
  std::string name_, value_;  ///< the texts in which there are escapes
  std::string_view trouble_;
  bool has_prefix_ = false;
  bool has_ours_ = false;
};

}  // namespace

std::string rfc3339_text(base::WallTime time) {
  std::string text;
  put_time(text, time);
  return text;
}

std::optional<base::WallTime> rfc3339_time(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= form.size()) return std::nullopt;
  for (std::size_t i : {4u, 7u, 13u, 16u})
    if (text[i] != form[i]) return std::nullopt;
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
  const int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  const bool right = year >= 1970 && year <= 2261 && month > 0 && day > 0 && date.ok() && hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 &&
                     second >= 0 && second <= 60;
  if (!right) return std::nullopt;
  std::string_view rest = text.substr(form.size());
  if (rest.front() == '.') rest.remove_prefix(std::max<std::size_t>(std::min(rest.find_first_not_of("0123456789", 1), rest.size()), 1));
  const auto ahead = zone_of(rest);
  if (!ahead) return std::nullopt;
  const auto time = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) + seconds(second) - *ahead;
  return base::WallTime(std::max(time.time_since_epoch(), seconds(0)));
}

void write_ban_line(std::string& to, const BanLine& line) {
  to += "{\"prefix\":\"";
  to += line.peer.text();
  to += '"';
  put_members(to, "", line);
  if (line.ours) put_members(to, "our_", *line.ours);
  to += "}\n";
}

base::Result<BanLine> read_ban_line(std::string_view text) {
  if (text.size() >= longest_ban_line) return base::Error{0, "is too long"};
  BanLine line;
  Reader reader(text);
  if (!reader.object(line)) return base::Error{0, std::string(reader.trouble())};
  if (!reader.has_prefix()) return base::Error{0, "has no 'prefix'"};
  return line;
}

}  // namespace xsuperd::policy
