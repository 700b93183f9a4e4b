// SPDX-License-Identifier: MIT
#pragma once
#include <memory>

#include "converse/talk.hpp"

/// One maker for each kind of conversation, each in a file of its own. start() gives it the peer afterwards.
namespace xsuperd::converse {

using Maker = std::unique_ptr<Talk>(Opening&);

Maker make_echo, make_discard, make_chargen, make_daytime, make_time, make_text, make_xadmin, make_relay,
    make_tcpmux, make_ident, make_lines, make_tls, make_tls_relay, make_proxy, make_carry;

/// Sends `text`, takes leave and closes.
[[nodiscard]] std::unique_ptr<Talk> make_answer(Opening& opening, std::string text);

}  // namespace xsuperd::converse
