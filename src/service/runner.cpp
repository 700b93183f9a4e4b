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
  counters_.since = std::chrono::system_clock::now();
}

Runner::~Runner() = default;

bool Runner::start() {
  timers_->cancel(reopening_);
  if (!wants_socket()) return true;
  if (!service().waits_for.empty()) return report_opening(false);
  if (find_first_targets()) return false;
  return report_opening(open_socket());
}

bool Runner::start(net::Opened bound) {
  if (!wants_socket()) return true;
  if (find_first_targets()) return false;  // until then nobody is to be let in
  forget_server();
  const auto listening = net::listen_on(bound.fd.get(), service().listen);
  return report_opening(opened_or_not(listening ? base::Result<net::Opened>(std::move(bound)) : listening.error()));
}

bool Runner::report_opening(bool good) {
  feed(good ? Event{Opened{}} : Event{Closed{}});
  if (!good) try_again_later();
  return good;
}

bool Runner::start_on_socket_of(Runner& leaving) {
  if (!leaving.listener_ || !wants_socket()) return false;
  leaving.unregister_rpc();
  leaving.end_announcement();
  const bool with_server = leaving.service().hands_over() && !leaving.sessions_.empty();
  forget_server();
  foreign_ = leaving.foreign_ || with_server;
  watch(leaving.listener_->release());
  leaving.listener_.reset();
  lent_ = std::exchange(leaving.lent_, {});
  if (leaving.turned_away_) watch_turned_away(leaving.turned_away_->release());
  leaving.turned_away_.reset();
  // It has the options of the service that goes, and the backlog.
  net::apply_options(listener_->fd(), service().listen);
  (void)net::listen_on(listener_->fd(), service().listen);
  if (foreign_ && (with_server || !service().hands_over())) (void)renew({});
  if (foreign_) came_back();
  steer_again();
  if (!listener_) return true;  // it is tried again from time to time
  if (service().is(config::Type::rpc)) register_rpc();
  announce();
  feed(Opened{});
  tell_sockets();
  return true;
}

void Runner::count_on_from(Runner& before) {
  state_.count_on_from(before.state_);
  counters_ = before.counters_.hand_on();
}

void Runner::reconfigure(Setup setup) {
  const bool new_versions = setup.service().settings.rpc_version != service().settings.rpc_version;
  if (new_versions) unregister_rpc();
  const bool new_backlog = setup.service().listen.backlog != service().listen.backlog;
  targets_.clear();  // perhaps another target, in any case looked up anew (fact B10.1)
  forget_first_targets();
  setup_ = std::move(setup);
  if (new_versions && listener_) register_rpc();
  announce();
  if (listener_) {
    net::apply_options(listener_->fd(), service().listen);
    if (new_backlog) (void)net::listen_on(listener_->fd(), service().listen);
    require_anew();
  }
  steer_again();
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
    if (session.conversing) around_.conversations.stop(token);
  signal_servers(SIGTERM);
  kill_at_ = around_.now() + around_.grace;
  arm(around_.grace, [](Runner& self) { self.signal_servers(SIGKILL); });
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
    if (!session.served() && (session.stage != Stage::start || session.socket)) tokens.push_back(token);
  for (const Token token : tokens) withdraw(token);
}

