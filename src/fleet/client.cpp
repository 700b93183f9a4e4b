// SPDX-License-Identifier: MIT
#include "xsuperd/fleet/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <random>
#include <utility>

#include "fleet/attempt.hpp"
#include "fleet/backoff.hpp"
#include "fleet/connect.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/loop/alarm.hpp"

namespace xsuperd::fleet {

namespace {

constexpr std::chrono::milliseconds try_again{20};     ///< what has found no room
/// A thread that opens files and looks up names may hang.
constexpr std::chrono::seconds longest_attempt{60};
constexpr std::chrono::seconds emptied_every{5};       ///< at most: the process looks every ten

std::uint64_t number_of_ours() {
  std::random_device chance;
  return std::uint64_t{chance()} << 32 | chance();
}

/// Has it an outcome of its own?
bool asks(const Order& order) { return std::holds_alternative<Count>(order) || std::holds_alternative<AskTime>(order); }

std::string endpoint_text(const base::Endpoint& at) {
  const bool six = at.address.family() == base::Address::Family::ipv6;
  return fmt::format("{}{}{}:{}", six ? "[" : "", at.address.text(), six ? "]" : "", at.port);
}

}  // namespace

struct Client::Impl {
  Impl(boost::asio::io_context& loop, Helper& the_helper, Options the_options, Callbacks the_callbacks)
      : helper(the_helper), options(std::move(the_options)), callbacks(std::move(the_callbacks)), self(number_of_ours()),
        pauses(options.first_pause, options.longest_pause, self), attempt(loop), enquiry(loop),
        pause(loop, [this] { phase == Phase::connecting ? lost("connecting to it takes too long") : connect(); }),
        flushing(loop, [this] { flush(); }) {}

  /// off: nothing is wanted. waiting: for the process. paused: `pause` is set. connecting: a thread is at it, until `pause` ends.
  /// seeking: the process asks a Sentinel. meeting: the process knows of the connections. met: so does the store of us.
  enum class Phase : std::uint8_t { off, waiting, paused, connecting, seeking, meeting, met };

  bool use(Stores wanted);
  void connect();
  void ask_sentinel();
  void seek(Enquiry made);
  void found(const Found& at);
  void connect_to(const config::StoreAddress& address);
  void begin_attempt(bool begun);
  void introduce(Introduction made);
  [[nodiscard]] std::string place() const;
  void lost(const std::string& why);
  void forget_pauses();
  void gone(const std::string& why);
  void drop();
  void send(const Order& order);
  void flush();

  Helper& helper;
  const Options options;
  const Callbacks callbacks;
  const std::uint64_t self;
  Stores stores;
  Phase phase = Phase::off;
  std::size_t next = 0;     ///< the address that is tried, or will be
  std::string tried;        ///< the one that is there, or was tried last, and the primary that it has named
  std::optional<Found> primary;   ///< that has been named
  bool sentinel_is_here = false;  ///< as trouble_with() has it
  std::string trouble;
  Backoff pauses;
  base::Moment met_at{};
  std::size_t under_way = 0;      ///< changes
  std::size_t asking = 0;         ///< what asks
  base::Moment emptied_at{};
  bool listed = false;            ///< since it was met
  std::deque<std::string> kept;  ///< what found no room in the socket

