// SPDX-License-Identifier: MIT
#include "xsuperd/service/runner.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <new>
#include <vector>

#include "xsuperd/net/udp_reply.hpp"

#include "service/timers.hpp"

namespace xsuperd::service {

using namespace std::chrono_literals;

Runner::Runner(Surroundings& around, Setup setup)
    : around_(around),
      setup_(std::move(setup)),
      state_(setup_.policy),
      timers_(std::make_unique<Timers>(around.loop)) {
  facts_.counters.since = std::chrono::system_clock::now();
  for (const config::ListenSpec& place : service().places()) endpoints_.push_back(new_endpoint(place));
}

Runner::~Runner() = default;

std::shared_ptr<Endpoint> Runner::new_endpoint(const config::ListenSpec& place) {
  return std::make_shared<Endpoint>(around_, as_owner(), next_endpoint_++, place);
}

Endpoint* Runner::find(EndpointId id) const {
  for (const auto* all : {&endpoints_, &leaving_})
    for (const auto& one : *all)
      if (one->id() == id) return one.get();
  return nullptr;
}

bool Runner::open() const {
  return std::any_of(endpoints_.begin(), endpoints_.end(), [](const auto& one) { return one->open(); });
}

bool Runner::all_open() const {
  return !endpoints_.empty() && std::all_of(endpoints_.begin(), endpoints_.end(), [](const auto& one) { return one->open(); });
}

int Runner::listening_fd() const {
  for (const auto& endpoint : endpoints_)
    if (endpoint->open()) return endpoint->fd();
  return -1;
}

const std::string& Runner::trouble() const {
  static const std::string none;
  for (const auto& endpoint : endpoints_)
    if (!endpoint->open() && !endpoint->trouble().empty()) return endpoint->trouble();
  return none;
}

bool Runner::has_session(const Endpoint& endpoint) const {
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [id = endpoint.id()](const auto& one) { return one.second.endpoint == id; });
}

bool Runner::start(BoundSockets bound) {
  timers_->cancel(looking_);
  if (!wants_socket()) return true;
  if (endpoints_.empty()) return feed(Closed{}), false;  // what it waits for is looked up by somebody else
  if (find_first_targets()) return stop_tries(), false;  // until then nobody is to be let in
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const auto& endpoint = endpoints_[i];
    if (endpoint->open()) continue;
    const auto place = std::find_if(bound.begin(), bound.end(), [&](const auto& one) {
      return one.first < endpoints_.size() && endpoints_[one.first] == endpoint;
    });
    (void)(place == bound.end() ? endpoint->start() : endpoint->start(std::move(place->second)));
  }
  return open();
}

void Runner::stop_tries() {
  for (const auto& endpoint : endpoints_)
    if (!endpoint->open()) endpoint->close();
}

bool Runner::start_on_sockets_of(Runner& leaving) {
  bool any = false;
  for (const auto& own : endpoints_)
    for (const auto& theirs : leaving.endpoints_) {
      if (own->open() || !theirs->spec().same_socket(own->spec())) continue;
      any = own->take_from(*theirs) || any;
    }
  return any;
}

/// Sockets at places that it has still go on, in the order of the configuration. So does that of a place that comes back
/// while a server has it still.
void Runner::replace_endpoints() {
  std::vector<std::shared_ptr<Endpoint>> before = endpoints_;
  before.insert(before.end(), leaving_.begin(), leaving_.end());
  std::vector<std::shared_ptr<Endpoint>> after;
  for (const config::ListenSpec& place : service().places()) {
    const auto found = std::find_if(before.begin(), before.end(), [&](const auto& one) { return one->spec().same_socket(place); });
    after.push_back(found == before.end() ? new_endpoint(place) : *found);
    if (found != before.end()) before.erase(found);
  }
  endpoints_ = std::move(after);  // only now: when memory is refused, all stay as they were
  leaving_.clear();
  for (const auto& gone : before) {
    gone->close();
    if (state_.is_open(gone->id())) feed(Closed{gone->id()});  // else it would end a pause of cps
    if (gone->refusing_fd() >= 0) leaving_.push_back(gone);
  }
}

