// SPDX-License-Identifier: MIT
#include "xsuperd/service/opening_tries.hpp"

#include <algorithm>
#include <utility>

namespace xsuperd::service {

using namespace std::chrono_literals;

OpeningTries::OpeningTries(boost::asio::io_context& loop,
                           const std::function<std::chrono::milliseconds(std::chrono::milliseconds)>& timer_length,
                           std::function<void()> again)
    : timer_length_(timer_length), alarm_(loop, std::move(again)) {}

bool OpeningTries::failed(std::string why) {
  trouble_ = std::move(why);
  return failures_++ == 0;
}

void OpeningTries::again_later() {
  alarm_.set(timer_length_(std::min<std::chrono::milliseconds>(60s, 1s * (1 << std::min(failures_, 6u)))));
}

void OpeningTries::restore(unsigned failures, std::string trouble) {
  failures_ = failures;
  trouble_ = std::move(trouble);
}

}  // namespace xsuperd::service
