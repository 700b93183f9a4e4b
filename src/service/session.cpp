// SPDX-License-Identifier: MIT
#include "xsuperd/service/session.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace xsuperd::service {

namespace {

using Of = SessionPhase;  // short, for the tables
using On = SessionEvent;

/// What lies between being admitted and the server, in this order (fact B4.24), and the event that ends each.
struct Wait {
  Of phase;
  On end;
  bool Wanted::*wanted;
};
constexpr std::array<Wait, 5> way_to_server{{{Of::libwrap, On::allowed, &Wanted::libwrap},
                                             {Of::tls, On::shaken, &Wanted::tls},
                                             {Of::banner, On::greeted, &Wanted::banner},
                                             {Of::identity, On::identified, &Wanted::identity},
                                             {Of::target, On::target_found, &Wanted::target}}};

/// All other transitions.
struct Transition {
  Of from;
  On event;
  Of to;
};
constexpr Transition transitions[]{{Of::arrived, On::header_wanted, Of::heading},
                                   {Of::heading, On::header_read, Of::arrived},
                                   {Of::arrived, On::greets, Of::greeting},
                                   {Of::greeting, On::greeted, Of::arrived},
                                   {Of::arrived, On::name_wanted, Of::naming},
                                   {Of::naming, On::named, Of::arrived},
                                   {Of::arrived, On::look_wanted, Of::judging},
                                   {Of::arrived, On::lined_up, Of::queued},
                                   {Of::queued, On::called, Of::arrived},
                                   {Of::judging, On::looked_again, Of::arrived},
                                   {Of::starting, On::start_failed, Of::retrying},
                                   {Of::retrying, On::retried, Of::starting}};

Of first_wanted(std::size_t begin, const Wanted& wanted) {
  for (std::size_t i = begin; i < way_to_server.size(); ++i)
    if (wanted.*way_to_server[i].wanted) return way_to_server[i].phase;
  return Of::starting;
}

}  // namespace

std::optional<SessionPhase> after(SessionPhase phase, SessionEvent event, const Wanted& wanted) {
  if (event == On::admitted) return phase == Of::arrived ? std::optional(first_wanted(0, wanted)) : std::nullopt;
  if (phase == Of::starting && event == On::started) return wanted.conversation ? Of::conversing : Of::running;
  for (std::size_t i = 0; i < way_to_server.size(); ++i)
    if (way_to_server[i].phase == phase && way_to_server[i].end == event) return first_wanted(i + 1, wanted);
  const auto found = std::find_if(std::begin(transitions), std::end(transitions),
                                  [&](const Transition& t) { return t.from == phase && t.event == event; });
  return found == std::end(transitions) ? std::nullopt : std::optional(found->to);
}

SessionPhase resumed(SessionPhase phase) {
  const bool not_judged = phase == Of::greeting || phase == Of::naming || phase == Of::judging;
  return not_judged ? Of::arrived : phase;
}

}  // namespace xsuperd::service
