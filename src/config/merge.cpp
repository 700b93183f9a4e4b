// SPDX-License-Identifier: MIT
#include "config/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

namespace {

std::string did_you_mean(const std::string& word) {
  std::vector<std::string_view> names{"interface"};
  for (const Attribute& row : attributes()) names.push_back(row.name);
  const auto near = base::nearest(word, names);
  return near ? fmt::format("did you mean '{}'?", *near) : std::string{};
}

bool operator_allowed(const ValueContext& c, const Attribute& row, Operator op) {
  if (op == Operator::set || row.operators == Operators::list || row.operators == Operators::collect) return true;
  if (row.name == "log_type" && c.defaults) return op == Operator::add;
  return row.operators == Operators::append && op == Operator::add;
}

/// "2", "1 to 3", "at least 1".
std::string expected_count(const Attribute& row) {
  if (row.least == row.most) return std::to_string(row.least);
  return row.most < 0 ? fmt::format("at least {}", row.least) : fmt::format("{} to {}", row.least, row.most);
}

/// What a service is called in messages about its lines.
std::string name_in_messages(const ValueContext& c) { return c.defaults ? "(null)" : c.entry.name; }

constexpr char comments_apart[] = "put comments on lines of their own";

enum class Fate : std::uint8_t { ignored, taken, bad };

class Applier {
 public:
  Applier(const ValueContext& c, Settings& settings) : c_(c), settings_(settings) {}

  Applied all() {
    Applied result = Applied::good;
    for (const Assignment& a : c_.entry.assignments)
      if (one(a) == Fate::bad) result = Applied::bad_value;
    const bool runs = result == Applied::good && c_.entry.state == Entry::State::whole;
    for (const auto& [a, meant] : missed_) missed(*a, *meant, runs);
    return result;
  }

 private:

  Fate one(const Assignment& written) {
    const Attribute* row = find_attribute(written.name);
    if (!row || !allowed_here(*row)) return misplaced(written, row);
    if (repeated(*row)) return ignore(written, fmt::format("attribute already set: {}", written.name));
    if (!operator_allowed(c_, *row, written.op)) return wrong_operator(*row, written);
    const Assignment a = without_comment(*row, written);
    const int count = static_cast<int>(a.values.size());
    if (count < row->least || (row->most >= 0 && count > row->most)) return wrong_count(*row, a);
    seen_.push_back(row);
    if (!parsed(*row, a)) return Fate::bad;
    tell_what_is_literal(*row, a);
    settings_.origins.note(static_cast<std::size_t>(row - attributes().data()), a.op != Operator::set,
                           {c_.entry.place.file, a.line, 0});
    return Fate::taken;
  }

  [[nodiscard]] bool allowed_here(const Attribute& row) const {
    return row.where == Where::both || (row.where == Where::defaults) == c_.defaults;
  }

  Fate misplaced(const Assignment& a, const Attribute* row) {
    if (const Attribute* meant = row ? meant_switch(a) : misspelt_restriction(a.name))
      return missed_.push_back({&a, meant}), Fate::ignored;
    std::string hint = row ? std::string{} : did_you_mean(a.name);
    if (row && row->name == "enabled") hint = "here it is 'disable = yes' or 'disable = no'";
    if (!c_.defaults)
      c_.report(Level::warning, a, -1,
                row ? fmt::format("bad service attribute: {} belongs in the defaults", a.name)
                    : fmt::format("bad service attribute: {}", a.name),
                std::move(hint));
    else
      c_.report(Level::warning, a, -1, fmt::format("attribute: {} should not be in default section", a.name),
                row ? "it has no effect here: each service needs its own" : std::move(hint));
    return Fate::ignored;
  }

  /// `disabled` in an entry, and `disable` with names in the defaults: each stands where the other one belongs.
  [[nodiscard]] const Attribute* meant_switch(const Assignment& a) const {
    if (!c_.defaults) return base::iequals(a.name, "disabled") ? find_attribute("disable") : nullptr;
    constexpr std::string_view switches[]{"yes", "no", "on", "off", "true", "false", "1", "0"};
    const std::string_view first = a.values.empty() ? std::string_view("yes") : a.values[0].text;
    const bool named = !first.starts_with('#') && std::ranges::none_of(switches, [&](auto one) { return base::iequals(one, first); });
    return base::iequals(a.name, "disable") && named ? find_attribute("disabled") : nullptr;
  }

  /// All goes on as with any unknown attribute, but nobody is to find out by accident (decision B15.13).
  void missed(const Assignment& a, const Attribute& meant, bool runs) {
    const std::string name = base::iequals(meant.name, "bind") && a.name.size() > 5 ? "interface" : std::string(meant.name);
    std::string sentence = c_.defaults ? fmt::format("attribute: {} should not be in default section", a.name)
                                       : fmt::format("bad service attribute: {}", a.name);
    if (runs) sentence += c_.defaults ? "; services run without it" : fmt::format("; service {} runs without it", c_.entry.name);
    c_.report(Level::error, a, -1, std::move(sentence), fmt::format("did you mean '{}'?", name));
  }

