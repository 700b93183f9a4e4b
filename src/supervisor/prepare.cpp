// SPDX-License-Identifier: MIT
#include "supervisor/prepare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "xsuperd/config/attribute.hpp"

namespace xsuperd::supervisor {

namespace {

bool has_errors(const config::Diagnostics& diagnostics) {
  const auto& all = diagnostics.all();
  return std::any_of(all.begin(), all.end(), [](const config::Diagnostic& d) { return d.level <= config::Level::error; });
}

bool has_place(const config::Service& service, const config::ListenSpec& place) {
  const auto places = service.places();
  return std::ranges::any_of(places, [&](const config::ListenSpec& one) { return one.same_socket(place); });
}

/// The open sockets of services that go, each for the first service of the new configuration that can use it.
class Donors {
 public:
  void add(const SharedService& service) {
    for (const config::ListenSpec& place : service->places()) by_port_.emplace(key(place), Donor{service, place});
  }

  SharedService take(const config::ListenSpec& place, const SharedService& before) {
    const auto [first, last] = by_port_.equal_range(key(place));
    for (auto it = first; it != last; ++it) {
      // A port of the system's choice is nobody else's.
      const bool may = place.at.port != 0 || place.kind != config::ListenSpec::Kind::ip || it->second.service == before;
      if (!may || !it->second.place.same_socket(place)) continue;
      SharedService donor = std::move(it->second.service);
      by_port_.erase(it);
      return donor;
    }
    return nullptr;
  }

  /// What a service that goes on leaves for other places is closed before those that are new are opened.
  void add_left(const config::Service& before, const config::Service& after) {
    for (const config::ListenSpec& place : before.places())
      if (!has_place(after, place)) left_.insert(key(place));
  }

  /// Is something there that may be in the way until it is closed?
  [[nodiscard]] bool any_at(const config::ListenSpec& listen) const {
    return by_port_.contains(key(listen)) || left_.contains(key(listen));
  }

 private:
  struct Donor {
    SharedService service;
    config::ListenSpec place;
  };
  static std::uint64_t key(const config::ListenSpec& l) {
    if (l.kind == config::ListenSpec::Kind::ip) return static_cast<std::uint64_t>(l.protocol.number) << 16 | l.at.port;
    return std::hash<std::string>{}(config::element_text(l)) | 1ULL << 63;
  }
  std::unordered_multimap<std::uint64_t, Donor> by_port_;
  std::unordered_set<std::uint64_t> left_;
};

class Preparation {
 public:
  Preparation(const Running& running, const Means& means) : running_(running), means_(means) {}

  Prepared run() {
    if (means_.reopen_log && !means_.preview) prepared_.daemon_log = means_.reopen_log();
    prepared_.loaded = config::load(means_.files, means_.names, means_.sources, *running_.config);
    if (prepared_.loaded.fatal != config::Loaded::Fatal::none) return refused("the configuration cannot be used");
    strict_ = means_.strict ||
              prepared_.loaded.config->defaults.reload_policy == config::ReloadPolicy::strict;
    if (strict_ && has_errors(prepared_.loaded.diagnostics))
      return refused("the configuration has errors, and reload_policy is strict");
    if (prepared_.loaded.defaults_broken) return refused("the defaults cannot be read");
    if (defaults_were_lost()) return refused("the defaults, which restrict what is served, can no longer be found");
    config::keep_broken(*running_.config, prepared_.loaded);
    make_steps();
    if (means_.preview) return std::move(prepared_);
    prepared_.logs = std::make_unique<ServiceLogs>(means_.identity, means_.syslog_file);
    for (Step& step : prepared_.steps) make_ready(step);
    open_own_event_log();
    for (const auto& service : prepared_.going)
      if (running_.busy.contains(service.get())) reopen_log_of(service);
    for (const auto& service : running_.retired) reopen_log_of(service);
    bind_all();
    settle_configuration();
    if (!strict_) return std::move(prepared_);
    for (const auto* problems : {&prepared_.problems, &prepared_.unbound})
      if (!problems->empty()) return refused(fmt::format("{}, and reload_policy is strict", problems->front()));
    return std::move(prepared_);
  }

 private:
  Prepared refused(std::string why) {
    prepared_.refused = std::move(why);
    return std::move(prepared_);
  }