void Runner::count_on_from(Runner& before) {
  state_.count_on_from(before.state_);
  facts_.counters = before.facts_.counters.hand_on();
}

void Runner::reconfigure(Setup setup) {
  const bool new_versions = setup.service().settings.rpc_version != service().settings.rpc_version;
  if (new_versions)
    for (const auto& endpoint : endpoints_) endpoint->unregister_rpc();
  facts_.targets.clear();  // perhaps another target, in any case looked up anew (fact B10.1)
  forget_first_targets();
  setup_ = std::move(setup);
  replace_endpoints();
  const auto places = service().places();
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    endpoints_[i]->reconfigure(places[i], new_versions);
    endpoints_[i]->steer_again();
  }
  for (const auto& endpoint : leaving_) endpoint->steer_again();
  announce();
  feed(Reconfigured{setup_.policy, false});
}

void Runner::move_to(Setup setup) {
  setup.recipe = setup_.recipe;
  setup_ = std::move(setup);
  feed(Reconfigured{setup_.policy, true});
}

void Runner::retire(Servers servers) {
  timers_->cancel();
  forget_first_targets();
  retired_servers_ = servers;
  feed(Retire{});
  give_up_retries();
  if (servers == Servers::leave) return;
  drop_unstarted();
  for (const auto& [token, session] : sessions_)
    if (session.conversing()) around_.serving.conversations.stop(token);
  signal_servers(SIGTERM);
  facts_.kill_at = around_.clock.now() + around_.clock.grace;
  arm(around_.clock.grace, [](Runner& self) { self.signal_servers(SIGKILL); });
}

/// Their timers are gone: the peers hear of it now, and the places are free.
void Runner::give_up_retries() {
  std::vector<Token> tokens;
  for (const auto& [token, session] : sessions_) tokens.push_back(token);
  for (const Token token : tokens) feed(RetryDue{token});
}

/// Those who wait for a name, a banner or an identity server are sent away; what the spawner has goes on.
void Runner::drop_unstarted() {
  std::vector<Token> tokens;
  for (const auto& [token, session] : sessions_)
    if (!session.served() && session.phase != SessionPhase::starting) tokens.push_back(token);
  for (const Token token : tokens) withdraw(token);
}

std::size_t Runner::signal_servers(int number) {
  std::size_t count = 0;
  for (const auto& [token, session] : sessions_) {
    if (session.pid == 0 || !around_.serving.children.signal(token, number, around_.clock.grace)) continue;
    around_.log.warning("Sending signal {} to {} server {}", number, service().id, session.pid);
    ++count;
  }
  return count;
}

namespace {

/// Keeps the count of all servers in step with a State's, whatever is thrown meanwhile.
class Follow {
 public:
  Follow(std::size_t& all, const State& state) : all_(all), state_(state), before_(state.running()) {}
  ~Follow() {
    all_ += state_.running();
    all_ -= before_;
  }
  Follow(const Follow&) = delete;
  Follow& operator=(const Follow&) = delete;

 private:
  std::size_t& all_;
  const State& state_;
  std::size_t before_;
};

}  // namespace

