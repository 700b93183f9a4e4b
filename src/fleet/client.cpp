// SPDX-License-Identifier: MIT
#include "xsuperd/fleet/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <deque>
#include <exception>
#include <optional>
#include <random>
#include <utility>

#include "fleet/backoff.hpp"
#include "fleet/connect.hpp"
#include "fleet/packets.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/config/tls.hpp"
#include "xsuperd/fleet/process.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/loop/watch.hpp"
#include "xsuperd/net/slow_work.hpp"
#include "xsuperd/spawn/children.hpp"
#include "xsuperd/spawn/helper_process.hpp"
#include "xsuperd/spawn/recipe.hpp"

namespace xsuperd::fleet {

namespace {

constexpr int most_at_once = 64;                       ///< words that are heard in one turn of the loop
constexpr std::chrono::milliseconds try_again{20};     ///< what has found no room
constexpr std::chrono::seconds listen_every{5};        ///< for signs of life
constexpr int most_a_second = 20'000;                  ///< words: each may be a line of a file, and a change of the firewall
/// A thread that opens files and looks up names may hang.
constexpr std::chrono::seconds longest_attempt{60};
constexpr std::chrono::seconds emptied_every{5};       ///< at most: the process looks every ten

std::uint64_t number_of_ours() {
  std::random_device chance;
  return std::uint64_t{chance()} << 32 | chance();
}

/// On another thread.
base::Result<Introduction> introduced(const config::StoreAddress& address, const std::string& password_file, const std::string& authorities) try {
  return fleet::introduce(address, password_file, authorities);
} catch (const std::exception& error) {
  return base::Error{0, error.what()};
}

std::shared_ptr<const spawn::Recipe> recipe_of(worker::WorkerUser user, bool tls) {
  auto recipe = std::make_shared<spawn::Recipe>(*worker::worker_recipe(user, tls ? worker::Role::tls : worker::Role::conversations));
  recipe->argv = {std::string(program_name)};
  return recipe;
}

/// Has it an outcome of its own?
bool asks(const Order& order) { return std::holds_alternative<Count>(order) || std::holds_alternative<AskTime>(order); }

}  // namespace

struct Hearing;

struct Client::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& the_loop, spawn::Spawner& the_spawner, Options the_options, Callbacks the_callbacks)
      : loop(the_loop), spawner(the_spawner), options(std::move(the_options)), callbacks(std::move(the_callbacks)), self(number_of_ours()),
        pauses(options.first_pause, options.longest_pause, self), slow(loop, {.threads = 2, .queue = 4}),
        watch(loop, -1, [this] { read(); }),
        pause(loop, [this] { phase == Phase::connecting ? lost("connecting to it takes too long") : begin(); }),
        listening(loop, [this] { look_for_life(); }), flushing(loop, [this] { flush(); }), resting(loop, [this] { watch.wait(); }) {}

  /// off: nothing is wanted. paused: `pause` is set. starting: the process has not said that it is ready. connecting: a thread
  /// is at it, until `pause` ends. meeting: the process knows of the connections. met: so does the store of us.
  enum class Phase : std::uint8_t { off, paused, starting, connecting, meeting, met };

  bool use(Stores wanted);
  void begin();
  void start_process();
  void connect();
  void connected(base::Result<Introduction> made);
  void introduce(Introduction made);
  void lost(const std::string& why);
  void forget_pauses();
  void read();
  [[nodiscard]] bool hear(const Packet& packet);
  void give_up(const std::string& why);
  void end_process();
  void reaped(const spawn::Ended& ended);
  void look_for_life();
  void send(const Order& order);
  void flush();
  void failed(const std::string& what, const std::string& why);

  boost::asio::io_context& loop;
  spawn::Spawner& spawner;
  const Options options;
  const Callbacks callbacks;
  const std::uint64_t self;
  Stores stores;
  Phase phase = Phase::off;
  std::size_t next = 0;     ///< the address that is tried, or will be
  std::size_t tried = 0;    ///< the one that is there, or was tried last
  std::string trouble;
  std::string last_words;   ///< of a process that could not begin
  Backoff pauses;
  base::Moment met_at{};
  std::uint64_t attempt = 0;  ///< changes with each: what a thread has found out for another is of no use

  base::Fd socket;
  std::uint64_t token = 0;  ///< of the process
  bool ready = false;
  base::Moment heard_at{};
  std::size_t under_way = 0;      ///< changes
  std::size_t asking = 0;         ///< what asks
  base::Moment second{};          ///< since when words are counted
  int words = 0;
  base::Moment emptied_at{};
  std::deque<std::string> kept;  ///< what found no room in the socket

  net::SlowWork slow;
  std::optional<spawn::Children> children;  ///< from the first process on: it takes a descriptor
  loop::Watch watch;
  loop::Alarm pause, listening, flushing, resting;
};