  /// The values before a comment, with a warning where there is one.
  Assignment without_comment(const Attribute& row, const Assignment& written) {
    Assignment a = written;
    const std::size_t count = values_before_comment(row, a.values);
    const auto hash = std::ranges::find_if(a.values, [](const Value& v) { return v.text.starts_with('#'); });
    const auto at = static_cast<int>(hash - a.values.begin());
    if (count < a.values.size())
      c_.report(Level::warning, a, at, fmt::format("the comment after the values of {} is ignored", a.name),
                comments_apart);
    else if (hash != a.values.end() && row.hash == Hash::kept)
      c_.report(Level::warning, a, at, fmt::format("the words after '#' count, too: {} takes no comments after its values", a.name),
                comments_apart);
    a.values.resize(count);
    return a;
  }

  Fate wrong_count(const Attribute& row, const Assignment& a) {
    const auto count = static_cast<int>(a.values.size());
    const std::string sentence = count == 0 && row.most < 0
        ? fmt::format("attribute {} expects at least {} value and none was given", a.name, row.least)
        : fmt::format("attribute {} expects {} values and {} values were specified", a.name, expected_count(row), count);
    const int at = row.most >= 0 && count > row.most ? row.most : -1;
    // An empty list of words that must not be empty costs the entry, whatever the words are.
    const bool refuses = restricts(row) || (a.values.empty() && row.most < 0);
    std::string hint = refuses ? std::string{} : fmt::format("the line is ignored");
    if (row.name == "bind" && count > 1) hint = "each address takes an entry of its own, with an id of its own";
    c_.report(refuses ? Level::error : Level::warning, a, at, sentence, std::move(hint));
    return refuses ? Fate::bad : Fate::ignored;
  }

  /// False, with one error about what is wrong.
  bool parsed(const Attribute& row, const Assignment& a) {
    const std::size_t before = c_.diagnostics.size();
    ValueContext c = c_;
    c.row = &row;
    if (row.parse(c, settings_, a)) return true;
    if (c_.diagnostics.size() == before) c_.report(Level::error, a, -1, fmt::format("Error parsing attribute {}", a.name));
    return false;
  }

  /// Characters that other languages take away, and that are part of the value here (fact B2.3).
  void tell_what_is_literal(const Attribute& row, const Assignment& a) {
    if (c_.entry.state == Entry::State::broken || a.values.empty()) return;
    if (row.name == "bind") return;  // it is no address then, and refused
    const bool argument = row.name == "server_args" || row.name == "env";
    if (a.values.back().text.ends_with('\\'))
      return c_.report(Level::warning, a, static_cast<int>(a.values.size()) - 1,
                       "the backslash at the end of the line is part of the value", backslash_hint);
    for (std::size_t i = 0; i < a.values.size(); ++i)
      if (const char first = a.values[i].text[0]; first == '"' || first == '\'')
        return c_.report(argument ? Level::info : Level::warning, a, static_cast<int>(i),
                         "the quotation mark is part of the value", quotes_hint);
      else if (argument && row.hash == Hash::value && first == '#')
        return c_.report(Level::info, a, static_cast<int>(i), "'#' and what follows it are arguments of the server", comments_apart);
  }

  /// Given before: in this entry, or for the defaults in another file (fact B2.39).
  [[nodiscard]] bool repeated(const Attribute& row) const {
    if (row.operators != Operators::set) return false;
    if (c_.defaults && row.name == "log_type") return false;  // an error of its own (fact B2.43)
    if (std::find(seen_.begin(), seen_.end(), &row) != seen_.end()) return true;
    return c_.defaults && row.is_set(settings_);
  }

  Fate ignore(const Assignment& a, std::string sentence) {
    c_.report(Level::warning, a, -1, fmt::format("Service {}: {}", name_in_messages(c_), sentence));
    return Fate::ignored;
  }

  Fate wrong_operator(const Attribute& row, const Assignment& a) {
    if (row.operators == Operators::append) {
      c_.report(Level::error, a, -1, "operator '-=' not supported for env attribute");
      return Fate::bad;
    }
    const std::string sentence = fmt::format("Service {}: operator '{}' cannot be used for attribute '{}'", name_in_messages(c_),
                                             operator_text(a.op), a.name);
    c_.report(restricts(row) ? Level::error : Level::warning, a, -1, sentence,
              restricts(row) ? fmt::format("{} takes '=' only", a.name) : "the line is ignored");
    return restricts(row) ? Fate::bad : Fate::ignored;
  }

  const ValueContext& c_;
  Settings& settings_;
  std::vector<const Attribute*> seen_;
  /// Lines of attributes that are none here, and nearly ones that restrict; with those.
  std::vector<std::pair<const Assignment*, const Attribute*>> missed_;
};

constexpr std::string_view lists[]{"capabilities", "log_on_failure", "log_on_success", "no_access", "only_cid", "only_from", "only_gid", "only_uid", "passenv"};

}  // namespace

Applied apply(const ValueContext& context, Settings& settings) {
  return Applier(context, settings).all();
}

Settings inherited_lists(const Settings& defaults) {
  Settings settings;
  for (const std::string_view name : lists) find_attribute(name)->inherit(settings, defaults);
  return settings;
}

void inherit(Settings& settings, const Settings& defaults) {
  for (const Attribute& row : attributes())
    if (row.where == Where::both) row.inherit(settings, defaults);
}

}  // namespace xsuperd::config
