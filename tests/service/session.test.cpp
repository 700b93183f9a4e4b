// SPDX-License-Identifier: MIT
#include "xsuperd/service/session.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace xsuperd::service;
using Of = SessionPhase;
using On = SessionEvent;

namespace {

constexpr On all_events[]{On::greets,  On::greeted,    On::name_wanted, On::named,        On::look_wanted,
                             On::looked_again, On::admitted, On::allowed,  On::identified,   On::target_found,
                             On::started, On::start_failed, On::retried, On::lined_up,      On::called,
                             On::shaken, On::header_wanted, On::header_read};

Of phase_number(int number) { return static_cast<Of>(number); }

}  // namespace

TEST_CASE("an admitted session that wants nothing is started at once") {
  CHECK(after(Of::arrived, On::admitted, {}) == Of::starting);
}

TEST_CASE("an admitted session goes through libwrap, banner, identity and target, as far as they are wanted") {
  const Wanted all{true, true, true, true, false};
  CHECK(after(Of::arrived, On::admitted, all) == Of::libwrap);
  CHECK(after(Of::libwrap, On::allowed, all) == Of::banner);
  CHECK(after(Of::banner, On::greeted, all) == Of::identity);
  CHECK(after(Of::identity, On::identified, all) == Of::target);
  CHECK(after(Of::target, On::target_found, all) == Of::starting);
  const Wanted last{false, false, false, true, false};
  CHECK(after(Of::arrived, On::admitted, last) == Of::target);
  CHECK(after(Of::libwrap, On::allowed, last) == Of::target);
}

TEST_CASE("a handshake comes between libwrap and the banner") {
  Wanted wanted{.libwrap = true, .banner = true, .tls = true};
  CHECK(after(Of::libwrap, On::allowed, wanted) == Of::tls);
  CHECK(after(Of::tls, On::shaken, wanted) == Of::banner);
  wanted = {.tls = true};
  CHECK(after(Of::arrived, On::admitted, wanted) == Of::tls);
  CHECK(after(Of::tls, On::shaken, wanted) == Of::starting);
  CHECK_FALSE(after(Of::tls, On::started, wanted));
}

TEST_CASE("what starts is a server, or a conversation where we serve ourselves") {
  CHECK(after(Of::starting, On::started, {}) == Of::running);
  CHECK(after(Of::starting, On::started, {false, false, false, false, true}) == Of::conversing);
}

TEST_CASE("what holds a session up before it is judged leads back to being judged") {
  CHECK(after(Of::arrived, On::header_wanted, {}) == Of::heading);
  CHECK(after(Of::heading, On::header_read, {}) == Of::arrived);
  CHECK(after(Of::arrived, On::greets, {}) == Of::greeting);
  CHECK(after(Of::greeting, On::greeted, {}) == Of::arrived);
  CHECK(after(Of::arrived, On::name_wanted, {}) == Of::naming);
  CHECK(after(Of::naming, On::named, {}) == Of::arrived);
  CHECK(after(Of::arrived, On::look_wanted, {}) == Of::judging);
  CHECK(after(Of::judging, On::looked_again, {}) == Of::arrived);
  CHECK(after(Of::arrived, On::lined_up, {}) == Of::queued);
  CHECK(after(Of::queued, On::called, {}) == Of::arrived);
}

TEST_CASE("a start that failed is tried again") {
  CHECK(after(Of::starting, On::start_failed, {}) == Of::retrying);
  CHECK(after(Of::retrying, On::retried, {}) == Of::starting);
}

TEST_CASE("an event that does not belong to the phase comes to nothing") {
  int possible = 0;
  for (int phase = 0; phase <= static_cast<int>(last_session_phase); ++phase)
    for (const On event : all_events) possible += after(phase_number(phase), event, {}).has_value() ? 1 : 0;
  CHECK(possible == 10 + 1 + 5 + 1 + 2);  // before being judged, admitted, on the way, started, tries
  CHECK_FALSE(after(Of::running, On::greeted, {}));
  CHECK_FALSE(after(Of::naming, On::admitted, {}));
}

TEST_CASE("from every phase but the last ones there is a way to a server") {
  const Wanted all{true, true, true, true, false};
  for (int number = 0; number <= static_cast<int>(last_session_phase); ++number) {
    std::set<Of> reached{phase_number(number)};
    for (bool more = true; more;) {
      more = false;
      for (const Of from : std::set(reached))
        for (const On event : all_events)
          for (const Wanted& wanted : {all, Wanted{}})
            if (const auto to = after(from, event, wanted)) more = reached.insert(*to).second || more;
    }
    INFO(number);
    CHECK((reached.contains(Of::running) || phase_number(number) == Of::conversing));
  }
}

TEST_CASE("what waits to be judged is judged anew in another image, and all else goes on where it was") {
  for (const Of phase : {Of::greeting, Of::naming, Of::judging}) CHECK(resumed(phase) == Of::arrived);
  for (const Of phase : {Of::arrived, Of::libwrap, Of::banner, Of::identity, Of::target, Of::starting,
                            Of::retrying, Of::running, Of::conversing, Of::queued})
    CHECK(resumed(phase) == phase);
}