  Attempt<Introduction> attempt;
  Attempt<Enquiry> enquiry;
  loop::Alarm pause, flushing;
};

bool Client::Impl::use(Stores wanted) {
  if (wanted == stores) {
    if (phase == Phase::paused) pause.set(std::chrono::milliseconds(0));
    helper.hurry();
    return false;
  }
  const bool had = phase == Phase::met;
  drop();
  stores = std::move(wanted);
  next = 0;
  primary.reset();
  tried = stores.addresses.empty() ? std::string() : place();
  const bool some = !stores.addresses.empty(), tls = std::ranges::any_of(stores.addresses, &config::StoreAddress::tls);
  phase = some ? Phase::waiting : Phase::off;
  trouble.clear();
  pauses.start_anew();
  if (had) callbacks.on_lost(true);
  helper.need(Source::store, !some ? Helper::Need::nothing : tls ? Helper::Need::tls : Helper::Need::clear);
  return true;
}

/// Whatever is under way.
void Client::Impl::drop() {
  attempt.forget();
  enquiry.forget();
  pause.cancel();
  flushing.cancel();
  kept.clear();
  under_way = asking = 0;
}

void Client::Impl::connect() {
  primary.reset();
  stores.addresses[next].primary.empty() ? connect_to(stores.addresses[next]) : ask_sentinel();
}

void Client::Impl::begin_attempt(bool begun) {
  phase = Phase::connecting;
  if (!begun) return lost("no thread can be started to connect to it");
  pause.set(longest_attempt);
}

void Client::Impl::connect_to(const config::StoreAddress& address) {
  const auto work = [address, password = stores.password_file, authorities = stores.authorities] {
    return fleet::introduce(address, password, authorities);
  };
  begin_attempt(attempt.begin(work, [this](base::Result<Introduction> made) {
    pause.cancel();
    made ? introduce(std::move(*made)) : lost(made.error().sentence);
  }));
}

void Client::Impl::ask_sentinel() {
  const auto work = [sentinel = stores.addresses[next], password = stores.password_file, authorities = stores.authorities] {
    return enquire(sentinel, password, authorities);
  };
  begin_attempt(enquiry.begin(work, [this](base::Result<Enquiry> made) {
    pause.cancel();
    made ? seek(std::move(*made)) : lost(made.error().sentence);
  }));
}

void Client::Impl::seek(Enquiry made) {
  const config::StoreAddress& address = stores.addresses[next];
  std::vector<int> numbers{made.connection.get()};
  if (made.offer) numbers.push_back(made.offer.get());
  sentinel_is_here = made.here;
  phase = Phase::seeking;
  const Seek order{.primary = address.primary, .password = made.password, .tls = address.tls};
  if (const int error = helper.send(encode(Order(order)), numbers)) lost("its connection could not be passed on: " + base::errno_text(error));
}

/// A process that belongs to somebody else may name what it likes, and gets a connection to it. So it is asked for one only while we
/// seek, one per connection to a Sentinel, which the pauses make few; we connect by TCP and send nothing; and what trusts this host
/// because none else can reach it is out of the question.
void Client::Impl::found(const Found& at) {
  if (const std::string_view trouble = trouble_with(at, sentinel_is_here); !trouble.empty())
    return lost(fmt::format("it names {}, {}", endpoint_text(at.primary), trouble));
  primary = at;
  config::StoreAddress address = stores.addresses[next];
  address.primary.clear();
  address.host = at.primary.address.text();
  address.port = at.primary.port;
  connect_to(address);
}

std::string Client::Impl::place() const {
  const std::string address = stores.addresses[next].text();
  return primary ? fmt::format("{} (primary {})", address, endpoint_text(primary->primary)) : address;
}

void Client::Impl::introduce(Introduction made) {
  const config::StoreAddress& address = stores.addresses[next];
  const Meet meet{.host = options.host, .self = self, .user = address.user, .password = made.password, .database = address.database, .tls = address.tls};
  std::vector<int> numbers{made.commands.get(), made.listening.get()};
  if (made.offer) numbers.push_back(made.offer.get());
  under_way = asking = 0;
  phase = Phase::meeting;
  if (const int error = helper.send(encode(Order(meet)), numbers)) lost("its connections could not be passed on: " + base::errno_text(error));
}

/// After it has worked for a while.
void Client::Impl::forget_pauses() {
  if (phase == Phase::met && std::chrono::steady_clock::now() - met_at >= options.healthy_after) pauses.start_anew();
}

/// The next address is tried at once, and all of them again after a pause.
void Client::Impl::lost(const std::string& why) {
  const bool had = phase == Phase::met;
  forget_pauses();
  drop();
  tried = place();
  trouble = fmt::format("{}: {}", tried, plain(why));
  next = had ? 0 : (next + 1) % stores.addresses.size();
  phase = Phase::paused;
  pause.set(next == 0 ? pauses.next() : std::chrono::milliseconds(0));
  callbacks.on_lost(next == 0);
}

/// Nothing can be done without a process.
void Client::Impl::gone(const std::string& why) {
  forget_pauses();
  drop();
  phase = Phase::waiting;
  trouble = why;
  callbacks.on_lost(true);
}

/// What is made of a word: false when it cannot be meant now.
struct Hearing {
  Client::Impl& client;
  using Phase = Client::Impl::Phase;

