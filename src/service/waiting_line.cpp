// SPDX-License-Identifier: MIT
#include "xsuperd/service/waiting_line.hpp"

#include <algorithm>

namespace xsuperd::service {

void WaitingLine::push(Token token, const base::Address& source, base::Moment since) {
  if (waiting_.contains(token)) return;
  waiting_.emplace(token, Wait{source, since});
  try {
    by_age_.push_back(token);
    auto found = sources_.find(source);
    if (found == sources_.end()) {
      turns_.push_back({source, {}});
      found = sources_.emplace(source, std::prev(turns_.end())).first;
    }
    found->second->tokens.push_back(token);
  } catch (...) {  // no memory
    if (!turns_.empty() && turns_.back().tokens.empty()) sources_.erase(source), turns_.pop_back();
    if (!by_age_.empty() && by_age_.back() == token) by_age_.pop_back();
    waiting_.erase(token);
    throw;
  }
}

bool WaitingLine::take_out(Token token, bool served) {
  const auto wait = waiting_.find(token);
  if (wait == waiting_.end()) return false;
  const auto source = sources_.find(wait->second.source);
  auto& tokens = source->second->tokens;
  tokens.erase(std::find(tokens.begin(), tokens.end(), token));
  if (tokens.empty()) {
    turns_.erase(source->second);
    sources_.erase(source);
  } else if (served) {
    turns_.splice(turns_.end(), turns_, source->second);
  }
  waiting_.erase(wait);
  while (!by_age_.empty() && !waiting_.contains(by_age_.front())) by_age_.pop_front();
  return true;
}

bool WaitingLine::served(Token token) { return take_out(token, true); }
bool WaitingLine::remove(Token token) { return take_out(token, false); }

std::optional<Token> WaitingLine::expired(base::Moment before) const {
  if (by_age_.empty() || waiting_.at(by_age_.front()).since > before) return std::nullopt;
  return by_age_.front();
}

std::size_t WaitingLine::count_from(const base::Address& source) const {
  const auto found = sources_.find(source);
  return found == sources_.end() ? 0 : found->second->tokens.size();
}

std::optional<base::Moment> WaitingLine::oldest() const {
  if (by_age_.empty()) return std::nullopt;
  return waiting_.at(by_age_.front()).since;
}

std::size_t WaitingLine::before(const base::Address& source) const {
  const std::size_t own = count_from(source);
  std::size_t count = own;
  for (const Source& other : turns_)
    if (other.address != source) count += std::min(other.tokens.size(), own + 1);
  return count;
}

std::vector<StateSnapshot::Waiting> WaitingLine::snapshot() const {
  std::vector<StateSnapshot::Waiting> all;
  all.reserve(waiting_.size());
  for (const Source& source : turns_)
    for (const Token token : source.tokens) all.push_back({token, source.address, waiting_.at(token).since});
  return all;
}

void WaitingLine::restore(const std::vector<StateSnapshot::Waiting>& waiting) {
  for (const StateSnapshot::Waiting& one : waiting) push(one.token, one.source, one.since);
  const auto came = [this](Token token) { return std::pair(waiting_.at(token).since, token); };
  std::sort(by_age_.begin(), by_age_.end(), [&came](Token a, Token b) { return came(a) < came(b); });
}

}  // namespace xsuperd::service
