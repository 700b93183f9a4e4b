// SPDX-License-Identifier: MIT
#include "policy/explaining.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/origin.hpp"
#include "xsuperd/policy/absence.hpp"

namespace xsuperd::policy {

namespace {

using config::AddressPattern;
using Elements = std::optional<std::vector<AddressPattern>>;
using explaining::Case;
using explaining::values;

std::string text_of(const AddressPattern& element) {
  return fmt::format("{} ({})", element.text, place_text(element.place));
}

bool is_name(const AddressPattern& element) { return element.kind != AddressPattern::Kind::network; }

bool has_names(const Elements& elements) {
  return elements && std::any_of(elements->begin(), elements->end(), is_name);
}

// Words for a peer.

std::string_view kind_of_socket(const base::Address& peer) { return peer.is_local() ? "UNIX" : "vsock"; }

/// "uid 1000", "cid 3".
std::string number_of(const base::Address& peer) {
  return peer.is_local() ? fmt::format("uid {}", peer.uid()) : fmt::format("cid {}", peer.cid());
}

// What each check comes to. An empty text leaves the check out.

std::string socket(const Case& c) {
  if (!c.inquiry.hindrance.empty()) return fmt::format("not opened: {}", c.inquiry.hindrance);
  if (c.service.kind == config::Kind::tcpmux) return "passes: reached through tcpmux";
  if (!c.lets_in()) return fmt::format("refuses: the service is {}", c.inquiry.live->state);
  const base::Address& peer = c.inquiry.peer;
  if (!base::beyond_ip(peer))
    return c.reached() ? "passes: it takes peers of this family" : "refuses: it has no peers of this family";
  const std::string_view kind = kind_of_socket(peer);
  if (!c.reached()) return fmt::format("refuses: it has no {} socket", kind);
  const bool sure = c.service.listens_at(peer.is_local() ? config::ListenSpec::Kind::local : config::ListenSpec::Kind::vsock);
  return sure ? fmt::format("passes: it has a {} socket", kind)
              : fmt::format("passes if what the service manager gives it is a {} socket", kind);
}

bool is_sensor(const config::Service& service) {
  return service.kind == config::Kind::sensor || service.has(config::Flag::sensor);
}

std::string sensor(const Case& c) {
  if (is_sensor(c.service)) return "refuses: this service is a SENSOR, which records and serves nobody";
  if (!c.inquiry.live) return "at run time: refuses a peer that is banned";
  const policy::Live& live = *c.inquiry.live;
  if (live.ban.empty()) return "passes: not banned";
  return live.banned ? "refuses: " + live.ban : fmt::format("passes: {}; the service spares the peer", live.ban);
}

std::string name(const Case& c) {
  if (c.name.state == PeerName::State::not_asked) return {};
  if (c.service.steered()) return "not looked for, because the server accepts";
  std::string text = c.name.state == PeerName::State::failed ? "the look-up failed"
                     : c.name.names.empty()                  ? "none that leads back to the address"
                                                             : base::join(c.name.names);
  if (!c.name.claimed.empty()) text += "; claimed only: " + base::join(c.name.claimed);
  return text;
}

std::string list(const Case& c, const Elements& elements, const AddressPattern* match) {
  if (!elements) return "not given";
  if (!c.lists_apply) return "no effect: the daemon does not know the peer";
  const bool not_asked = c.name.state == PeerName::State::not_asked;
  if (!match)
    return not_asked && has_names(elements) ? "no address matches; names change nothing" : "no match";
  const bool by_default = is_name(*match) && c.name.state == PeerName::State::failed && c.name.names.empty();
  return fmt::format("{} {}", by_default ? "for lack of an answer counts as matched:" : "matches",
                     text_of(*match));
}

/// Of a peer without an address: whether the attribute keeps it out, as if it alone were given.
std::string of_number(const Case& c, std::string_view attribute, bool given) {
  if (!given) return "not given";
  if (!c.lists_apply) return "no effect: the daemon does not know the peer";
  config::Settings alone;
  if (attribute == "only_uid") alone.only_uid = c.service.settings.only_uid;
  if (attribute == "only_gid") alone.only_gid = c.service.settings.only_gid;
  if (attribute == "only_cid") alone.only_cid = c.service.settings.only_cid;
  const std::vector<gid_t> none;
  const bool passes = objection_to(c.inquiry.peer, c.inquiry.groups ? *c.inquiry.groups : none, alone).empty();
  if (attribute != "only_gid")
    return fmt::format("{}: {} is {}in {}", passes ? "passes" : "refuses", number_of(c.inquiry.peer), passes ? "" : "not ",
                       attribute);
  if (!c.inquiry.groups) return "at run time: refuses processes that have none of these groups";
  return fmt::format("{}: {} of the groups that the group database has for {} is in only_gid", passes ? "passes" : "refuses",
                     passes ? "one" : "none", number_of(c.inquiry.peer));
}

std::string only_uid(const Case& c) {
  return c.inquiry.peer.is_local() ? of_number(c, "only_uid", c.service.settings.only_uid.has_value()) : std::string();
}
std::string only_gid(const Case& c) {
  return c.inquiry.peer.is_local() ? of_number(c, "only_gid", c.service.settings.only_gid.has_value()) : std::string();
}
std::string only_cid(const Case& c) {
  return c.inquiry.peer.is_vsock() ? of_number(c, "only_cid", c.service.settings.only_cid.has_value()) : std::string();
}

/// What Verdict::attribute has against the peer.
std::string why_refused(const Case& c) {
  const base::Address& peer = c.inquiry.peer;
  if (c.verdict.attribute == "only_gid") return fmt::format("no group of {} is in only_gid", number_of(peer));
  if (c.verdict.attribute != "only_from") return fmt::format("{} is not in {}", number_of(peer), c.verdict.attribute);
  return fmt::format("{} peers match no address; with only_from and without {} they are refused", kind_of_socket(peer),
                     peer.is_local() ? "only_uid and only_gid" : "only_cid");
}

std::string only_from(const Case& c) {
  const auto& elements = c.service.settings.only_from;
  if (!elements || !base::beyond_ip(c.inquiry.peer)) return list(c, elements, c.lists.only_from);
  if (c.verdict.attribute == "only_from") return "refuses: " + why_refused(c);
  return fmt::format("no effect: {} peers match no address", kind_of_socket(c.inquiry.peer));
}

std::string no_access(const Case& c) {
  const auto& elements = c.service.settings.no_access;
  if (!elements || !base::beyond_ip(c.inquiry.peer)) return list(c, elements, c.lists.no_access);
  return fmt::format("no effect: {} peers match no address", kind_of_socket(c.inquiry.peer));
}

std::string access_policy(const Case& c) {
  if (!c.lists.only_from || !c.lists.no_access) return {};
  if (c.service.access_policy() == config::AccessPolicy::refuse_both) return "refuse_both: both lists match";
  return c.lists.both_lists ? "best_match: equally specific elements refuse"
                            : fmt::format("best_match: {} is the more specific one", c.lists.rule->text);
}

std::string libwrap(const Case& c) {
  if (base::beyond_ip(c.inquiry.peer))
    return fmt::format("not consulted: hosts.allow and hosts.deny say nothing of {} peers", kind_of_socket(c.inquiry.peer));
  if (c.service.has(config::Flag::nolibwrap)) return "not consulted: NOLIBWRAP";
  if (!c.service.asks_libwrap()) return "not consulted: an RPC service over tcp";
  return fmt::format("at run time: hosts.allow and hosts.deny, for {}", c.service.libwrap_name());
}

/// Whether only_cert has what was said of the peer's certificate. True when nothing was said, or nobody asks.
bool certified(const Case& c) {
  const auto& wanted = c.service.settings.only_cert;
  if (!c.service.tls() || !wanted || !c.inquiry.cert) return true;
  std::string digest = base::to_lower(*c.inquiry.cert);
  std::erase(digest, ':');
  return tls::admits(*wanted, tls::Certificate{.subject = *c.inquiry.cert, .names = {*c.inquiry.cert}, .issuer = {}, .serial = {}, .sha256 = digest});
}

std::string certificate(const Case& c) {
  if (!c.service.tls()) return c.inquiry.cert ? "not asked for: the service has no TLS" : std::string();
  if (client_certificate(c.service) == config::ClientCertificate::no) return c.inquiry.cert ? "not asked for" : std::string();
  if (!c.service.settings.only_cert) return "at run time: one that tls_client_ca has signed";
  if (!c.inquiry.cert) return "at run time: one that tls_client_ca has signed, and only_cert has";
  return certified(c) ? "passes if tls_client_ca has signed it: only_cert has it" : "refuses: only_cert does not have it";
}

/// In the order in which the daemon asks (fact B4.24).
struct Check {
  std::string_view what;
  std::string (*outcome)(const Case&);
};
constexpr std::string_view check_of(Reason reason) { return row_of(reason).check; }
constexpr Check all_checks[]{
    {"socket", socket},
    {check_of(Reason::connections_per_second), explaining::cps},
    {check_of(Reason::penalty), explaining::penalty},
    {check_of(Reason::rate), explaining::token_rate},
    {check_of(Reason::per_source_rate), explaining::per_source_rate},
    {check_of(Reason::fleet_rate), explaining::fleet_rate},
    {check_of(Reason::load), explaining::max_load},
    {check_of(Reason::time), explaining::access_times},
    {check_of(Reason::service_limit), explaining::instances},
    {check_of(Reason::per_source_limit), explaining::per_source},
    {check_of(Reason::fleet_per_source), explaining::fleet_per_source},
    {check_of(Reason::process_limit), explaining::process_limit},
    {check_of(Reason::queue_full), explaining::queue},
    {"sensor", sensor},
    {"name", name},
    {"only_uid", only_uid},
    {"only_gid", only_gid},
    {"only_cid", only_cid},
    {check_of(Reason::address), only_from},
    {"no_access", no_access},
    {"access_policy", access_policy},
    {check_of(Reason::libwrap), libwrap},
    {"certificate", certificate},
};
/// A reason whose check is not listed would be one that nobody can ask about.
static_assert(std::all_of(reason_table.begin(), reason_table.end(), [](const ReasonRow& row) {
  return row.check.empty() || std::any_of(std::begin(all_checks), std::end(all_checks),
                                          [&](const Check& check) { return check.what == row.check; });
}));

std::string deciding_list(const Case& c) {
  if (c.lists.rule)
    return fmt::format("{} {}", c.lists.rule == c.lists.only_from ? "only_from" : "no_access",
                       text_of(*c.lists.rule));
  const auto& elements = c.service.settings.only_from;
  if (!elements || elements->empty()) return "only_from, which is empty";
  return fmt::format("only_from, none of whose elements matches (from {} on)",
                     place_text(elements->front().place));
}

/// An attribute with its value, and where that stands.
std::string attribute_text(const Case& c, std::string_view name) {
  const config::Source source = config::sources_of(c.service, *config::find_attribute(name)).back();
  const std::string where = source.from == config::Source::From::built_in
                                ? fmt::format("built in; service at {}", place_text(c.service.place))
                                : fmt::format("{}{}", source.from == config::Source::From::defaults ? "defaults, " : "",
                                              place_text(source.place));
  return fmt::format("{} = {} ({})", name, values(c.service, name), where);
}

/// What in the configuration decided against the peer.
std::string deciding(const Case& c) {
  const auto attribute = [&](std::string_view name) { return attribute_text(c, name); };
  if (const std::string_view name = row_of(c.verdict.reason).attribute; !name.empty()) return attribute(name);
  if (const std::string_view name = c.verdict.attribute; !name.empty())
    return fmt::format("{}: {}", attribute(name), why_refused(c));
  if (c.verdict.reason == Reason::process_limit) return fmt::format("-limit {}", c.inquiry.process_limit);
  if (c.inquiry.live && c.inquiry.live->banned) return "the list of bans: " + c.inquiry.live->ban;
  return is_sensor(c.service) ? attribute("flags") : deciding_list(c);
}

/// The attributes that let in a peer without an address.
std::string admitting(const Case& c) {
  const config::Settings& s = c.service.settings;
  const bool local = c.inquiry.peer.is_local(), vsock = c.inquiry.peer.is_vsock();
  std::string text;
  const auto name = [&](std::string_view attribute, bool given) {
    if (given) text += (text.empty() ? " by " : " and ") + attribute_text(c, attribute);
  };
  name("only_uid", local && s.only_uid);
  name("only_gid", local && s.only_gid);
  name("only_cid", vsock && s.only_cid);
  return text;
}

std::string conclusion(const Case& c) {
  if (!c.inquiry.hindrance.empty()) return "refused: the service is not opened";
  if (!c.reached() && base::beyond_ip(c.inquiry.peer))
    return fmt::format("refused: the service at {} has no {} socket", place_text(c.service.place),
                       kind_of_socket(c.inquiry.peer));
  if (!c.reached())
    return fmt::format("refused by the socket of the service at {}", place_text(c.service.place));
  if (!c.lets_in()) return fmt::format("refused: the service at {} is {}", place_text(c.service.place), c.inquiry.live->state);
  if (c.undecided())
    return fmt::format("cannot be told: by {}, the groups of the process decide", attribute_text(c, "only_gid"));
  if (c.would_wait() && c.inquiry.live && c.inquiry.live->queue_takes)
    return c.inquiry.live->promised ? "would wait in the queue, behind those who wait already"
                                    : fmt::format("would wait in the queue ({} by {})", log_word(c.verdict.reason), deciding(c));
  if (!c.admitted())
    return fmt::format("refused ({}) by {}", log_word(c.verdict.reason), deciding(c));
  if (!certified(c)) return fmt::format("refused ({}) by {}", log_word(Reason::certificate), attribute_text(c, "only_cert"));
  const std::string by = c.lists.rule ? " by " + deciding_list(c) : admitting(c);
  if (c.inquiry.live) return fmt::format("admitted{}, as things stand now", by);
  return fmt::format("admitted{}, as far as can be told before run time", by);
}

void add_line(std::string& text, std::string_view what, const std::string& outcome) {
  if (!outcome.empty()) text += fmt::format("  {:<15} {}\n", what, base::escaped(outcome, 4096));
}

}  // namespace

namespace explaining {

Case::Case(const Policy& of, const Inquiry& asked, const PeerName& peer_name)
    : inquiry(asked),
      policy(of),
      service(policy.service()),
      lists_apply(service.knows_peer() || service.steered()),
      name(peer_name) {
  if (lists_apply && !base::beyond_ip(inquiry.peer)) look_at_lists();
  Question question;
  if (lists_apply) question.peer.address = inquiry.peer;
  question.local_time = inquiry.at;
  question.process_limit = inquiry.process_limit;
  question.name = name;
  if (inquiry.groups) question.peer_groups = *inquiry.groups;
  if (const auto& live = inquiry.live) {
    const std::uint32_t most = service.rate().connections;
    question.rate_tripped = most > 0 && live->recent > most;
    const auto per_source = service.settings.per_source_rate.value_or(config::SourceRate{});
    const bool counted_out = per_source.burst == 0 && per_source.connections > 0 && live->recent_from_source >= per_source.connections;
    question.source_rate_tripped = counted_out || live->source_token_in > 0;
    question.penalised = live->penalty > 0;
    question.out_of_tokens = live->token_in > 0;
    question.load = live->load;
    question.running = live->running;
    question.running_from_source = live->running_from_source;
    question.processes = live->processes;
    question.fleet = live->fleet;
    question.banned = live->banned;
  }
  verdict = judge(policy, question);
  if (verdict.kind == Verdict::Kind::admit && lists.kind == AddressRules::Answer::Kind::refused)
    verdict = {Verdict::Kind::refuse, Reason::address, lists.rule, lists.both_lists};
  if (verdict.kind == Verdict::Kind::admit && inquiry.live && inquiry.live->promised) verdict = {Verdict::Kind::refuse, Reason::service_limit};
}

void Case::look_at_lists() {
  if (service.steered()) name = {PeerName::State::failed};  // nobody looks for it
  lists = policy.addresses().ask(inquiry.peer.unmapped(), name);
  // The kernel does not weigh names: any in no_access keeps everybody out.
  if (service.steered() && lists.no_access && is_name(*lists.no_access))
    lists = {AddressRules::Answer::Kind::refused, lists.no_access, false, lists.only_from, lists.no_access};
}

std::string values(const config::Service& service, std::string_view attribute) {
  return config::find_attribute(attribute)->print(service.settings);
}

}  // namespace explaining

const base::Address& judged_peer(const Policy& policy, const Inquiry& inquiry) {
  return inquiry.via && !policy.trusts(*inquiry.via) ? *inquiry.via : inquiry.peer;
}

namespace {

/// What proxy_from means for the peer; empty: nothing.
std::string proxy_outcome(const Policy& policy, const Inquiry& inquiry) {
  if (inquiry.via && policy.trusts(*inquiry.via)) return fmt::format("{} speaks for the peer", inquiry.via->text());
  if (inquiry.via) return fmt::format("{} is not one of them: what it says is not looked at, and its own address counts", inquiry.via->text());
  return policy.trusts(inquiry.peer) ? "the peer is a proxy, and must begin with a header; this is so if it speaks for itself" : std::string();
}

}  // namespace

Explanation explain(const Policy& policy, const Inquiry& asked, const PeerName& asked_name) {
  Inquiry inquiry = asked;
  inquiry.peer = judged_peer(policy, asked);
  const PeerName name = inquiry.peer == asked.peer ? asked_name : PeerName{PeerName::State::failed};  // nobody has looked for it
  const Case c(policy, inquiry, name);
  Explanation result;
  result.needs_name = c.lists.kind == AddressRules::Answer::Kind::need_name && name.state == PeerName::State::not_asked;
  if (result.needs_name) return result;
  result.admitted = c.admitted() && certified(c);
  if (std::string proxy = proxy_outcome(policy, asked); !proxy.empty()) result.checks.push_back({"proxy_from", std::move(proxy)});
  for (const Check& check : all_checks)
    if (std::string outcome = check.outcome(c); !outcome.empty())
      result.checks.push_back({check.what, std::move(outcome)});
  if (std::string server = config::confinement_text(c.service); !server.empty()) result.checks.push_back({"server", std::move(server)});
  result.verdict = conclusion(c);
  return result;
}

std::string explanation_text(const config::Service& service, const Inquiry& inquiry, const Explanation& explanation) {
  const std::string title = fmt::format("service {} ({}), peer {}, {}:{:02}", service.id, place_text(service.place),
                                        inquiry.peer.text(), inquiry.at.hour, inquiry.at.minute);
  std::string text = base::escaped(title, 4096) + "\n";
  for (const CheckOutcome& check : explanation.checks) add_line(text, check.what, check.outcome);
  add_line(text, "verdict", explanation.verdict);
  return text;
}

bool set_clock(std::string_view word, base::LocalTime& time) {
  const std::size_t colon = word.find(':');
  if (colon == word.npos) return false;
  const auto hour = base::parse_number(word.substr(0, colon), 0, 23);
  const auto minute = base::parse_number(word.substr(colon + 1), 0, 59);
  if (!hour || !minute) return false;
  time.hour = static_cast<int>(*hour);
  time.minute = static_cast<int>(*minute);
  return true;
}

}  // namespace xsuperd::policy
