// SPDX-License-Identifier: MIT
// Peers and networks that are kept out.
#include <algorithm>

#include "supervisor/ban_row.hpp"
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

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Row by row, from the list as it is then: there may be a million.
void bans(const Call& call, const command::Nothing&, const Answer<command::Bans>& answer) {
  answer({call.view.bans().list().size()}, [view = call.view, cursor = policy::BanList::Cursor()]() mutable -> std::optional<reply::Ban> {
    const base::Moment now = view.now();
    while (const auto ban = view.bans().list().next(cursor))
      if (now < ban->until) return ban_row(*ban, now);
    return std::nullopt;
  });
}

void ban(const Call& call, const request::Ban& arguments, const Answer<command::Ban>& answer) {
  const auto& minutes = arguments.minutes;
  if (minutes && (*minutes < 1 || *minutes > request::Ban::most_minutes))
    return answer.refuse(Code::bad_request, fmt::format("'minutes' must be a number from 1 to {}",
                                                        request::Ban::most_minutes));
  const auto networks = networks_of(arguments);
  if (!networks) return answer.refuse(Code::bad_request, networks.error().sentence);
  const std::string reason = arguments.reason.value_or("");
  if (reason.size() > request::Ban::longest_reason || !is_plain(reason))
    return answer.refuse(Code::bad_request, fmt::format("'reason' must have at most {} bytes, and no control characters",
                                                        request::Ban::longest_reason));
  const auto results = call.actions.ban(*networks, minutes ? static_cast<int>(*minutes) : -1, reason);
  reply::Banned banned;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::string peer = (*networks)[i].text();
    call.actions.note(fmt::format("{} is banned {}{}{}", peer, minutes ? fmt::format("for {} minutes", *minutes) : "for ever",
                                  reason.empty() ? "" : ": ", base::escaped(reason, 400)));
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
  const policy::BanList& all = call.view.bans().list();
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

constexpr std::array ban_rows{row<command::Bans, bans>(), row<command::Ban, ban>(), row<command::Unban, unban>()};

}  // namespace

std::span<const ControlCommand> ban_commands() { return ban_rows; }

}  // namespace xsuperd::supervisor
