// SPDX-License-Identifier: MIT
// An identity server's reply on its whole way: read, told by the worker, and written to the log.
#include "converse/ident_reply.hpp"

#include "fuzz/target.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/log/event.hpp"
#include "xsuperd/worker/protocol.hpp"

using namespace xsuperd;
using fuzz::must;
using Result = converse::Identity::Result;

namespace {

/// What the daemon is told by its worker.
converse::Identity told(Result result, std::string_view text) {
  worker::Ended ended;
  ended.ending.report.identity = {result, std::string(text)};
  const auto message = worker::decode_for_daemon(worker::encode(std::move(ended)));
  must(message && std::holds_alternative<worker::Ended>(*message));
  return std::get<worker::Ended>(*message).ending.report.identity;
}

void check_entry(std::string_view text) {
  config::Service service;
  service.id = "ftp";
  const std::string entry = log::text_of(log::UserId{service.id, log::PeerText(text)});
  must(fuzz::printable(entry));
  must(entry.starts_with("USERID: ftp "));
  must(entry.size() <= 12 + 4 * 1024 + 3);
  // A text that needs no escaping stands there as it is: nothing in it is taken for a format.
  if (fuzz::printable(text) && text.find('\\') == text.npos && text.size() <= 1024)
    must(entry == "USERID: ftp " + std::string(text));
}

}  // namespace

FUZZ_TARGET(ident) {
  const std::string_view line = input.substr(0, converse::longest_ident_reply);
  const auto text = converse::parse_ident_reply(line, 6193, 23);
  if (text) {
    must(text->find_first_of("\r\n") == text->npos);
    must(line.find(*text) != line.npos && text->size() + 17 <= line.size() + 2);
    must(converse::parse_ident_reply(line, 6193, 24) == std::nullopt);
    must(converse::parse_ident_reply(line, 6194, 23) == std::nullopt);
    must(told(Result::user, *text).text == *text);
    check_entry(*text);
  }
  const std::string_view first = line.substr(0, line.find('\n'));
  must(told(Result::bad_line, first).text == first);
  check_entry(first);
  // Whatever stands behind the second colon of a good reply is the text.
  const std::string_view rest = line.substr(0, line.find_first_of("\r\n"));
  const auto all = converse::parse_ident_reply("6193, 23 : USERID :" + std::string(rest) + "\r", 6193, 23);
  must(all && *all == rest.substr(std::min(rest.find_first_not_of(" \t"), rest.size())));
}
