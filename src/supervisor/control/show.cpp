// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iterator>

#include "supervisor/control/command.hpp"
#include "supervisor/control/recent.hpp"
#include "supervisor/control/services.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/origin.hpp"

namespace xsuperd::supervisor {

namespace {

/// Lists of addresses may have a hundred thousand elements; a row must fit into a frame.
constexpr std::size_t longest_value = 64 * 1024;

std::vector<reply::Source> origins_of(const config::Service& service, const config::Attribute& row) {
  using From = config::Source::From;
  std::vector<reply::Source> sources;
  for (const config::Source& source : config::sources_of(service, row)) {
    if (source.from == From::built_in) {
      sources.emplace_back(reply::BuiltIn{});
      continue;
    }
    const reply::Place place = place_of(source.place);
    sources.emplace_back(reply::Written{source.from == From::entry ? control::Origins::entry : control::Origins::defaults,
                                        place.file, place.line});
  }
  return sources;
}

/// An attribute in effect, written or not.
reply::Attribute attribute_of(const service::Runner& runner, std::size_t number, const config::Attribute& row) {
  const config::Service& service = runner.service();
  reply::Attribute all;
  all.service = number;
  all.attribute = row.name;
  all.set = row.is_set(service.settings);
  all.value = all.set ? row.print(service.settings) : std::string(row.initial);
  all.sources = origins_of(service, row);
  if (all.value.size() > longest_value) {
    all.value.resize(longest_value);
    all.cut = true;
  }
  return all;
}

/// Values of variables may be passwords: who may only look gets their names.
void hide_environment(reply::Attribute& row) {
  if (row.attribute != "env" || !row.set) return;
  std::string names;
  for (const std::string_view word : base::split_words(row.value))
    if (const auto end = word.find('='); end != word.npos) names.append(names.empty() ? "" : " ").append(word, 0, end).append("=...");
  row.value = names;
  row.hidden = true;
}

void show(const Call& call, const request::Services& arguments, const Answer<command::Show>& answer) {
  Selection meant = services_meant(call.view, arguments);
  if (meant.failure) return answer.refuse(std::move(*meant.failure));
  reply::Show heads{time_of(std::chrono::system_clock::now()), told(meant.services), {}};
  auto& records = heads.recent.emplace();
  constexpr std::size_t most = 20;  // a reply has room for no more before its rows
  for (const auto& service : meant.services) {
    if (meant.services.size() > most) break;
    auto own = recent(call.view.history(), service->service().id);
    std::move(own.begin(), own.end(), std::back_inserter(records));
  }
  answer(heads, [services = std::move(meant.services), hide = !call.peer.may_change, number = std::size_t{0},
                 next = std::size_t{0}]() mutable -> std::optional<reply::Attribute> {
    const auto all = config::attributes();
    for (; number < services.size(); ++number, next = 0)
      while (next < all.size()) {
        const config::Attribute& attribute = all[next++];
        if (attribute.where == config::Where::defaults) continue;
        reply::Attribute row = attribute_of(*services[number], number, attribute);
        if (hide) hide_environment(row);
        return row;
      }
    return std::nullopt;
  });
}

constexpr std::array show_rows{row<command::Show, show>()};

}  // namespace

std::span<const ControlCommand> show_commands() { return show_rows; }

}  // namespace xsuperd::supervisor
