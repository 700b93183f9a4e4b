// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <functional>
#include <string>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/control/frame.hpp"
#include "xsuperd/control/message.hpp"

namespace xsuperd::control {

/// Asks a daemon through its control socket, and waits for what it says: for programs that have nothing else to do. One
/// thread at a time.
class Client {
 public:
  /// Connects. Fails with ENOENT or ECONNREFUSED where no daemon is, with EACCES where we may not.
  [[nodiscard]] static base::Result<Client> connect(const std::string& path);

  /// Sends a request and waits for the whole reply, at most `patience` for each part of it. Rows are handed over as they
  /// come. What the daemon refused is in the part's `failure`; an Error is a connection that failed.
  [[nodiscard]] base::Result<ReplyPart> ask(const Request& request, std::chrono::milliseconds patience,
                                            const std::function<void(json::object)>& on_row);

 private:
  explicit Client(base::Fd socket) : socket_(std::move(socket)) {}
  [[nodiscard]] base::Result<void> send(std::string_view bytes, std::chrono::milliseconds patience) const;
  [[nodiscard]] base::Result<std::string> receive(std::chrono::milliseconds patience);
  [[nodiscard]] base::Result<void> wait(short events, std::chrono::steady_clock::time_point until) const;

  base::Fd socket_;
  FrameReader reader_{longest_reply_frame};
};

}  // namespace xsuperd::control