bool Client::Impl::use(Stores wanted) {
  if (wanted == stores) {
    if (phase == Phase::paused) pause.set(std::chrono::milliseconds(0));
    return false;
  }
  const bool had = phase == Phase::met;
  end_process();
  stores = std::move(wanted);
  ++attempt;
  next = tried = 0;
  phase = Phase::off;
  trouble.clear();
  pause.cancel();
  pauses.start_anew();
  if (had) callbacks.on_lost(true);
  if (!stores.addresses.empty()) begin();
  return true;
}

void Client::Impl::begin() {
  try {
    ready ? connect() : start_process();
  } catch (const std::exception& error) {
    failed("a process for sharing bans could not be started", error.what());
  }
}

void Client::Impl::start_process() {
  const bool tls = std::ranges::any_of(stores.addresses, &config::StoreAddress::tls);
  auto helper = spawn::start_helper(spawner, recipe_of(options.user, tls), "the process that shares bans");
  if (!helper) return failed(helper.error().sentence, {});
  if (!children) children.emplace(loop, [this](const spawn::Ended& ended) { reaped(ended); });
  children->watch(++token, helper->pid, std::move(helper->process));
  socket = std::move(helper->socket);
  phase = Phase::starting;
  last_words.clear();
  heard_at = std::chrono::steady_clock::now();
  listening.set(std::min<std::chrono::milliseconds>(listen_every, options.silence));
  watch.start(socket.get());
  watch.wait();
}

void Client::Impl::connect() {
  phase = Phase::connecting;
  const auto work = [address = stores.addresses[next], password = stores.password_file, authorities = stores.authorities,
                     alive = weak_from_this(), number = ++attempt]() -> net::SlowWork::Then {
    auto made = std::make_shared<base::Result<Introduction>>(introduced(address, password, authorities));
    return [alive, number, made] {
      if (const auto self = alive.lock(); self && self->attempt == number) self->connected(std::move(*made));
    };
  };
  if (slow.run(std::function<net::SlowWork::Then()>(work)) == 0) return lost("no thread can be started to connect to it");
  pause.set(longest_attempt);
}

void Client::Impl::connected(base::Result<Introduction> made) {
  if (phase != Phase::connecting) return;
  pause.cancel();
  if (!made) return lost(made.error().sentence);
  introduce(std::move(*made));
}

void Client::Impl::introduce(Introduction made) {
  const config::StoreAddress& address = stores.addresses[next];
  const Meet meet{.host = options.host, .self = self, .user = address.user, .password = made.password, .database = address.database, .tls = address.tls};
  std::vector<int> numbers{made.commands.get(), made.listening.get()};
  if (made.offer) numbers.push_back(made.offer.get());
  under_way = asking = 0;
  phase = Phase::meeting;
  if (const int error = send_packet(socket.get(), encode(Order(meet)), numbers)) lost("its connections could not be handed on: " + base::errno_text(error));
}

/// After it has worked for a while.
void Client::Impl::forget_pauses() {
  if (phase == Phase::met && std::chrono::steady_clock::now() - met_at >= options.healthy_after) pauses.start_anew();
}

