// SPDX-License-Identifier: MIT
#include "fleet/lapi_talk.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace xsuperd::fleet {

namespace {

using namespace std::chrono_literals;

constexpr auto ask_every = 10s;
constexpr auto longest_wait = 10s;          ///< for the next bytes of an answer
constexpr auto longest_transfer = 120s;     ///< of a whole answer
constexpr int told_at_once = 200;           ///< words

}  // namespace

LapiTalk::LapiTalk(Consult consult, base::Moment now, Out& out) : consult_(std::move(consult)), out_(out), next_(now) { ask(consult_.startup, now); }

void LapiTalk::ask(bool startup, base::Moment now) {
  answer_.emplace();
  asked_ = heard_ = now;
  out_.request += fmt::format("GET {}/v1/decisions/stream?startup={} HTTP/1.1\r\nHost: {}\r\nUser-Agent: xsuperd/" XSUPERD_VERSION
                              "\r\nX-Api-Key: {}\r\nAccept: application/json\r\n\r\n",
                              consult_.base, startup, consult_.host, consult_.key);
}

void LapiTalk::end(std::string why) {
  if (std::exchange(over_, true)) return;
  out_.words.emplace_back(Lost{std::move(why), Source::crowdsec});
}

void LapiTalk::take(LapiAnswer::State state, base::Moment now) {
  heard_ = now;
  if (state == LapiAnswer::State::wrong) return end(answer_->why());
  telling_ = state == LapiAnswer::State::whole;
}

void LapiTalk::hear(std::string_view bytes, base::Moment now) {
  if (!listens()) return;
  if (!answer_) return end("it has sent an answer to no question");
  take(answer_->feed(bytes), now);
}

void LapiTalk::hear_end(base::Moment now) {
  if (!listens()) return;
  closed_ = true;
  if (!answer_) return end({});
  take(answer_->end(), now);
}

void LapiTalk::go_on(base::Moment now) {
  if (!could_go_on()) return;
  const auto ago = std::chrono::duration_cast<std::chrono::seconds>(now - heard_).count();
  for (int told = 0; told < told_at_once; ++told) {
    auto word = answer_->decisions().next(static_cast<std::uint64_t>(ago));
    if (word) {
      out_.words.push_back(std::move(*word));
      continue;
    }
    out_.words.emplace_back(Met{Source::crowdsec, answer_->decisions().left_out()});
    const bool another = answer_->keep_alive() && !closed_;
    telling_ = false;
    answer_.reset();
    next_ = now + ask_every;
    return another ? void() : end({});
  }
}

void LapiTalk::tick(base::Moment now) {
  if (!listens()) return;
  if (!answer_) return now >= next_ ? ask(false, now) : void();
  if (now - heard_ > longest_wait) return end("it does not answer");
  if (now - asked_ > longest_transfer) end("its answer takes too long");
}

}  // namespace xsuperd::fleet
