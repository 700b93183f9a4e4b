// SPDX-License-Identifier: MIT
#include "xsuperd/log/event.hpp"

#include <fmt/format.h>
#include <syslog.h>

#include <array>
#include <iterator>

#include "log/record_text.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/log/fields.hpp"

namespace xsuperd::log {

namespace {

using config::FailureOption;
using config::SuccessOption;

constexpr std::array<std::string_view, 6> level_words{"CRITICAL", "ERROR", "WARNING",
                                                      "NOTICE",   "INFO",  "DEBUG"};
constexpr std::size_t usual_line = 160;

/// The fields of a line, one after the other.
class LineFields {
 public:
  explicit LineFields(std::string& line) : line_(&line) {}

  void operator()(std::string_view, std::string_view words) const { line_->append(" ").append(words); }
  void operator()(std::string_view, const PeerText& text) const {
    line_->append(" ").append(base::escaped(text.bytes(), PeerText::longest));
  }
  void operator()(std::string_view name, const base::AddressText& address) const { add(name, address.view()); }
  void operator()(std::string_view name, int number) const { add(name, number); }
  void operator()(std::string_view name, std::chrono::seconds time) const { add(name, time.count(), "(sec)"); }
  void operator()(std::string_view name, ByteCount count) const { add(name, count.bytes, "(bytes)"); }

 private:
  template <typename Value>
  void add(std::string_view name, Value value, std::string_view unit = {}) const {
    fmt::format_to(std::back_inserter(*line_), " {}={}{}", name, value, unit);
  }

  std::string* line_;
};

/// The fields of a record, all of them named.
class RecordFields {
 public:
  explicit RecordFields(std::string& line) : line_(&line) {}

  template <typename Value>
  void operator()(std::string_view name, const Value& value) const {
    line_->append(" ").append(name).append("=");
    std::string text;
    append_value(text, value);
    line_->append(base::escaped(text, PeerText::longest));
  }

 private:
  std::string* line_;
};

}  // namespace

std::optional<Event> start_event(const config::Service& service, pid_t pid, const base::Address& peer) {
  if (service.settings.log_on_success.value_or(config::Set<SuccessOption>{}).empty()) return std::nullopt;
  Start event{.service = service.id, .pid = {}, .from = {}};
  if (service.logs(SuccessOption::pid)) event.pid = pid;
  if (service.logs(SuccessOption::host)) event.from = base::AddressText(peer);
  return event;
}

std::optional<Event> exit_event(const config::Service& service, pid_t pid, ExitStatus status,
                                std::chrono::seconds duration) {
  Exit event{.service = service.id, .status = {}, .signal = {}, .pid = {}, .duration = {}};
  if (service.logs(SuccessOption::exit)) (status.signalled ? event.signal : event.status) = status.value;
  if (service.logs(SuccessOption::duration)) event.duration = duration;
  if (!service.logs(SuccessOption::exit) && !event.duration) return std::nullopt;
  if (service.logs(SuccessOption::pid)) event.pid = pid;
  return event;
}

std::optional<Event> limit_event(const config::Service& service, pid_t pid, std::string_view limit) {
  if (!service.logs(SuccessOption::exit)) return std::nullopt;
  Limit event{.service = service.id, .pid = {}, .limit = limit};
  if (service.logs(SuccessOption::pid)) event.pid = pid;
  return event;
}

std::optional<Event> fail_event(const config::Service& service, std::string_view reason, const base::Address& peer) {
  if (service.settings.log_on_failure.value_or(config::Set<FailureOption>{}).empty()) return std::nullopt;
  Fail event{.service = service.id, .reason = reason, .from = {}};
  if (service.logs(FailureOption::host)) event.from = base::AddressText(peer);
  return event;
}

void append_text(std::string& line, const Event& event) {
  if (const auto* message = std::get_if<Message>(&event)) {
    line += message->text;
    return;
  }
  if (const auto* gap = std::get_if<record::Gap>(&event)) {
    fmt::format_to(std::back_inserter(line), "{} {} lost: {}", gap->lost, gap->lost == 1 ? "line was" : "lines were", gap->reason);
    return;
  }
  line.append(word_of(event)).push_back(':');
  std::visit(
      [&]<typename Kind>(const Kind& kind) {
        std::conditional_t<Record<Kind>, RecordFields, LineFields> fields(line);
        for_each_field_of(kind, fields);
      },
      event);
}

std::string text_of(const Event& event) {
  std::string line;
  line.reserve(usual_line);
  append_text(line, event);
  return line;
}

std::string_view level_word(Level level) { return level_words.at(static_cast<std::size_t>(level)); }

int syslog_level(Level level) { return LOG_CRIT + static_cast<int>(level); }

}  // namespace xsuperd::log
