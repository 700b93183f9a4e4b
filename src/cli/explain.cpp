// SPDX-License-Identifier: MIT
#include "xsuperd/cli/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "xsuperd/base/text.hpp"
#include "xsuperd/cli/sources.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/policy/verdict.hpp"
#include "xsuperd/service/surroundings.hpp"

namespace xsuperd::cli {

namespace {

using config::AddressPattern;
using Elements = std::optional<std::vector<AddressPattern>>;
using policy::PeerName;
using Answer = policy::AddressRules::Answer;

std::string text_of(const config::Place& place) {
  return place.column > 0 ? fmt::format("{}:{}:{}", place.file, place.line, place.column)
                          : fmt::format("{}:{}", place.file, place.line);
}
std::string text_of(const AddressPattern& element) {
  return fmt::format("{} ({})", element.text, text_of(element.place));
}

/// The values of an attribute as they would stand in a file.
std::string values(const config::Service& service, std::string_view attribute) {
  return config::find_attribute(attribute)->print(service.settings);
}

bool is_name(const AddressPattern& element) { return element.kind != AddressPattern::Kind::network; }

bool has_names(const Elements& elements) {
  return elements && std::any_of(elements->begin(), elements->end(), is_name);
}

/// One service and one peer, and all that can be said of them without a running daemon.
struct Case {
  Case(std::shared_ptr<const config::Service> of, const Inquiry& asked, net::NameSource& names);
  void look_at_lists(net::NameSource& names);

  const Inquiry& inquiry;
  policy::Policy policy;
  const config::Service& service;
  bool lists_apply;         ///< somebody holds the peer against the lists
  PeerName name;            ///< asked for only when it matters
  Answer lists;             ///< its elements are the policy's
  policy::Verdict verdict;  ///< of a peer that reaches the service

