// SPDX-License-Identifier: MIT
#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "xsuperd/base/error.hpp"

/// What requests and replies say (xsuperd-control(7)). Pure.
namespace xsuperd::control {

namespace json = boost::json;

/// Increased when a client of the old version would misunderstand; new members do not increase it.
inline constexpr int protocol_version = 1;

/// Why a request was not granted.
enum class Code : std::uint8_t {
  bad_request,      ///< it cannot be read, or an argument is missing or wrong
  wrong_version,    ///< of the protocol
  unknown_command,
  not_allowed,      ///< the client is not allowed to
  not_found,        ///< there is no such service, session or ban
  failed,           ///< it was tried, and did not work
  refused,          ///< it makes no sense now
  busy,             ///< too many clients
};
[[nodiscard]] std::string_view word_of(Code code);
[[nodiscard]] std::optional<Code> code_of(std::string_view word);

struct Failure {
  Code code = Code::failed;
  std::string sentence;      ///< for a person; no final full stop
  json::object details = {}; ///< further details for programs, or empty
};

struct Request {
  std::string command;
  json::object arguments = {};
};

/// The next row of a list, or nothing at its end. Called as the client takes what was sent, on the loop thread, so that
/// a list of any length costs no more memory than one frame.
using Rows = std::function<std::optional<json::object>()>;

struct Reply {
  json::object result = {};
  Rows rows = {};  ///< none: no list
  std::optional<Failure> failure = {};

  [[nodiscard]] static Reply failed(Code code, std::string sentence) {
    return {{}, {}, Failure{code, std::move(sentence), {}}};
  }
};

[[nodiscard]] std::string request_text(const Request& request);
/// Reads a request: an object with `version` and `command`, at most 16 levels deep.
[[nodiscard]] std::variant<Request, Failure> parse_request(std::string_view text);

/// The last frame of a reply, without its rows.
[[nodiscard]] std::string final_text(const Reply& reply);
/// A frame with rows: as many as make `enough` bytes. Empty when there is none left.
[[nodiscard]] std::string rows_text(const Rows& rows, std::size_t enough);

/// One frame of a reply, as a client reads it.
struct ReplyPart {
  json::array rows = {};
  bool last = false;
  json::object result = {};              ///< with `last`
  std::optional<Failure> failure = {};   ///< with `last`
};
[[nodiscard]] base::Result<ReplyPart> parse_reply(std::string_view text);

/// Bytes from files or peers as a JSON string can hold them: UTF-8 stays, anything else is escaped as in the log.
[[nodiscard]] std::string json_text(std::string_view bytes);

// Arguments of a request: nothing when they are missing or of another kind.
[[nodiscard]] std::optional<std::string> string_at(const json::object& object, std::string_view name);
[[nodiscard]] std::optional<std::int64_t> number_at(const json::object& object, std::string_view name);
[[nodiscard]] bool true_at(const json::object& object, std::string_view name);

}  // namespace xsuperd::control
