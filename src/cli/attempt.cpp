// SPDX-License-Identifier: MIT
#include "xsuperd/cli/attempt.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "cli/attempt_report.hpp"
#include "cli/witness.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/box/boxes.hpp"
#include "xsuperd/cli/sources.hpp"
#include "xsuperd/config/loader.hpp"
#include "xsuperd/control/message.hpp"
#include "xsuperd/net/abilities.hpp"
#include "xsuperd/policy/absence.hpp"
#include "xsuperd/service/by_hand.hpp"
#include "xsuperd/spawn/boxing_spawner.hpp"
#include "xsuperd/spawn/helper_process.hpp"
#include "xsuperd/supervisor/process.hpp"

namespace xsuperd::cli {

namespace {

using ServicePtr = std::shared_ptr<const config::Service>;

std::string did_you_mean(const config::Config& config, const std::string& word) {
  std::vector<std::string_view> ids;
  for (const auto& service : config.services) ids.push_back(service->id);
  for (const config::Absent& absent : config.absent) ids.push_back(absent.id);
  const auto near = base::nearest(word, ids);
  return near ? fmt::format("; did you mean {}?", *near) : "";
}

/// What the loader said about the entry, whole lines.
std::string findings_of(const config::Loaded& loaded, const std::string& id) {
  std::string text;
  for (const config::Diagnostic& d : loaded.diagnostics.all())
    if (d.level <= config::Level::error && (id.empty() || base::iequals(d.id, id))) text += config::explained(d);
  return text;
}

base::Error not_there(const config::Loaded& loaded, const std::string& word) {
  for (const config::Absent& absent : loaded.config->absent) {
    if (!policy::is_meant(absent.id, absent.name, word)) continue;
    std::string text = policy::absence_text(absent);
    text.pop_back();
    return {0, absent.fate == config::Fate::refused ? findings_of(loaded, absent.id) + text : text};
  }
  return {0, fmt::format("no service is named {}{}", base::escaped(word, 200), did_you_mean(*loaded.config, word))};
}

/// Why its server cannot be run on a terminal; empty: it can.
std::string unfit(const config::Service& service) {
  if (!service.starts_programs()) return "it starts no program";
  if (service.hands_over()) return "with wait = yes its server needs the socket on which it listens, which a terminal is not";
  return config::hindrance(service, net::abilities());
}

base::Result<ServicePtr> find_service(const config::Loaded& loaded, const std::string& word) {
  if (!loaded.config) return base::Error{0, findings_of(loaded, "") + "the configuration cannot be used"};
  std::optional<base::Error> wrong;
  for (const auto& service : loaded.config->services) {
    if (!policy::is_meant(service->id, service->name, word)) continue;
    const std::string why = unfit(*service);
    if (why.empty()) return service;
    if (!wrong) wrong = base::Error{0, fmt::format("can't run the server of {}: {}", service->id, why)};
  }
  return wrong ? *wrong : not_there(loaded, word);
}

/// What it would be with @service, if that makes a difference.
std::shared_ptr<const box::FilterProgram> service_filter(const config::Confinement& c) {
  if (c.calls.base != config::SystemCalls::Base::strict) return nullptr;
  auto made = box::make_filter({box::FilterRequest::Base::service, box::FilterRequest::Action::error, c.calls.denied, !c.connect.any});
  return made ? *made : nullptr;
}

/// The daemon's means to start servers, for one. Belongs to the main thread, which is the one that traces.
class Starter {
 public:
  Starter()
      : plain_(spawn::make_clone_spawner(loop_, {.threads = 0, .thread_patience = std::chrono::seconds(10)})),
        boxes_(loop_, {.start = [this] { return spawn::start_box_helper(*plain_); },
                       .on_trouble = [this](std::string why) { trouble_ = std::move(why); },
                       .spare = 0}),
        spawner_(*plain_, boxes_) {
    spawner_.on_outcome([this](spawn::Outcome outcome) { outcome_ = std::move(outcome); });
  }

