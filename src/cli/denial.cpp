// SPDX-License-Identifier: MIT
#include "cli/denial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "xsuperd/base/text.hpp"

namespace xsuperd::cli {

namespace {

using config::Confinement;
using Kind = Denial::Kind;

bool same(const Denial& a, const Denial& b) {
  return a.kind == b.kind && a.subject == b.subject && a.error == b.error && (a.kind == Kind::path || a.call == b.call);
}

std::string times_text(std::uint64_t times) { return times == 1 ? "" : fmt::format(" ({} times)", times); }

bool lies_in(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string in_any(std::string_view path, const std::vector<std::string>& directories) {
  const auto found = std::ranges::find_if(directories, [&](const std::string& one) { return lies_in(path, one); });
  return found == directories.end() ? "" : *found;
}

std::string_view word_of(config::SystemCalls::Base base) {
  using Base = config::SystemCalls::Base;
  return base == Base::strict ? "@strict" : base == Base::service ? "@service" : "all";
}

std::string calls_line(config::SystemCalls::Base base, const std::vector<std::string>& denied) {
  std::string line = fmt::format("system_calls = {}", word_of(base));
  for (const std::string& name : denied) line += " ~" + name;
  return line;
}

std::string hint_of_call(const Denial& denial, const Confinement& c) {
  using Base = config::SystemCalls::Base;
  std::vector<std::string> denied = c.calls.denied;
  if (std::erase(denied, denial.call) > 0) return calls_line(c.calls.base, denied);
  if (c.calls.base == Base::strict && denial.service_lets) return calls_line(Base::service, denied);
  if (c.calls.base == Base::all && !c.connect.any) return "tcp_connect = any";
  return calls_line(Base::all, denied);
}

std::string host_text(const Denial& denial) {
  if (!denial.on_host) return {};
  return denial.at_least == denial.subject ? " (the host has it)" : fmt::format(" (the host has {})", base::escaped(denial.at_least));
}

/// A word of the configuration has neither blanks nor control characters.
bool fits_in_line(std::string_view path) {
  return !path.empty() && std::ranges::all_of(path, [](char c) { return c > ' ' && c != '\x7f'; });
}

std::string hint_of_hidden(const Denial& denial, const config::BoxSettings& box) {
  using Root = config::BoxSettings::Root;
  const std::string& path = denial.subject;
  if (box.tmp && (lies_in(path, "/tmp") || lies_in(path, "/var/tmp"))) return "private_tmp = no";
  if (box.devices && lies_in(path, "/dev")) return "private_devices = no";
  if (lies_in(path, "/proc") || box.root != Root::programs || !fits_in_line(denial.at_least)) return {};
  return fmt::format("{} += {}", denial.writes ? "read_write_paths" : "read_only_paths", denial.at_least);
}

std::string capability_line(int number) {
  const auto names = config::capability_names();
  return number < 0 || static_cast<std::size_t>(number) >= names.size() ? "" : fmt::format("capabilities += {}", names[static_cast<std::size_t>(number)]);
}

bool has(const Denied& who, int capability) { return who.user == 0 && (who.confinement.capabilities.allowed() >> capability & 1) != 0; }

std::string hint_of_path(const Denial& denial, const Denied& who) {
  constexpr int dac_override = 1;
  const config::BoxSettings& box = who.confinement.box;
  if (const std::string directory = in_any(denial.subject, box.inaccessible); !directory.empty()) return fmt::format("inaccessible_paths -= {}", directory);
  if (denial.error == ENOENT) return hint_of_hidden(denial, box);
  if (denial.error == EROFS && box.has_mounts() && fits_in_line(denial.at_least)) return fmt::format("read_write_paths += {}", denial.at_least);
  if (denial.capability >= 0 && denial.error == EPERM && !has(who, denial.capability)) return capability_line(denial.capability);
  if (denial.error == EACCES && who.user == 0 && !has(who, dac_override)) return capability_line(dac_override);
  return {};
}

std::string hint_of_connect(const Denial& denial, const Confinement& c) {
  if (denial.error == EACCES && !c.connect.any && denial.port != 0) {
    std::vector<std::uint16_t> ports = c.connect.ports;
    if (std::ranges::find(ports, denial.port) != ports.end()) return {};
    ports.insert(std::ranges::upper_bound(ports, denial.port), denial.port);
    return fmt::format("tcp_connect = {}", fmt::join(ports, " "));
  }
  return c.box.network && denial.error != EACCES ? "private_network = no" : "";
}

std::string mounts_text(const config::BoxSettings& box) {
  using Root = config::BoxSettings::Root;
  std::string text;
  if (box.root == Root::programs) text += "sees the host's programs only; ";
  if (box.root == Root::directory) text += fmt::format("has {} for /; ", box.directory);
  const std::pair<const char*, const std::vector<std::string>&> lists[]{
      {"reads only", box.read_only}, {"may write", box.read_write}, {"cannot reach", box.inaccessible}};
  for (const auto& [words, paths] : lists)
    if (!paths.empty()) text += fmt::format("{} {}; ", words, base::join(paths));
  return text;
}

std::string own_text(const config::BoxSettings& box) {
  const std::pair<const char*, bool> things[]{{"user id", box.own_user}, {"/tmp", box.tmp}, {"/dev", box.devices}, {"network", box.network},
                                              {"processes", box.pids}, {"IPC objects", box.ipc}};
  std::vector<std::string> own;
  for (const auto& [name, given] : things)
    if (given) own.emplace_back(name);
  return own.empty() ? "" : fmt::format("has its own {}; ", base::join(own, ", "));
}

std::string rights_text(const Confinement& c) {
  if (c.capabilities.is_all()) return c.no_new_privileges ? "no new privileges; " : "";
  if (c.capabilities.allowed() == 0) return "no capabilities; ";
  std::vector<std::string> names;
  for (std::size_t i = 0; i < config::capability_names().size(); ++i)
    if ((c.capabilities.bits >> i & 1) != 0) names.emplace_back(config::capability_names()[i]);
  return fmt::format("capabilities {}{}; ", c.capabilities.except ? "all but " : "", base::join(names));
}

}  // namespace

void DenialList::add(Denial denial) {
  const auto found = std::ranges::find_if(all_, [&](const Denial& one) { return same(one, denial); });
  if (found != all_.end()) {
    found->times += denial.times;
    found->writes = found->writes || denial.writes;
  } else if (all_.size() < most) {
    all_.push_back(std::move(denial));
  } else {
    left_out_ += denial.times;
  }
}

std::string denial_text(const Denial& denial) {
  const std::string subject = base::escaped(denial.subject);
  const std::string times = times_text(denial.times);
  const std::string reason = std::generic_category().message(denial.error);
  switch (denial.kind) {
    case Kind::call:
      return fmt::format("denied: {}{}{}{}{}", denial.call, subject.empty() ? "" : ", ", subject, denial.kills ? ", which ended the process" : "", times);
    case Kind::path:
      return fmt::format("path: {}: {}: {}{}{}", subject, denial.call, reason, denial.error == ENOENT ? host_text(denial) : "", times);
    case Kind::connect:
      return fmt::format("connect: {}: {}{}", subject, reason, times);
    case Kind::right:
      return fmt::format("right: {}{}{}: {}{}", denial.call, subject.empty() ? "" : " ", subject, reason, times);
  }
  return {};
}

std::string hint(const Denial& denial, const Denied& who) {
  switch (denial.kind) {
    case Kind::call: return hint_of_call(denial, who.confinement);
    case Kind::path: return hint_of_path(denial, who);
    case Kind::connect: return hint_of_connect(denial, who.confinement);
    case Kind::right: return has(who, denial.capability) ? "" : capability_line(denial.capability);
  }
  return {};
}

std::string confinement_text(const Confinement& c) {
  std::string text = mounts_text(c.box) + own_text(c.box);
  if (!c.calls.is_all()) text += calls_line(c.calls.base, c.calls.denied) + (c.action == config::CallAction::kill ? ", killed otherwise; " : "; ");
  if (!c.connect.any) text += fmt::format("TCP connections to {} only; ", c.connect.ports.empty() ? "no port" : fmt::format("{}", fmt::join(c.connect.ports, " ")));
  text += rights_text(c);
  if (c.user_namespace) text += "a user namespace; ";
  if (text.empty()) return "not confined";
  text.resize(text.size() - 2);
  return text;
}

}  // namespace xsuperd::cli
