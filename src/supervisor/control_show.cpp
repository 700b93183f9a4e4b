// SPDX-License-Identifier: MIT
#include "supervisor/control.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/origin.hpp"

namespace xsuperd::supervisor {

using control::json_text;

namespace {

/// Lists of addresses may have a hundred thousand elements; a row must fit into a frame.
constexpr std::size_t longest_value = 64 * 1024;

json::array json_sources(const config::Service& service, const config::Attribute& row) {
  using From = config::Source::From;
  json::array sources;
  for (const config::Source& source : config::sources_of(service, row)) {
    json::object object{{"from", source.from == From::entry      ? "entry"
                                 : source.from == From::defaults ? "defaults"
                                                                 : "built in"}};
    if (source.from != From::built_in) object.insert({{"file", json_text(source.place.file)}, {"line", source.place.line}});
    sources.push_back(std::move(object));
  }
  return sources;
}

/// An attribute in effect, written or not.
json::object json_attribute(const service::Runner& runner, std::size_t number, const config::Attribute& row) {
  const config::Service& service = runner.service();
  const bool set = row.is_set(service.settings);
  std::string value = set ? row.print(service.settings) : std::string(row.initial);
  const bool cut = value.size() > longest_value;
  if (cut) value.resize(longest_value);
  json::object object{{"service", number},
                      {"attribute", row.name},
                      {"value", json_text(value)},
                      {"set", set},
                      {"sources", json_sources(service, row)}};
  if (cut) object["cut"] = true;
  return object;
}

}  // namespace

void hide_environment(json::object& row) {
  if (control::string_at(row, "attribute") != "env" || !control::true_at(row, "set")) return;
  const std::string value = control::string_at(row, "value").value_or("");
  std::string names;
  for (const std::string_view word : base::split_words(value))
    if (const auto end = word.find('='); end != word.npos) names.append(names.empty() ? "" : " ").append(word, 0, end).append("=...");
  row["value"] = names;
  row["hidden"] = true;
}

void control_show(Supervisor::Impl& daemon, const Request& request, Server::Respond respond) {
  const auto found = services_meant(daemon, request, respond);
  if (found.empty()) return;
  json::array services;
  for (const auto& runner : found) services.push_back(json_service(*runner));
  Reply reply{{{"now", json_time(std::chrono::system_clock::now())}, {"services", std::move(services)}}};
  reply.rows = [found, number = std::size_t{0}, next = std::size_t{0}]() mutable -> std::optional<json::object> {
    const auto all = config::attributes();
    for (; number < found.size(); ++number, next = 0)
      while (next < all.size()) {
        const config::Attribute& row = all[next++];
        if (row.where != config::Where::defaults) return json_attribute(*found[number], number, row);
      }
    return std::nullopt;
  };
  respond(std::move(reply));
}

}  // namespace xsuperd::supervisor
