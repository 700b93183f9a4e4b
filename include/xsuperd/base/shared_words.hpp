// SPDX-License-Identifier: MIT
#pragma once
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace xsuperd::base {

/// Words that thousands of services have in common, such as an environment: copies share them. Not changed any more once
/// a copy is with another thread.
class SharedWords {
 public:
  using Words = std::vector<std::string>;
  SharedWords() = default;
  SharedWords(Words words) : words_(std::make_shared<const Words>(std::move(words))) {}
  SharedWords(std::initializer_list<std::string> words) : SharedWords(Words(words)) {}
  operator const Words&() const { return *words_; }
  [[nodiscard]] bool empty() const { return words_->empty(); }
  /// Copies all of them: nobody else's change.
  void push_back(std::string word) {
    Words words = *words_;
    words.push_back(std::move(word));
    words_ = std::make_shared<const Words>(std::move(words));
  }
  bool operator==(const SharedWords& other) const { return words_ == other.words_ || *words_ == *other.words_; }

 private:
  static const std::shared_ptr<const Words>& none() {
    static const auto words = std::make_shared<const Words>();
    return words;
  }
  std::shared_ptr<const Words> words_ = none();
};

}  // namespace xsuperd::base
