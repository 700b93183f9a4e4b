// SPDX-License-Identifier: MIT
#include "xsuperd/fleet/helper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <optional>
#include <random>
#include <utility>

#include "fleet/backoff.hpp"
#include "fleet/packets.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/fleet/process.hpp"
#include "xsuperd/loop/alarm.hpp"
#include "xsuperd/loop/watch.hpp"
#include "xsuperd/spawn/children.hpp"
#include "xsuperd/spawn/helper_process.hpp"
#include "xsuperd/spawn/recipe.hpp"

namespace xsuperd::fleet {

namespace {

constexpr int most_at_once = 64;                       ///< words that are heard in one turn of the loop
constexpr std::chrono::seconds listen_every{5};        ///< for signs of life
constexpr int most_a_second = 20'000;                  ///< words: each may be a line of a file, and a change of the firewall
constexpr std::size_t source_count = 2;

std::size_t place_of(Source source) { return static_cast<std::size_t>(source); }

}  // namespace

struct Helper::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& the_loop, spawn::Spawner& the_spawner, Options the_options)
      : loop(the_loop), spawner(the_spawner), options(std::move(the_options)),
        pauses(options.first_pause, options.longest_pause, std::random_device()()),
        watch(loop, -1, [this] { read(); }), pause(loop, [this] { begin(); }), listening(loop, [this] { look_for_life(); }),
        resting(loop, [this] { watch.wait(); }) {}

  /// off: nobody needs it. paused: `pause` is set. starting: it has not said that it is ready.
  enum class Phase : std::uint8_t { off, paused, starting, ready };
  struct Part {
    User user = {};
    Need need = Need::nothing;
  };

  void need(Source source, Need what);
  void begin();
  void start_process();
  [[nodiscard]] std::shared_ptr<const spawn::Recipe> recipe() const;
  void read();
  [[nodiscard]] bool hear(const Packet& packet);
  [[nodiscard]] bool is_ready();
  void give_up(const std::string& why) { failed("the process xsuperd-fleet was killed", why); }
  void end_process();
  void reaped(const spawn::Ended& ended);
  void look_for_life();
  void failed(const std::string& what, const std::string& why);
  void tell_gone(const std::string& why);

  boost::asio::io_context& loop;
  spawn::Spawner& spawner;
  const Options options;
  std::array<Part, source_count> parts{};
  Phase phase = Phase::off;
  std::string last_words;   ///< of a process that could not begin
  std::string told;         ///< of what is wrong
  Backoff pauses;
  base::Moment ready_at{};

  base::Fd socket;
  std::uint64_t token = 0;  ///< of the process
  base::Moment heard_at{};
  base::Moment second{};    ///< since when words are counted
  int words = 0;

  std::optional<spawn::Children> children;  ///< from the first process on: it takes a descriptor
  loop::Watch watch;
  loop::Alarm pause, listening, resting;
};

/// In the next turn of the loop others may have said what they need, too.
void Helper::Impl::need(Source source, Need what) {
  end_process();
  pauses.start_anew();
  parts[place_of(source)].need = what;
  const bool needed = std::ranges::any_of(parts, [](const Part& one) { return one.need != Need::nothing; });
  const bool was_ready = std::exchange(phase, needed ? Phase::paused : Phase::off) == Phase::ready;
  needed ? pause.set(std::chrono::milliseconds(0)) : pause.cancel();
  for (std::size_t i = 0; was_ready && i < source_count; ++i)
    if (i != place_of(source) && parts[i].need != Need::nothing) parts[i].user.on_gone({});
}

void Helper::Impl::begin() {
  try {
    start_process();
  } catch (const std::exception& error) {
    failed("the process xsuperd-fleet could not be started", error.what());
  }
}

std::shared_ptr<const spawn::Recipe> Helper::Impl::recipe() const {
  const bool tls = std::ranges::any_of(parts, [](const Part& one) { return one.need == Need::tls; });
  auto made = std::make_shared<spawn::Recipe>(*worker::worker_recipe(options.user, tls ? worker::Role::tls : worker::Role::conversations));
  made->argv = {std::string(program_name)};
  if (parts[place_of(Source::crowdsec)].need != Need::nothing) made->environment.push_back(fmt::format("{}=1", crowdsec_variable));
  return made;
}

