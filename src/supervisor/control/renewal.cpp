// SPDX-License-Identifier: MIT
// renew: certificates are read again.
#include "supervisor/control/command.hpp"
#include "supervisor/control/services.hpp"

namespace xsuperd::supervisor {

namespace {

std::string_view word_of(config::Renewed::Outcome outcome) {
  using Outcome = config::Renewed::Outcome;
  switch (outcome) {
    case Outcome::renewed: return reply::Renewals::renewed;
    case Outcome::kept: return reply::Renewals::kept;
    case Outcome::unchanged: break;
  }
  return reply::Renewals::unchanged;
}

void renew(const Call& call, const request::Services& arguments, const Answer<command::Renew>& answer) {
  const auto words = arguments.words();
  Selection meant{call.view.services(), {}};
  if (!words.empty()) meant = select_services(call.view, words, false);
  if (meant.failure) return answer.refuse(std::move(*meant.failure));
  for (const auto& one : meant.services)
    if (!words.empty() && !one->service().tls() && !calls_with_tls(one->service()))
      return answer.refuse(Code::refused, fmt::format("service {} has no TLS", one->service().id));
  call.actions.renew(meant.services, [answer](const base::Result<std::vector<Renewals::One>>& done) {
    if (!done) return answer.refuse(Code::refused, done.error().sentence);
    reply::Renew all;
    for (const Renewals::One& one : *done) {
      all.services.push_back({one.service->id, word_of(one.outcome), {}});
      if (!one.service->offer.not_renewed.empty()) all.services.back().why = one.service->offer.not_renewed;
    }
    answer(all);
  });
}

constexpr std::array renewal_rows{row<command::Renew, renew>()};

}  // namespace

std::span<const ControlCommand> renewal_commands() { return renewal_rows; }

}  // namespace xsuperd::supervisor
