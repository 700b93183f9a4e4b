// SPDX-License-Identifier: MIT
// Options of sockets, systemd.socket(5).
#include <fmt/format.h>

#include <algorithm>

#include "convert/environment_file.hpp"
#include "convert/from_units.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

/// What options are read from and written to.
struct Options {
  Unit& socket;
  const Sockets& at;
  Draft& draft;
  Report& report;
  [[nodiscard]] const Directive* last(std::string_view key) const { return socket.last("Socket", key); }
  [[nodiscard]] bool tcp() const { return at.type == config::SocketType::stream && at.any(Listening::Kind::ip); }
};

/// A time in seconds, if one is given; nothing, after reporting, for what is none.
std::optional<std::uint64_t> seconds(const Options& o, std::string_view key) {
  const Directive* d = o.last(key);
  if (!d) return std::nullopt;
  const auto value = unit_seconds(d->value);
  if (!value) no_value(*d, o.report);
  return value;
}

/// What is not given is the kernel's, tcp(7).
void take_keepalive(const Options& o) {
  constexpr std::uint64_t usual_idle = 7200, usual_interval = 75, usual_count = 9;
  const auto on = flag_of(o.socket, "KeepAlive", o.report);
  const auto idle = seconds(o, "KeepAliveTimeSec");
  const auto interval = seconds(o, "KeepAliveIntervalSec");
  const Directive* probes = o.last("KeepAliveProbes");
  const auto count = probes ? base::parse_number(probes->value, 1, 127) : std::nullopt;
  if (probes && !count) no_value(*probes, o.report);
  if (!on || !o.tcp()) return;
  o.draft.add_flag("KEEPALIVE", on);
  if (!idle && !interval && !count) return;
  o.draft.set("keepalive",
              {std::to_string(idle.value_or(usual_idle)), std::to_string(interval.value_or(usual_interval)),
               std::to_string(count ? static_cast<std::uint64_t>(*count) : usual_count)},
              on);
}

void take_buffer(const Options& o, std::string_view key, std::string attribute) {
  constexpr std::uint64_t least = 1024, most = 1u << 30;
  const Directive* d = o.last(key);
  if (!d) return;
  const auto size = unit_size(d->value);
  if (!size) return no_value(*d, o.report);
  if (*size < least || *size > most)
    return o.report.loss(d->place, fmt::format("{} is not converted: {} takes {} bytes to 1024M", quoted(*d), attribute, least));
  o.draft.set(std::move(attribute), {std::to_string(*size)}, d);
}

void take_tos(const Options& o) {
  constexpr std::pair<std::string_view, std::string_view> words[]{
      {"low-delay", "lowdelay"}, {"throughput", "throughput"}, {"reliability", "reliability"}, {"low-cost", "mincost"}};
  const Directive* d = o.last("IPTOS");
  if (!d) return;
  const auto* const word = std::ranges::find(words, d->value, [](const auto& one) { return one.first; });
  if (word == std::end(words) && !base::parse_number(d->value, 0, 255)) return no_value(*d, o.report);
  if (o.at.any(Listening::Kind::ip)) o.draft.set("tos", {word == std::end(words) ? d->value : std::string(word->second)}, d);
}

/// Those that decide who can come in: what they say is kept as it is, or the entry is refused.
void take_guards(const Options& o) {
  if (const Directive* d = o.last("BindToDevice"); d && d->value != "*") o.draft.set("bind_device", {d->value}, d);
  const Directive* mark = o.last("Mark");
  if (mark && base::parse_number(mark->value, -1, -1)) return;  // none
  if (mark) o.draft.set("mark", {mark->value}, mark);
}

/// SocketUser= brings its group, which the password file of this machine knows.
void take_file(const Options& o, config::Files& files) {
  const Directive* user = o.last("SocketUser");
  const Directive* group = o.last("SocketGroup");
  const Directive* mode = o.last("SocketMode");
  if (!o.at.any(Listening::Kind::path)) return o.socket.pass_over("Socket", "DirectoryMode");
  if (user) o.draft.set("socket_owner", {user->value}, user);
  if (group) o.draft.set("socket_group", {group->value}, group);
  if (mode) o.draft.set("socket_mode", {mode->value}, mode);
  if (!user || group) return;
  const auto passwd = files.read("/etc/passwd");
  const auto login = passwd ? find_login(*passwd, user->value) : std::nullopt;
  if (login && !login->group.empty()) return o.draft.set("socket_group", {login->group}, user);
  o.report.loss(user->place, fmt::format("{} would also set the group of {}, which is not known here: the socket keeps the daemon's",
                                         quoted(*user), user->value));
}

}  // namespace

const Directive* flag_of(Unit& socket, std::string_view key, Report& report) {
  const Directive* from = socket.last("Socket", key);
  if (!from) return nullptr;
  const auto value = unit_boolean(from->value);
  if (!value) no_value(*from, report);
  return value.value_or(false) ? from : nullptr;
}

void take_options(Unit& socket, const Sockets& at, config::Files& files, Draft& draft, Report& report) {
  const Options o{socket, at, draft, report};
  const Directive* nodelay = flag_of(socket, "NoDelay", report);
  if (nodelay && o.tcp()) draft.add_flag("NODELAY", nodelay);
  take_keepalive(o);
  if (const Directive* d = flag_of(socket, "SELinuxContextFromNet", report)) draft.add_flag("LABELED", d);
  const Directive* free = flag_of(socket, "FreeBind", report);
  if (free && at.any(Listening::Kind::ip)) draft.set("freebind", {"yes"}, free);
  if (const auto defer = seconds(o, "DeferAcceptSec"); defer.value_or(0) > 0 && o.tcp())
    draft.set("defer_accept", {std::to_string(*defer)}, o.last("DeferAcceptSec"));
  take_buffer(o, "ReceiveBuffer", "receive_buffer");
  take_buffer(o, "SendBuffer", "send_buffer");
  take_tos(o);
  take_guards(o);
  take_file(o, files);
}

}  // namespace xsuperd::convert
