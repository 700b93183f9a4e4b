// SPDX-License-Identifier: MIT
#include "convert/report.hpp"

#include <algorithm>

namespace xsuperd::convert {

bool Conversion::has(Weight weight) const {
  return std::any_of(findings.begin(), findings.end(), [weight](const Finding& one) { return one.weight == weight; });
}

void Report::add(Weight weight, const config::Place& place, std::string sentence) {
  if (weight == Weight::error) errors_.push_back(sentence);
  if (!said_.emplace(place.file, place.line, sentence).second) return;
  findings_.push_back({weight, place, std::move(sentence)});
}

std::vector<Finding> Report::findings() {
  const auto place = [](const Finding& one) { return std::tie(one.place.file, one.place.line); };
  std::stable_sort(findings_.begin(), findings_.end(),
                   [&](const Finding& a, const Finding& b) { return place(a) < place(b); });
  return std::move(findings_);
}

void Report::take(const config::Diagnostic& diagnostic) {
  if (diagnostic.level > config::Level::warning) return;
  std::string sentence = diagnostic.sentence;
  if (!diagnostic.suggestion.empty()) sentence += " (" + diagnostic.suggestion + ")";
  const bool error = diagnostic.level <= config::Level::error;
  add(!error                ? Weight::note
      : diagnostic.unserved ? Weight::loss
                            : Weight::error,
      diagnostic.place, std::move(sentence));
}

namespace {
bool is_plain(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
}  // namespace

std::string FileNames::give(const std::string& wanted, std::string_view others, char instead) {
  std::string name = wanted.substr(0, 200);
  for (char& c : name)
    if (!is_plain(c) && others.find(c) == others.npos) c = instead;
  if (name.empty() || name.front() == '-') name.insert(name.begin(), '_');
  std::string unique = name;
  for (int n = 2; !given_.insert(unique).second; ++n) unique = name + instead + std::to_string(n);
  return unique;
}

}  // namespace xsuperd::convert
