// SPDX-License-Identifier: MIT
#include "xsuperd/metrics/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <iterator>

#include "metrics/page_assets.hpp"
#include "metrics/sha256.hpp"
#include "xsuperd/base/utf8.hpp"
#include "xsuperd/config/tls.hpp"

namespace xsuperd::metrics {

namespace reply = control::reply;
using control::States;

namespace {

constexpr auto style_hash = sha256_base64(page_style);
constexpr auto script_hash = sha256_base64(page_script);

constexpr double soon = std::chrono::duration<double>(config::warned_before_end).count();  // until a certificate ends
constexpr double day = 86400;
constexpr std::size_t time_at = 11, time_size = 12;  // of the time in a record, to the millisecond

/// Appends to a text of HTML. What it is given as a value is escaped, and what it is given as markup is not.
class Html {
 public:
  Html& markup(std::string_view text) { return out_ += text, *this; }
  Html& text(std::string_view text) { return out_ += escaped_html(text), *this; }
  template <typename... T>
  Html& words(fmt::format_string<T...> format, T&&... values) {
    return text(fmt::format(format, std::forward<T>(values)...));
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// "3 d 4 h", "12 min", "7 s".
std::string span_text(double seconds) {
  const auto s = static_cast<std::uint64_t>(std::max(seconds, 0.0));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min", s / 60);
  if (s < 86400) return fmt::format("{} h {} min", s / 3600, s / 60 % 60);
  return fmt::format("{} d {} h", s / 86400, s / 3600 % 24);
}

/// "1 error", "2 errors".
std::string count_text(std::uint64_t count, std::string_view word) { return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s"); }

std::string ago(const control::Time& when, const control::Time& now) {
  return when && now ? span_text(*now - *when) + " ago" : std::string("never");
}

std::string rate_text(double rate) { return rate >= 100 || rate == 0 ? fmt::format("{:.0f}", rate) : fmt::format("{:.1f}", rate); }

void figure(Html& html, std::string_view name, std::string_view value) {
  html.markup("<li>").text(name).markup("<b>").text(value).markup("</b></li>\n");
}

void figures(Html& html, const Shown& shown) {
  const reply::Metrics& d = shown.daemon;
  html.markup("<ul class=\"figures\">\n");
  figure(html, "services", std::to_string(shown.services_in_all));
  figure(html, "running", d.process_limit ? fmt::format("{} of {}", d.totals.running, *d.process_limit) : std::to_string(d.totals.running));
  figure(html, "waiting", std::to_string(d.totals.undecided));
  figure(html, "requests", std::to_string(d.totals.accepted));
  figure(html, "served", std::to_string(d.totals.served));
  figure(html, "refused", std::to_string(d.totals.refused));
  figure(html, "failed", std::to_string(d.totals.failed));
  figure(html, "bans", std::to_string(d.bans));
  if (d.crowdsec) figure(html, "bans by CrowdSec", d.crowdsec->connected ? std::to_string(d.crowdsec->bans) : fmt::format("{}, not connected", d.crowdsec->bans));
  if (d.fleet) figure(html, "bans from other hosts", d.fleet->connected ? std::to_string(d.fleet->bans) : fmt::format("{}, store unreachable", d.fleet->bans));
  figure(html, "workers", fmt::format("{}", d.workers.size() + d.tls_workers));
  if (d.boxes.made + d.boxes.failed > 0) figure(html, "boxes in use", std::to_string(d.boxes.in_use));
  if (d.load) figure(html, "load", fmt::format("{:.2f}", *d.load));
  html.markup("</ul>\n");
}

void plot(Html& html, std::string_view title, const Plot& plot) {
  html.markup("<figure><svg viewBox=\"0 0 ").words("{} {}", plot_width, plot_height).markup("\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"").text(title).markup("\">");
  for (std::size_t i = 0; i < plot.curves.size(); ++i)
    if (!plot.curves[i].path.empty()) html.markup("<path class=\"c").words("{}", i).markup("\" d=\"").text(plot.curves[i].path).markup("\"/>");
  html.markup("</svg>\n<figcaption>").text(title).words(", the last 5 minutes, up to {} a second: ", plot.top);
  if (plot.curves.empty()) html.text("none");
  for (std::size_t i = 0; i < plot.curves.size(); ++i)
    html.markup("<span class=\"key c").words("{}", i).markup("\">").words("{} {}", plot.curves[i].name, rate_text(plot.curves[i].last)).markup("</span>\n");
  html.markup("</figcaption></figure>\n");
}

struct Column {
  std::string_view name;
  std::string_view kind = {};  ///< a class: n for numbers, less for what narrow screens leave out
};

void begin_table(Html& html, std::initializer_list<Column> columns) {
  html.markup("<div class=\"wide\"><table><thead><tr>");
  for (const Column& one : columns) html.markup("<th class=\"").text(one.kind).markup("\">").text(one.name).markup("</th>");
  html.markup("</tr></thead><tbody>\n");
}
void end_table(Html& html) { html.markup("</tbody></table></div>\n"); }
void cell(Html& html, std::string_view text, std::string_view kind = {}) {
  html.markup("<td class=\"").text(kind).markup("\">").text(text).markup("</td>");
}
void number(Html& html, std::uint64_t value) { cell(html, std::to_string(value), "n"); }
void left_out(Html& html, std::size_t shown, std::size_t all) {
  if (all > shown) html.markup("<p class=\"soft\">").words("and {} more", all - shown).markup("</p>\n");
}

std::string place_text(const reply::Socket& socket, std::string_view protocol) {
  if (socket.element) return *socket.element;
  const std::string address = socket.address.value_or("*");
  return fmt::format("{} {}:{}", protocol, address.find(':') == address.npos ? address : "[" + address + "]", socket.port);
}

std::string places_text(const reply::Service& service) {
  if (!service.sockets) return {};
  constexpr std::size_t most = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(service.sockets->size(), most); ++i) {
    const reply::Socket& one = (*service.sockets)[i];
    text += fmt::format("{}{}{}", i == 0 ? "" : ", ", place_text(one, service.endpoint.protocol), one.open ? "" : " (closed)");
  }
  if (service.sockets->size() > most) text += fmt::format(" and {} more", service.sockets->size() - most);
  return text;
}

std::string_view colour_of(std::string_view state) {
  if (state == States::listening || state == States::behind_tcpmux) return "good";
  return state == States::busy || state == States::held || state == States::drained || state == States::disabled ? "soft" : "bad";
}

std::string remark_of(const reply::Service& service, const control::Time& now) {
  if (service.trouble) return *service.trouble;
  if (service.not_renewed) return fmt::format("certificates not renewed: {}", *service.not_renewed);
  if (service.last_refusal) return fmt::format("refused {} {}: {}", service.last_refusal->peer, ago(service.last_refusal->at, now), service.last_refusal->reason);
  return {};
}

void services(Html& html, const Shown& shown) {
  html.markup("<h2>Services</h2>\n");
  begin_table(html, {{"service"}, {"state"}, {"listens on", "less"}, {"running", "n"}, {"queue", "n less"}, {"requests", "n"}, {"served", "n less"}, {"refused", "n"}, {"failed", "n less"}, {"remark"}});
  for (const reply::Service& s : shown.services) {
    html.markup("<tr>");
    cell(html, s.id);
    cell(html, s.state, colour_of(s.state));
    cell(html, places_text(s), "less");
    cell(html, s.limit ? fmt::format("{}/{}", s.running, *s.limit) : std::to_string(s.running), "n");
    cell(html, std::to_string(s.waiting), "n less");
    number(html, s.counters.accepted);
    cell(html, std::to_string(s.counters.served), "n less");
    number(html, s.counters.refused);
    cell(html, std::to_string(s.counters.failed), "n less");
    cell(html, remark_of(s, shown.daemon.now), s.trouble || s.not_renewed ? "bad" : "less");
    html.markup("</tr>\n");
  }
  end_table(html);
  left_out(html, shown.services.size(), shown.services_in_all);
}

void sessions(Html& html, const Shown& shown) {
  html.markup("<h2>Sessions</h2>\n");
  if (shown.sessions.empty()) return void(html.markup("<p class=\"soft\">none</p>\n"));
  begin_table(html, {{"service"}, {"peer"}, {"through", "less"}, {"stage"}, {"process", "n less"}, {"for", "n"}});
  for (const reply::Session& s : shown.sessions) {
    html.markup("<tr>");
    cell(html, s.service);
    cell(html, s.peer ? fmt::format("{} {}", *s.peer, s.port) : std::string("-"));
    cell(html, s.proxy.value_or(""), "less");
    cell(html, s.stage);
    cell(html, s.pid ? std::to_string(*s.pid) : std::string(), "n less");
    cell(html, span_text(s.age), "n");
    html.markup("</tr>\n");
  }
  end_table(html);
  left_out(html, shown.sessions.size(), shown.sessions_in_all);
}

void bans(Html& html, const Shown& shown) {
  html.markup("<h2>Bans</h2>\n");
  if (shown.bans.empty() && shown.daemon.bans == 0) return void(html.markup("<p class=\"soft\">none</p>\n"));
  if (!shown.bans.empty()) {
    begin_table(html, {{"peer"}, {"time left", "n"}, {"refused", "n less"}, {"by", "less"}, {"because of", "less"}});
    for (const reply::Ban& ban : shown.bans) {
      html.markup("<tr>");
      cell(html, ban.address);
      cell(html, ban.seconds_left ? span_text(static_cast<double>(*ban.seconds_left)) : std::string("permanent"), "n");
      cell(html, std::to_string(ban.hits.value_or(0)), "n less");
      cell(html, ban.origin.value_or(""), "less");
      cell(html, ban.reason.value_or(""), "less");
      html.markup("</tr>\n");
    }
    end_table(html);
  }
  left_out(html, shown.bans.size(), shown.daemon.bans);
}

void certificates(Html& html, const Shown& shown) {
  if (shown.certificates.empty()) return;
  html.markup("<h2>Certificates</h2>\n");
  begin_table(html, {{"service"}, {"host"}, {"expires in", "n"}});
  for (const CertificateEnd& one : shown.certificates) {
    const double left = one.end && shown.daemon.now ? *one.end - *shown.daemon.now : 0;
    html.markup("<tr>");
    cell(html, one.service);
    cell(html, one.name.empty() ? "all others" : std::string_view(one.name));
    if (!one.end)
      cell(html, "unknown", "n");
    else if (left <= 0)
      cell(html, "expired", "n bad");
    else
      cell(html, left >= day ? fmt::format("{:.0f} d", std::floor(left / day)) : span_text(left), left < soon ? "n bad" : "n");
    html.markup("</tr>\n");
  }
  end_table(html);
}

void lines(Html& html, const std::vector<std::string>& all) {
  html.markup("<pre>");
  for (const std::string& line : all) html.text(line).markup("\n");
  html.markup("</pre>\n");
}

void configuration(Html& html, const Shown& shown) {
  const reply::Metrics& d = shown.daemon;
  html.markup("<h2>Configuration</h2>\n<p>").words("read {}: {}, {}", ago(d.loaded, d.now), count_text(d.errors, "error"), count_text(d.warnings, "warning"));
  if (d.left_out.in_error + d.left_out.off > 0) html.words("; not served: {} in error, {} off", d.left_out.in_error, d.left_out.off);
  html.markup("</p>\n");
  if (d.last_reload) {
    const bool applied = d.last_reload->outcome == control::Outcomes::applied;
    html.markup("<p class=\"").text(applied ? "good" : "bad").markup("\">").words("last reload {}: {}", ago(d.last_reload->at, d.now), std::string_view(d.last_reload->outcome)).markup("</p>\n");
  }
  if (!shown.findings.empty()) lines(html, shown.findings);
}

/// Numbers with a fraction are seconds.
std::string text_of(const control::json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  return value.is_double() ? fmt::format("{:.3f}", value.get_double()) : control::json::serialize(value);
}

std::string text_at(const control::json::object& record, std::string_view name) {
  const control::json::value* found = record.if_contains(name);
  return found ? text_of(*found) : std::string();
}

/// What a record says besides what has a column.
std::string rest_of(const control::json::object& record) {
  constexpr std::array<std::string_view, 8> told_apart{"schema", "time", "event", "service", "id", "peer", "port", "reason"};
  std::string rest;
  for (const auto& [name, value] : record) {
    if (std::ranges::find(told_apart, std::string_view(name)) != told_apart.end()) continue;
    rest += fmt::format("{}{}={}", rest.empty() ? "" : " ", std::string_view(name), text_of(value));
  }
  return rest;
}

void events(Html& html, const Shown& shown) {
  html.markup("<h2>Last events</h2>\n");
  if (shown.events.empty()) return void(html.markup("<p class=\"soft\">none</p>\n"));
  begin_table(html, {{"time (UTC)"}, {"event"}, {"service"}, {"peer"}, {"what", "less"}});
  for (const control::json::object& record : shown.events) {
    const std::string event = text_at(record, "event"), time = text_at(record, "time"), reason = text_at(record, "reason");
    html.markup("<tr>");
    cell(html, time.size() > time_at ? std::string_view(time).substr(time_at, time_size) : std::string_view(time));
    cell(html, reason.empty() ? event : event + ": " + reason, event == "refuse" || event == "lost" || event == "gap" ? "bad" : "");
    cell(html, text_at(record, "id"));
    cell(html, text_at(record, "peer"));
    cell(html, rest_of(record), "less");
    html.markup("</tr>\n");
  }
  end_table(html);
}

void all(Html& html, const Shown& shown) {
  const reply::Metrics& d = shown.daemon;
  html.markup("<p class=\"soft\">").words("{}, process {}, started {}", d.version, d.pid, ago(d.started, d.now));
  if (d.upgrades > 0) html.words(", upgraded {} since", count_text(d.upgrades, "time"));
  html.markup("</p>\n");
  figures(html, shown);
  html.markup("<h2>Requests</h2>\n<div class=\"plots\">\n");
  plot(html, "requests", plot_of_requests(shown.samples));
  plot(html, "refusals by reason", plot_of_refusals(shown.samples));
  html.markup("</div>\n");
  services(html, shown);
  sessions(html, shown);
  bans(html, shown);
  certificates(html, shown);
  configuration(html, shown);
  events(html, shown);
}

}  // namespace

std::string escaped_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    std::size_t length = base::utf8_length(text);
    const bool control = length > 0 && c != '\n' && c != '\t' && !base::is_plain(text.substr(0, length));
    if (length == 0 || control)
      escaped += "\xef\xbf\xbd", length = std::max<std::size_t>(length, 1);
    else if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else if (c == '"')
      escaped += "&quot;";
    else if (c == '\'')
      escaped += "&#39;";
    else
      escaped += text.substr(0, length);
    text.remove_prefix(length);
  }
  return escaped;
}

std::string live(const Shown& shown) {
  Html html;
  all(html, shown);
  return html.take();
}

std::string page(const Shown& shown) {
  Html html;
  html.markup("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
              "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n<title>");
  html.words("xsuperd on {}", shown.host).markup("</title>\n<style>").markup(page_style).markup("</style>\n</head>\n<body>\n<header><h1>");
  html.words("xsuperd on {}", shown.host).markup(" <small class=\"soft\" id=\"live\"></small></h1></header>\n<main>\n");
  all(html, shown);
  html.markup("</main>\n<footer class=\"soft\"><a href=\"./\">Reload</a></footer>\n<script>").markup(page_script).markup("</script>\n</body>\n</html>\n");
  return html.take();
}

std::string page_fields() {
  return fmt::format("Content-Type: text/html; charset=utf-8\r\nContent-Security-Policy: default-src 'none'; style-src 'sha256-{}'; "
                     "script-src 'sha256-{}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
                     "Referrer-Policy: no-referrer\r\n",
                     std::string_view(style_hash.data(), style_hash.size()), std::string_view(script_hash.data(), script_hash.size()));
}

}  // namespace xsuperd::metrics
