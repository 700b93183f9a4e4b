// SPDX-License-Identifier: MIT
#include "supervisor/control/command.hpp"

#include <algorithm>

#include "supervisor/control/services.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/policy/ban_line.hpp"
#include "xsuperd/policy/ban_origin.hpp"
#include "xsuperd/policy/explain.hpp"

namespace xsuperd::supervisor {

namespace {

/// Seconds from `now` on; none where the moment has passed.
double until(base::Moment moment, base::Moment now) { return std::max(std::chrono::duration<double>(moment - now).count(), 0.0); }

/// How long a place is taken on average, for a guess at how long others will wait; 0: not known.
double time_of_a_place(const service::Runner& runner) {
  const service::Counters& counters = runner.counters();
  return counters.ended > 0 ? static_cast<double>(counters.busy_ms) / 1000 / static_cast<double>(counters.ended) : 0;
}

/// What the token bucket, the penalties and the queue say of a source.
void tell_limits(const View& daemon, const service::Runner& runner, const base::Address& peer, policy::Live& live) {
  const base::Moment now = daemon.now();
  const service::State& state = runner.state();
  const auto [source, exempt] = state.policy().counted(peer);
  live.waiting = state.queue().line().size();
  live.waiting_before = state.queue().line().before(source, exempt);
  live.promised = state.queue().somebody_is_next(runner.service().settings, state.places(), exempt);
  live.queue_takes = state.queue().takes(runner.service().settings, {source, exempt});
  if (exempt) return;
  const policy::FleetCounts& counts = daemon.census().fleet;
  if (counts.on() && peer.is_ip()) live.fleet = counts.look(runner.service(), source, now);
  live.recent_from_source = state.arrivals().recent_from(source);
  live.running_from_source = state.places().count_from(source);
  if (const auto token = state.arrivals().token_at(runner.service(), source, now)) live.source_token_in = until(*token, now);
  if (const auto end = state.arrivals().penalties().end_of(source, now)) live.penalty = until(*end, now);
  if (const auto token = state.arrivals().token_at(runner.service())) live.token_in = until(*token, now);
  const config::Settings& settings = runner.service().settings;
  const auto before = static_cast<double>(live.waiting_before);
  const double places = settings.instances && !settings.instances->is_unlimited() ? static_cast<double>(settings.instances->value) : 0;
  if (places > 0) live.expected_wait = (before + 1) * time_of_a_place(runner) / places;
  if (settings.rate) live.expected_wait = std::max(live.expected_wait, live.token_in + before * settings.rate->period / settings.rate->count);
}

/// "192.0.2.0/24 has been banned since 2026-12-01T14:00:00Z, 12 minutes left, by service because of refused ftp".
std::string ban_text(const policy::BanList::Ban& ban, base::Moment now) {
  std::string text = fmt::format("{} has been banned since {}, ", ban.peer.text(),
                                 policy::rfc3339_text(std::chrono::system_clock::now() - (now - ban.since)));
  const auto left = std::chrono::ceil<std::chrono::seconds>(ban.until - now).count();
  if (ban.until == base::Moment::max())
    text += "for ever";
  else
    text += left >= 120 ? fmt::format("{} minutes left", left / 60) : fmt::format("{} second{} left", left, left == 1 ? "" : "s");
  if (policy::ban_origin::is_fleet(ban.origin))
    text += fmt::format(", by fleet host {}", ban.origin.substr(policy::ban_origin::fleet.size()));
  else if (!ban.origin.empty())
    text += fmt::format(", by {}", ban.origin);
  if (!ban.reason.empty()) text += fmt::format(", because of: {}", ban.reason);
  return text;
}

policy::Live live_facts(const View& daemon, const service::Runner& runner, const policy::Inquiry& inquiry) {
  const base::Address& peer = policy::judged_peer(runner.state().policy(), inquiry);
  const service::State& state = runner.state();
  const bool tcpmux = runner.service().kind == config::Kind::tcpmux;
  const bool serving = runner.standing() == service::Standing::serving;
  policy::Live live;
  live.state = state_word(runner);
  live.lets_in = serving && (tcpmux || runner.endpoints().open());
  live.recent = state.arrivals().recent(runner.service().rate(), daemon.now());
  live.load = daemon.load();
  live.running = state.running();
  live.processes = daemon.census().processes;
  tell_limits(daemon, runner, peer, live);
  if (const auto ban = daemon.bans().list().ban_of(peer, daemon.now())) {
    live.ban = ban_text(*ban, daemon.now());
    live.banned = !state.policy().spares(peer, inquiry.via && state.policy().trusts(*inquiry.via));
  }
  return live;
}

reply::Explanation explanation_of(const service::Runner& runner, const policy::Inquiry& inquiry,
                        const policy::Explanation& explanation) {
  reply::Explanation all{runner.service().id, place_of(runner.service().place), explanation.admitted, explanation.verdict,
                         {}, policy::explanation_text(runner.service(), inquiry, explanation)};
  for (const policy::CheckOutcome& check : explanation.checks) all.checks.push_back({std::string(check.what), check.outcome});
  return all;
}

/// What is asked, of services that may go meanwhile.
struct Question {
  View daemon;
  std::vector<std::weak_ptr<const service::Runner>> services;
  policy::Inquiry inquiry;
};

/// Everything at one moment: nothing of it is kept while the peer's name is looked for. Nothing when that is needed.
std::optional<reply::Explain> explained(Question question, const policy::PeerName& name, bool name_known) {
  reply::Explain all{true, {}};
  for (const auto& weak : question.services) {
    const auto runner = weak.lock();
    if (!runner) continue;
    question.inquiry.live = live_facts(question.daemon, *runner, question.inquiry);
    const policy::Explanation one = policy::explain(runner->state().policy(), question.inquiry, name);
    if (one.needs_name && !name_known) return std::nullopt;
    all.admitted = all.admitted && one.admitted;
    all.services.push_back(explanation_of(*runner, question.inquiry, one));
  }
  return all;
}

/// Those that can be groups.
std::vector<gid_t> groups_told(const std::vector<std::uint64_t>& numbers) {
  std::vector<gid_t> groups;
  for (const std::uint64_t number : numbers)
    if (number < base::Address::not_told) groups.push_back(static_cast<gid_t>(number));
  return groups;
}

void explain(const Call& call, const request::Explain& arguments, const Answer<command::Explain>& answer) {
  const auto peer = base::parse_peer(arguments.address);
  if (!peer)
    return answer.refuse(Code::bad_request, fmt::format("'{}' is not an address", base::escaped(arguments.address, 200)));
  Question question{call.view, {}, {*peer, base::local_time(std::chrono::system_clock::now()), call.view.census().process_limit, {}, {}, {}}};
  if (arguments.groups && peer->is_local()) question.inquiry.groups = groups_told(*arguments.groups);
  if (arguments.via) question.inquiry.via = base::Address::parse(*arguments.via);
  if (arguments.via && !question.inquiry.via)
    return answer.refuse(Code::bad_request, fmt::format("'{}' is not an address", base::escaped(*arguments.via, 200)));
  if (arguments.cert) question.inquiry.cert = *arguments.cert;
  if (arguments.at && !policy::set_clock(*arguments.at, question.inquiry.at))
    return answer.refuse(Code::bad_request, fmt::format("invalid time '{}' (expected H:MM)",
                                                        base::escaped(*arguments.at, 20)));
  Selection meant = services_meant(call.view, arguments);
  if (meant.failure) return answer.refuse(std::move(*meant.failure));
  question.services.assign(meant.services.begin(), meant.services.end());
  if (const auto all = explained(question, {}, false)) return answer(*all);
  call.actions.find_name(*peer, [question = std::move(question), answer](const base::PeerName& name) {
    const auto all = explained(question, name, true);
    if (all->services.empty()) return answer.refuse(Code::not_found, "the service no longer exists");
    answer(*all);
  });
}

constexpr std::array explain_rows{row<command::Explain, explain>()};

}  // namespace

std::span<const ControlCommand> explain_commands() { return explain_rows; }

}  // namespace xsuperd::supervisor
