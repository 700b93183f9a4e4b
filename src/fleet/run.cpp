// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "fleet/lapi_talk.hpp"
#include "fleet/packets.hpp"
#include "fleet/replies.hpp"
#include "fleet/sentinel_talk.hpp"
#include "fleet/store_socket.hpp"
#include "fleet/store_talk.hpp"
#include "xsuperd/base/daemon_socket.hpp"
#include "xsuperd/base/memory.hpp"
#include "xsuperd/base/poll_set.hpp"
#include "xsuperd/fleet/process.hpp"
#include "xsuperd/worker/process.hpp"

namespace xsuperd::fleet {

namespace {

constexpr int turn = 1000;                   ///< milliseconds between two looks at the clock
constexpr std::size_t most_kept = 1024;      ///< words for the daemon; with more of them the store is not listened to
constexpr std::chrono::seconds alive_every{5};

base::Moment now() { return std::chrono::steady_clock::now(); }

/// What is waited for at a descriptor.
class Watched {
 public:
  Watched(const base::PollSet& set, int fd) : set_(set), fd_(fd) {}
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  /// Of one for which nothing is waited its end would be told all the same, again and again: it leaves the set meanwhile.
  void want(bool read, bool write) {
    const std::uint32_t events = (read ? EPOLLIN : 0U) | (write ? EPOLLOUT : 0U);
    if (events == events_) return;
    if (events == 0) set_.remove(fd_);
    else if ((events_ == 0 ? set_.add(fd_, events, 0) : set_.change(fd_, events, 0)) != 0) throw std::bad_alloc();
    events_ = events;
  }

 private:
  const base::PollSet& set_;
  const int fd_;
  std::uint32_t events_ = 0;
};

/// One connection, and what is waited for there. It leaves the set when it is closed.
struct Line {
  Line(const base::PollSet& set, base::Fd fd, std::shared_ptr<const tls::Context> context) : socket(std::move(fd), std::move(context)), watched(set, socket.fd()) {}
  StoreSocket socket;
  Watched watched;
};

/// The store that is spoken with.
struct Store {
  Store(const base::PollSet& set, const Meet& meet, Packet& packet, std::shared_ptr<const tls::Context> context)
      : commands(set, std::move(packet.descriptors[0]), context),
        listening(set, std::move(packet.descriptors[1]), std::move(context)),
        talk(meet, now(), out) {}
  StoreTalk::Out out;
  Line commands, listening;
  StoreTalk talk;
};

/// The Sentinel that is asked.
struct Sentinel {
  Sentinel(const base::PollSet& set, const Seek& seek, base::Fd connection, std::shared_ptr<const tls::Context> context)
      : line(set, std::move(connection), std::move(context)), talk(seek, now(), out) {}
  SentinelTalk::Out out;
  Line line;
  SentinelTalk talk;
};

/// The Local API that is spoken with.
struct Lapi {
  Lapi(const base::PollSet& set, Consult consult, base::Fd connection, std::shared_ptr<const tls::Context> context)
      : line(set, std::move(connection), std::move(context)), talk(std::move(consult), now(), out) {}
  LapiTalk::Out out;
  Line line;
  LapiTalk talk;
  bool more = false;  ///< there may be bytes that the socket does not tell of
};

using Context = base::Result<std::shared_ptr<const tls::Context>>;

/// The whole file.
std::string contents(int fd) {
  std::string text;
  std::array<char, 64 * 1024> piece{};
  for (ssize_t got = 0; (got = ::read(fd, piece.data(), piece.size())) > 0 && text.size() <= tls::longest_offer;) text.append(piece.data(), static_cast<std::size_t>(got));
  return text;
}

Context context_in(int file) {
  const auto offer = tls::decode(contents(file));
  Context made = offer ? tls::Context::make(*offer) : Context(base::Error{0, "the certificates cannot be read"});
  return made ? std::move(made) : Context(base::Error{0, "TLS cannot be used: " + made.error().sentence});
}

bool has_descriptors(const Packet& packet, std::size_t connections, bool tls) { return packet.descriptors.size() == connections + (tls ? 1 : 0); }

/// The certificates come behind the connections.
Context context_for(bool tls, const Packet& packet) { return tls ? context_in(packet.descriptors.back().get()) : Context(nullptr); }

class Process {
 public:
  /// `hindrance`: why no store can be spoken with, or empty.
  Process(base::Fd socket, std::string hindrance)
      : socket_(std::move(socket)), watched_(set_, socket_.get()), hindrance_(std::move(hindrance)) {
    tell(Ready{});
  }
  /// Until the daemon is gone.
  void run();

