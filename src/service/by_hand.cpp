// SPDX-License-Identifier: MIT
#include "xsuperd/service/by_hand.hpp"

#include <algorithm>
#include <utility>

#include "service/own_words.hpp"

namespace xsuperd::service {

namespace {

constexpr Token token = 1;

ConnectionFacts facts_by_hand(const config::Service& service) {
  const base::Address here = base::parse_peer("127.0.0.1").value();
  const std::uint16_t port = service.listen.at.port;
  return {token, {here, 0}, {here, port}, {}};
}

}  // namespace

spawn::Job job_by_hand(const config::Service& service, const DaemonFacts& daemon, const ByHand& how) {
  auto recipe = std::make_shared<spawn::Recipe>(*make_recipe(service, daemon));
  recipe->keeps_stdio = true;
  recipe->traced = how.traced;
  recipe->inheritable = false;
  spawn::Job job{token, nullptr, {}, base::AddressText("127.0.0.1")};
  config::Service told = service;
  if (how.arguments) {
    recipe->argv.resize(std::min<std::size_t>(recipe->argv.size(), 1));
    recipe->argv.insert(recipe->argv.end(), how.arguments->begin(), how.arguments->end());
    told.argument_patterns.clear();
  }
  if (tells_of_connections(told)) job.own = own_words(told, facts_by_hand(told));
  job.recipe = std::move(recipe);
  return job;
}

}  // namespace xsuperd::service
