// SPDX-License-Identifier: MIT
#pragma once
#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/model.hpp"

/// The words of every enumeration, each in one table: the parser, dumps, diagnostics and the manual read it.
namespace xsuperd::config {

template <typename E>
struct Word {
  std::string_view text;
  E value;
};

/// The words of an enumeration, facts B3.2, B3.3, B3.4, B3.21, B3.22, in the order in which dumps print them (B8.15).
/// Empty: it is none of those that configurations name.
template <typename E>
inline constexpr std::array<Word<E>, 0> word_table{};
template <>
inline constexpr auto word_table<SocketType> = std::to_array<Word<SocketType>>({
    {"stream", SocketType::stream}, {"dgram", SocketType::dgram},
    {"raw", SocketType::raw},       {"seqpacket", SocketType::seqpacket}});
template <>
inline constexpr auto word_table<Type> = std::to_array<Word<Type>>({
    {"RPC", Type::rpc}, {"INTERNAL", Type::internal}, {"TCPMUX", Type::tcpmux},
    {"TCPMUXPLUS", Type::tcpmuxplus}, {"UNLISTED", Type::unlisted}});
template <>
inline constexpr auto word_table<Flag> = std::to_array<Word<Flag>>({
    {"REUSE", Flag::reuse},           {"INTERCEPT", Flag::intercept},
    {"NORETRY", Flag::noretry},       {"IDONLY", Flag::idonly},
    {"NAMEINARGS", Flag::nameinargs}, {"NODELAY", Flag::nodelay},
    {"KEEPALIVE", Flag::keepalive},   {"NOLIBWRAP", Flag::nolibwrap},
    {"SENSOR", Flag::sensor},         {"IPv4", Flag::ipv4},
    {"IPv6", Flag::ipv6},             {"LABELED", Flag::labeled}});
template <>
inline constexpr auto word_table<SuccessOption> = std::to_array<Word<SuccessOption>>({
    {"HOST", SuccessOption::host}, {"DURATION", SuccessOption::duration}, {"EXIT", SuccessOption::exit},
    {"PID", SuccessOption::pid},   {"USERID", SuccessOption::userid},     {"TRAFFIC", SuccessOption::traffic}});
template <>
inline constexpr auto word_table<FailureOption> = std::to_array<Word<FailureOption>>({
    {"HOST", FailureOption::host}, {"ATTEMPT", FailureOption::attempt}, {"USERID", FailureOption::userid}});
template <>
inline constexpr auto word_table<AccessPolicy> = std::to_array<Word<AccessPolicy>>({
    {"refuse_both", AccessPolicy::refuse_both}, {"best_match", AccessPolicy::best_match}});
template <>
inline constexpr auto word_table<ReloadPolicy> = std::to_array<Word<ReloadPolicy>>({
    {"lenient", ReloadPolicy::lenient}, {"strict", ReloadPolicy::strict}});
template <>
inline constexpr auto word_table<RemovedSessions> = std::to_array<Word<RemovedSessions>>({
    {"terminate", RemovedSessions::terminate}, {"keep", RemovedSessions::keep}});
template <>
inline constexpr auto word_table<ClientCertificate> = std::to_array<Word<ClientCertificate>>({
    {"no", ClientCertificate::no}, {"optional", ClientCertificate::optional}, {"required", ClientCertificate::required}});
template <>
inline constexpr auto word_table<ConnEnv> = std::to_array<Word<ConnEnv>>({
    {"xinetd", ConnEnv::xinetd}, {"ucspi", ConnEnv::ucspi}, {"all", ConnEnv::all}});
/// Those that expand knows: none that a client could choose, as its words may be a command.
template <>
inline constexpr auto word_table<Fact> = std::to_array<Word<Fact>>({
    {"remote_addr", Fact::remote_addr},     {"remote_port", Fact::remote_port}, {"local_addr", Fact::local_addr},
    {"local_port", Fact::local_port},       {"remote_host", Fact::remote_host}, {"remote_uid", Fact::remote_uid},
    {"remote_gid", Fact::remote_gid},       {"remote_pid", Fact::remote_pid},
    {"connection_id", Fact::connection_id}, {"service", Fact::service},         {"proxy_addr", Fact::proxy_addr},
    {"proxy_port", Fact::proxy_port}});
template <>
inline constexpr auto word_table<BanCause::Kind> = std::to_array<Word<BanCause::Kind>>({
    {"exit", BanCause::Kind::exit},       {"signal", BanCause::Kind::signal}, {"timeout", BanCause::Kind::timeout},
    {"refused", BanCause::Kind::refused}, {"sensor", BanCause::Kind::sensor}, {"penalty", BanCause::Kind::penalty}});
template <>
inline constexpr auto word_table<RedirectProxy> = std::to_array<Word<RedirectProxy>>({
    {"no", RedirectProxy::no}, {"v1", RedirectProxy::v1}, {"v2", RedirectProxy::v2}});
template <>
inline constexpr auto word_table<TlsHandover> = std::to_array<Word<TlsHandover>>({
    {"relay", TlsHandover::relay}, {"kernel", TlsHandover::kernel}});
template <>
inline constexpr auto word_table<RedirectTls::Kind> = std::to_array<Word<RedirectTls::Kind>>({
    {"no", RedirectTls::Kind::no}, {"yes", RedirectTls::Kind::yes}, {"verify", RedirectTls::Kind::verify}});
template <>
inline constexpr auto word_table<PassFds> = std::to_array<Word<PassFds>>({
    {"none", PassFds::none}, {"systemd", PassFds::systemd}});
template <>
inline constexpr auto word_table<ErrorOutput> = std::to_array<Word<ErrorOutput>>({
    {"client", ErrorOutput::client}, {"log", ErrorOutput::log}, {"discard", ErrorOutput::discard}});

template <>
inline constexpr auto word_table<EventTarget::Kind> = std::to_array<Word<EventTarget::Kind>>({
    {"FILE", EventTarget::Kind::file}, {"STDOUT", EventTarget::Kind::standard_output},
    {"JOURNAL", EventTarget::Kind::journal}, {"NONE", EventTarget::Kind::none}});
template <>
inline constexpr auto word_table<Sandbox> = std::to_array<Word<Sandbox>>({
    {"none", Sandbox::none}, {"basic", Sandbox::basic}, {"strict", Sandbox::strict}});
template <>
inline constexpr auto word_table<CallAction> = std::to_array<Word<CallAction>>({
    {"error", CallAction::error}, {"kill", CallAction::kill}});

template <typename E>
concept HasWords = std::is_enum_v<E> && !word_table<E>.empty();

template <HasWords E>
[[nodiscard]] constexpr std::span<const Word<E>> vocabulary() {
  return word_table<E>;
}

/// Syslog facilities and levels of log_type and -syslog, as numbers of syslog(3) (fact B3.42).
[[nodiscard]] std::span<const Word<int>> syslog_facilities();
[[nodiscard]] std::span<const Word<int>> syslog_levels();

template <typename E>
[[nodiscard]] std::optional<E> find_word(std::span<const Word<E>> words, std::string_view text) {
  for (const Word<E>& word : words)
    if (base::iequals(word.text, text)) return word.value;
  return std::nullopt;
}
template <typename E>
[[nodiscard]] std::string_view word_of(std::span<const Word<E>> words, E value) {
  for (const Word<E>& word : words)
    if (word.value == value) return word.text;
  return "?";
}
template <typename E>
[[nodiscard]] std::vector<std::string_view> texts_of(std::span<const Word<E>> words) {
  std::vector<std::string_view> texts;
  for (const Word<E>& word : words) texts.push_back(word.text);
  return texts;
}
/// The members of a set, in table order.
template <typename E>
[[nodiscard]] std::vector<std::string> words_of(Set<E> set) {
  std::vector<std::string> texts;
  for (const Word<E>& word : vocabulary<E>())
    if (set.has(word.value)) texts.emplace_back(word.text);
  return texts;
}

}  // namespace xsuperd::config