/// Every decision passes here: the count of all servers follows the State's. What has been decided is done, whatever one
/// of the actions throws.
void Runner::feed(const Event& event) {
  const auto decide = [&] {
    const Follow follow(around_.census.processes, state_);
    return state_.handle(event);
  };
  const Actions actions = decide();
  std::exception_ptr thrown;
  for (const Action& action : actions) {
    try {
      perform(action);
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  if (around_.hooks.on_change) around_.hooks.on_change();
  if (thrown) std::rethrow_exception(thrown);
}

/// A step of a session. What it throws, for want of memory, costs that session alone.
void Runner::attempt(Token token, void (Runner::*step)(Token)) {
  try {
    (this->*step)(token);
  } catch (const std::exception& why) {
    lose(token, why);
  }
}

/// Its fate is told, and nothing of it stays: no place, no descriptor, no open account.
void Runner::lose(Token token, const std::exception& why) {
  const auto found = sessions_.find(token);
  if (found == sessions_.end()) feed(Withdrawn{token, 0});  // its fate was told already; if it had a place still, that is free
  if (found == sessions_.end() || found->second.served()) throw;  // the last gate tells
  const base::Address peer = found->second.peer.address;
  const EndpointId through = found->second.endpoint;
  facts_.counters.fail(std::chrono::system_clock::now());
  let_go(token);
  if (Endpoint* endpoint = service().hands_over() ? find(through) : nullptr; endpoint && listens(*endpoint))
    listen(*endpoint);  // it had not even been let in
  around_.log.error("service {}, request from {}: {}", service().id, peer.text(), why.what());
}

void Runner::perform(const Action& action) {
  std::visit([this](const auto& a) { perform(a); }, action);
}

void Runner::perform(const Listen& action) {
  if (Endpoint* endpoint = find(action.endpoint)) listen(*endpoint);
}
void Runner::perform(const Suspend& action) {
  if (Endpoint* endpoint = find(action.endpoint)) endpoint->pause();
}
void Runner::perform(const CloseSocket&) { close_endpoints(); }

void Runner::close_endpoints() {
  for (const auto& endpoint : endpoints_) endpoint->close();
}

void Runner::perform(const OpenSocket&) {
  // It never had one, or an administrator has closed it meanwhile.
  if (endpoints_.empty() || !wants_socket()) return feed(Closed{});
  const bool good = start();
  if (state_.phase() == Phase::paused) feed(Closed{});  // its targets are looked up first
  around_.log.error("{} service {}", good ? "Activating" : "Error activating", service().name);
}

void Runner::perform(const ArmPause& action) {
  facts_.pause_end = around_.clock.now() + std::chrono::seconds(action.seconds);
  try {
    arm(std::chrono::seconds(action.seconds), [](Runner& self) { self.feed(Due{}); });
  } catch (const std::bad_alloc&) {  // nobody would open it again: better no pause than no end of it
    return feed(Due{});
  }
  around_.log.error("Deactivating service {} due to excessive incoming connections.  Restarting in {} seconds.",
                    service().name, action.seconds);
}

void Runner::perform(const ArmRetry& action) {
  go(action.token, SessionEvent::start_failed);
  try {
    arm(std::chrono::seconds(action.seconds), [token = action.token](Runner& self) { self.feed(RetryDue{token}); });
  } catch (const std::bad_alloc&) {
    feed(RetryDue{action.token});
  }
}

void Runner::before_closing(Endpoint& endpoint) {
  if (current_datagram_ && current_endpoint_ == endpoint.id() && endpoint.open())
    around_.datagrams.batch.send(endpoint.fd());  // answers to those before it
}

void Runner::on_socket(Endpoint&) {
  announce();
  if (around_.hooks.on_sockets) around_.hooks.on_sockets();
}

std::uint64_t Runner::arm(std::chrono::milliseconds delay, std::function<void(Runner&)> then) {
  return timers_->after(around_.clock.timer_length(delay), [weak = weak_from_this(), then = std::move(then)] {
    if (const auto self = weak.lock()) then(*self);
  });
}

bool Runner::accounted() const {
  const auto undecided = std::count_if(sessions_.begin(), sessions_.end(),
                                       [](const auto& one) { return !one.second.served(); });
  return facts_.counters.accepted == facts_.counters.decided() + static_cast<std::uint64_t>(undecided);
}

/// `pid` is 0 when we serve the session ourselves.
void Runner::log_start(const Session& session, pid_t pid) {
  log_event(log::start_event(service(), pid, session.peer.address));
}

void Runner::log_refusal(const Session& session, policy::Reason reason) {
  log_event(log::fail_event(service(), policy::log_word(reason), session.peer.address));
}

void Runner::log_event(const std::optional<log::Event>& event) {
  if (!event || !setup_.service_log) return;
  try {
    around_.log.sink().write(setup_.service_log, log::Level::info, std::chrono::system_clock::now(), *event);
  } catch (const std::bad_alloc&) {  // a line is lost, and not what it tells of
  }
}

}  // namespace xsuperd::service