 private:
  void tell(const Word& word);
  [[nodiscard]] bool flush();
  [[nodiscard]] bool listen_to_daemon();
  [[nodiscard]] bool obey(Packet& packet);
  [[nodiscard]] bool begin_anew();
  [[nodiscard]] bool meet(const Meet& meet, Packet& packet);
  [[nodiscard]] bool seek(const Seek& seek, Packet& packet);
  [[nodiscard]] bool consult(const Consult& consult, Packet& packet);
  void use_store();
  template <typename Other>
  [[nodiscard]] bool say(Other& other, std::string& out);
  void use_sentinel();
  void hear_sentinel();
  void use_lapi();
  void hear_lapi();
  [[nodiscard]] bool could_go_on() const;
  void hear(Line& line, void (StoreTalk::*take)(std::string_view, base::Moment));
  void want();

  const base::PollSet set_;
  const base::Fd socket_;
  Watched watched_;
  std::deque<std::string> kept_;  ///< for the daemon
  const std::string hindrance_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Sentinel> sentinel_;  ///< only without a store
  std::unique_ptr<Lapi> lapi_;
  base::Moment shown_ = now();
  std::array<char, 64 * 1024> buffer_{};
};

void Process::tell(const Word& word) { kept_.push_back(encode(word)); }

bool Process::flush() {
  while (!kept_.empty()) {
    const int error = send_packet(socket_.get(), kept_.front());
    if (error == EAGAIN || error == ENOBUFS) return true;
    if (error != 0) return false;
    kept_.pop_front();
  }
  return true;
}

bool Process::listen_to_daemon() {
  Packet packet;
  while (true) {
    const Got got = receive_packet(socket_.get(), packet);
    if (got == Got::later) return true;
    if (got != Got::one || !obey(packet)) return false;
    packet = {};
  }
}

/// The daemon is not doubted, but a message that is none ends us: there is another version at work.
bool Process::obey(Packet& packet) {
  const auto order = decode_order(packet.bytes);
  if (!order) return false;
  if (const auto* first = std::get_if<Meet>(&*order)) return meet(*first, packet);
  if (const auto* first = std::get_if<Seek>(&*order)) return seek(*first, packet);
  if (const auto* first = std::get_if<Consult>(&*order)) return consult(*first, packet);
  if (!store_) return true;
  if (const auto* add = std::get_if<Add>(&*order)) store_->talk.order(*add, now());
  if (const auto* remove = std::get_if<Remove>(&*order)) store_->talk.order(*remove, now());
  if (const auto* count = std::get_if<Count>(&*order)) store_->talk.order(*count, now());
  if (const auto* ask = std::get_if<AskTime>(&*order)) store_->talk.order(*ask, now());
  return true;
}

/// Whatever was spoken with for the sake of the store. False: no store can be, and the daemon is told why.
bool Process::begin_anew() {
  store_.reset();
  sentinel_.reset();
  if (hindrance_.empty()) return true;
  tell(Lost{hindrance_});
  return false;
}

bool Process::meet(const Meet& meet, Packet& packet) {
  if (!has_descriptors(packet, 2, meet.tls)) return false;
  if (!begin_anew()) return true;
  const Context context = context_for(meet.tls, packet);
  if (!context) return tell(Lost{context.error().sentence}), true;
  store_ = std::make_unique<Store>(set_, meet, packet, *context);
  return true;
}

bool Process::seek(const Seek& seek, Packet& packet) {
  if (!has_descriptors(packet, 1, seek.tls)) return false;
  if (!begin_anew()) return true;
  const Context context = context_for(seek.tls, packet);
  if (!context) return tell(Lost{context.error().sentence}), true;
  sentinel_ = std::make_unique<Sentinel>(set_, seek, std::move(packet.descriptors[0]), *context);
  return true;
}

bool Process::consult(const Consult& consult, Packet& packet) {
  if (!has_descriptors(packet, 1, consult.tls)) return false;
  if (std::exchange(lapi_, nullptr)) tell(Lost{{}, Source::crowdsec});
  const Context context = context_for(consult.tls, packet);
  if (!context) return tell(Lost{context.error().sentence, Source::crowdsec}), true;
  lapi_ = std::make_unique<Lapi>(set_, consult, std::move(packet.descriptors[0]), *context);
  return true;
}

void Process::hear(Line& line, void (StoreTalk::*take)(std::string_view, base::Moment)) {
  const auto got = line.socket.receive(buffer_);
  if (!got) return store_->talk.end(line.socket.why());
  if (*got > 0) (store_->talk.*take)({buffer_.data(), *got}, now());
}

/// As much as fits into one turn: the rest is told again. What TLS holds already no socket would tell, hence the second look.
void Process::use_store() {
  Store& store = *store_;
  if (kept_.size() < most_kept) {
    for (int piece = 0; piece < 4 && !store.talk.over(); ++piece) {
      hear(store.commands, &StoreTalk::hear_commands);
      if (!store.talk.over()) hear(store.listening, &StoreTalk::hear_listening);
    }
    if (kept_.empty()) store.talk.go_on(now());
    store.talk.tick(now());
  }
  store.commands.socket.send(store.out.commands);
  store.listening.socket.send(store.out.listening);
  for (Line* line : {&store.commands, &store.listening})
    if (!line->socket.push()) store.talk.end(line->socket.why());
  for (const Word& word : store.out.words) tell(word);
  store.out.words.clear();
  if (store.talk.over()) store_.reset();
}

/// To the other end of its one connection, and to the daemon. False: it is over.
template <typename Other>
bool Process::say(Other& other, std::string& out) {
  other.line.socket.send(out);
  if (!other.talk.over() && !other.line.socket.push()) other.talk.end(other.line.socket.why());
  for (const Word& word : other.out.words) tell(word);
  other.out.words.clear();
  return !other.talk.over();
}

void Process::hear_sentinel() {
  Sentinel& sentinel = *sentinel_;
  for (int piece = 0; piece < 4 && !sentinel.talk.over(); ++piece) {
    const auto got = sentinel.line.socket.receive(buffer_);
    if (!got) return sentinel.talk.end(sentinel.line.socket.why());
    if (*got == 0) return;
    sentinel.talk.hear({buffer_.data(), *got});
  }
}

void Process::use_sentinel() {
  Sentinel& sentinel = *sentinel_;
  hear_sentinel();
  sentinel.talk.tick(now());
  if (!say(sentinel, sentinel.out.commands)) sentinel_.reset();
}

/// As much as fits into one turn, too. Its answers may be long: of what TLS has read ahead it is told here.
void Process::hear_lapi() {
  Lapi& lapi = *lapi_;
  lapi.more = false;
  for (int piece = 0; piece < 4 && lapi.talk.listens(); ++piece) {
    const auto got = lapi.line.socket.receive(buffer_);
    if (!got) return lapi.line.socket.ended() ? lapi.talk.hear_end(now()) : lapi.talk.end(lapi.line.socket.why());
    if (*got == 0) return;
    lapi.talk.hear({buffer_.data(), *got}, now());
  }
  lapi.more = lapi.talk.listens();
}

/// The store goes first: its words need not wait for all of a long answer.
void Process::use_lapi() {
  Lapi& lapi = *lapi_;
  hear_lapi();
  if (kept_.empty()) lapi.talk.go_on(now());
  lapi.talk.tick(now());
  if (!say(lapi, lapi.out.request)) lapi_.reset();
}

/// Without being told by a descriptor.
bool Process::could_go_on() const {
  if (lapi_ && lapi_->more) return true;
  return kept_.empty() && ((store_ && store_->talk.could_go_on()) || (lapi_ && lapi_->talk.could_go_on()));
}

void Process::want() {
  watched_.want(true, !kept_.empty());
  if (lapi_) lapi_->line.watched.want(lapi_->talk.listens(), lapi_->line.socket.wants_to_write());
  if (sentinel_) sentinel_->line.watched.want(true, sentinel_->line.socket.wants_to_write());
  if (!store_) return;
  const bool room = kept_.size() < most_kept;
  for (Line* line : {&store_->commands, &store_->listening}) line->watched.want(room, line->socket.wants_to_write());
}

void Process::run() {
  while (true) {
    if (!flush()) return;
    want();
    (void)set_.take<4>([](std::uint64_t, std::uint32_t) {}, could_go_on() ? 0 : turn);
    if (!listen_to_daemon()) return;
    if (store_) use_store();
    if (sentinel_) use_sentinel();
    if (lapi_) use_lapi();
    if (now() - shown_ < alive_every) continue;
    shown_ = now();
    if (kept_.empty()) tell(Alive{});
  }
}

int serve(base::Fd socket, std::string hindrance) try {
  Process(std::move(socket), std::move(hindrance)).run();
  return 0;
} catch (const std::exception&) {
  return 1;  // a bug, or no memory: the daemon sees us end, and starts another
}

/// Without the library there is no store, for which alone the process may have been begun.
base::Result<void> prepare(std::string& hindrance) {
  const bool only_store = std::getenv(crowdsec_variable.data()) == nullptr;
  if (auto loaded = load_hiredis(); !loaded && only_store) return loaded;
  else if (!loaded) hindrance = loaded.error().sentence;
  worker::SandboxOptions options = worker::sandbox_from_environment();
  options.name = program_name.data();
  options.sockets = false;
  return worker::enter_sandbox(options);
}

}  // namespace

int run_fleet(int socket_fd) {
  auto socket = base::keep_only(socket_fd);
  if (!socket) return 1;
  std::string hindrance;
  if (const auto ready = prepare(hindrance); !ready) {
    (void)send_packet(socket->get(), encode(Word(Failed{ready.error().sentence})));
    return 1;
  }
  base::give_back_memory();  // what the filter of system calls took to be made
  return serve(std::move(*socket), std::move(hindrance));
}

}  // namespace xsuperd::fleet
