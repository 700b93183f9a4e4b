// SPDX-License-Identifier: MIT
#include "log/remarking_output.hpp"

#include <utility>

namespace xsuperd::log {

std::optional<Output::Remark> RemarkingOutput::take_complaint() {
  if (remarks_.empty()) return std::nullopt;
  Remark remark = std::move(remarks_.front());
  remarks_.pop_front();
  return remark;
}

Output::Outcome RemarkingOutput::failed(int code) {
  if (std::exchange(trouble_, code) != code)
    say(Level::error, base::system_error(code, "writing to " + name_).sentence);
  return Outcome::later;
}

Output::Outcome RemarkingOutput::succeeded() {
  if (std::exchange(trouble_, 0) != 0) say(Level::notice, "writing to " + name_ + " works again");
  return Outcome::written;
}

}  // namespace xsuperd::log
