// SPDX-License-Identifier: MIT
#include "xsuperd/config/vocabulary.hpp"

#include <syslog.h>

namespace xsuperd::config {

namespace {
constexpr Word<SocketType> socket_types[]{{"stream", SocketType::stream},
                                          {"dgram", SocketType::dgram},
                                          {"raw", SocketType::raw},
                                          {"seqpacket", SocketType::seqpacket}};
constexpr Word<Type> types[]{{"RPC", Type::rpc},
                             {"INTERNAL", Type::internal},
                             {"TCPMUX", Type::tcpmux},
                             {"TCPMUXPLUS", Type::tcpmuxplus},
                             {"UNLISTED", Type::unlisted}};
constexpr Word<Flag> flags[]{{"REUSE", Flag::reuse},           {"INTERCEPT", Flag::intercept},
                             {"NORETRY", Flag::noretry},       {"IDONLY", Flag::idonly},
                             {"NAMEINARGS", Flag::nameinargs}, {"NODELAY", Flag::nodelay},
                             {"KEEPALIVE", Flag::keepalive},   {"NOLIBWRAP", Flag::nolibwrap},
                             {"SENSOR", Flag::sensor},         {"IPv4", Flag::ipv4},
                             {"IPv6", Flag::ipv6},             {"LABELED", Flag::labeled}};
constexpr Word<SuccessOption> success_options[]{
    {"HOST", SuccessOption::host}, {"DURATION", SuccessOption::duration}, {"EXIT", SuccessOption::exit},
    {"PID", SuccessOption::pid},   {"USERID", SuccessOption::userid},     {"TRAFFIC", SuccessOption::traffic}};
constexpr Word<FailureOption> failure_options[]{
    {"HOST", FailureOption::host}, {"ATTEMPT", FailureOption::attempt}, {"USERID", FailureOption::userid}};
constexpr Word<AccessPolicy> access_policies[]{{"refuse_both", AccessPolicy::refuse_both},
                                               {"best_match", AccessPolicy::best_match}};
constexpr Word<ReloadPolicy> reload_policies[]{{"lenient", ReloadPolicy::lenient}, {"strict", ReloadPolicy::strict}};
constexpr Word<RemovedSessions> removed_sessions[]{{"terminate", RemovedSessions::terminate},
                                                   {"keep", RemovedSessions::keep}};
constexpr Word<PassFds> pass_fds[]{{"none", PassFds::none}, {"systemd", PassFds::systemd}};
constexpr Word<int> facilities[]{
    {"daemon", LOG_DAEMON}, {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"user", LOG_USER},
    {"mail", LOG_MAIL},     {"lpr", LOG_LPR},       {"news", LOG_NEWS},         {"uucp", LOG_UUCP},
    {"ftp", LOG_FTP},       {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},     {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},     {"local6", LOG_LOCAL6},
    {"local7", LOG_LOCAL7}};
constexpr Word<int> levels[]{{"emerg", LOG_EMERG},     {"alert", LOG_ALERT},   {"crit", LOG_CRIT}, {"err", LOG_ERR},
                             {"warning", LOG_WARNING}, {"notice", LOG_NOTICE}, {"info", LOG_INFO}, {"debug", LOG_DEBUG}};
}  // namespace

template <>
std::span<const Word<SocketType>> vocabulary() {
  return socket_types;
}
template <>
std::span<const Word<Type>> vocabulary() {
  return types;
}
template <>
std::span<const Word<Flag>> vocabulary() {
  return flags;
}
template <>
std::span<const Word<SuccessOption>> vocabulary() {
  return success_options;
}
template <>
std::span<const Word<FailureOption>> vocabulary() {
  return failure_options;
}
template <>
std::span<const Word<AccessPolicy>> vocabulary() {
  return access_policies;
}
template <>
std::span<const Word<ReloadPolicy>> vocabulary() {
  return reload_policies;
}
template <>
std::span<const Word<PassFds>> vocabulary() {
  return pass_fds;
}
template <>
std::span<const Word<RemovedSessions>> vocabulary() {
  return removed_sessions;
}
std::span<const Word<int>> syslog_facilities() { return facilities; }
std::span<const Word<int>> syslog_levels() { return levels; }

}  // namespace xsuperd::config
