// SPDX-License-Identifier: MIT
#include "config/merge.hpp"

#include <fmt/format.h>

#include <algorithm>

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

bool count_right(const ValueContext& c, const Attribute& row, const Assignment& a) {
  const int count = static_cast<int>(a.values.size());
  if (count >= row.least && (row.most < 0 || count <= row.most)) return true;
  const auto comment = std::find_if(a.values.begin(), a.values.end(), [](const Value& v) { return v.text[0] == '#'; });
  std::string hint;
  if (comment != a.values.end()) hint = "what follows # is not a comment here: comments have lines of their own";
  const std::string expected = row.least == row.most ? std::to_string(row.least) : fmt::format("at least {}", row.least);
  c.report(Level::warning, a, row.most < count && row.most >= 0 ? row.most : -1,
           fmt::format("attribute {} expects {} values and {} values were specified", a.name, expected, count),
           std::move(hint));
  return false;
}

/// What a service is called in messages about its lines.
std::string name_in_messages(const ValueContext& c) { return c.defaults ? "(null)" : c.entry.name; }

enum class Line : std::uint8_t { ignored, taken, bad };

class Applier {
 public:
  Applier(const ValueContext& c, Settings& settings) : c_(c), settings_(settings) {}

  Line one(const Assignment& a) {
    const Attribute* row = find_attribute(a.name);
    if (!row || !allowed_here(*row)) return misplaced(a, row);
    if (repeated(*row)) return ignore(a, fmt::format("attribute already set: {}", a.name));
    if (!operator_allowed(c_, *row, a.op)) return wrong_operator(*row, a);
    // An empty list of words that must not be empty disables, any other wrong count is as if the line were missing.
    if (a.values.empty() && row->least == 1 && row->most == -1) return bad(a, fmt::format("{} needs a value", a.name));
    if (!count_right(c_, *row, a)) return Line::ignored;
    seen_.push_back(row);
    if (!row->parse(c_, settings_, a)) return bad(a, {});
    settings_.origins.note(static_cast<std::size_t>(row - attributes().data()), a.op != Operator::set,
                           {c_.entry.place.file, a.line, 0});
    return Line::taken;
  }

 private:
  [[nodiscard]] bool allowed_here(const Attribute& row) const {
    return row.where == Where::both || (row.where == Where::defaults) == c_.defaults;
  }

  Line misplaced(const Assignment& a, const Attribute* row) {
    std::string hint = row ? std::string{} : did_you_mean(a.name);
    if (!c_.defaults)
      c_.report(Level::warning, a, -1,
                row ? fmt::format("bad service attribute: {} belongs in the defaults", a.name)
                    : fmt::format("bad service attribute: {}", a.name),
                std::move(hint));
    else
      c_.report(Level::warning, a, -1, fmt::format("attribute: {} should not be in default section", a.name),
                std::move(hint));
    return Line::ignored;
  }

  /// Given before: in this entry, or for the defaults in another file (fact B2.39).
  [[nodiscard]] bool repeated(const Attribute& row) const {
    if (row.operators != Operators::set) return false;
    if (c_.defaults && row.name == "log_type") return false;  // an error of its own (fact B2.43)
    if (std::find(seen_.begin(), seen_.end(), &row) != seen_.end()) return true;
    return c_.defaults && row.is_set(settings_);
  }

  Line ignore(const Assignment& a, std::string sentence) {
    c_.report(Level::warning, a, -1, fmt::format("Service {}: {}", name_in_messages(c_), sentence));
    return Line::ignored;
  }

  Line wrong_operator(const Attribute& row, const Assignment& a) {
    if (row.operators == Operators::append) return bad(a, "operator '-=' not supported for env attribute");
    return ignore(a, fmt::format("operator '{}' cannot be used for attribute '{}'", operator_text(a.op), a.name));
  }

  Line bad(const Assignment& a, std::string sentence) {
    if (!sentence.empty()) c_.report(Level::error, a, -1, std::move(sentence));
    if (!c_.defaults)
      c_.report(Level::error, a, -1, fmt::format("Error parsing attribute {} - DISABLING SERVICE", a.name));
    return Line::bad;
  }

  const ValueContext& c_;
  Settings& settings_;
  std::vector<const Attribute*> seen_;
};

constexpr std::string_view lists[]{"log_on_failure", "log_on_success", "no_access", "only_from", "passenv"};

}  // namespace

Applied apply(const ValueContext& context, Settings& settings) {
  Applier applier(context, settings);
  Applied result = Applied::good;
  for (const Assignment& a : context.entry.assignments)
    if (applier.one(a) == Line::bad) result = Applied::bad_value;
  return result;
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
