// SPDX-License-Identifier: MIT
#include "xsuperd/net/ident.hpp"

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

}  // namespace xsuperd::net
