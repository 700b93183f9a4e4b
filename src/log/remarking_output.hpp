// SPDX-License-Identifier: MIT
#pragma once
#include <deque>
#include <optional>
#include <string>

#include "xsuperd/log/output.hpp"

namespace xsuperd::log {

/// What all outputs of this layer have in common: the remarks they have to make about themselves, each cause
/// of trouble named once.
class RemarkingOutput : public Output {
 public:
  [[nodiscard]] std::optional<Remark> take_complaint() final;

 protected:
  /// `name`: what remarks call this output, as in "log file /var/log/xinetd".
  explicit RemarkingOutput(std::string name) : name_(std::move(name)) {}

  void say(Level level, std::string text) { remarks_.push_back({level, std::move(text)}); }
  /// A line could not be written because of errno value `code`: complains unless that was the trouble before
  /// too. Always `later`.
  Outcome failed(int code);
  /// A line was written: ends the trouble, if there was any. Always `written`.
  Outcome succeeded();

 private:
  std::string name_;
  int trouble_ = 0;  ///< errno value of the last failure, 0 while all is well
  std::deque<Remark> remarks_;
};

}  // namespace xsuperd::log
