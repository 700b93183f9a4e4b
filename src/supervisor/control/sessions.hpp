// SPDX-License-Identifier: MIT
// Internal to supervisor.
#pragma once
#include <functional>

#include "supervisor/control/command.hpp"

namespace xsuperd::supervisor {

/// A session as `sessions` tells of it, but for what it has carried. Pure.
[[nodiscard]] control::reply::Session session_row(const service::Runner& runner, service::Token token, const service::Session& session,
                                                  base::Moment now);

/// The command sessions. Answers when `ask` has told how much conversations have carried.
void answer_sessions(const View& daemon, const std::function<void(worker::Conversations::Answered)>& ask,
                     const control::request::Services& arguments, const Answer<control::command::Sessions>& answer);

}  // namespace xsuperd::supervisor