  bool operator()(const Met&) const;
  bool operator()(const Lost& word) const;
  bool operator()(const Found& word) const;
  bool operator()(const Done& word) const;
  bool operator()(const Refused& word) const;
  bool operator()(const Heard& word) const;
  bool operator()(const Lifted& word) const;
  bool operator()(const Emptied&) const;
  bool operator()(const Listed&) const;
  bool operator()(const Counted& word) const { return less_asking() && client.callbacks.on_counted(word); }
  bool operator()(const Uncounted& word) const { return less_asking() && client.callbacks.on_uncounted({plain(word.why), word.added}); }
  bool operator()(const Time& word) const { return less_asking() && client.callbacks.on_time(word); }
  /// Those of the process itself, which the Helper keeps.
  bool operator()(const auto&) const { return false; }
  [[nodiscard]] bool less_under_way(std::size_t count) const;
  [[nodiscard]] bool less_asking() const;
};

bool Hearing::operator()(const Met&) const {
  if (client.phase != Phase::meeting) return false;
  client.phase = Phase::met;
  client.listed = false;
  client.tried = client.place();
  client.met_at = std::chrono::steady_clock::now();
  client.trouble.clear();
  client.callbacks.on_met();
  return true;
}

bool Hearing::operator()(const Lost& word) const {
  if (client.phase != Phase::seeking && client.phase != Phase::meeting && client.phase != Phase::met) return false;
  client.lost(word.why);
  return true;
}

bool Hearing::operator()(const Found& word) const {
  if (client.phase != Phase::seeking) return false;
  client.found(word);
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

bool Hearing::operator()(const Listed&) const {
  if (client.phase != Phase::met || std::exchange(client.listed, true)) return false;
  client.callbacks.on_listed();
  return true;
}

void Client::Impl::send(const Order& order) {
  ++(asks(order) ? asking : under_way);
  kept.push_back(encode(order));
  flush();
}

void Client::Impl::flush() {
  while (!kept.empty() && helper.send(kept.front()) == 0) kept.pop_front();
  if (!kept.empty()) flushing.set(try_again);
}

Client::Client(boost::asio::io_context& loop, Helper& helper, Options options, Callbacks callbacks)
    : impl_(std::make_unique<Impl>(loop, helper, std::move(options), std::move(callbacks))) {
  helper.attach(Source::store, {.on_ready = [this] { impl_->connect(); },
                                .on_gone = [this](const std::string& why) { impl_->gone(why); },
                                .on_word = [this](const Word& word) { return std::visit(Hearing{*impl_}, word); }});
}

Client::~Client() = default;

bool Client::use(Stores stores) { return impl_->use(std::move(stores)); }
bool Client::has_room() const { return met() && impl_->under_way + impl_->asking < most_under_way && impl_->kept.empty(); }
bool Client::has_room_to_ask() const { return has_room() && impl_->asking < most_under_way / 2; }
void Client::send(const Order& order) { impl_->send(order); }
bool Client::wanted() const { return !impl_->stores.addresses.empty(); }
bool Client::met() const { return impl_->phase == Impl::Phase::met; }
const std::string& Client::store() const { return impl_->tried; }
const std::string& Client::trouble() const { return impl_->trouble; }

}  // namespace xsuperd::fleet
