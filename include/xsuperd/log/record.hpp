// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/described.hpp"

/// What an event log tells: records, each a kind of event with named fields, complete whatever a service logs otherwise.
/// The members of each kind are its fields, under their own names, in this order. This is the one list of them: the lines
/// of JSON, the fields of the journal, docs/schema/event.json and xsuperd.log(5) are made from it. Values, as all events;
/// what takes time to format (addresses, times, places) stays raw until the writer thread has it.
namespace xsuperd::log::record {

/// The version of these fields. It grows when one changes its meaning or goes; new kinds and new fields leave it as it is.
inline constexpr int schema = 1;

/// A text that may be absent: then it is empty.
struct Words {
  Words() = default;
  explicit constexpr Words(std::string_view words) : text(words) {}
  explicit operator std::string_view() const { return text; }
  std::string_view text;
};

/// A line of the configuration, "FILE:LINE"; absent when `line` is 0.
struct Rule {
  std::string_view file;
  std::uint32_t line = 0;
};

using Seconds = std::chrono::duration<std::int64_t, std::micro>;  ///< written as seconds with six digits behind the point
template <typename T>
using Maybe = std::optional<T>;

struct Start {
  static constexpr std::string_view word = "start";
  static constexpr std::string_view text = "A server has been started, or a conversation begun that the daemon holds itself.";
  std::string_view service{};
  std::string_view id{};
  Maybe<std::uint64_t> connection_id{};
  Maybe<base::Address> peer{};
  Maybe<std::uint16_t> port{};
  Maybe<base::Address> local{};
  Maybe<std::uint16_t> local_port{};
  Maybe<base::Address> proxy{};
  Words tls{};
  Words tls_name{};
  Words certificate{};
  Maybe<pid_t> pid{};
  Words box{};
};
BOOST_DESCRIBE_STRUCT(Start, (), (service, id, connection_id, peer, port, local, local_port, proxy, tls, tls_name, certificate,
                                  pid, box))

struct Exit {
  static constexpr std::string_view word = "exit";
  static constexpr std::string_view text = "What has been started has ended.";
  std::string_view service{};
  std::string_view id{};
  Maybe<std::uint64_t> connection_id{};
  Maybe<base::Address> peer{};
  Maybe<std::uint16_t> port{};
  Maybe<base::Address> local{};
  Maybe<std::uint16_t> local_port{};
  Maybe<base::Address> proxy{};
  Words tls{};
  Words tls_name{};
  Words certificate{};
  Maybe<pid_t> pid{};
  Words box{};
  Maybe<int> status{};
  Maybe<int> signal{};
  Seconds duration{};
  Maybe<Seconds> cpu_user{};
  Maybe<Seconds> cpu_system{};
  Maybe<std::uint64_t> maxrss{};
  Maybe<std::uint64_t> bytes_in{};
  Maybe<std::uint64_t> bytes_out{};
};
BOOST_DESCRIBE_STRUCT(Exit, (), (service, id, connection_id, peer, port, local, local_port, proxy, tls, tls_name, certificate,
                                 pid, box, status, signal, duration, cpu_user, cpu_system, maxrss, bytes_in, bytes_out))

struct Refuse {
  static constexpr std::string_view word = "refuse";
  static constexpr std::string_view text = "A request has been refused.";
  std::string_view service{};
  std::string_view id{};
  Maybe<std::uint64_t> connection_id{};
  Maybe<base::Address> peer{};
  Maybe<std::uint16_t> port{};
  Maybe<base::Address> local{};
  Maybe<std::uint16_t> local_port{};
  Maybe<base::Address> proxy{};
  std::string_view reason{};
  Rule rule{};
};
BOOST_DESCRIBE_STRUCT(Refuse, (), (service, id, connection_id, peer, port, local, local_port, proxy, reason, rule))

struct Limit {
  static constexpr std::string_view word = "limit";
  static constexpr std::string_view text = "A running session has met a limit, which may end it.";
  std::string_view service{};
  std::string_view id{};
  Maybe<std::uint64_t> connection_id{};
  Maybe<base::Address> peer{};
  Maybe<std::uint16_t> port{};
  Maybe<pid_t> pid{};
  std::string_view limit{};
  Rule rule{};
};
BOOST_DESCRIBE_STRUCT(Limit, (), (service, id, connection_id, peer, port, pid, limit, rule))

struct Ban {
  static constexpr std::string_view word = "ban";
  static constexpr std::string_view text = "A peer has done what ban_on names, touched a sensor, or an administrator has named "
                                           "a network: it is kept out of all services.";
  Words service{};
  Words id{};
  Maybe<base::Address> peer{};
  Maybe<std::uint16_t> port{};
  std::string_view network{};
  Maybe<int> minutes{};
  Rule rule{};
  Words reason{};
};
BOOST_DESCRIBE_STRUCT(Ban, (), (service, id, peer, port, network, minutes, rule, reason))

struct Open {
  static constexpr std::string_view word = "open";
  static constexpr std::string_view text = "A socket of a service has been opened.";
  std::string_view service{};
  std::string_view id{};
  Maybe<base::Address> local{};
  Maybe<std::uint16_t> local_port{};
  Words path{};
};
BOOST_DESCRIBE_STRUCT(Open, (), (service, id, local, local_port, path))

struct Lost {
  static constexpr std::string_view word = "lost";
  static constexpr std::string_view text = "A socket of a service cannot be opened, or cannot be used any more; it is tried again.";
  std::string_view service{};
  std::string_view id{};
  Maybe<base::Address> local{};
  Maybe<std::uint16_t> local_port{};
  Words path{};
  std::string_view reason{};
};
BOOST_DESCRIBE_STRUCT(Lost, (), (service, id, local, local_port, path, reason))

struct Reload {
  static constexpr std::string_view word = "reload";
  static constexpr std::string_view text = "The configuration has been read again, and come into force or not.";
  std::string_view outcome{};
  Words reason{};
  std::uint64_t started = 0;
  std::uint64_t changed = 0;
  std::uint64_t stopped = 0;
  std::uint64_t errors = 0;
  std::uint64_t warnings = 0;
};
BOOST_DESCRIBE_STRUCT(Reload, (), (outcome, reason, started, changed, stopped, errors, warnings))

struct Upgrade {
  static constexpr std::string_view word = "upgrade";
  static constexpr std::string_view text = "Another image of the daemon has taken over, or was refused.";
  std::string_view outcome{};
  Words reason{};
  std::string_view version{};
  Words before{};
};
BOOST_DESCRIBE_STRUCT(Upgrade, (), (outcome, reason, version, before))

/// What an output says of itself, in the place where others are missing.
struct Gap {
  static constexpr std::string_view word = "gap";
  static constexpr std::string_view text = "Records, or lines, are missing here.";
  std::uint64_t lost = 0;
  std::string_view reason{};
};
BOOST_DESCRIBE_STRUCT(Gap, (), (lost, reason))

/// What is said about a field, for the schema and the manual.
struct Field {
  std::string_view name;
  std::string_view text;
};
inline constexpr std::array fields = std::to_array<Field>({
    {"service", "The name of the service."},
    {"id", "The id of the service."},
    {"connection_id", "A number that belongs to this request alone as long as the daemon lives, upgrades included; the same as "
                      "in conn_env and in 'xsuperctl sessions'."},
    {"peer", "The address of the peer; a process behind a UNIX socket or a virtual machine as in 'xsuperctl ban'."},
    {"port", "The port of the peer."},
    {"local", "The address that the peer has reached, or that the socket has."},
    {"local_port", "The port of that."},
    {"proxy", "The address of the proxy that speaks for the peer; peer and local are what it says."},
    {"tls", "The version of TLS that was agreed on; absent without TLS, as the next two."},
    {"tls_name", "The name that the peer has asked for (SNI)."},
    {"certificate", "The common name in the certificate of the peer."},
    {"path", "The path of the socket, or what else stands in listen."},
    {"pid", "The process id of the server."},
    {"box", "The server runs in a box whose files are those of the host, of programs alone, or of a directory."},
    {"status", "The exit status."},
    {"signal", "The number of the signal that has ended it."},
    {"duration", "Seconds from start to end."},
    {"cpu_user", "Seconds of processor time in the program, children included that it has waited for."},
    {"cpu_system", "Seconds of processor time in the system for it, likewise."},
    {"maxrss", "The most memory that one of these processes has had, in bytes."},
    {"bytes_in", "Bytes from the peer, where the daemon has carried them itself."},
    {"bytes_out", "Bytes to the peer, likewise."},
    {"reason", "Why: of a refused request a word of the list above; else a sentence."},
    {"limit", "The attribute whose limit was met."},
    {"rule", "FILE:LINE of what has decided: the element of an access list, or the attribute; absent when nobody has written it."},
    {"network", "What is banned: an address, or a network."},
    {"minutes", "For how long; absent: forever."},
    {"outcome", "applied or refused of a reload, done or refused of an upgrade."},
    {"started", "How many services are new."},
    {"changed", "How many services have changed."},
    {"stopped", "How many services are gone."},
    {"errors", "How many errors the files have."},
    {"warnings", "How many warnings."},
    {"version", "The version of the daemon that runs now."},
    {"before", "The version that ran before."},
    {"lost", "How many."},
});

}  // namespace xsuperd::log::record
