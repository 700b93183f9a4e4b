// SPDX-License-Identifier: MIT
#include "supervisor/awaited.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace xsuperd::supervisor {

namespace {
constexpr std::chrono::seconds first_pause{1};
constexpr std::chrono::seconds longest_pause{60};
/// The question is for addresses; the resolver wants a port, which is not looked at.
constexpr std::uint16_t any_port = 1;
}  // namespace

Awaited::Awaited(boost::asio::io_context& loop, net::ForwardResolver& resolver,
                 std::function<void(const std::string&, const std::vector<base::Address>&)> found)
    : resolver_(resolver), found_(std::move(found)), alarm_(loop, [this] { look(); }) {}

Awaited::~Awaited() {
  for (const auto id : asked_) resolver_.cancel(id);
}

void Awaited::watch(const config::Config& config) {
  wanted_.clear();
  for (const auto& service : config.services)
    if (!service->waits_for.empty()) wanted_.insert(service->waits_for);
  pause_ = first_pause;
  if (wanted_.empty())
    alarm_.cancel();
  else
    alarm_.set(first_pause);
}

void Awaited::look() {
  if (wanted_.empty()) return;
  pause_ = std::min(2 * pause_, longest_pause);
  alarm_.set(pause_);
  if (!asked_.empty()) return;  // a name server that keeps silent is not asked more often
  for (const std::string& what : wanted_) {
    const auto id = std::make_shared<net::ForwardResolver::Id>(0);
    *id = resolver_.ask(what, any_port, [this, what, id](const std::vector<base::Endpoint>& found) {
      asked_.erase(*id);
      answered(what, found);
    });
    asked_.insert(*id);
  }
}

void Awaited::answered(const std::string& what, const std::vector<base::Endpoint>& found) {
  if (found.empty() || !wanted_.contains(what)) return;
  std::vector<base::Address> addresses;
  for (const base::Endpoint& one : found) addresses.push_back(one.address);
  const std::string name = what;  // `found_` may call watch()
  found_(name, addresses);
}

}  // namespace xsuperd::supervisor
