// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <functional>
#include <string>

#include "xsuperd/loop/alarm.hpp"

namespace xsuperd::service {

/// The tries to open a socket since it was open last: how many have failed, why, and when the next one is due. Loop thread
/// only.
class OpeningTries {
 public:
  /// `timer_length`: as in Surroundings. `again` is called when the next one is due.
  OpeningTries(boost::asio::io_context& loop,
               const std::function<std::chrono::milliseconds(std::chrono::milliseconds)>& timer_length,
               std::function<void()> again);

  /// One more has failed. True for the first: the log is told when it begins, and the tries that follow are quiet.
  [[nodiscard]] bool failed(std::string why);
  /// It is open. Not the end of the failures where something may still fail.
  void opened() { trouble_.clear(); }
  /// Nothing can fail any more.
  void succeeded() { failures_ = 0; }
  /// The next one, after a pause that grows with the failures; or none.
  void again_later();
  void cancel() { alarm_.cancel(); }

  [[nodiscard]] unsigned failures() const { return failures_; }
  /// Of the last one that has failed; empty when it is open, or was never tried.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  /// Goes on where another image was.
  void restore(unsigned failures, std::string trouble);

 private:
  const std::function<std::chrono::milliseconds(std::chrono::milliseconds)>& timer_length_;
  unsigned failures_ = 0;
  std::string trouble_;
  loop::Alarm alarm_;
};

}  // namespace xsuperd::service
