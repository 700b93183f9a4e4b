// SPDX-License-Identifier: MIT
#include "worker/survey.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace xsuperd::worker {

// Questions are numbered from a moment on: a worker may still answer one of an image before an upgrade.
Survey::Survey(boost::asio::io_context& loop, std::chrono::milliseconds patience, Ask ask)
    : loop_(loop),
      patience_(patience),
      ask_(std::move(ask)),
      deadline_(loop),
      question_(static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count())) {}

void Survey::join(Answered answered) {
  if (!alive_) return;
  next_.push_back(std::move(answered));
  if (!open_) begin();
}

void Survey::begin() {
  open_ = true;
  told_ = std::exchange(next_, {});
  counts_ = std::make_shared<Counts>();
  silent_ = ask_(++question_);
  deadline_.expires_after(patience_);
  deadline_.async_wait([this, alive = std::weak_ptr(alive_), question = question_](const boost::system::error_code& error) {
    if (!error && alive.lock() && open_ && question == question_) finish();
  });
  finish_if_complete();
}

void Survey::take(const Link& link, const Progress& progress) {
  if (!open_ || progress.question != question_) return;
  for (const Progress::Count& count : progress.counts) counts_->emplace(count.token, count.traffic);
  if (progress.last) gone(link);
}

void Survey::gone(const Link& link) {
  std::erase(silent_, &link);
  finish_if_complete();
}

void Survey::finish_if_complete() {
  if (open_ && silent_.empty()) finish();
}

void Survey::finish() {
  open_ = false;
  silent_.clear();
  deadline_.cancel();
  boost::asio::post(loop_, [alive = std::weak_ptr(alive_), counts = std::move(counts_), told = std::exchange(told_, {})] {
    for (const Answered& one : told)
      if (alive.lock()) one(*counts);
  });
  if (!next_.empty()) begin();
}

void Survey::close() {
  alive_.reset();
  open_ = false;
  deadline_.cancel();
  told_.clear();
  next_.clear();
}

}  // namespace xsuperd::worker