std::size_t Runner::signal_servers(int number) {
  std::size_t count = 0;
  for (const auto& [token, session] : sessions_) {
    if (session.pid == 0 || !around_.children.signal(token, number, around_.grace)) continue;
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
    const Follow follow(around_.processes, state_);
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
  if (around_.on_change) around_.on_change();
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
  if (found == sessions_.end()) feed(Withdrawn{token});  // its fate was told already; if it had a place still, that is free
  if (found == sessions_.end() || found->second.served()) throw;  // the last gate tells
  const base::Address peer = found->second.peer.address;
  counters_.fail(std::chrono::system_clock::now());
  let_go(token);
  if (service().hands_over() && state_.phase() == Phase::listening) listen();  // it had not even been let in
  around_.log.error("service {}, request from {}: {}", service().id, peer.text(), why.what());
}

void Runner::perform(const Action& action) {
  std::visit([this](const auto& a) { perform(a); }, action);
}

void Runner::perform(const Listen&) {
  listen();
}
void Runner::perform(const Suspend&) {
  if (listener_) listener_->pause();
}
void Runner::perform(const CloseSocket&) { close_sockets(); }

void Runner::perform(const OpenSocket&) {
  // It never had one, or an administrator has closed it meanwhile.
  if (service().kind == config::Kind::tcpmux || !wants_socket()) return feed(Closed{});
  const bool good = open_socket();
  (void)report_opening(good);  // first: it would stay closed
  around_.log.error("{} service {}", good ? "Activating" : "Error activating", service().name);
}

void Runner::perform(const ArmPause& action) {
  pause_end_ = around_.now() + std::chrono::seconds(action.seconds);
  try {
    arm(std::chrono::seconds(action.seconds), [](Runner& self) { self.feed(Due{}); });
  } catch (const std::bad_alloc&) {  // nobody would open it again: better no pause than no end of it
    return feed(Due{});
  }
  around_.log.error("Deactivating service {} due to excessive incoming connections.  Restarting in {} seconds.",
                    service().name, action.seconds);
}

void Runner::perform(const ArmRetry& action) {
  try {
    arm(std::chrono::seconds(action.seconds), [token = action.token](Runner& self) { self.feed(RetryDue{token}); });
  } catch (const std::bad_alloc&) {
    feed(RetryDue{action.token});
  }
}

bool Runner::open_socket() {
  if (!service().waits_for.empty()) return false;  // there is no place to open it at
  if (left_to_server_) return opened_or_not(net::Opened{std::move(left_to_server_)});
  forget_server();
  try {
    auto handed = around_.handed.take(service().id, service().listen);
    return handed ? open_handed(std::move(*handed)) : opened_or_not(open_guarded(service(), service().listen));
  } catch (const std::bad_alloc&) {  // tried again, as after any other failure
    close_sockets();
    return opened_or_not(base::system_error(ENOMEM, "opening the socket"));
  }
}

bool Runner::opened_or_not(base::Result<net::Opened> opened) {
  if (!opened) {
    trouble_ = opened.error().sentence;
    // Said when it begins; the tries that follow are quiet.
    if (open_failures_++ == 0) {
      around_.log.error("{}. service = {}", opened.error().sentence, service().id);
      around_.log.error("Service {} failed to start and is deactivated. It is tried again from time to time.",
                        service().id);
    }
    return false;
  }
  if (opened->ipv4_fallback)
    around_.log.notice("IPv6 socket creation failed for service {}, trying IPv4", service().id);
  watch(std::move(opened->fd));
  if (service().steered() && !steer_or_close()) return false;
  tell_sockets();
  if (open_failures_ > 0 && !service().is(config::Type::rpc))
    around_.log.notice("service {} could be opened at last", service().id);
  if (service().is(config::Type::rpc))
    register_rpc();  // which may still fail
  else
    open_failures_ = 0;
  trouble_.clear();
  announce();
  return true;
}

void Runner::watch(base::Fd socket) {
  if (service().served_by_us() && service().datagrams()) net::enable_destination_info(socket.get());
  listener_ = std::make_unique<net::Listener>(around_.loop, std::move(socket), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_readable();
  });
}

/// What waits for an address is opened by whoever looks that up.
void Runner::try_again_later() {
  if (!service().waits_for.empty()) return;
  const auto pause = std::min<std::chrono::milliseconds>(60s, 1s * (1 << std::min(open_failures_, 6u)));
  reopening_ = arm(pause, [](Runner& self) { (void)self.start(); });
}

std::uint64_t Runner::arm(std::chrono::milliseconds delay, std::function<void(Runner&)> then) {
  return timers_->after(around_.timer_length(delay), [weak = weak_from_this(), then = std::move(then)] {
    if (const auto self = weak.lock()) then(*self);
  });
}

bool Runner::accounted() const {
  const auto undecided = std::count_if(sessions_.begin(), sessions_.end(),
                                       [](const auto& one) { return !one.second.served(); });
  return counters_.accepted == counters_.decided() + static_cast<std::uint64_t>(undecided);
}

void Runner::log_entry(const std::optional<log::Entry>& entry) {
  if (entry) log_entry(entry->view());
}

void Runner::log_entry(std::string_view entry) {
  if (!setup_.service_log) return;
  try {
    around_.log.sink().write(setup_.service_log, log::Level::info, std::chrono::system_clock::now(), entry);
  } catch (const std::bad_alloc&) {  // a line is lost, and not what it tells of
  }
}

}  // namespace xsuperd::service
