// SPDX-License-Identifier: MIT
#pragma once
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "xsuperd/convert/convert.hpp"

namespace xsuperd::convert {

/// Collects findings. One line of the input that concerns many services, such as one of the defaults, is said once.
class Report {
 public:
  void note(const config::Place& place, std::string sentence) { add(Weight::note, place, std::move(sentence)); }
  void loss(const config::Place& place, std::string sentence) { add(Weight::loss, place, std::move(sentence)); }
  void error(const config::Place& place, std::string sentence) { add(Weight::error, place, std::move(sentence)); }
  void add(Weight weight, const config::Place& place, std::string sentence);
  /// What the loader or a parser found; what it says at a level below warning is nobody's business here.
  void take(const config::Diagnostic& diagnostic);
  /// The sentences of all errors, also of those that were there already.
  [[nodiscard]] const std::vector<std::string>& errors() const { return errors_; }
  /// All of them, by file and line; to be asked once.
  [[nodiscard]] std::vector<Finding> findings();

 private:
  std::vector<Finding> findings_;
  std::vector<std::string> errors_;
  std::set<std::tuple<std::string, int, std::string>> said_;
};

/// Names of files, each handed out once.
class FileNames {
 public:
  /// `wanted` with each byte that is not a letter, a digit or one of `others` replaced by `instead`, and a number behind
  /// it when it is taken.
  [[nodiscard]] std::string give(const std::string& wanted, std::string_view others, char instead);

 private:
  std::set<std::string> given_;
};

}  // namespace xsuperd::convert
