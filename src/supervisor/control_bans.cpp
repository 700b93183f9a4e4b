// SPDX-License-Identifier: MIT
#include <algorithm>

#include "supervisor/control.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

namespace {

using policy::Network;

/// The arguments `address` and `addresses`; answers itself, and returns none, when there are none or one makes no sense.
std::vector<Network> networks_of(const Request& request, const Server::Respond& respond) {
  const auto words = words_at(request, "address", "addresses", respond);
  if (!words) return {};
  std::vector<Network> networks;
  for (const std::string& word : *words) {
    const auto network = Network::parse(word);
    if (!network) {
      respond(Reply::failed(Code::bad_request, fmt::format("'{}' is not an address or network", base::escaped(word, 200))));
      return {};
    }
    if (std::find(networks.begin(), networks.end(), *network) == networks.end()) networks.push_back(*network);
  }
  if (networks.empty()) respond(Reply::failed(Code::bad_request, "the argument 'address' is missing"));
  return networks;
}

constexpr std::int64_t most_minutes = 527'040 * 10;  // about ten years, as with nothing longer

}  // namespace

void control_bans(Supervisor::Impl& daemon, const Request&, Server::Respond respond) {
  const base::Moment now = daemon.around.now();
  auto bans = daemon.around.bans.all(now);
  Reply reply{{{"bans", bans.size()}}};
  reply.rows = [bans = std::move(bans), now, next = std::size_t{0}]() mutable -> std::optional<json::object> {
    if (next == bans.size()) return std::nullopt;
    const auto& [peer, until] = bans[next++];
    json::object row{{"address", peer.text()}, {"seconds_left", nullptr}};
    if (until != base::Moment::max()) row["seconds_left"] = std::chrono::ceil<std::chrono::seconds>(until - now).count();
    return row;
  };
  respond(std::move(reply));
}

void control_ban(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  const bool forever = !request.arguments.contains("minutes");
  const auto minutes = control::number_at(request.arguments, "minutes");
  if (!forever && (!minutes || *minutes < 1 || *minutes > most_minutes))
    return respond(Reply::failed(Code::bad_request, fmt::format("'minutes' is a number from 1 to {}", most_minutes)));
  const auto networks = networks_of(request, respond);
  if (networks.empty()) return;
  json::array banned;
  for (const Network& network : networks) {
    const auto result = daemon.around.bans.add(network, forever ? -1 : static_cast<int>(*minutes), daemon.around.now());
    daemon.log.notice("control: {} is banned {}", network.text(), forever ? "for ever" : fmt::format("for {} minutes", *minutes));
    banned.push_back({{"address", network.text()},
                      {"added", result.added == policy::BanList::Added::fresh},
                      {"displaced", result.displaced}});
  }
  if (daemon.around.on_ban) daemon.around.on_ban();
  respond({{{"banned", std::move(banned)}, {"minutes", forever ? json::value(nullptr) : json::value(*minutes)}}});
}

/// All of them, or none: what is not on the list is most likely a slip.
void control_unban(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  const auto networks = networks_of(request, respond);
  if (networks.empty()) return;
  const auto now = daemon.around.now();
  for (const Network& network : networks) {
    if (daemon.around.bans.contains(network, now)) continue;
    const auto wider = daemon.around.bans.covering(network.address, now);
    const std::string hint = wider && wider->length < network.length ? fmt::format("; the network {} is", wider->text()) : "";
    return respond(Reply::failed(Code::not_found, fmt::format("{} is not banned{}", network.text(), hint)));
  }
  json::array unbanned;
  for (const Network& network : networks) {
    daemon.around.bans.remove(network);
    daemon.log.notice("control: {} is not banned any more", network.text());
    unbanned.push_back(json::value(network.text()));
  }
  respond({{{"unbanned", std::move(unbanned)}}});
}

}  // namespace xsuperd::supervisor