  /// A defaults entry with a mistyped keyword, or in a file that cannot be read, is no entry at all; without it more
  /// would be served than was meant.
  [[nodiscard]] bool defaults_were_lost() const {
    const config::Settings& was = running_.config->defaults;
    const config::Settings& is = prepared_.loaded.config->defaults;
    if (prepared_.loaded.unclear_files.empty()) return false;
    return std::ranges::any_of(config::attributes(), [&](const config::Attribute& row) {
      if (row.where == config::Where::service || !config::restricts(row) || !row.is_set(was)) return false;
      return !row.is_set(is) || part_was_lost(row);
    });
  }

  /// A file that had a say in the attribute has none any more, and is one of those that cannot be read.
  [[nodiscard]] bool part_was_lost(const config::Attribute& row) const {
    const auto index = static_cast<std::size_t>(&row - config::attributes().data());
    const config::Origins& before = running_.config->defaults.origins;
    const config::Origins& now = prepared_.loaded.config->defaults.origins;
    return std::ranges::any_of(before.lines(), [&](const config::Origins::Line& line) {
      if (line.row != index || !prepared_.loaded.is_unclear(before.file(line))) return false;
      return std::ranges::none_of(now.lines(), [&](const config::Origins::Line& other) {
        return other.row == index && now.file(other) == before.file(line);
      });
    });
  }

  [[nodiscard]] bool runs(const SharedService& service) const { return running_.runners.contains(service.get()); }

  void make_steps() {
    // Said when it is committed; libraries that it takes to know are loaded here, off the loop.
    (void)config::not_in_effect(*prepared_.loaded.config, means_.abilities);
    config::Plan plan = config::diff(*running_.config, *prepared_.loaded.config);
    std::unordered_map<const config::Service*, const config::Plan::Change*> kept;
    for (const auto& change : plan.keep) {
      kept.emplace(change.after.get(), &change);
      if (!change.same && !change.moved) prepared_.changes.push_back(change);
    }
    for (const auto& service : plan.stop)
      if (runs(service)) prepared_.stopped.push_back(service);
    prepared_.going = prepared_.stopped;
    for (const auto& service : prepared_.loaded.config->services) {
      const auto change = kept.find(service.get());
      Step step;
      step.service = service;
      if (change != kept.end()) describe(step, *change->second);
      if (service->waits_for.empty() && !config::hindrance(*service, means_.abilities).empty())
        step.kind = Step::Kind::none;
      if (step.before && (step.kind == Step::Kind::none || step.kind == Step::Kind::fresh))
        prepared_.going.push_back(step.before);
      prepared_.steps.push_back(std::move(step));
    }
  }

  /// What did not change keeps its object, and so costs nothing.
  void describe(Step& step, const config::Plan::Change& change) const {
    if (change.same) step.service = change.before;
    if (!runs(change.before)) return;
    step.before = change.before;
    if (change.same)
      step.kind = Step::Kind::unchanged;
    else if (change.moved)
      step.kind = Step::Kind::moved;
    else if (!change.rebind)
      step.kind = Step::Kind::changed;
  }

  /// A service whose log cannot be opened goes on as it was, or is not started.
  void make_ready(Step& step) {
    if (step.kind == Step::Kind::none) return;
    auto setup = step.kind == Step::Kind::unchanged ? log_only(step.service)
                 : step.kind == Step::Kind::moved   ? log_and_policy(step.service)
                                                    : make_setup(step.service, *prepared_.logs, means_.facts);
    if (setup) {
      step.setup = std::move(*setup);
      return add_event_log(step);
    }
    const bool goes_on = step.before != nullptr;
    prepared_.problems.push_back(fmt::format("{}; service {} {}", setup.error().sentence, step.service->id,
                                             goes_on ? "keeps running as before" : "is not started"));
    step.kind = Step::Kind::none;
    if (!goes_on) return;
    std::erase(prepared_.going, step.before);
    step.service = step.before;
  }

  void add_event_log(Step& step) {
    std::string trouble = supervisor::add_event_log(step.setup, *step.service, *prepared_.logs);
    if (!trouble.empty()) prepared_.problems.push_back(std::move(trouble));
  }

  /// For what concerns no service.
  void open_own_event_log() {
    const auto opened = prepared_.logs->events_for(prepared_.loaded.config->defaults);
    if (!opened) prepared_.problems.push_back(opened.error().sentence + "; what concerns no service is not recorded");
  }

  /// Its servers end after this reload, and their entries belong into the file that has the name then. Its directory may
  /// have gone with the service.
  void reopen_log_of(const SharedService& gone) {
    const auto take = [&](auto output, LogsOfServices::Outputs& to) {
      if (output)
        to.emplace(gone.get(), std::move(*output));
      else
        prepared_.logs_lost.push_back(fmt::format("{}; what is left of service {} keeps logging to the file that is open",
                                                  output.error().sentence, gone->id));
    };
    take(prepared_.logs->output_for(*gone), prepared_.logs_of_gone.logs);
    take(prepared_.logs->events_for(gone->settings), prepared_.logs_of_gone.event_logs);
  }

