// SPDX-License-Identifier: MIT
#include "supervisor/tallies.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace xsuperd::supervisor {

namespace {

/// As tls::Handshake::Result counts.
constexpr std::array<std::string_view, std::tuple_size_v<decltype(service::Tallies::handshakes)>> handshake_words{
    "done", "failed", "certificate", "too late", "left"};

constexpr std::string_view step_word(std::size_t step) { return spawn::step_text(static_cast<spawn::Step>(step)); }

}  // namespace

std::vector<HandOver::Tally> tallies_of(const service::Tallies& tallies) {
  std::vector<HandOver::Tally> all;
  for (std::size_t i = 0; i < tallies.failed_starts.size(); ++i)
    if (tallies.failed_starts[i] > 0) all.push_back({std::string(tally_words::start), std::string(step_word(i)), tallies.failed_starts[i]});
  for (std::size_t i = 0; i < tallies.handshakes.size(); ++i)
    if (tallies.handshakes[i] > 0) all.push_back({std::string(tally_words::handshake), std::string(handshake_words[i]), tallies.handshakes[i]});
  return all;
}

service::Tallies restored_tallies(const std::vector<HandOver::Tally>& from) {
  service::Tallies tallies;
  for (std::size_t i = 0; i < tallies.failed_starts.size(); ++i) tallies.failed_starts[i] = count_of(from, tally_words::start, step_word(i));
  for (std::size_t i = 0; i < tallies.handshakes.size(); ++i) tallies.handshakes[i] = count_of(from, tally_words::handshake, handshake_words[i]);
  return tallies;
}

std::uint64_t count_of(const std::vector<HandOver::Tally>& tallies, std::string_view of, std::string_view word) {
  const auto found = std::ranges::find_if(tallies, [&](const auto& one) { return one.of == of && one.word == word; });
  return found == tallies.end() ? 0 : found->count;
}

}  // namespace xsuperd::supervisor
