// SPDX-License-Identifier: MIT
#include "xsuperd/fleet/lapi_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>
#include <variant>
#include <vector>

#include "fleet/attempt.hpp"
#include "fleet/backoff.hpp"
#include "fleet/connect.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/loop/alarm.hpp"

namespace xsuperd::fleet {

namespace {

/// As for a store: a thread that opens files and looks up names may hang.
constexpr std::chrono::seconds longest_approach{60};

}  // namespace

struct LapiClient::Impl {
  Impl(boost::asio::io_context& loop, Helper& the_helper, Options the_options, Callbacks the_callbacks)
      : helper(the_helper), options(the_options), callbacks(std::move(the_callbacks)),
        pauses(options.first_pause, options.longest_pause, std::random_device()()), attempt(loop),
        pause(loop, [this] { phase == Phase::connecting ? lost("connecting to it takes too long") : connect(); }) {}

  /// off: nothing is wanted. waiting: for the process. paused: `pause` is set. connecting: a thread is at it, until `pause` ends.
  /// asking: the process has the connection.
  enum class Phase : std::uint8_t { off, waiting, paused, connecting, asking };

  void use(std::optional<Lapi> wanted);
  void ask_anew();
  void connect();
  void connected(base::Result<Approach> made);
  void gone(const std::string& why);
  void lost(const std::string& why);
  void forget();
  [[nodiscard]] bool hear(const Word& word);
  [[nodiscard]] bool hear_end(const Lost& word);
  void answered(const Met& word);

  Helper& helper;
  const Options options;
  const Callbacks callbacks;
  std::optional<Lapi> lapi;
  Phase phase = Phase::off;
  bool known = false;  ///< it has answered, and nothing has been missed since
  int stale = 0;       ///< so many times the process is yet to say Lost of connections that we have done with: until then its words are of those
  base::Moment known_since{}, answered_at{};
  std::string trouble;
  Backoff pauses;
  Attempt<Approach> attempt;
  loop::Alarm pause;
};

void LapiClient::Impl::use(std::optional<Lapi> wanted) {
  if (wanted == lapi) {
    if (phase == Phase::paused && !known) pause.set(std::chrono::milliseconds(0));
    return helper.hurry();
  }
  forget();
  stale = 0;
  lapi = std::move(wanted);
  phase = lapi ? Phase::waiting : Phase::off;
  trouble.clear();
  pauses.start_anew();
  helper.need(Source::crowdsec, !lapi ? Helper::Need::nothing : lapi->address.tls ? Helper::Need::tls : Helper::Need::clear);
}

/// Another Consult takes the place of the one that the process may have. Each has one Lost, after which nothing more is of it.
void LapiClient::Impl::ask_anew() {
  if (phase == Phase::off || phase == Phase::waiting) return;
  if (phase == Phase::asking) ++stale;
  forget();
  phase = Phase::paused;
  pause.set(std::chrono::milliseconds(0));
}

/// Whatever is under way, and what has been heard.
void LapiClient::Impl::forget() {
  attempt.forget();
  pause.cancel();
  if (known && std::chrono::steady_clock::now() - known_since >= options.healthy_after) pauses.start_anew();
  known = false;
}

void LapiClient::Impl::connect() {
  phase = Phase::connecting;
  if (!attempt.begin([one = *lapi] { return approach(one.address, one.key_file, one.authorities); },
                     [this](base::Result<Approach> made) { connected(std::move(made)); }))
    return lost("no thread can be started to connect to it");
  pause.set(longest_approach);
}

void LapiClient::Impl::connected(base::Result<Approach> made) {
  pause.cancel();
  if (!made) return lost(made.error().sentence);
  const Consult consult{.host = lapi->address.authority(), .base = lapi->address.base, .key = made->key, .tls = lapi->address.tls, .startup = !known};
  std::vector<int> numbers{made->connection.get()};
  if (made->offer) numbers.push_back(made->offer.get());
  phase = Phase::asking;
  if (const int error = helper.send(encode(Order(consult)), numbers)) lost("its connection could not be passed on: " + base::errno_text(error));
}

void LapiClient::Impl::gone(const std::string& why) {
  forget();
  stale = 0;
  phase = Phase::waiting;
  trouble = why;
  callbacks.on_lost();
}

void LapiClient::Impl::lost(const std::string& why) {
  forget();
  phase = Phase::paused;
  trouble = fmt::format("{}: {}", lapi->address.text(), plain(why));
  pause.set(pauses.next());
  callbacks.on_lost();
}

void LapiClient::Impl::answered(const Met& word) {
  trouble.clear();
  answered_at = std::chrono::steady_clock::now();
  if (word.left_out > 0) callbacks.on_left_out(word.left_out);
  if (std::exchange(known, true)) return;
  known_since = std::chrono::steady_clock::now();
  callbacks.on_met();
}

/// False when it cannot be meant now. What an answer that is no longer waited for says of bans is true all the same.
bool LapiClient::Impl::hear(const Word& word) {
  if (phase != Phase::asking && stale == 0) return false;
  if (const auto* heard = std::get_if<Heard>(&word)) return callbacks.on_heard({heard->peer, heard->seconds, plain(heard->reason), {}, Source::crowdsec}), true;
  if (const auto* lifted = std::get_if<Lifted>(&word)) return callbacks.on_lifted(*lifted), true;
  if (const auto* met = std::get_if<Met>(&word)) return stale > 0 ? void() : answered(*met), true;
  const auto* over = std::get_if<Lost>(&word);
  return over && hear_end(*over);
}

bool LapiClient::Impl::hear_end(const Lost& word) {
  if (stale > 0) return --stale, true;
  if (!word.why.empty()) return lost(word.why), true;
  if (!known) return false;
  phase = Phase::paused;
  const auto ago = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - answered_at);
  pause.set(std::max(std::chrono::milliseconds(0), options.ask_every - ago));
  return true;
}

LapiClient::LapiClient(boost::asio::io_context& loop, Helper& helper, Options options, Callbacks callbacks)
    : impl_(std::make_unique<Impl>(loop, helper, options, std::move(callbacks))) {
  helper.attach(Source::crowdsec, {.on_ready = [this] { impl_->connect(); },
                                   .on_gone = [this](const std::string& why) { impl_->gone(why); },
                                   .on_word = [this](const Word& word) { return impl_->hear(word); }});
}

LapiClient::~LapiClient() = default;

void LapiClient::use(std::optional<Lapi> lapi) { impl_->use(std::move(lapi)); }
void LapiClient::ask_anew() { impl_->ask_anew(); }
bool LapiClient::wanted() const { return impl_->lapi.has_value(); }
bool LapiClient::met() const { return impl_->known; }
std::string LapiClient::url() const { return wanted() ? impl_->lapi->address.text() : std::string(); }
const std::string& LapiClient::trouble() const { return impl_->trouble; }

}  // namespace xsuperd::fleet
