// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cctype>
#include <iterator>

#include "log/json.hpp"
#include "log/local_socket.hpp"
#include "log/record_text.hpp"
#include "log/remarking_output.hpp"
#include "xsuperd/log/fields.hpp"

// Why not sd_journal_sendv(3): it blocks on the socket, so that a journal that hangs would stop all other logs with the
// thread that writes them; and libsystemd would be needed for what are lines of text (systemd, "Native Journal Protocol").

namespace xsuperd::log {

namespace {

constexpr std::string_view prefix = "XSUPERD_";

/// "NAME=value" and a line end. No value has a line end itself, which would need the protocol's other form: it is written
/// as a blank.
void append_field(std::string& to, std::string_view name, std::string_view value) {
  to.append(name).append("=");
  const std::size_t begin = to.size();
  to.append(valid_text(value, longest_field));
  for (std::size_t i = begin; i < to.size(); ++i)
    if (to[i] == '\n' || to[i] == '\0') to[i] = ' ';
  to += '\n';
}

class JournalFields {
 public:
  explicit JournalFields(std::string& to) : to_(&to) {}

  template <typename Value>
  void operator()(std::string_view name, const Value& value) const {
    std::string upper(prefix);
    for (const char c : name) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    std::string text;
    append_value(text, value);
    append_field(*to_, upper, text);
  }

 private:
  std::string* to_;
};

class JournalOutput : public RemarkingOutput {
 public:
  JournalOutput(Identity who, const std::string& path)
      : RemarkingOutput("journal socket " + path), program_(std::move(who.program)), socket_(path, LocalSocket::Kind::datagrams) {}

  Outcome write(const Line& line) override {
    message_.clear();
    append_field(message_, "MESSAGE", text_of(line.event));
    append_field(message_, "PRIORITY", fmt::format("{}", syslog_level(line.level)));
    append_field(message_, "SYSLOG_IDENTIFIER", program_);
    std::string time = stamp_.at(line.when);
    append_microseconds(time, line.when);
    const JournalFields fields(message_);
    fields("schema", record::schema);
    fields("time", std::string_view(time));
    fields("event", word_of(line.event));
    for_each_field(line.event, fields);
    const int code = socket_.send(message_);
    return code == 0 ? succeeded() : failed(code);
  }

 private:
  std::string program_;
  LocalSocket socket_;
  Stamp stamp_{utc_stamp};
  std::string message_;
};

}  // namespace

std::shared_ptr<Output> journal_output(Identity who, std::string path) {
  return std::make_shared<JournalOutput>(std::move(who), path);
}

}  // namespace xsuperd::log