/// The next address is tried at once, and all of them again after a pause.
void Client::Impl::lost(const std::string& why) {
  const bool had = phase == Phase::met;
  ++attempt;
  kept.clear();
  flushing.cancel();
  forget_pauses();
  tried = next;
  trouble = fmt::format("{}: {}", stores.addresses[tried].text(), plain(why));
  next = had ? 0 : (next + 1) % stores.addresses.size();
  phase = Phase::paused;
  pause.set(next == 0 ? pauses.next() : std::chrono::milliseconds(0));
  callbacks.on_lost(next == 0);
}

/// Nothing can be done without a process.
void Client::Impl::failed(const std::string& what, const std::string& why) {
  forget_pauses();
  end_process();
  ++attempt;
  phase = Phase::paused;
  trouble = why.empty() ? what : fmt::format("{}: {}", what, why);
  const auto time = pauses.next();
  pause.set(time);
  callbacks.on_trouble(fmt::format("{}; starting another in {} ms", trouble, time.count()));
  callbacks.on_lost(true);
}

void Client::Impl::end_process() {
  ready = false;
  watch.stop();
  resting.cancel();
  listening.cancel();
  flushing.cancel();
  kept.clear();
  under_way = asking = 0;
  if (!socket) return;
  socket.reset();
  children->signal(token++, SIGKILL);  // the number of none from now on: nobody wants to know of its end
}

void Client::Impl::reaped(const spawn::Ended& ended) {
  if (ended.token != token || !socket) return;
  watch.stop();
  // Its last words may say why. Somebody else may have its socket by now, and go on.
  Packet packet;
  for (int i = 0; i < most_at_once && receive_packet(socket.get(), packet) == Got::one; ++i)
    if (const auto word = decode_word(packet.bytes); word && std::holds_alternative<Failed>(*word))
      last_words = plain(std::get<Failed>(*word).why);
  const std::string why = std::exchange(last_words, {});
  socket.reset();
  failed(fmt::format("the process that shares bans ended with {} {}", ended.signalled ? "signal" : "status", ended.value), why);
}

void Client::Impl::give_up(const std::string& why) { failed("the process that shares bans was killed", why); }

void Client::Impl::look_for_life() {
  if (std::chrono::steady_clock::now() - heard_at >= options.silence) return give_up("it has shown no sign of life");
  listening.set(std::min<std::chrono::milliseconds>(listen_every, options.silence));
}

void Client::Impl::read() {
  const auto alive = shared_from_this();
  heard_at = std::chrono::steady_clock::now();
  if (heard_at - second >= std::chrono::seconds(1)) second = heard_at, words = 0;
  for (int i = 0; i < most_at_once && socket; ++i, ++words) {
    Packet packet;
    const Got got = receive_packet(socket.get(), packet);
    if (got == Got::later) break;
    if (got == Got::end) return;  // it is about to be reaped, which says more; or it is silent from now on
    if (got == Got::wrong || !hear(packet)) return give_up("it broke the protocol");
  }
  if (!socket) return;
  words < most_a_second ? watch.wait() : resting.set(std::chrono::seconds(1));
  if (!kept.empty()) flush();
}

/// What is made of a word: false when it cannot be meant now.
struct Hearing {
  Client::Impl& client;
  using Phase = Client::Impl::Phase;

  bool operator()(const Ready&) const;
  bool operator()(const Failed& word) const;
  bool operator()(const Met&) const;
  bool operator()(const Lost& word) const;
  bool operator()(const Done& word) const;
  bool operator()(const Refused& word) const;
  bool operator()(const Heard& word) const;
  bool operator()(const Lifted& word) const;
  bool operator()(const Emptied&) const;
  bool operator()(const Alive&) const { return true; }
  bool operator()(const Counted& word) const { return less_asking() && client.callbacks.on_counted(word); }
  bool operator()(const Uncounted& word) const { return less_asking() && client.callbacks.on_uncounted(plain(word.why)); }
  bool operator()(const Time& word) const { return less_asking() && client.callbacks.on_time(word); }
  [[nodiscard]] bool less_under_way(std::size_t count) const;
  [[nodiscard]] bool less_asking() const;
};