  [[nodiscard]] std::string hindrance() const { return config::hindrance(service, service::abilities()); }
  [[nodiscard]] bool open() const { return hindrance().empty(); }
  [[nodiscard]] bool reached() const {
    return service.kind == config::Kind::tcpmux ||
           service.listen.reached_from(inquiry.peer.unmapped().family());
  }
  [[nodiscard]] bool admitted() const {
    return open() && reached() && verdict.kind == policy::Verdict::Kind::admit;
  }
};

Case::Case(std::shared_ptr<const config::Service> of, const Inquiry& asked, net::NameSource& names)
    : inquiry(asked),
      policy(std::move(of)),
      service(policy.service()),
      lists_apply(service.knows_peer() || service.steered()) {
  if (lists_apply) look_at_lists(names);
  policy::Question question;
  if (lists_apply) question.peer.address = inquiry.peer;
  question.local_time = inquiry.at;
  question.process_limit = inquiry.process_limit;
  question.name = name;
  verdict = judge(policy, question);
  if (verdict.kind == policy::Verdict::Kind::admit && lists.kind == Answer::Kind::refused)
    verdict = {policy::Verdict::Kind::refuse, policy::Reason::address, lists.rule, lists.both_lists};
}

void Case::look_at_lists(net::NameSource& names) {
  const base::Address peer = inquiry.peer.unmapped();
  if (service.steered()) name.state = PeerName::State::unknown;
  lists = policy.addresses().ask(peer, name);
  if (lists.kind == Answer::Kind::need_name) {
    name.names = net::confirmed_names(names, peer, [] { return true; });
    name.state = name.names.empty() ? PeerName::State::unknown : PeerName::State::known;
    lists = policy.addresses().ask(peer, name);
  }
  // The kernel does not weigh names: any in no_access keeps everybody out.
  if (service.steered() && lists.no_access && is_name(*lists.no_access))
    lists = {Answer::Kind::refused, lists.no_access, false, lists.only_from, lists.no_access};
}

// What each check comes to. An empty text leaves the check out.

std::string socket(const Case& c) {
  if (!c.open()) return fmt::format("not opened: {}", c.hindrance());
  if (c.service.kind == config::Kind::tcpmux) return "passes: reached through tcpmux";
  return c.reached() ? "passes: it takes peers of this family" : "refuses: it has no peers of this family";
}

std::string cps(const Case& c) {
  const config::Rate rate = c.service.rate();
  if (rate.connections == 0) return "no limit";
  const std::string time = rate.window > 0 ? fmt::format("in {} s", rate.window) : "a second";
  return fmt::format("at run time: above {} requests {} the service closes for {} s", rate.connections, time, rate.pause);
}

std::string per_source_rate(const Case& c) {
  const auto rate = c.service.settings.per_source_rate.value_or(config::SourceRate{});
  if (rate.connections == 0) return "no limit";
  return fmt::format("at run time: refuses this address above {} requests in {} s", rate.connections, rate.window);
}

std::string max_load(const Case& c) {
  const double load = c.service.settings.max_load.value_or(0);
  return load > 0 ? fmt::format("at run time: refuses while the load is {} or more", load) : "no limit";
}

std::string access_times(const Case& c) {
  const auto& times = c.service.settings.access_times;
  if (!times) return "passes: always";
  const bool within = policy::within(*times, c.inquiry.at);
  return fmt::format("{}: {}:{:02} is {} {}", within ? "passes" : "refuses", c.inquiry.at.hour,
                     c.inquiry.at.minute, within ? "within" : "outside", values(c.service, "access_times"));
}

std::string count(const std::optional<config::Limit>& limit, std::string_view whose) {
  if (!limit || limit->is_unlimited()) return "no limit";
  if (limit->value == 0) return "refuses: the limit is 0";
  return fmt::format("at run time: refuses while {} servers run{}", limit->value, whose);
}

std::string instances(const Case& c) { return count(c.service.settings.instances, ""); }
std::string per_source(const Case& c) { return count(c.service.settings.per_source, " for this address"); }

std::string process_limit(const Case& c) {
  if (c.inquiry.process_limit == 0) return "at run time: if the daemon is started with it";
  return fmt::format("at run time: refuses while {} servers of all services run", c.inquiry.process_limit);
}

bool is_sensor(const config::Service& service) {
  return service.kind == config::Kind::sensor || service.has(config::Flag::sensor);
}

std::string sensor(const Case& c) {
  if (is_sensor(c.service)) return "refuses: this service is a SENSOR, which records and serves nobody";
  return "at run time: refuses a peer that a SENSOR service has recorded";
}

std::string name(const Case& c) {
  if (c.name.state == PeerName::State::not_asked) return {};
  if (c.service.steered()) return "not looked for, because the server accepts";
  return c.name.names.empty() ? "none that leads back to the address" : base::join(c.name.names);
}

std::string list(const Case& c, const Elements& elements, const AddressPattern* match) {
  if (!elements) return "not given";
  if (!c.lists_apply) return "no effect: the daemon does not know the peer";
  const bool not_asked = c.name.state == PeerName::State::not_asked;
  if (!match)
    return not_asked && has_names(elements) ? "no address matches; names change nothing" : "no match";
  const bool by_default = is_name(*match) && c.name.names.empty();
  return fmt::format("{} {}", by_default ? "for want of a name counts as matched:" : "matches",
                     text_of(*match));
}

std::string only_from(const Case& c) { return list(c, c.service.settings.only_from, c.lists.only_from); }
std::string no_access(const Case& c) { return list(c, c.service.settings.no_access, c.lists.no_access); }

std::string access_policy(const Case& c) {
  if (!c.lists.only_from || !c.lists.no_access) return {};
  if (c.service.access_policy() == config::AccessPolicy::refuse_both) return "refuse_both: both lists match";
  return c.lists.both_lists ? "best_match: equally specific elements refuse"
                            : fmt::format("best_match: {} is the more specific one", c.lists.rule->text);
}

std::string libwrap(const Case& c) {
  if (c.service.has(config::Flag::nolibwrap)) return "not consulted: NOLIBWRAP";
  if (!c.service.asks_libwrap()) return "not consulted: an RPC service over tcp";
  return fmt::format("at run time: hosts.allow and hosts.deny, for {}", c.service.libwrap_name());
}

/// In the order in which the daemon asks (fact B4.24).
struct Check {
  std::string_view what;
  std::string (*outcome)(const Case&);
};
constexpr Check checks[]{
    {"socket", socket},
    {"cps", cps},
    {"per_source_rate", per_source_rate},
    {"max_load", max_load},
    {"access_times", access_times},
    {"instances", instances},
    {"per_source", per_source},
    {"-limit", process_limit},
    {"sensor", sensor},
    {"name", name},
    {"only_from", only_from},
    {"no_access", no_access},
    {"access_policy", access_policy},
    {"libwrap", libwrap},
};

std::string deciding_list(const Case& c) {
  if (c.lists.rule)
    return fmt::format("{} {}", c.lists.rule == c.lists.only_from ? "only_from" : "no_access",
                       text_of(*c.lists.rule));
  const auto& elements = c.service.settings.only_from;
  if (!elements || elements->empty()) return "only_from, which is empty";
  return fmt::format("only_from, none of whose elements matches (from {} on)",
                     text_of(elements->front().place));
}

/// What in the configuration decided against the peer.
std::string deciding(const Case& c) {
  const auto attribute = [&](std::string_view name) {
    return fmt::format("{} = {} (service at {})", name, values(c.service, name), text_of(c.service.place));
  };
  switch (c.verdict.reason) {
    case policy::Reason::time:
      return attribute("access_times");
    case policy::Reason::service_limit:
      return attribute("instances");
    case policy::Reason::per_source_limit:
      return attribute("per_source");
    case policy::Reason::process_limit:
      return fmt::format("-limit {}", c.inquiry.process_limit);
    default:
      return is_sensor(c.service) ? attribute("flags") : deciding_list(c);
  }
}

std::string conclusion(const Case& c) {
  if (!c.open()) return "refused: the service is not opened";
  if (!c.reached())
    return fmt::format("refused by the socket of the service at {}", text_of(c.service.place));
  if (!c.admitted())
    return fmt::format("refused ({}) by {}", policy::log_word(c.verdict.reason), deciding(c));
  const std::string by = c.lists.rule ? " by " + deciding_list(c) : "";
  return fmt::format("admitted{}, as far as can be told before run time", by);
}

void add_line(std::string& text, std::string_view what, const std::string& outcome) {
  if (!outcome.empty()) text += fmt::format("  {:<16}{}\n", what, base::escaped(outcome, 4096));
}

std::string text_of(const Case& c) {
  const std::string title =
      fmt::format("service {} ({}), peer {}, {}:{:02}", c.service.id, text_of(c.service.place),
                  c.inquiry.peer.text(), c.inquiry.at.hour, c.inquiry.at.minute);
  std::string text = base::escaped(title, 4096) + "\n";
  for (const Check& check : checks) add_line(text, check.what, check.outcome(c));
  add_line(text, "verdict", conclusion(c));
  return text;
}

std::string_view word_of(config::Fate fate) {
  switch (fate) {
    case config::Fate::disabled:
      return "disabled";
    case config::Fate::disabled_by_defaults:
      return "disabled by the defaults";
    case config::Fate::superseded:
      return "left out: another entry has its id or socket";
    case config::Fate::refused:
      break;
  }
  return "left out because of an error";
}

template <typename Entry>
bool is_meant(const Entry& entry, const std::string& word) {
  return base::iequals(entry.id, word) || base::iequals(entry.name, word);
}

}  // namespace

Explanation explain(const config::Config& config, const Inquiry& inquiry, net::NameSource& names) {
  using Outcome = Explanation::Outcome;
  Explanation result;
  for (const auto& service : config.services) {
    if (!is_meant(*service, inquiry.service)) continue;
    const Case c(service, inquiry, names);
    result.text += text_of(c);
    const bool first = result.outcome == Outcome::no_such_service;
    if (first || !c.admitted()) result.outcome = c.admitted() ? Outcome::admitted : Outcome::refused;
  }
  for (const config::Absent& absent : config.absent)
    if (is_meant(absent, inquiry.service))
      result.text += base::escaped(fmt::format("service {} ({}) is {}", absent.id, text_of(absent.place),
                                               word_of(absent.fate)),
                                   4096) +
                     "\n";
  if (result.text.empty())
    result.text = fmt::format("no service is called {}\n", base::escaped(inquiry.service, 200));
  return result;
}

namespace {

int fail(const std::string& sentence) {
  fmt::print(stderr, "xsuperd: {}\n", sentence);
  return 2;
}

/// Today at H:MM; false when there is no such time.
bool set_clock(const std::string& word, base::LocalTime& time) {
  const std::size_t colon = word.find(':');
  const auto hour = base::parse_number(std::string_view(word).substr(0, colon), 0, 23);
  const auto minute = base::parse_number(std::string_view(word).substr(colon + 1), 0, 59);
  if (!hour || !minute) return false;
  time.hour = static_cast<int>(*hour);
  time.minute = static_cast<int>(*minute);
  return true;
}

}  // namespace

int explain_access(const CommandLine& command) {
  const CommandLine::Explain& words = command.explain.value();
  const auto peer = base::Address::parse(words.address);
  if (!peer) return fail(fmt::format("{} is no address", base::escaped(words.address, 200)));
  Inquiry inquiry{words.service, *peer, base::local_time(std::chrono::system_clock::now()), command.limit};
  if (words.time && !set_clock(*words.time, inquiry.at))
    return fail(fmt::format("there is no {} o'clock", *words.time));
  config::SystemFiles files;
  config::SystemNames names;
  const config::Loaded loaded = config::load(files, names, sources_of(command));
  if (!loaded.config) {
    for (const config::Diagnostic& d : loaded.diagnostics.all())
      if (d.level <= config::Level::error) fmt::print(stderr, "{}", config::explained(d));
    return fail(fmt::format("{} cannot be used", sources_of(command).path()));
  }
  if (const auto errors = loaded.diagnostics.count(config::Level::error); errors > 0)
    fmt::print(stderr, "{}: {} errors; -t alone tells them\n", sources_of(command).path(), errors);
  const Explanation explanation = explain(*loaded.config, inquiry, *net::system_names());
  const bool found = explanation.outcome != Explanation::Outcome::no_such_service;
  fmt::print(found ? stdout : stderr, "{}", explanation.text);
  return static_cast<int>(explanation.outcome);
}

}  // namespace xsuperd::cli
