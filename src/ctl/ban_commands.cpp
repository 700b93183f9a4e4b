// SPDX-License-Identifier: MIT
// bans, ban and unban.
#include <fmt/format.h>

#include <array>

#include "ctl/commands.hpp"
#include "ctl/duration.hpp"
#include "ctl/table.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/policy/network.hpp"

namespace xsuperd::ctl {

namespace {

/// "a, b and c".
std::string enumeration(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text.append(i == 0 ? "" : i + 1 == words.size() ? " and " : ", ").append(words[i]);
  return text;
}

std::string print_bans(const Arguments&, const control::Answered<command::Bans>& answer) {
  std::vector<std::vector<std::string>> rows;
  for (const reply::Ban& row : answer.rows)
    rows.push_back({row.address, row.seconds_left ? duration_text(static_cast<double>(*row.seconds_left)) : "for ever",
                    std::to_string(row.hits.value_or(0)), base::escaped(row.origin.value_or(""), 100),
                    base::escaped(row.reason.value_or(""), 400)});
  return render({{"ADDRESS"}, {"LEFT", Column::Align::right}, {"HITS", Column::Align::right}, {"ORIGIN"}, {"REASON"}}, rows, standard_output());
}

std::string fill_ban(const Arguments& a, request::Ban& request) {
  auto words = a.words;
  // No address is all digits and a letter.
  if (const auto minutes = words.size() > 1 ? minutes_of(words.back()) : std::nullopt) {
    request.minutes = *minutes;
    words.pop_back();
  }
  for (const std::string& word : words)
    if (!policy::Network::parse(word))
      return fmt::format("'{}' is {}", base::escaped(word, 100),
                         &word == &words.back() && words.size() > 1 ? "not an address, a network or a time such as "
                                                                      "30m, 1h or 7d"
                                                                    : "neither an address nor a network");
  request.mean(words);
  if (a.reason) request.reason = *a.reason;
  return {};
}

std::string print_ban(const Arguments&, const control::Answered<command::Ban>& answer) {
  std::vector<std::string> words;
  for (const reply::NewBan& one : answer.result.banned) words.push_back(one.address);
  const auto minutes = answer.result.minutes;
  return fit_for_terminal(fmt::format("banned {} {}", enumeration(words),
                                      minutes ? "for " + minutes_text(static_cast<std::int64_t>(*minutes)) : "for "
                                                                                                             "ever")) + "\n";
}

std::string fill_unban(const Arguments& a, request::Addresses& request) {
  for (const std::string& word : a.words)
    if (!policy::Network::parse(word)) return fmt::format("'{}' is neither an address nor a network", base::escaped(word, 100));
  request.mean(a.words);
  return {};
}

std::string print_unban(const Arguments&, const control::Answered<command::Unban>& answer) {
  return fit_for_terminal(fmt::format("unbanned {}", enumeration(answer.result.unbanned))) + "\n";
}

constexpr std::array<std::string_view, 1> bans_lines{"xsuperctl bans"};
constexpr std::array<std::string_view, 4> ban_lines{"xsuperctl ban 192.0.2.7 30m", "xsuperctl ban 192.0.2.8 1d --reason 'ticket 4711'",
                                                    "xsuperctl ban 198.51.100.0/24 2001:db8::/32 7d", "xsuperctl "
                                                                                                      "ban 203.0.113.9"};
constexpr std::array<std::string_view, 1> unban_lines{"xsuperctl unban 192.0.2.7 198.51.100.0/24"};

constexpr std::array ban_rows{
    asks<command::Bans, fill_nothing, print_bans>(
        {.text = "who is banned, and why",
         .description = "Prints the peers and networks that are banned: for how long still, how many requests have been refused "
                        "because of it, who has banned them, and why.",
         .examples = bans_lines, .reads = true}),
    asks<command::Ban, fill_ban, print_ban>(
        {.synopsis = "ADDRESS ... [TIME]", .text = "ban peers or networks from all services",
         .description = "Bans peers from all services: single addresses, or networks with a prefix length; users as "
                        "unix:uid=1000, virtual machines as vsock:3. The last "
                        "word may say for how long: 30m, 1h, 7d; a bare number means minutes. Without it the ban "
                        "does not expire. Without ban_file bans are forgotten when the daemon ends.",
         .examples = ban_lines, .least = 1, .most = many}),
    asks<command::Unban, fill_unban, print_unban>(
        {.synopsis = "ADDRESS ...", .text = "lift bans",
         .description = "Lifts bans. Each must be given as it was banned.", .examples = unban_lines, .least = 1, .most = many}),
};

}  // namespace

std::span<const Command> ban_commands() { return ban_rows; }

}  // namespace xsuperd::ctl
