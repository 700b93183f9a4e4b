// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/control/schema/command.hpp"

namespace xsuperd::control {

namespace reply {

struct Events {
  std::uint64_t newest = 0;
  std::uint64_t lost = 0;
  static constexpr std::array notes{Note{"newest", "the number of the last record; the next ones are behind it"},
                                    Note{"lost", "records behind `after` that are not kept any more; not told of a single service"}};
};
BOOST_DESCRIBE_STRUCT(Events, (), (newest, lost))

struct Event {
  std::uint64_t number = 0;
  json::object record;
  static constexpr std::array notes{Note{"number", "grows with each record, also over an upgrade"},
                                    Note{"record", "as in an event log, see xsuperd.log(5)"}};
};
BOOST_DESCRIBE_STRUCT(Event, (), (number, record))

}  // namespace reply

namespace request {

struct Events {
  static constexpr std::uint64_t most = 20'000;
  Maybe<std::string> service;
  Maybe<std::uint64_t> after;
  Maybe<std::uint64_t> last;
  static constexpr std::array notes{Note{"service", "by its id or name; one that is gone may still have records"},
                                    Note{"after", "only records behind this number"},
                                    Note{"last", "only so many, the latest; 1,000 unless said, and without effect beside `after`"}};
};
BOOST_DESCRIBE_STRUCT(Events, (), (service, after, last))

}  // namespace request

namespace command {

struct Events : Look<request::Events, reply::Events, reply::Event> {
  static constexpr std::string_view name = "events";
  static constexpr std::string_view text =
      "A row for each record that the daemon keeps of what has happened lately, oldest first, whether there are event logs or not.";
};

}  // namespace command

using EventCommands = boost::mp11::mp_list<command::Events>;

}  // namespace xsuperd::control
