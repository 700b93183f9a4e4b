// SPDX-License-Identifier: MIT
#include "worker/open_question.hpp"

namespace xsuperd::worker {

void OpenQuestion::put(std::uint64_t question) {
  question_ = question;
  last_token_.reset();
}

bool OpenQuestion::takes(const Progress& progress) {
  if (!is(progress.question)) return false;
  if (!progress.counts.empty()) {
    if (last_token_ && progress.counts.front().token <= *last_token_) return false;
    last_token_ = progress.counts.back().token;
  }
  if (progress.last) forget();
  return true;
}

}  // namespace xsuperd::worker
