// SPDX-License-Identifier: MIT
#include "supervisor/state_dump.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "supervisor/logs.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/base/time.hpp"
#include "xsuperd/config/vocabulary.hpp"

namespace xsuperd::supervisor {

namespace {

using config::Service;
using config::Settings;

class Text {
 public:
  template <typename... Args>
  Text& line(int tabs, fmt::format_string<Args...> format, Args&&... args) {
    text_.append(static_cast<std::size_t>(tabs), '\t');
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
    return *this;
  }
  template <typename T>
  Text& optional(int tabs, std::string_view label, const std::optional<T>& value) {
    return value ? line(tabs, "{}{}", label, *value) : *this;
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string limit_text(const config::Limit& limit) {
  return limit.is_unlimited() ? "UNLIMITED" : std::to_string(limit.value);
}

/// "255.255.255.0", "ffff:ffff::".
std::string netmask(const config::AddressPattern& p) {
  if (p.base.family() == base::Address::Family::ipv4)
    return base::Address::ipv4(p.prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - p.prefix)).text();
  std::array<std::uint8_t, 16> bytes{};
  for (int bit = 0; bit < p.prefix; ++bit) bytes[static_cast<std::size_t>(bit / 8)] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
  return base::Address::ipv6(bytes).text();
}

/// Fact B8.15: what was written without a prefix is an address, zeros at the end or not.
std::string addresses(const std::optional<std::vector<config::AddressPattern>>& list, std::string_view none) {
  using Kind = config::AddressPattern::Kind;
  if (!list || list->empty()) return fmt::format(" {}", none);
  std::string text = " ";
  for (const auto& p : *list) {
    if (p.kind != Kind::network)
      fmt::format_to(std::back_inserter(text), " {}(HOST)", p.text);
    else if (p.text.find_first_of("/{") == std::string::npos)
      fmt::format_to(std::back_inserter(text), " {}(NUMERIC)", p.base.text());
    else
      fmt::format_to(std::back_inserter(text), " {}/{}(NET)", p.base.text(), netmask(p));
  }
  return text;
}

/// With the family of the socket among them, as xinetd has it (fact B8.15).
std::string flag_words(const Service& service) {
  config::Set<config::Flag> flags = service.settings.flags.value_or(config::Set<config::Flag>{});
  if (!flags.has(config::Flag::ipv4) && !flags.has(config::Flag::ipv6))
    flags.add(service.listen.ipv6 ? config::Flag::ipv6 : config::Flag::ipv4);
  return base::join(config::words_of(flags));
}

std::string interval_words(const std::vector<config::Interval>& intervals) {
  std::string text;
  for (const config::Interval& i : intervals)
    fmt::format_to(std::back_inserter(text), "{}{:02}:{:02}-{:02}:{:02}", text.empty() ? "" : " ", i.start / 60, i.start % 60,
                   i.end / 60, i.end % 60);
  return text;
}

std::string version_words(config::VersionRange range) {
  return range.low == range.high ? fmt::format("{}", range.low) : fmt::format("{}-{}", range.low, range.high);
}

void logging(Text& t, const Settings& s, bool common) {
  using Kind = config::LogTarget::Kind;
  if (!s.log_type || s.log_type->kind == Kind::none) {
    t.line(2, "No logging");
    return;
  }
  const config::LogTarget& target = *s.log_type;
  if (target.kind == Kind::syslog)
    t.line(2, "Logging to syslog. Facility = {}, level = {}",
           config::word_of<int>(config::syslog_facilities(), target.facility),
           config::word_of<int>(config::syslog_levels(), target.level));
  else if (common)
    t.line(2, "Logging to common log file");
  else if (target.hard == 0)
    t.line(2, "Logging to file: {} (no limits)", target.path);
  else
    t.line(2, "Logging to file: {} (soft={} hard={})", target.path, target.soft, target.hard);
  if (s.log_on_success)
    t.line(2, "Log_on_success flags = {}", base::join(config::words_of(*s.log_on_success)));
  if (s.log_on_failure)
    t.line(2, "Log_on_failure flags = {}", base::join(config::words_of(*s.log_on_failure)));
}

void limits(Text& t, const Settings& s) {
  if (s.instances) t.line(2, "Instances = {}", limit_text(*s.instances));
}

void identity(Text& t, const Settings& s) {
  if (s.user) t.line(2, "user = {}", s.user->uid);
  if (s.group) t.line(2, "group = {}", s.group->gid);
  t.line(2, "Groups = {}", s.groups.value_or(false) ? "yes" : "no");
  if (s.umask) t.line(2, "umask = {:o}", s.umask->bits);
  t.optional(2, "Nice = ", s.nice);
  if (s.cps) t.line(2, "CPS = max conn:{} wait:{}", s.cps->connections, s.cps->pause);
  if (s.per_source && !s.per_source->is_unlimited())
    t.line(2, "PER_SOURCE = {}", s.per_source->value);
  else
    t.line(2, "PER_SOURCE = -1");
  t.line(2, "Bind = {}", s.bind ? *s.bind : "All addresses.");
}

void environment(Text& t, const Settings& s) {
  if (s.passenv) t.line(2, "Passenv = {}", base::join(*s.passenv));
  if (!s.env || s.env->empty()) return;
  t.line(2, "Environment additions:");
  // The file is for everybody, and a value may be a password.
  for (const std::string& variable : *s.env) t.line(3, "{}=...", variable.substr(0, variable.find('=')));
}

void configuration(Text& t, const Service& service) {
  const Settings& s = service.settings;
  t.line(1, "Service configuration: {}", service.name);
  t.line(2, "id = {}", service.id);
  t.line(2, "flags = {}", flag_words(service));
  if (s.type && !s.type->empty()) t.line(2, "type = {}", base::join(config::words_of(*s.type)));
  t.line(2, "socket_type = {}", config::word_of<config::SocketType>(config::vocabulary<config::SocketType>(),
                                                                    service.listen.socket_type));
  t.line(2, "Protocol (name,number) = ({},{})", service.listen.protocol.name, service.listen.protocol.number);
  // One behind tcpmux has none.
  if (!service.is(config::Type::rpc) && service.kind != config::Kind::tcpmux) t.line(2, "port = {}", service.listen.at.port);
  limits(t, s);
  t.line(2, "wait = {}", service.wait ? "yes" : "no");
  identity(t, s);
  if (s.server) t.line(2, "Server = {}", *s.server);
  if (!service.argv.empty()) t.line(2, "Server argv = {}", base::join(service.argv));
  t.optional(2, "Libwrap = ", s.libwrap);
  if (s.redirect && s.redirect->local()) t.line(2, "Redirect = unix:{}", s.redirect->host);
  if (s.redirect && !s.redirect->local()) t.line(2, "Redirect = {}:{}", s.redirect->host, s.redirect->port);
  if (s.rpc_number && s.rpc_version)
    t.line(2, "RPC data")
        .line(3, "program number = {}", *s.rpc_number)
        .line(3, "rpc_version = {}", version_words(*s.rpc_version));
  if (s.access_times) t.line(2, "Access times = {}", interval_words(*s.access_times));
  t.line(2, "Only from:{}", addresses(s.only_from, s.only_from ? "No sites" : "All sites"));
  t.line(2, "No access:{}", addresses(s.no_access, "No blocked sites"));
  if (s.deny_time) t.line(2, "Deny Time: {}", *s.deny_time);
  logging(t, s, service.common_log);
  environment(t, s);
}

std::string_view state_word(service::Phase phase) {
  switch (phase) {
    case service::Phase::listening: return "Active";
    case service::Phase::busy: return "Suspended";
    case service::Phase::paused: return "Disabled";
    default: return "Not started";
  }
}

void defaults_block(Text& t, const Settings& s) {
  t.line(0, "Service defaults");
  limits(t, s);
  identity(t, s);
  t.line(2, "Only from:{}", addresses(s.only_from, "All sites"));
  t.line(2, "No access:{}", addresses(s.no_access, "No blocked sites"));
  logging(t, s, false);
  environment(t, s);
  t.line(0, "");
}

void service_block(Text& t, const service::Runner& runner) {
  const service::State& state = runner.state();
  t.line(0, "Service = {}", runner.service().name).line(1, "State = {}", state_word(state.phase()));
  configuration(t, runner.service());
  if (state.phase() == service::Phase::listening)
    t.line(1, "running servers = {}", state.running() - state.places().retrying())
        .line(1, "retry servers = {}", state.places().retrying())
        .line(1, "attempts = {}", state.arrivals().attempts())
        .line(1, "service fd = {}", runner.endpoints().listening_fd());
  t.line(0, "");
}

void server_block(Text& t, const service::Runner& runner, const service::Session& session) {
  const Service& service = runner.service();
  t.line(0, "{} server", service.id)
      .line(0, "pid = {}", session.pid)
      .line(0, "start_time = {}", base::ctime_text(session.started_wall))
      .line(0, "Connection info:")
      .line(1, "service = {}", service.id)
      .line(1, "descriptor = {}", service.wait ? runner.endpoints().listening_fd() : -1)
      .line(1, "flags = 3")
      .line(1, "remote_address = {},{}", session.peer.address.text(), session.peer.port)
      .line(0, "log_remote_user = {}", service.logs(config::SuccessOption::userid) ? "YES" : "NO")
      .line(0, "writes_to_log = {}", service.settings.log_type ? "YES" : "NO")
      .line(0, "");
}

std::vector<int> open_descriptors() {
  std::vector<int> numbers;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir("/proc/self/fd"), ::closedir);
  while (const dirent* entry = dir ? ::readdir(dir.get()) : nullptr)
    if (const auto fd = base::parse_number(entry->d_name, 0, 1 << 30); fd && *fd != ::dirfd(dir.get()))
      numbers.push_back(static_cast<int>(*fd));
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

base::Result<void> append(const std::string& path, const std::string& text) {
  // A link in the place of the file could lead anywhere (B12.64).
  const base::Fd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644));
  if (!fd) return base::Error{errno, fmt::format("failed to open {}: {}", path, base::errno_text(errno))};
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t n = ::write(fd.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return base::Error{errno, fmt::format("failed to write {}: {}", path, base::errno_text(errno))};
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

std::string servers_text(const Roster& roster) {
  Text t;
  roster.for_each_server([&](const auto& runner, const auto& session) { server_block(t, runner, session); });
  return t.take();
}

StateDump::StateDump(Options options, FileWork& files, const log::DaemonLog& log, const Roster& roster,
                     const InForce& in_force)
    : options_(std::move(options)),
      files_(files),
      log_(log),
      roster_(roster),
      in_force_(in_force),
      alarm_(files.loop(), [this] { dump(); }) {}

/// A server that has answered its peer already may be one whose start we have yet to hear of: we wait for that a little.
void StateDump::dump() {
  if (roster_.starts_a_server() && ++looks_ <= 20) return alarm_.set(std::chrono::milliseconds(5));
  looks_ = 0;
  if (options_.path.empty()) return write_lines(log_, log::Level::info, text());
  const auto write = [path = options_.path, text = text()] { return append(path, text); };
  files_.off_loop(write, [this](const base::Result<void>& result) {
    if (result)
      log_.info("generated state dump in file {}", options_.path);
    else
      log_.error("{}", result.error().sentence);
  });
}

std::string StateDump::text() const {
  Text t;
  t.line(0, "INTERNAL STATE DUMP: {}", options_.version);
  t.line(0, "Current time: {}", base::ctime_text(std::chrono::system_clock::now())).line(0, "");
  t.line(0, "Services + defaults:");
  defaults_block(t, in_force_.config()->defaults);
  std::string mask;
  std::vector<int> others = open_descriptors();
  std::size_t active = 0, running = 0;
  for (const auto& runner : roster_.served()) {
    service_block(t, *runner);
    for (const auto& endpoint : runner->endpoints()) {
      if (endpoint->open()) fmt::format_to(std::back_inserter(mask), " {}", endpoint->fd());
      std::erase(others, endpoint->fd());
    }
    active += runner->state().phase() == service::Phase::listening;
  }
  t.line(0, "Server table dump:");
  roster_.for_each_server([&](const auto& runner, const auto& session) { ++running, server_block(t, runner, session); });
  t.line(0, "").line(0, "Retry table dump:").line(0, "");
  t.line(0, "Socket mask:{}", mask).line(0, "pfds_last = {}", roster_.served().size());
  t.line(0, "Open descriptors (not in socket mask): {}", fmt::join(others, " ")).line(0, "");
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  t.line(0, "active_services = {}", active).line(0, "available_services = {}", roster_.available());
  t.line(0, "descriptors_free = {}", limit.rlim_cur - open_descriptors().size());
  t.line(0, "running_servers = {}", running).line(0, "Logging service = enabled").line(0, "");
  t.line(0, "max_descriptors = {}", limit.rlim_cur).line(0, "process_limit = {}", options_.process_limit);
  t.line(0, "config_file = {}", options_.config_file).line(0, "").line(0, "END OF DUMP").line(0, "").line(0, "");
  return t.take();
}

}  // namespace xsuperd::supervisor