bool Client::Impl::hear(const Packet& packet) {
  if (!packet.descriptors.empty()) return false;
  const auto word = decode_word(packet.bytes);
  return word && std::visit(Hearing{*this}, *word);
}

bool Hearing::operator()(const Ready&) const {
  if (client.phase != Phase::starting) return false;
  client.ready = true;
  client.begin();
  return true;
}

/// Its end comes next.
bool Hearing::operator()(const Failed& word) const {
  if (client.phase != Phase::starting) return false;
  client.last_words = plain(word.why);
  return true;
}

bool Hearing::operator()(const Met&) const {
  if (client.phase != Phase::meeting) return false;
  client.phase = Phase::met;
  client.tried = client.next;
  client.met_at = std::chrono::steady_clock::now();
  client.trouble.clear();
  client.callbacks.on_met();
  return true;
}

bool Hearing::operator()(const Lost& word) const {
  if (client.phase != Phase::meeting && client.phase != Phase::met) return false;
  client.lost(word.why);
  return true;
}

bool Hearing::less_under_way(std::size_t count) const {
  if (client.phase != Phase::met || count > client.under_way) return false;
  client.under_way -= count;
  return true;
}

bool Hearing::less_asking() const {
  if (client.phase != Phase::met || client.asking == 0) return false;
  --client.asking;
  return true;
}

bool Hearing::operator()(const Done& word) const {
  if (!less_under_way(word.count)) return false;
  client.callbacks.on_done(word.count);
  return true;
}

bool Hearing::operator()(const Refused& word) const {
  if (!less_under_way(word.count)) return false;
  client.callbacks.on_refused(word.count, plain(word.why));
  return true;
}

bool Hearing::operator()(const Heard& word) const {
  if (client.phase != Phase::met) return false;
  client.callbacks.on_heard({word.peer, word.seconds, plain(word.reason), plain(word.host)});
  return true;
}

bool Hearing::operator()(const Lifted& word) const {
  if (client.phase != Phase::met) return false;
  client.callbacks.on_lifted(word);
  return true;
}

bool Hearing::operator()(const Emptied&) const {
  if (client.phase != Phase::met) return false;
  const auto now = std::chrono::steady_clock::now();
  if (now - client.emptied_at < emptied_every) return true;  // twice with one delay, or a store that lies
  client.emptied_at = now;
  client.callbacks.on_emptied();
  return true;
}

void Client::Impl::send(const Order& order) {
  ++(asks(order) ? asking : under_way);
  kept.push_back(encode(order));
  flush();
}

void Client::Impl::flush() {
  while (!kept.empty() && send_packet(socket.get(), kept.front()) == 0) kept.pop_front();
  if (!kept.empty()) flushing.set(try_again);
}

Client::Client(boost::asio::io_context& loop, spawn::Spawner& spawner, Options options, Callbacks callbacks)
    : impl_(std::make_shared<Impl>(loop, spawner, std::move(options), std::move(callbacks))) {}

/// Without its socket the process ends by itself.
Client::~Client() {
  impl_->end_process();
  if (impl_->children) impl_->children->abandon();
}

bool Client::use(Stores stores) { return impl_->use(std::move(stores)); }
bool Client::has_room() const { return met() && impl_->under_way + impl_->asking < most_under_way && impl_->kept.empty(); }
bool Client::has_room_to_ask() const { return has_room() && impl_->asking < most_under_way / 2; }
void Client::send(const Order& order) { impl_->send(order); }
bool Client::wanted() const { return !impl_->stores.addresses.empty(); }
bool Client::met() const { return impl_->phase == Impl::Phase::met; }
std::string Client::store() const { return wanted() ? impl_->stores.addresses[impl_->tried].text() : std::string(); }
const std::string& Client::trouble() const { return impl_->trouble; }
int Client::pidfd() const { return impl_->socket ? impl_->children->pidfd(impl_->token) : -1; }

}  // namespace xsuperd::fleet
