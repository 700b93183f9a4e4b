// SPDX-License-Identifier: MIT
#include "supervisor/reloads.hpp"

#include <utility>

#include "supervisor/loads.hpp"
#include "supervisor/surely.hpp"

namespace xsuperd::supervisor {

Reloads::Reloads(const log::DaemonLog& log, const Lifetime& lifetime, Asks asks)
    : log_(log), lifetime_(lifetime), asks_(std::move(asks)) {}

void Reloads::reload(bool strict, Answered answered) {
  if (lifetime_.ending()) return;
  if (!next_) next_ = Request{};
  next_->strict = next_->strict || strict;
  if (answered) next_->answered.push_back(std::move(answered));
  if (preparing_ || asks_.held()) return;
  log_.notice("Starting reconfiguration");
  asks_.on_begin();
  const auto request = std::make_shared<Request>();
  *request = *std::exchange(next_, std::nullopt);
  under_way_ = request;
  const auto begun = asks_.prepare(request->strict, false, [this, request, turn = turn_ + 1](Prepared prepared) {
    if (turn != turn_) return;  // given up
    preparing_ = false;
    if (!lifetime_.ending()) over(std::move(prepared), *request);
  });
  if (!begun) return over(not_prepared(begun.error()), *request);
  ++turn_;
  preparing_ = true;
}

/// Whatever goes wrong in one of these steps, the others are taken: who asked hears, and who waits has his turn.
void Reloads::over(Prepared prepared, const Request& request) {
  under_way_.reset();
  const std::vector<std::string> unguarded = prepared.loaded.unguarded;
  ReloadReport report;
  report.refused = "internal error; see the log";
  surely(log_, [&] { report = asks_.apply(std::move(prepared)); });
  surely(log_, [&] { asks_.on_end(report, unguarded); });
  for (const auto& tell : request.answered) surely(log_, [&] { tell(report); });
  if (asks_.held()) return asks_.on_held();
  go_on();
}

void Reloads::go_on() {
  if (next_ && !lifetime_.ending()) reload();
}

void Reloads::give_up() {
  if (!preparing_) return;
  log_.warning("the reload in progress takes too long: it is abandoned, and repeated after the upgrade");
  ++turn_;
  preparing_ = false;
  if (!next_) next_ = Request{};
  if (const auto request = std::exchange(under_way_, nullptr)) {
    next_->strict = next_->strict || request->strict;
    for (auto& tell : request->answered) next_->answered.push_back(std::move(tell));
  }
}

void Reloads::preview(Answered answered) {
  // Those who ask meanwhile get the same answer: they may keep asking, and there is other work to do.
  previewing_.push_back(std::move(answered));
  if (previewing_.size() > 1) return;
  const auto begun = asks_.prepare(false, true, [this](const Prepared& prepared) {
    if (!lifetime_.ending()) tell_preview(prepared);
  });
  if (!begun) tell_preview(not_prepared(begun.error()));
}

void Reloads::tell_preview(const Prepared& prepared) {
  const ReloadReport report = report_of(prepared);
  for (const auto& tell : std::exchange(previewing_, {})) surely(log_, [&] { tell(report); });
}

}  // namespace xsuperd::supervisor