void Helper::Impl::start_process() {
  auto helper = spawn::start_helper(spawner, recipe(), "the process xsuperd-fleet");
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

/// Nothing can be done without a process.
void Helper::Impl::failed(const std::string& what, const std::string& why) {
  if (phase == Phase::ready && std::chrono::steady_clock::now() - ready_at >= options.healthy_after) pauses.start_anew(), told.clear();
  end_process();
  phase = Phase::paused;
  const std::string trouble = why.empty() ? what : fmt::format("{}: {}", what, why);
  const auto time = pauses.next();
  pause.set(time);
  if (trouble != std::exchange(told, trouble) && options.on_trouble) options.on_trouble(fmt::format("{}; starting another in {} ms", trouble, time.count()));
  tell_gone(trouble);
}

void Helper::Impl::tell_gone(const std::string& why) {
  for (const Part& one : parts)
    if (one.need != Need::nothing) one.user.on_gone(why);
}

void Helper::Impl::end_process() {
  watch.stop();
  resting.cancel();
  listening.cancel();
  if (!socket) return;
  socket.reset();
  children->signal(token++, SIGKILL);  // the number of none from now on: nobody wants to know of its end
}

void Helper::Impl::reaped(const spawn::Ended& ended) {
  if (ended.token != token || !socket) return;
  watch.stop();
  // Its last words may say why. Somebody else may have its socket by now, and go on.
  Packet packet;
  for (int i = 0; i < most_at_once && receive_packet(socket.get(), packet) == Got::one; ++i)
    if (const auto word = decode_word(packet.bytes); word && std::holds_alternative<Failed>(*word))
      last_words = plain(std::get<Failed>(*word).why);
  const std::string why = std::exchange(last_words, {});
  socket.reset();
  failed(fmt::format("the process xsuperd-fleet ended with {} {}", ended.signalled ? "signal" : "status", ended.value), why);
}

void Helper::Impl::look_for_life() {
  if (std::chrono::steady_clock::now() - heard_at >= options.silence) return give_up("it has shown no sign of life");
  listening.set(std::min<std::chrono::milliseconds>(listen_every, options.silence));
}

void Helper::Impl::read() {
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
}

bool Helper::Impl::hear(const Packet& packet) {
  const auto word = packet.descriptors.empty() ? decode_word(packet.bytes) : std::nullopt;
  if (!word) return false;
  if (std::holds_alternative<Alive>(*word)) return true;
  if (std::holds_alternative<Ready>(*word)) return is_ready();
  if (const auto* failure = std::get_if<Failed>(&*word)) {
    last_words = plain(failure->why);  // its end comes next
    return phase == Phase::starting;
  }
  const Part& part = parts[place_of(source_of(*word))];
  return phase == Phase::ready && part.need != Need::nothing && part.user.on_word(*word);
}

bool Helper::Impl::is_ready() {
  if (phase != Phase::starting) return false;
  phase = Phase::ready;
  ready_at = std::chrono::steady_clock::now();
  for (const Part& one : parts)
    if (one.need != Need::nothing) one.user.on_ready();
  return true;
}

Helper::Helper(boost::asio::io_context& loop, spawn::Spawner& spawner, Options options)
    : impl_(std::make_shared<Impl>(loop, spawner, std::move(options))) {}

/// Without its socket the process ends by itself.
Helper::~Helper() {
  impl_->end_process();
  if (impl_->children) impl_->children->abandon();
}

void Helper::attach(Source source, User user) { impl_->parts[place_of(source)].user = std::move(user); }
void Helper::need(Source source, Need need) { impl_->need(source, need); }
void Helper::hurry() {
  if (impl_->phase == Impl::Phase::paused) impl_->pause.set(std::chrono::milliseconds(0));
}
int Helper::send(std::string_view bytes, std::span<const int> descriptors) {
  return impl_->socket ? send_packet(impl_->socket.get(), bytes, descriptors) : ENOTCONN;
}
int Helper::pidfd() const { return impl_->socket ? impl_->children->pidfd(impl_->token) : -1; }

}  // namespace xsuperd::fleet