  base::Result<service::Setup> log_only(const SharedService& service) {
    auto output = prepared_.logs->output_for(*service);
    if (!output) return output.error();
    return service::Setup{nullptr, nullptr, std::move(*output)};
  }

  /// Its recipe says nothing of places.
  base::Result<service::Setup> log_and_policy(const SharedService& service) {
    auto setup = log_only(service);
    if (setup) setup->policy = std::make_shared<policy::Policy>(service);
    return setup;
  }

  void bind_all() {
    Donors donors;
    for (const auto& service : prepared_.going) {
      const auto runner = running_.runners.find(service.get());
      if (runner != running_.runners.end() && runner->second) donors.add(service);
    }
    for (const Step& step : prepared_.steps)
      if (step.kind == Step::Kind::changed) donors.add_left(*step.before, *step.service);
    // First what can be taken over: it is not to be bound beside itself.
    std::vector<std::pair<Step*, std::size_t>> missing;
    for (Step& step : prepared_.steps) {
      const bool fresh = step.kind == Step::Kind::fresh;
      if (!fresh && step.kind != Step::Kind::changed) continue;
      const auto places = step.service->places();
      for (std::size_t i = 0; i < places.size(); ++i)
        if (auto donor = fresh ? donors.take(places[i], step.before) : nullptr)
          step.donors.push_back(std::move(donor));
        else if (fresh || !has_place(*step.before, places[i]))
          missing.emplace_back(&step, i);
    }
    for (const auto& [step, index] : missing) bind(*step, index, donors);
  }

  /// Connections are refused there until the commit: a reload that comes to nothing has fooled nobody.
  void bind(Step& step, std::size_t index, const Donors& donors) {
    const config::ListenSpec place = step.service->places()[index];
    if (net::any_fits(running_.activated, step.service->id, place)) return;  // taken by its Runner
    // A range has its connections led to it only when it serves; a manager's socket is one that it has passed.
    if (place.kind == config::ListenSpec::Kind::range || place.kind == config::ListenSpec::Kind::activated) return;
    if (place.beside) return;  // another service has the port, and lets it share that only when it is told to
    // To look whether a socket in the way is dead is to connect to it, and ours is not.
    if (place.has_path() && donors.any_at(place)) return;
    auto bound = net::bind_socket(place);
    // Two sockets share the port of a steered service, and the order in which they begin is of weight: this was to see
    // whether it can be had.
    if (bound && step.service->steered()) return;
    if (bound) return step.sockets.emplace_back(index, std::move(*bound)), void();
    // It may be free as soon as a service that goes has closed its socket.
    if (bound.error().code == EADDRINUSE && donors.any_at(place)) return;
    prepared_.unbound.push_back(fmt::format("{}. service = {}", bound.error().sentence, step.service->id));
  }

  /// The configuration in force is to say what runs, by the very objects.
  void settle_configuration() {
    auto settled = std::make_shared<config::Config>(*prepared_.loaded.config);
    settled->services.clear();
    for (const Step& step : prepared_.steps) settled->services.push_back(step.service);
    prepared_.loaded.config = std::move(settled);
  }

  const Running& running_;
  const Means& means_;
  Prepared prepared_;
  bool strict_ = false;
};

}  // namespace

Prepared prepare(const Running& running, const Means& means) { return Preparation(running, means).run(); }

base::Result<service::Setup> make_setup(const SharedService& service, ServiceLogs& logs,
                                        const service::DaemonFacts& facts) {
  auto output = logs.output_for(*service);
  if (!output)
    return base::Error{output.error().code, "creation of " + (service->common_log ? "default" : service->id) +
                                                " log failed: " + output.error().sentence};
  return service::Setup{std::make_shared<policy::Policy>(service), service::make_recipe(*service, facts),
                        std::move(*output)};
}

std::string add_event_log(service::Setup& setup, const config::Service& service, ServiceLogs& logs) {
  auto output = logs.events_for(service.settings);
  setup.event_log_failed = !output;
  if (!output) return fmt::format("{}; what happens to service {} is not recorded there", output.error().sentence, service.id);
  setup.event_log = std::move(*output);
  return {};
}

}  // namespace xsuperd::supervisor
