// SPDX-License-Identifier: MIT
#pragma once
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "xsuperd/worker/conversations.hpp"
#include "xsuperd/worker/protocol.hpp"

namespace xsuperd::worker {

class Link;

/// Puts one question to several workers and collects what they answer, one question at a time. Whoever wants to know
/// while one is open waits for the next. Lives on the loop thread.
class Survey {
 public:
  using Answered = Conversations::Answered;
  /// Puts the question of that number; returns who will answer it.
  using Ask = std::function<std::vector<const Link*>(std::uint64_t question)>;

  Survey(boost::asio::io_context& loop, std::chrono::milliseconds patience, Ask ask);

  /// `told` is called once, from the loop, with what came until all had answered or the patience was over.
  void join(Answered answered);
  /// A worker's answer, or a part of it; ignored when it comes too late. Its tokens have been checked.
  void take(const Link& link, const Progress& progress);
  /// This one will not answer.
  void gone(const Link& link);
  /// Nothing is called any more.
  void close();

 private:
  void begin();
  void finish_if_complete();
  void finish();

  boost::asio::io_context& loop_;
  const std::chrono::milliseconds patience_;
  const Ask ask_;
  boost::asio::steady_timer deadline_;
  std::uint64_t question_;
  bool open_ = false;
  std::vector<const Link*> silent_;  ///< have not answered to the end
  std::shared_ptr<Counts> counts_;
  std::vector<Answered> told_;  ///< wait for this question
  std::vector<Answered> next_;  ///< wait for the next one
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  ///< until close()
};

}  // namespace xsuperd::worker
