// SPDX-License-Identifier: MIT
#include "xsuperd/policy/verdict.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "xsuperd/policy/network.hpp"

namespace xsuperd::policy {

namespace {

/// One check: an objection, or nothing.
using Check = std::optional<Verdict> (*)(const Policy&, const Question&);

std::optional<Verdict> refuse_if(bool objects, Reason reason) {
  if (!objects) return std::nullopt;
  return Verdict{.kind = Verdict::Kind::refuse, .reason = reason};
}

std::optional<Verdict> cps(const Policy&, const Question& question) {
  return refuse_if(question.rate_tripped, Reason::connections_per_second);
}

std::optional<Verdict> penalty(const Policy&, const Question& question) {
  return refuse_if(question.penalised, Reason::penalty);
}

std::optional<Verdict> rate(const Policy&, const Question& question) {
  return refuse_if(question.out_of_tokens, Reason::rate);
}

std::optional<Verdict> load(const Policy& policy, const Question& question) {
  const double limit = policy.service().settings.max_load.value_or(0);
  return refuse_if(limit > 0 && question.load && *question.load >= limit, Reason::load);
}

std::optional<Verdict> access_times(const Policy& policy, const Question& question) {
  const auto& times = policy.service().settings.access_times;
  return refuse_if(times && !within(*times, question.local_time), Reason::time);
}

bool reached(const std::optional<config::Limit>& limit, std::uint64_t running) {
  return limit && !limit->is_unlimited() && running >= limit->value;
}

std::optional<Verdict> instances(const Policy& policy, const Question& question) {
  return refuse_if(reached(policy.service().settings.instances, question.running), Reason::service_limit);
}

std::optional<Verdict> per_source(const Policy& policy, const Question& question) {
  return refuse_if(reached(policy.service().settings.per_source, question.running_from_source),
                   Reason::per_source_limit);
}

std::optional<Verdict> per_source_rate(const Policy&, const Question& question) {
  return refuse_if(question.source_rate_tripped, Reason::per_source_rate);
}

std::optional<Verdict> fleet_per_source(const Policy& policy, const Question& question) {
  const auto& fleet = question.fleet;
  return refuse_if(fleet && reached(policy.service().settings.fleet_per_source, question.running_from_source + fleet->elsewhere), Reason::fleet_per_source);
}

std::optional<Verdict> fleet_rate(const Policy&, const Question& question) {
  return refuse_if(question.fleet && question.fleet->rate_reached, Reason::fleet_rate);
}

std::optional<Verdict> process_limit(const Policy& policy, const Question& question) {
  // An intercepted server brings its interceptor (fact B4.40).
  const std::uint64_t wanted = policy.service().has(config::Flag::intercept) ? 2 : 1;
  return refuse_if(question.process_limit != 0 && question.processes + wanted > question.process_limit,
                   Reason::process_limit);
}

std::optional<Verdict> sensor(const Policy& policy, const Question& question) {
  const config::Service& service = policy.service();
  // The flag is asked too: a sensor behind tcpmux is of another kind.
  const bool is_sensor = service.kind == config::Kind::sensor || service.has(config::Flag::sensor);
  if (!question.banned && !is_sensor) return std::nullopt;
  return Verdict{.kind = Verdict::Kind::refuse, .reason = Reason::address, .banned = question.banned};
}

std::optional<Verdict> address(const Policy& policy, const Question& question) {
  if (base::beyond_ip(question.peer.address)) {
    const std::string_view attribute = objection_to(question.peer.address, question.peer_groups, policy.service().settings);
    if (attribute.empty()) return std::nullopt;
    return Verdict{.kind = Verdict::Kind::refuse, .reason = Reason::address, .attribute = attribute};
  }
  using Answer = AddressRules::Answer;
  const Answer answer = policy.addresses().ask(question.peer.address, question.name);
  if (answer.kind == Answer::Kind::allowed) return std::nullopt;
  if (answer.kind == Answer::Kind::need_name) return Verdict{.kind = Verdict::Kind::need_name};
  return Verdict{Verdict::Kind::refuse, Reason::address, answer.rule, answer.both_lists};
}

/// The first bits of an IP address; all of another one.
base::Address network_of(const base::Address& plain, const config::SourcePrefix& prefix) {
  return Network::of(plain, plain.family() == base::Address::Family::ipv4 ? prefix.ipv4 : prefix.ipv6).address;
}

/// The order decides which reason is given when several apply.
constexpr std::array<Check, 13> checks{cps,       penalty,    rate,             per_source_rate, fleet_rate, load,   access_times,
                                       instances, per_source, fleet_per_source, process_limit,   sensor,     address};

/// Not given, or does it have one of which `fits` is true?
template <typename T, typename Fits>
bool agrees(const std::optional<std::vector<T>>& list, Fits fits) {
  return !list || std::any_of(list->begin(), list->end(), fits);
}

}  // namespace

std::string_view objection_to(const base::Address& peer, const std::vector<gid_t>& groups,
                              const config::Settings& settings) {
  if (!base::beyond_ip(peer)) return {};
  const auto is_user = [&](const config::User& one) { return one.uid == peer.uid() && one.uid != base::Address::not_told; };
  const auto is_among_groups = [&](const config::Group& one) {
    return one.gid != base::Address::not_told && std::find(groups.begin(), groups.end(), one.gid) != groups.end();
  };
  const auto is_machine = [&](std::uint32_t one) { return one == peer.cid(); };
  if (peer.is_local() && !agrees(settings.only_uid, is_user)) return "only_uid";
  if (peer.is_local() && !agrees(settings.only_gid, is_among_groups)) return "only_gid";
  if (peer.is_vsock() && !agrees(settings.only_cid, is_machine)) return "only_cid";
  const bool asked = peer.is_local() ? settings.only_uid || settings.only_gid : settings.only_cid.has_value();
  return settings.only_from && !asked ? "only_from" : std::string_view();
}

Policy::Policy(std::shared_ptr<const config::Service> service)
    : service_(std::move(service)), addresses_(service_->settings.only_from, service_->settings.no_access, service_->access_policy()) {
  if (service_->settings.limit_exempt) exempt_.emplace(*service_->settings.limit_exempt);
  if (service_->settings.ban_exempt) spared_.emplace(*service_->settings.ban_exempt);
  if (service_->proxied()) proxies_.emplace(*service_->settings.proxy_from);
}

Policy::Source Policy::counted(const base::Address& peer) const {
  const base::Address plain = peer.unmapped().source();
  if (exempt_ && exempt_->match_network(peer)) return {plain, true};
  return {service_->settings.source_prefix ? network_of(plain, *service_->settings.source_prefix) : plain, false};
}

/// One that was counted under other bits before a reload keeps its address, alone.
Network Policy::source_network(const base::Address& source) const {
  const auto& prefix = service_->settings.source_prefix;
  const Network alone = Network::of(source);
  if (!prefix) return alone;
  const Network network = Network::of(source, source.family() == base::Address::Family::ipv4 ? prefix->ipv4 : prefix->ipv6);
  return network.address == source ? network : alone;
}

bool Policy::spares(const base::Address& peer, bool proxied) const {
  const auto& list = spared_ ? spared_ : exempt_;
  return (list && list->match_network(peer) != nullptr) || (!proxied && trusts(peer));
}

bool Policy::trusts(const base::Address& peer) const { return proxies_ && peer.is_ip() && proxies_->match_network(peer) != nullptr; }

Verdict judge_without_limits(const Policy& policy, Question question) {
  question.running = question.running_from_source = question.processes = 0;
  question.out_of_tokens = false;
  question.process_limit = 0;
  return judge(policy, question);
}

Verdict judge(const Policy& policy, const Question& question) {
  for (const Check check : checks)
    if (const std::optional<Verdict> objection = check(policy, question)) return *objection;
  return {};
}

}  // namespace xsuperd::policy
