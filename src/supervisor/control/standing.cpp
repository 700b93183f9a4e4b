// SPDX-License-Identifier: MIT
// drain, enable and disable: what is made of a service without touching its configuration.
#include "supervisor/control/command.hpp"
#include "supervisor/control/services.hpp"

namespace xsuperd::supervisor {

namespace {

using service::Standing;

template <typename C>
void stand(const Call& call, const request::Services& arguments, const Answer<C>& answer, Standing standing) {
  Selection meant = services_meant(call.view, arguments);
  if (meant.failure) return answer.refuse(std::move(*meant.failure));
  call.actions.stand(meant.services, standing);
  for (const auto& one : meant.services)
    call.actions.note(fmt::format("service {} is {}", one->service().id,
                                  standing == Standing::serving ? "enabled" : state_word(*one)));
  call.actions.when_settled([services = std::move(meant.services), answer] { answer({told(services)}); });
}

void drain(const Call& call, const request::Drain& arguments, const Answer<command::Drain>& answer) {
  stand(call, arguments, answer, arguments.hold.value_or(false) ? Standing::held : Standing::drained);
}
void enable(const Call& call, const request::Services& arguments, const Answer<command::Enable>& answer) {
  stand(call, arguments, answer, Standing::serving);
}
void disable(const Call& call, const request::Services& arguments, const Answer<command::Disable>& answer) {
  stand(call, arguments, answer, Standing::disabled);
}

constexpr std::array rows{row<command::Drain, drain>(), row<command::Enable, enable>(), row<command::Disable, disable>()};

}  // namespace

std::span<const ControlCommand> standing_commands() { return rows; }

}  // namespace xsuperd::supervisor
