// SPDX-License-Identifier: MIT
// Peers and networks that are kept out.
#include <algorithm>

#include "supervisor/control/command.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

namespace {

using policy::Network;

/// Each once, or a sentence.
base::Result<std::vector<Network>> networks_of(const request::Addresses& arguments) {
  std::vector<Network> networks;
  for (const std::string& word : arguments.words()) {
    const auto network = Network::parse(word);
    if (!network) return base::Error{0, fmt::format("'{}' is not an address, a network or a peer", base::escaped(word, 200))};
    if (std::find(networks.begin(), networks.end(), *network) == networks.end()) networks.push_back(*network);
  }
  if (networks.empty()) return base::Error{0, "the argument 'address' is missing"};
  return networks;
}

void bans(const Call& call, const command::Nothing&, const Answer<command::Bans>& answer) {
  const base::Moment now = call.view.now();
  auto all = call.view.bans().all(now);
  const std::size_t count = all.size();
  answer({count}, [all = std::move(all), now, next = std::size_t{0}]() mutable -> std::optional<reply::Ban> {
    if (next == all.size()) return std::nullopt;
    const auto& [peer, until] = all[next++];
    reply::Ban row{peer.text(), {}};
    if (until != base::Moment::max())
      row.seconds_left = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(until - now).count());
    return row;
  });
}

void ban(const Call& call, const request::Ban& arguments, const Answer<command::Ban>& answer) {
  const auto& minutes = arguments.minutes;
  if (minutes && (*minutes < 1 || *minutes > request::Ban::most_minutes))
    return answer.refuse(Code::bad_request, fmt::format("'minutes' must be a number from 1 to {}",
                                                        request::Ban::most_minutes));
  const auto networks = networks_of(arguments);
  if (!networks) return answer.refuse(Code::bad_request, networks.error().sentence);
  const auto results = call.actions.ban(*networks, minutes ? static_cast<int>(*minutes) : -1);
  reply::Banned banned;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::string peer = (*networks)[i].text();
    call.actions.note(fmt::format("{} is banned {}", peer, minutes ? fmt::format("for {} minutes", *minutes) : "for ever"));
    banned.banned.push_back({peer, results[i].added == policy::BanList::Added::fresh, results[i].displaced});
  }
  if (minutes) banned.minutes = static_cast<std::uint64_t>(*minutes);
  answer(banned);
}

/// All of them, or none: what is not on the list is most likely a slip.
void unban(const Call& call, const request::Addresses& arguments, const Answer<command::Unban>& answer) {
  const auto networks = networks_of(arguments);
  if (!networks) return answer.refuse(Code::bad_request, networks.error().sentence);
  const auto now = call.view.now();
  const policy::BanList& all = call.view.bans();
  for (const Network& network : *networks) {
    if (all.contains(network, now)) continue;
    const auto wider = all.covering(network.address, now);
    const std::string hint = wider && wider->length < network.length ? fmt::format("; the network {} is", wider->text()) : "";
    return answer.refuse(Code::not_found, fmt::format("{} is not banned{}", network.text(), hint));
  }
  call.actions.unban(*networks);
  reply::Unbanned unbanned;
  for (const Network& network : *networks) {
    call.actions.note(network.text() + " is no longer banned");
    unbanned.unbanned.push_back(network.text());
  }
  answer(unbanned);
}

constexpr std::array rows{row<command::Bans, bans>(), row<command::Ban, ban>(), row<command::Unban, unban>()};

}  // namespace

std::span<const ControlCommand> ban_commands() { return rows; }

}  // namespace xsuperd::supervisor
