// SPDX-License-Identifier: MIT
#include "xsuperd/service/surroundings.hpp"

#include "xsuperd/service/lookups.hpp"

namespace xsuperd::service {

Surroundings::Surroundings(boost::asio::io_context& the_loop, boost::asio::thread_pool& blocking, spawn::Spawner& spawner,
                           spawn::Children& children, log::DaemonLog& daemon_log, net::Resolver& resolver,
                           net::IdentClient& ident_admitted, net::IdentClient& ident_refused, net::Libwrap& libwrap,
                           worker::Conversations& conversations)
    : loop(the_loop),
      log(daemon_log),
      serving{spawner, children, conversations, make_lingering(the_loop), nullptr, nullptr, std::make_shared<net::TruePairs>(the_loop)},
      asked{resolver, ident_admitted, ident_refused, libwrap,
            std::make_unique<net::ForwardResolver>(the_loop, net::ForwardResolver::Options{}),
            std::make_unique<net::LocalConnector>(the_loop, net::LocalConnector::Options{})},
      sending{make_banners(the_loop, blocking, daemon_log)} {
  sockets.lookups = std::make_shared<Lookups>(the_loop, daemon_log, clock.timer_length);
}

}  // namespace xsuperd::service
