// SPDX-License-Identifier: MIT
// drain, enable, disable and set: what is made of a service without reading its configuration.
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

void set(const Call& call, const request::Set& arguments, const Answer<command::Set>& answer) {
  Selection meant = services_meant(call.view, arguments);
  if (meant.failure) return answer.refuse(std::move(*meant.failure));
  if (arguments.lines.empty()) return answer.refuse(Code::bad_request, "there is nothing to set");
  call.actions.amend(meant.services, arguments.lines, [services = meant.services, answer](const base::Result<void>& done) {
    if (!done) return answer.refuse(Code::refused, done.error().sentence);
    answer({told(services)});
  });
}

constexpr std::array standing_rows{row<command::Drain, drain>(), row<command::Enable, enable>(), row<command::Disable, disable>(),
                         row<command::Set, set>()};

}  // namespace

std::span<const ControlCommand> standing_commands() { return standing_rows; }

}  // namespace xsuperd::supervisor
