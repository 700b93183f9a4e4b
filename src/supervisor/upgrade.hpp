// SPDX-License-Identifier: MIT
// An upgrade that is under way in the old image. Internal to supervisor.
#pragma once
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/image.hpp"
#include "supervisor/trial.hpp"
#include "xsuperd/base/time.hpp"

namespace xsuperd::supervisor {

struct Upgrade {
  explicit Upgrade(boost::asio::io_context& loop) : timer(loop) {}

  std::vector<std::function<void(base::Result<void>)>> told;
  Image image;  ///< what is tried, and then executed
  std::shared_ptr<Trial> trial;
  std::string notes;
  bool logs_written = false;
  bool holding = false;  ///< the listeners wait no more
  base::Moment held_since{};
  boost::asio::steady_timer timer;
  /// Gone with this upgrade: what was posted for it, and comes when the next one is under way, must do nothing.
  std::shared_ptr<const bool> alive = std::make_shared<const bool>(true);
};

}  // namespace xsuperd::supervisor
