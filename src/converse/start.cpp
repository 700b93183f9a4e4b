// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <ctime>
#include <stdexcept>

#include "converse/talks.hpp"
#include "xsuperd/converse/conversation.hpp"

namespace xsuperd::converse {

namespace {

struct Row {
  Kind kind;
  Maker* make;
};

constexpr std::array rows{
    Row{Kind::echo, make_echo},       Row{Kind::discard, make_discard}, Row{Kind::chargen, make_chargen},
    Row{Kind::daytime, make_daytime}, Row{Kind::time, make_time},       Row{Kind::text, make_text},
    Row{Kind::xadmin, make_xadmin},   Row{Kind::relay, make_relay},     Row{Kind::tcpmux, make_tcpmux},
    Row{Kind::ident, make_ident},     Row{Kind::lines, make_lines},
    Row{Kind::tls, make_tls},         Row{Kind::tls_relay, make_tls_relay},
    Row{Kind::proxy, make_proxy},     Row{Kind::carry, make_carry},
};

}  // namespace

void prepare(boost::asio::io_context& loop) {
  ::tzset();
  (void)Poller::of(loop).pool().scratch();
}

std::unique_ptr<Conversation> start(boost::asio::io_context& loop, Kind kind, base::Fd peer,
                                    Parameters parameters, std::function<void(Report)> done) {
  const auto row = std::ranges::find(rows, kind, &Row::kind);
  if (row == rows.end()) throw std::invalid_argument("converse: no such kind of conversation");
  Opening opening{Poller::of(loop), std::move(parameters), std::move(done)};
  auto talk = row->make(opening);
  talk->begin(std::move(peer));
  return talk;
}

}  // namespace xsuperd::converse