  spawn::Outcome start(spawn::Job job) {
    outcome_ = spawner_.start(std::move(job), spawn::Spawner::Load::at_once);
    while (!outcome_)
      if (loop_.run_one() == 0) return spawn::StartFailed{.step = spawn::Step::box, .error = EAGAIN, .socket = {}};
    return *std::exchange(outcome_, std::nullopt);
  }
  void ended(std::uint64_t token) { spawner_.ended(token); }
  /// Of the helper that makes boxes; empty: none.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  boost::asio::io_context loop_;
  std::unique_ptr<spawn::Spawner> plain_;
  box::Boxes boxes_;
  spawn::BoxingSpawner spawner_;
  std::optional<spawn::Outcome> outcome_;
  std::string trouble_;
};

struct Failure {
  int status = not_tried;
  std::string sentence;
};

Failure failure_of(const config::Service& service, const spawn::StartFailed& failed, const std::string& trouble) {
  const bool executing = failed.step == spawn::Step::exec;
  std::string sentence = failed.detail.empty() ? fmt::format("{} failed: {}", spawn::step_text(failed.step), base::errno_text(failed.error)) : failed.detail;
  if (!trouble.empty()) sentence += "; " + trouble;
  const bool boxed = config::confinement_of(service).box.has_mounts();
  if (executing && failed.error == ENOENT && boxed && ::access(service.settings.server.value_or("").c_str(), F_OK) == 0)
    sentence += " (the host has it, but in its box neither it nor, maybe, its interpreter is to be seen)";
  if (::geteuid() != 0 && failed.error == EPERM) sentence += "; run it as root";
  return {executing && failed.process_existed ? failed.status : not_tried, fmt::format("can't run the server of {}: {}", service.id, sentence)};
}

struct ServerUser {
  std::string name;
  uid_t uid = 0;
};

ServerUser user_of(const config::Service& service) {
  const auto& user = service.settings.user;
  if (config::confinement_of(service).box.own_user) return {"a user of its own", service.settings.dynamic_uids.value_or(config::UidRange{}).first};
  if (!user) return {std::to_string(::geteuid()), ::geteuid()};
  return {user->name.empty() ? user->text : user->name, user->uid};
}

using Tried = std::variant<AttemptReport, Failure>;

Tried run(const config::Service& service, const CommandLine::Attempt& attempt, const service::DaemonFacts& facts, bool traced) {
  Starter starter;
  spawn::Job job = service::job_by_hand(service, facts, {attempt.arguments, traced});
  const std::uint64_t token = job.token;
  const config::Confinement confinement = config::confinement_of(service);
  Witness witness({job.recipe->filter, service_filter(confinement)}, confinement.box);
  spawn::Outcome outcome = starter.start(std::move(job));
  if (const auto* failed = std::get_if<spawn::StartFailed>(&outcome)) {
    if (failed->step == spawn::Step::trace) return run(service, attempt, facts, false);
    return failure_of(service, *failed, starter.trouble());
  }
  Tracer tracer(std::get<spawn::Started>(outcome).pid, {[&](const TracedCall& call) { witness.begins(call); },
                                                       [&](const TracedCall& call, int error) { witness.failed(call, error); }});
  const End end = tracer.run(traced);
  starter.ended(token);
  const ServerUser user = user_of(service);
  return AttemptReport{service.id, service.settings.server.value_or(""), user.name, {confinement, user.uid}, witness.denials(), end, tracer.saw()};
}

int fail(const CommandLine::Attempt& attempt, const Failure& failure) {
  fmt::print(stderr, "xsuperd: {}\n", failure.sentence);
  const control::json::object error{{"code", "failed"}, {"sentence", failure.sentence}, {"details", control::json::object{}}};
  if (attempt.json) fmt::print("{}\n", control::json::serialize(control::json::object{{"error", error}}));
  return failure.status;
}

}  // namespace

int try_service(const CommandLine& command) {
  const CommandLine::Attempt& attempt = command.attempt;
  config::SystemFiles files;
  config::SystemNames names;
  const config::Loaded loaded = config::load(files, names, sources_of(command));
  const auto service = find_service(loaded, attempt.service);
  if (!service) return fail(attempt, {not_tried, service.error().sentence});
  supervisor::block_signals();
  auto facts = service::DaemonFacts::of_this_process(supervisor::widen_umask());
  facts.controllers = net::abilities(net::Asking::daemon).controllers;
  facts.boxes = net::abilities(net::Asking::daemon).boxes;
  const Tried tried = run(**service, attempt, facts, true);
  if (const auto* failure = std::get_if<Failure>(&tried)) return fail(attempt, *failure);
  const auto& report = std::get<AttemptReport>(tried);
  if (attempt.json)
    fmt::print("{}", report_json(report));
  else
    fmt::print(stderr, "{}", report_text(report));
  return report.end.status();
}

}  // namespace xsuperd::cli
