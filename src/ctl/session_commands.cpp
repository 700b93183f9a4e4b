// SPDX-License-Identifier: MIT
// sessions, explain and kill.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ctl/commands.hpp"
#include "ctl/table.hpp"
#include "ctl/values.hpp"
#include "xsuperd/base/address.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/names.hpp"

namespace xsuperd::ctl {

namespace {

/// Version, cipher, and the name that was asked for.
std::string tls_text(const std::optional<reply::SessionTls>& tls) {
  if (!tls) return "-";
  return fmt::format("{} {}{}{}", tls->version, tls->cipher, tls->name ? " " : "", tls->name.value_or(""));
}

std::string print_sessions(const Arguments&, const control::Answered<command::Sessions>& answer) {
  const bool any_tls = std::any_of(answer.rows.begin(), answer.rows.end(), [](const reply::Session& row) { return row.tls.has_value(); });
  std::vector<std::vector<std::string>> rows;
  for (const reply::Session& row : answer.rows) {
    rows.push_back({std::to_string(row.session), row.service, text_or_dash(row.peer), std::to_string(row.port), text_or_dash(row.pid),
                    duration_text(row.age), text_or_dash(row.bytes_in), text_or_dash(row.bytes_out), text_or_dash(row.proxy)});
    if (any_tls) rows.back().push_back(tls_text(row.tls));
    rows.back().push_back(row.stage + (row.retired ? " (service removed)" : ""));
  }
  std::vector<Column> columns{{"SESSION", right}, {"SERVICE", {}, true}, {"PEER"}, {"PORT", right}, {"PID", right}, {"AGE", right},
                              {"IN", right}, {"OUT", right}, {"VIA"}};
  if (any_tls) columns.push_back({"TLS", {}, true});
  columns.push_back({"STAGE"});
  return render(columns, rows, standard_output());
}

constexpr std::size_t most_groups = 4096;  ///< that a request can tell; with more, the daemon says that it cannot tell

/// The daemon does not look for the groups of a user, which may take time.
std::string fill_explain(const Arguments& a, request::Explain& request) {
  request.mean({a.words.begin(), a.words.end() - 1});
  request.address = a.words.back();
  if (a.at) request.at = *a.at;
  if (a.via) request.via = *a.via;
  if (a.cert) request.cert = *a.cert;
  const auto peer = base::parse_peer(request.address);
  if (!peer || !peer->is_local()) return {};
  config::SystemNames names;
  const auto groups = config::groups_of_user(names, peer->uid());
  if (groups && groups->size() <= most_groups) request.groups.emplace(groups->begin(), groups->end());
  return {};
}

std::string print_explain(const Arguments&, const control::Answered<command::Explain>& answer) {
  std::string text;
  for (const reply::Explanation& one : answer.result.services) text += one.text;
  return lines_for_terminal(text);
}

Exit admitted(const reply::Explain& answer) { return answer.admitted ? Exit::good : Exit::failed; }

/// A word of digits is the number of a session.
std::string fill_kill(const Arguments& a, request::Kill& request) {
  if (a.words.empty() == !a.peer) return "kill needs sessions or services, or --peer";
  if (a.peer) request.peer = *a.peer;
  std::vector<std::uint64_t> numbers;
  std::vector<std::string> names;
  for (const std::string& word : a.words)
    if (const auto number = base::parse_number(word, 1))
      numbers.push_back(static_cast<std::uint64_t>(*number));
    else
      names.push_back(word);
  if (numbers.size() == 1) request.session = numbers.front();
  if (numbers.size() > 1) request.sessions.emplace(numbers.begin(), numbers.end());
  request.mean(names);
  if (a.signal) request.signal = *a.signal;
  return {};
}

std::string print_kill(const Arguments&, const control::Answered<command::Kill>& answer) {
  return fmt::format("signal {} to {}\n", answer.result.signal, count_text(answer.result.sessions.size(), "session"));
}

constexpr std::array<std::string_view, 2> sessions_lines{"xsuperctl sessions", "xsuperctl sessions 'web-*'"};
constexpr std::array<std::string_view, 4> explain_lines{"xsuperctl explain ftp 192.0.2.7",
                                                        "xsuperctl explain --at 3:00 '*' 2001:db8::7",
                                                        "xsuperctl explain status unix:uid=1000",
                                                        "xsuperctl explain --cert backup.example.org agent 192.0.2.7"};
constexpr std::array<std::string_view, 3> kill_lines{"xsuperctl kill 17 18", "xsuperctl kill ftp --signal HUP",
                                                     "xsuperctl kill --peer 192.0.2.7"};

constexpr std::array session_rows{
    asks<command::Sessions, fill_services, print_sessions>(
        {.synopsis = "[SERVICE ...]", .text = "current sessions",
         .description = "Prints a line for each session: number, service, peer, process, age, bytes and what it waits for.",
         .examples = sessions_lines, .most = many, .reads = true}),
    asks<command::Explain, fill_explain, print_explain>(
        {.synopsis = "SERVICE ... ADDRESS", .text = "whether a peer would be served now, and why",
         .description = "Says whether the peer would be served now, check by check, and which line decides. The "
                        "last word is the address, those before it are services. unix:uid=1000 stands for a user's "
                        "processes behind UNIX sockets, vsock:3 for a virtual machine. With --via it comes through that "
                        "proxy, which counts if proxy_from has it. With --cert it has a certificate with that name, or that SHA-256 "
                        "digest, for only_cert.",
         .examples = explain_lines, .least = 2, .most = many, .judge = judged<command::Explain, admitted>, .reads = true}),
    asks<command::Kill, fill_kill, print_kill>(
        {.synopsis = "SESSION|SERVICE ...", .text = "end sessions; also with --peer",
         .description = "Sends TERM, or another signal, to the servers of sessions, of services or of a peer. A "
                        "number is a session. If a session that is named does not exist, nothing is signalled.",
         .examples = kill_lines, .most = many}),
};

}  // namespace

std::span<const Command> session_commands() { return session_rows; }

}  // namespace xsuperd::ctl
