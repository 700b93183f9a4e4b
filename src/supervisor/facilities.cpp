// SPDX-License-Identifier: MIT
#include "supervisor/facilities.hpp"

#include <utility>
#include <variant>

#include "supervisor/tallies.hpp"
#include "xsuperd/service/surroundings.hpp"
#include "xsuperd/supervisor/process.hpp"

namespace xsuperd::supervisor {

Facilities::Facilities(FileWork& files, const Options& options, const std::vector<std::string>& environment,
                       log::DaemonLog& log)
    : processes_(files.loop(), options, environment, log,
                 {.outcome =
                      [this](spawn::Outcome outcome) {
                        const service::Token token = std::visit([](const auto& one) { return one.token; }, outcome);
                        if (const auto owner = owner_of(token)) owner->on_outcome(std::move(outcome));
                      },
                  .ended =
                      [this](const spawn::Ended& end) {
                        if (const auto owner = owner_of(end.token)) owner->on_ended(end);
                      },
                  .new_token = [this] { return ++around_.census.last_token; }}),
      resolver_(files.loop(), {}),
      mdns_(net::make_mdns(files.loop(), [&log](const std::string& note) { log.notice("{}", note); })),
      around_{files.loop(),
              files.pool(),
              processes_.spawner(),
              processes_.children(),
              log,
              resolver_,
              processes_.ident_admitted(),
              processes_.ident_refused(),
              processes_.libwrap(),
              processes_.workers()} {
  around_.census.process_limit = options.process_limit;
  around_.clock.load = load_average;
  around_.sockets.mdns = mdns_.get();
  around_.serving.labels = labels_.get();
  around_.serving.handshakes = &processes_.tls_workers();
}

void Facilities::end() {
  around_.rpc.thread.join();
  processes_.end();
}

std::shared_ptr<service::ServerOwner> Facilities::owner_of(service::Token token) const {
  const auto owner = around_.census.owners.find(token);
  return owner == around_.census.owners.end() ? nullptr : owner->second.lock();
}

void Facilities::hand_over(HandOver& state) const {
  state.chargen_line = around_.datagrams.chargen.line;
  state.last_token = around_.census.last_token;
  for (HandOver::Tally& one : tallies_of(around_.census.tallies)) state.tallies.push_back(std::move(one));
  for (const net::ActivatedSocket& one : around_.sockets.activated.sockets())
    state.handed.push_back({.name = one.name, .socket = one.fd.get(), .foreign = one.foreign});
  state.lingering = around_.serving.lingering->hand_over();
  processes_.hand_over(state);
}

void Facilities::restore(const HandOver& state, const std::function<base::Fd(int)>& take) {
  around_.census.last_token = state.last_token;
  around_.census.tallies = restored_tallies(state.tallies);
  around_.datagrams.chargen.line = state.chargen_line;
  processes_.restore(state, take);
  for (const HandOver::ActivatedSocket& inherited : state.handed)
    if (base::Fd socket = take(inherited.socket)) around_.sockets.activated.give_back({inherited.name, std::move(socket), inherited.foreign});
  for (const service::InheritedLinger& one : state.lingering)
    if (base::Fd socket = take(one.socket)) around_.serving.lingering->take(std::move(socket), one);
}

}  // namespace xsuperd::supervisor
