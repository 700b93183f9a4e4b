// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/control/schema/command.hpp"

namespace xsuperd::control {

namespace reply {

struct Bans {
  std::uint64_t bans = 0;
};
BOOST_DESCRIBE_STRUCT(Bans, (), (bans))

struct Ban {
  std::string address;
  std::optional<std::uint64_t> seconds_left;
  Maybe<std::string> reason;
  Maybe<std::string> origin;
  Maybe<std::int64_t> since;
  Maybe<std::uint64_t> hits;
  static constexpr std::array notes{Note{"address", "or ADDRESS/LENGTH, unix:uid=NUMBER or vsock:NUMBER"}, Note{"seconds_left", "null: forever"},
                                    Note{"reason", "a cause as in ban_on and the id of the service, or what was given with the ban"},
                                    Note{"origin", "service, administrator, file, crowdsec, or fleet: and the host that has banned it; or what the file says"},
                                    Note{"since", "seconds since 1970"}, Note{"hits", "requests that were refused because of it"}};
};
BOOST_DESCRIBE_STRUCT(Ban, (), (address, seconds_left, reason, origin, since, hits))

struct NewBan {
  std::string address;
  bool added = false;
  bool displaced = false;
  static constexpr std::array notes{Note{"added", "it was not banned before"},
                                    Note{"displaced", "another ban was dropped to make room for it"}};
};
BOOST_DESCRIBE_STRUCT(NewBan, (), (address, added, displaced))

struct Banned {
  std::vector<NewBan> banned;
  std::optional<std::uint64_t> minutes;
  static constexpr std::array notes{Note{"minutes", "null: forever"}};
};
BOOST_DESCRIBE_STRUCT(Banned, (), (banned, minutes))

struct Unbanned {
  std::vector<std::string> unbanned;
};
BOOST_DESCRIBE_STRUCT(Unbanned, (), (unbanned))

}  // namespace reply

namespace request {

struct Addresses {
  Maybe<std::string> address;
  Maybe<UpTo<std::string, most_words>> addresses;
  static constexpr std::array notes{Note{"address", "or a network, or a peer as in explain"}, Note{"addresses", "several of them"}};

  [[nodiscard]] std::vector<std::string> words() const { return words_of(address, addresses); }
  void mean(const std::vector<std::string>& words) { put_words(words, address, addresses); }
};
BOOST_DESCRIBE_STRUCT(Addresses, (), (address, addresses))

struct Ban : Addresses {
  static constexpr std::int64_t most_minutes = 527'040 * 10;  ///< about ten years
  static constexpr std::size_t longest_reason = 200;
  Maybe<std::int64_t> minutes;
  Maybe<std::string> reason;
  static constexpr std::array notes{Note{"minutes", "without it the ban does not expire"}, Note{"reason", "at most 200 bytes, for people"}};
};
BOOST_DESCRIBE_STRUCT(Ban, (Addresses), (minutes, reason))

}  // namespace request

namespace command {

struct Bans : Look<Nothing, reply::Bans, reply::Ban> {
  static constexpr std::string_view name = "bans";
  static constexpr std::string_view text = "A row for each peer or network that is banned.";
};

struct Ban : Change<request::Ban, reply::Banned> {
  static constexpr std::string_view name = "ban";
  static constexpr std::string_view text = "Bans peers or networks from all services.";
};

struct Unban : Change<request::Addresses, reply::Unbanned> {
  static constexpr std::string_view name = "unban";
  static constexpr std::string_view text = "Lifts bans. If one of them is not banned, no ban is lifted.";
};

}  // namespace command

using BanCommands = boost::mp11::mp_list<command::Bans, command::Ban, command::Unban>;

}  // namespace xsuperd::control
