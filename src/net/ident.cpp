// SPDX-License-Identifier: MIT
#include "xsuperd/net/ident.hpp"

#include <fmt/format.h>

namespace xsuperd::net {

std::string_view log_words(IdentAnswer::Outcome outcome) {
  switch (outcome) {
    case IdentAnswer::Outcome::ok:
      return "ok";
    case IdentAnswer::Outcome::no_server:
      return "no server";
    case IdentAnswer::Outcome::timeout:
      return "timeout";
    case IdentAnswer::Outcome::system_error:
      return "system error";
    case IdentAnswer::Outcome::receive_error:
      return "error while receiving response";
    case IdentAnswer::Outcome::bad_response:
      return "bad response";
  }
  return "system error";
}

IdentAnswer answer_without_server(const base::Address& peer) {
  if (!peer.is_local() || peer.uid() == base::Address::not_told) return {IdentAnswer::Outcome::no_server, {}, {}};
  return {IdentAnswer::Outcome::ok, fmt::format("UNIX : {}", peer.uid()), {}};
}

}  // namespace xsuperd::net
