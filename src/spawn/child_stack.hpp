// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>

namespace xsuperd::spawn {

/// The stack a child runs on until its exec, with a guard page below. Must not be destroyed before.
class ChildStack {
 public:
  ChildStack();  ///< throws std::system_error when there is no memory
  ~ChildStack();
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;

  [[nodiscard]] void* top() const { return static_cast<char*>(base_) + size_; }
  /// The same memory as two stacks: a small one that ends at top(), and the one below it, for children.
  [[nodiscard]] void* lower() const;
  [[nodiscard]] std::size_t lower_size() const;

 private:
  std::size_t size_;
  void* base_;
};

}  // namespace xsuperd::spawn
