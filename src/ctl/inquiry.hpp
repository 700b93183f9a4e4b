// SPDX-License-Identifier: MIT
// A question to the daemon that waits for nothing. Internal to ctl.
#pragma once
#include <string>

#include "ctl/commands.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/control/frame.hpp"

namespace xsuperd::ctl {

/// One request and its reply over a connection of its own, for callers that have a keyboard to look after meanwhile.
/// Used as poll(2) says: while it is not done, `go_on` whenever the descriptor has one of its events.
class Inquiry {
 public:
  /// Connects. Fails as control::Client::connect does, and with EAGAIN where a daemon that hangs has no room for
  /// another connection.
  [[nodiscard]] static base::Result<Inquiry> begin(const std::string& path, const control::Request& request);

  [[nodiscard]] int descriptor() const { return socket_.get(); }
  /// POLLIN, or POLLOUT while the request is not out.
  [[nodiscard]] short events() const;
  /// As far as it goes without waiting. Fails when the daemon closes, refuses or talks nonsense, with EBUSY when it has too
  /// many clients; it is over then.
  [[nodiscard]] base::Result<void> go_on();
  [[nodiscard]] bool done() const { return done_; }
  /// Of one that is done.
  [[nodiscard]] Answer take() { return std::move(answer_); }

 private:
  Inquiry(base::Fd socket, std::string request) : socket_(std::move(socket)), unsent_(std::move(request)) {}
  [[nodiscard]] base::Result<void> read_frames();

  base::Fd socket_;
  std::string unsent_;
  control::FrameReader reader_{control::longest_reply_frame};
  Answer answer_;
  bool done_ = false;
};

/// One question and its answer. Fails as an Inquiry does, and with ETIMEDOUT when the answer is not complete in time.
[[nodiscard]] base::Result<Answer> ask_within(const std::string& path, const control::Request& request,
                                              std::chrono::milliseconds patience);

}  // namespace xsuperd::ctl
