// SPDX-License-Identifier: MIT
#include <cmath>

#include "supervisor/control.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::supervisor {

namespace {

/// The argument `address`; answers itself when there is none.
std::optional<base::Address> address_of(const Request& request, const Server::Respond& respond) {
  const std::string word = control::string_at(request.arguments, "address").value_or("");
  const auto address = base::Address::parse(word);
  if (!address) respond(Reply::failed(Code::bad_request, fmt::format("'{}' is no address", base::escaped(word, 200))));
  return address;
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
    if (until != base::Moment::max()) row["seconds_left"] = std::ceil(std::chrono::duration<double>(until - now).count());
    return row;
  };
  respond(std::move(reply));
}

void control_ban(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  const auto address = address_of(request, respond);
  if (!address) return;
  const bool forever = !request.arguments.contains("minutes");
  const auto minutes = control::number_at(request.arguments, "minutes");
  if (!forever && (!minutes || *minutes < 1 || *minutes > most_minutes))
    return respond(Reply::failed(Code::bad_request, fmt::format("'minutes' is a number from 1 to {}", most_minutes)));
  const auto result = daemon.around.bans.add(*address, forever ? -1 : static_cast<int>(*minutes), daemon.around.now());
  daemon.log.notice("control: {} is banned {}", address->text(),
                    forever ? "for ever" : fmt::format("for {} minutes", *minutes));
  if (daemon.around.on_ban) daemon.around.on_ban();
  respond({{{"address", address->unmapped().text()},
            {"added", result.added == policy::BanList::Added::fresh},
            {"displaced", result.displaced}}});
}

void control_unban(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  const auto address = address_of(request, respond);
  if (!address) return;
  if (!daemon.around.bans.remove(*address))
    return respond(Reply::failed(Code::not_found, fmt::format("{} is not banned", address->text())));
  daemon.log.notice("control: {} is not banned any more", address->text());
  respond({{{"address", address->unmapped().text()}}});
}

}  // namespace xsuperd::supervisor
