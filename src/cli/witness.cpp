// SPDX-License-Identifier: MIT
#include "cli/witness.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "cli/memory_of.hpp"

namespace xsuperd::cli {

namespace {

using Use = PathArgument::Use;
using Kind = Denial::Kind;

enum class Answer : std::uint8_t { lets, fails, kills };

/// Numbers of other architectures mean other calls.
bool is_native([[maybe_unused]] std::uint32_t architecture) {
#if defined(__x86_64__)
  return architecture == AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
  return architecture == AUDIT_ARCH_AARCH64;
#else
  return true;
#endif
}

/// ENOSYS is for what programs do without, not for what they are denied.
Answer answer_of(const std::shared_ptr<const box::FilterProgram>& filter, const seccomp_data& call) {
  const std::uint32_t answer = filter ? box::filter_answer(*filter, call).value_or(SECCOMP_RET_ALLOW) : SECCOMP_RET_ALLOW;
  const std::uint32_t action = answer & SECCOMP_RET_ACTION_FULL;
  if (action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_KILL_THREAD) return Answer::kills;
  return action == SECCOMP_RET_ERRNO && (answer & SECCOMP_RET_DATA) == EPERM ? Answer::fails : Answer::lets;
}

std::string detail_of(const std::string& name, const seccomp_data& call) {
  if (name == "socket" || name == "socketpair") return fmt::format("family {}, protocol {}", static_cast<int>(call.args[0]), static_cast<int>(call.args[2]));
  if (name == "ioctl") return fmt::format("request {:#x}", static_cast<std::uint32_t>(call.args[1]));
  return {};
}

int number_at(const seccomp_data& call, int argument) { return static_cast<int>(call.args[argument]); }

bool writes(const seccomp_data& call, const PathArgument& row) {
  switch (row.use) {
    case Use::reads: return false;
    case Use::writes:
    case Use::makes:
    case Use::removes: return true;
    case Use::opens: return (number_at(call, row.path + 1) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0;
    case Use::asks: return (number_at(call, row.path + 1) & W_OK) != 0;
  }
  return false;
}

bool makes(const seccomp_data& call, const PathArgument& row) {
  return row.use == Use::makes || (row.use == Use::opens && (number_at(call, row.path + 1) & O_CREAT) != 0);
}

std::string parent_of(const std::string& path) { return path.substr(0, std::max<std::size_t>(path.rfind('/') == path.npos ? 0 : path.rfind('/'), 1)); }

/// Processes are others there than here.
bool names_process(std::string_view path) {
  constexpr std::string_view proc = "/proc/";
  return path.starts_with(proc) && (path.substr(proc.size()).starts_with("self") || path.substr(proc.size()).starts_with("thread-self") ||
                                    (path.size() > proc.size() && path[proc.size()] >= '0' && path[proc.size()] <= '9'));
}

template <typename Socket>
bool copied(std::string_view bytes, Socket& to) {
  if (bytes.size() < sizeof to) return false;
  std::memcpy(&to, bytes.data(), sizeof to);
  return true;
}

Destination local_destination(std::string_view bytes) {
  bytes.remove_prefix(std::min(bytes.size(), offsetof(sockaddr_un, sun_path)));
  if (bytes.empty()) return {};
  if (bytes.front() == '\0') return {Destination::Kind::abstract, "@" + std::string(bytes.substr(1)), 0};
  return {Destination::Kind::path, std::string(bytes.substr(0, bytes.find('\0'))), 0};
}

/// Which arguments of a call are a sockaddr and its size.
std::optional<std::pair<int, int>> address_arguments([[maybe_unused]] int number) {
#ifdef SYS_connect
  if (number == SYS_connect) return std::pair(1, 2);
  if (number == SYS_sendto) return std::pair(4, 5);
#endif
  return std::nullopt;
}

std::string subject_of(const PrivilegedCall& row, [[maybe_unused]] const TracedCall& call) {
#ifdef SYS_bind
  if (row.number == SYS_bind)
    return destination_of(bytes_at(call.thread, call.facts.args[1], std::min<std::uint64_t>(call.facts.args[2], sizeof(sockaddr_un)))).text;
  if (row.number == SYS_socket) return detail_of("socket", call.facts);
#endif
  return {};
}

}  // namespace

Destination destination_of(std::string_view bytes) {
  sa_family_t family = AF_UNSPEC;
  if (!copied(bytes, family)) return {};
  char text[INET6_ADDRSTRLEN] = {};
  sockaddr_in four{};
  sockaddr_in6 six{};
  if (family == AF_INET && copied(bytes, four) && ::inet_ntop(AF_INET, &four.sin_addr, text, sizeof text))
    return {Destination::Kind::ip, fmt::format("{} port {}", text, ntohs(four.sin_port)), ntohs(four.sin_port)};
  if (family == AF_INET6 && copied(bytes, six) && ::inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text))
    return {Destination::Kind::ip, fmt::format("[{}] port {}", text, ntohs(six.sin6_port)), ntohs(six.sin6_port)};
  return family == AF_UNIX ? local_destination(bytes) : Destination{};
}

void Witness::begins(const TracedCall& call) {
  refused_.erase(call.thread);
  const Answer answer = answer_of(filters_.own, call.facts);
  if (answer == Answer::lets) return;
  refused_.insert(call.thread);
  Denial denial{.kind = Kind::call, .call = box::call_name(call.facts.arch, call.facts.nr), .error = EPERM};
  denial.subject = detail_of(denial.call, call.facts);
  denial.kills = answer == Answer::kills;
  denial.service_lets = filters_.service && answer_of(filters_.service, call.facts) == Answer::lets;
  denials_.add(std::move(denial));
}

void Witness::failed(const TracedCall& call, int error) {
  if (refused_.erase(call.thread) > 0 || !is_native(call.facts.arch) || failed_to_connect(call, error)) return;
  bool has_path = false;
  for (const PathArgument& row : path_arguments())
    if (row.number == call.facts.nr) {
      has_path = true;
      failed_on_path(call, row, error);
    }
  if (has_path || (error != EPERM && error != EACCES)) return;
  for (const PrivilegedCall& row : privileged_calls())
    if (row.number == call.facts.nr)
      denials_.add({.kind = Kind::right, .call = std::string(row.name), .subject = subject_of(row, call), .error = error, .capability = row.capability});
}

void Witness::failed_on_path(const TracedCall& call, const PathArgument& row, int error) {
  if (error != EACCES && error != EPERM && error != EROFS && !(error == ENOENT && box_.has_mounts())) return;
  const std::string path = text_at(call.thread, call.facts.args[row.path]);
  const int directory = row.directory < 0 ? AT_FDCWD : number_at(call.facts, row.directory);
  if (path.empty()) return;
  Denial denial{.kind = Kind::path, .call = std::string(row.name), .subject = absolute_in(call.thread, directory, path), .error = error};
  denial.writes = writes(call.facts, row);
  denial.capability = row.capability;
  denial.at_least = found_part(denial.subject);
  denial.on_host = denial.at_least == denial.subject;
  // What is to be made is not there yet; its directory is.
  if (makes(call.facts, row) && denial.at_least == parent_of(denial.subject)) denial.on_host = true;
  if (row.use == Use::makes || row.use == Use::removes) denial.at_least = found_part(parent_of(denial.subject));
  if (error == ENOENT && (!denial.on_host || names_process(denial.subject))) return;
  denials_.add(std::move(denial));
}

bool Witness::failed_to_connect(const TracedCall& call, int error) {
  const auto arguments = address_arguments(call.facts.nr);
  if (!arguments) return false;
  const std::uint64_t size = std::min<std::uint64_t>(call.facts.args[arguments->second], sizeof(sockaddr_un));
  const Destination to = destination_of(bytes_at(call.thread, call.facts.args[arguments->first], size));
  const bool apart = box_.network && (error == ENETUNREACH || error == EHOSTUNREACH || error == EADDRNOTAVAIL || error == ECONNREFUSED);
  if (to.kind == Destination::Kind::path) {
    if (error != EACCES && error != EPERM && !(error == ENOENT && box_.has_mounts())) return true;
    Denial denial{.kind = Kind::path, .call = "connect", .subject = absolute_in(call.thread, AT_FDCWD, to.text), .error = error};
    denial.at_least = found_part(denial.subject);
    denial.on_host = denial.at_least == denial.subject;
    if (error != ENOENT || denial.on_host) denials_.add(std::move(denial));
  } else if (to.kind != Destination::Kind::other && (apart || error == EACCES || error == EPERM)) {
    denials_.add({.kind = Kind::connect, .call = "connect", .subject = to.text, .error = error, .port = to.port});
  }
  return true;
}

}  // namespace xsuperd::cli
