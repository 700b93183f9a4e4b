// SPDX-License-Identifier: MIT
#include "supervisor/loads.hpp"

#include <memory>
#include <utility>

#include "xsuperd/loop/off_loop.hpp"

namespace xsuperd::supervisor {

namespace {

/// All that a load uses, which is its own.
struct Load {
  Load(Running what_runs, Loads::Options its) : running(std::move(what_runs)), options(std::move(its)) {}

  Running running;
  Loads::Options options;
  Prepared prepared = not_prepared({0, "reading the configuration was not completed"});
};

/// On the load's thread.
void carry_out(Load& load, bool strict, bool preview) {
  Loads::Options& its = load.options;
  try {
    const Means means{its.files,     its.names,      its.sources,     its.identity, its.facts,
                      its.abilities, its.reopen_log, its.syslog_file, strict,       preview};
    load.prepared = prepare(load.running, means);
  } catch (const std::exception&) {
    load.prepared = not_prepared(loop::error_of(std::current_exception()));
  }
}

}  // namespace

Prepared not_prepared(const base::Error& why) {
  Prepared prepared;
  prepared.refused = "the configuration could not be read: " + why.sentence;
  return prepared;
}

Loads::Loads(boost::asio::io_context& loop, Options options, std::function<Running()> running)
    : options_(std::move(options)), running_(std::move(running)), threads_(loop, {}) {}

config::Loaded Loads::load_now() { return config::load(options_.files, options_.names, options_.sources); }

base::Result<void> Loads::prepare(bool strict, bool preview, std::function<void(Prepared)> then) {
  try {
    const auto load = std::make_shared<Load>(running_(), options_);
    const auto work = [load, strict, preview] { carry_out(*load, strict, preview); };
    const auto started = threads_.run(work, [load, then = std::move(then)] { then(std::move(load->prepared)); });
    if (started == 0) return base::Error{0, "no thread could be started to read the configuration"};
    return {};
  } catch (const std::exception&) {
    return loop::error_of(std::current_exception());
  }
}

}  // namespace xsuperd::supervisor
