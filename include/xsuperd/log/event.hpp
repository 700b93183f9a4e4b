// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <boost/mp11/algorithm.hpp>
#include <boost/mp11/list.hpp>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/address_text.hpp"
#include "xsuperd/base/described.hpp"
#include "xsuperd/config/diagnostic.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/log/record.hpp"

/// What is logged, as values: sentences of the daemon, what happened to a service as its log has it, and the records of
/// event logs (record.hpp). Plain and copyable; none takes
/// memory from the heap, none owns its texts: whoever keeps an event keeps these too (log/texts.hpp). Each output makes
/// of an event what it writes; xinetd's formats (facts B7.11 to B7.18) are those of append_text(). Pure.
namespace xsuperd::log {

using config::Level;

/// How a server ended.
struct ExitStatus {
  bool signalled = false;
  int value = 0;  ///< exit status, or signal number
};

/// A peer's bytes as received. Each output escapes them in its own way; what is longer than an entry may show is cut
/// here.
class PeerText {
 public:
  static constexpr std::size_t longest = 1024;

  PeerText() = default;
  /// One byte more than `longest` stays, so that the outputs see that there was more.
  explicit PeerText(std::string_view bytes) : bytes_(bytes.substr(0, longest + 1)) {}
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  explicit operator std::string_view() const { return bytes_; }

 private:
  std::string_view bytes_;
};

struct ByteCount {
  std::uint64_t bytes = 0;
};

// The kinds of events. The members of each are its fields, in the order in which the line shows them; what the service
// does not log, or what does not apply, is absent. Texts stand in a line as they are, everything else as "name=value".

/// A sentence in the daemon's own words. Made implicitly from a text.
struct Message {
  Message() = default;
  template <std::convertible_to<std::string_view> Text>
  Message(const Text& words) : text(words) {}  // NOLINT(google-explicit-constructor): stands for the text

  std::string_view text;
};

/// "START: ID[ pid=N][ from=ADDR]" (fact B7.12).
struct Start {
  static constexpr std::string_view word = "START";
  std::string_view service;  ///< its id, here and below
  std::optional<pid_t> pid;
  std::optional<base::AddressText> from;
};
BOOST_DESCRIBE_STRUCT(Start, (), (service, pid, from))

/// "EXIT: ID[ status=N| signal=N][ pid=N][ duration=N(sec)]" (fact B7.13).
struct Exit {
  static constexpr std::string_view word = "EXIT";
  std::string_view service;
  std::optional<int> status;
  std::optional<int> signal;
  std::optional<pid_t> pid;
  std::optional<std::chrono::seconds> duration;
};
BOOST_DESCRIBE_STRUCT(Exit, (), (service, status, signal, pid, duration))

/// "LIMIT: ID[ pid=N] LIMIT": a time limit ends the session; EXIT follows. Ours.
struct Limit {
  static constexpr std::string_view word = "LIMIT";
  std::string_view service;
  std::optional<pid_t> pid;
  std::string_view limit;  ///< the attribute
};
BOOST_DESCRIBE_STRUCT(Limit, (), (service, pid, limit))

/// "STDERR: ID pid=N TEXT": a line that a server with that pid, or one of its children, has written. Ours.
struct Stderr {
  static constexpr std::string_view word = "STDERR";
  std::string_view service;
  pid_t pid = 0;
  std::string_view text;  ///< escaped already, by the worker
};
BOOST_DESCRIBE_STRUCT(Stderr, (), (service, pid, text))

/// "FAIL: ID REASON[ from=ADDR]" (fact B7.14).
struct Fail {
  static constexpr std::string_view word = "FAIL";
  std::string_view service;
  std::string_view reason;
  std::optional<base::AddressText> from;
};
BOOST_DESCRIBE_STRUCT(Fail, (), (service, reason, from))

/// "USERID: ID TEXT" (facts B7.15, B12.32).
struct UserId {
  static constexpr std::string_view word = "USERID";
  std::string_view service;
  PeerText user;
};
BOOST_DESCRIBE_STRUCT(UserId, (), (service, user))

/// "NOID: ID ADDR REASON" (fact B7.16).
struct NoId {
  static constexpr std::string_view word = "NOID";
  std::string_view service;
  std::string_view from;
  std::string_view reason;
};
BOOST_DESCRIBE_STRUCT(NoId, (), (service, from, reason))

/// "TRAFFIC: ID in=N(bytes) out=N(bytes)" (fact B7.17).
struct Traffic {
  static constexpr std::string_view word = "TRAFFIC";
  std::string_view service;
  ByteCount in;
  ByteCount out;
};
BOOST_DESCRIBE_STRUCT(Traffic, (), (service, in, out))

/// The kinds of records, and the events that they are.
using Records = boost::mp11::mp_list<record::Start, record::Exit, record::Refuse, record::Limit, record::Ban, record::Open,
                                     record::Lost, record::Reload, record::Upgrade, record::Gap>;
using Event = boost::mp11::mp_append<std::variant<Message, Start, Exit, Fail, UserId, NoId, Traffic, Limit, Stderr>, Records>;

template <typename Kind>
concept Record = boost::mp11::mp_contains<Records, Kind>::value;

// What a service logs, with the fields that it is to log. All refer to `service` and to the texts that are given.

/// Nothing when no option of log_on_success is set.
[[nodiscard]] std::optional<Event> start_event(const config::Service& service, pid_t pid, const base::Address& peer);
/// Nothing without EXIT or DURATION.
[[nodiscard]] std::optional<Event> exit_event(const config::Service& service, pid_t pid, ExitStatus status,
                                              std::chrono::seconds duration);
/// `limit` is the name of the attribute. Nothing without EXIT.
[[nodiscard]] std::optional<Event> limit_event(const config::Service& service, pid_t pid, std::string_view limit);
/// Nothing when no option of log_on_failure is set.
[[nodiscard]] std::optional<Event> fail_event(const config::Service& service, std::string_view reason,
                                              const base::Address& peer);

/// Appends the line that xinetd would write, without stamp and line end.
void append_text(std::string& line, const Event& event);
[[nodiscard]] std::string text_of(const Event& event);

/// The word of a level in -filelog lines: "ERROR" and so on (fact B7.2).
[[nodiscard]] std::string_view level_word(Level level);
/// The LOG_ number of syslog(3) for a level.
[[nodiscard]] int syslog_level(Level level);

}  // namespace xsuperd::log
