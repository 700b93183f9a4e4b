// SPDX-License-Identifier: MIT
// What may stand in the members of the state that outlives an upgrade, where their types do not say it. Internal to
// supervisor.
#pragma once
#include <limits>

#include "supervisor/archive.hpp"
#include "supervisor/hand_over.hpp"
#include "xsuperd/worker/protocol.hpp"

namespace xsuperd::supervisor {

constexpr std::size_t most_services = 1u << 20;
constexpr std::size_t most_sessions = 1u << 20;
constexpr std::size_t most_origins = 1u << 16;
constexpr std::size_t most_words = 1u << 20;
constexpr std::size_t longest_path = 4096;
constexpr pid_t greatest_pid = 1 << 22;

inline constexpr Limits a_descriptor{.descriptor = true};
inline constexpr Limits a_path{.most = longest_path};
inline constexpr Limits a_pid{.low = 1, .high = greatest_pid};
inline constexpr Limits at_least_1{.low = 1};

template <> inline constexpr Limits limits<&HandOver::Ban::peer>{.flat = true};
template <> inline constexpr Limits limits<&HandOver::BanText::reason>{.most = 4096};
template <> inline constexpr Limits limits<&HandOver::BanText::origin>{.most = 4096};
template <> inline constexpr Limits limits<&policy::Offenders::Entry::peer>{.flat = true};
template <> inline constexpr Limits limits<&policy::Offences::Entry::cause>{.high = policy::Offences::most_causes - 1};
template <> inline constexpr Limits limits<&policy::Offences::Entry::count>{.flat = true};
template <> inline constexpr Limits limits<&policy::Network::address>{.name = "peer"};
template <> inline constexpr Limits limits<&policy::Network::length>{.high = 128};

template <> inline constexpr Limits limits<&service::StateSnapshot::Place::token> = at_least_1;
template <> inline constexpr Limits limits<&service::StateSnapshot::Place::failures>{.high = service::State::start_tries};
template <> inline constexpr Limits limits<&service::StateSnapshot::source_rates>{.most = policy::SourceRates::most};
template <> inline constexpr Limits limits<&service::StateSnapshot::Waiting::token> = at_least_1;
template <> inline constexpr Limits limits<&service::StateSnapshot::waiting>{.most = most_sessions};
template <> inline constexpr Limits limits<&service::StateSnapshot::source_buckets>{.most = policy::SourceTimes::most};
template <> inline constexpr Limits limits<&service::StateSnapshot::penalties>{.most = policy::SourceTimes::most};
template <> inline constexpr Limits limits<&service::StateSnapshot::offences>{.most = most_sessions};
template <> inline constexpr Limits limits<&service::StateSnapshot::places>{.most = most_sessions};
template <> inline constexpr Limits limits<&service::StateSnapshot::endpoints>{.most = config::most_endpoints};

template <> inline constexpr Limits limits<&service::Counters::last_reason>{.high = policy::reason_count - 1};

template <> inline constexpr Limits limits<&service::InheritedDatagram::bytes>{.most = 65536};
template <> inline constexpr Limits limits<&service::InheritedDatagram::peer>{.most = 256};
template <> inline constexpr Limits limits<&service::InheritedDatagram::control>{.most = 256};
template <> inline constexpr Limits limits<&service::InheritedLinger::socket> = a_descriptor;

template <> inline constexpr Limits limits<&service::InheritedSession::token> = at_least_1;
template <> inline constexpr Limits limits<&service::SessionFacts::pid>{.high = greatest_pid};
template <> inline constexpr Limits limits<&service::SessionFacts::arrival>{.low = std::numeric_limits<std::int64_t>::min()};
template <> inline constexpr Limits limits<&service::SessionFacts::proxy_words>{.most = net::most_proxy_words};
template <> inline constexpr Limits limits<&net::ProxyWord::text>{.most = net::longest_proxy_word};
template <> inline constexpr Limits limits<&service::InheritedSession::socket> = a_descriptor;
template <> inline constexpr Limits limits<&service::InheritedSession::lingers> = a_descriptor;
template <> inline constexpr Limits limits<&service::InheritedSession::pidfd> = a_descriptor;

template <> inline constexpr Limits limits<&service::InheritedErrorStream::token> = at_least_1;
template <> inline constexpr Limits limits<&service::InheritedErrorStream::pid> = a_pid;
template <> inline constexpr Limits limits<&service::InheritedErrorStream::pipe> = a_descriptor;

template <> inline constexpr Limits limits<&service::EndpointFacts::lent>{.most = 4096};
template <> inline constexpr Limits limits<&service::EndpointFacts::trouble>{.most = 4096};
template <> inline constexpr Limits limits<&service::EndpointSockets::listener> = a_descriptor;
template <> inline constexpr Limits limits<&service::EndpointSockets::turned_away> = a_descriptor;
template <> inline constexpr Limits limits<&service::EndpointSockets::left_to_server> = a_descriptor;
template <> inline constexpr Limits limits<&service::EndpointSockets::lookup> = a_descriptor;
template <> inline constexpr Limits limits<&service::EndpointSockets::lookup_ports> = a_descriptor;
template <> inline constexpr Limits limits<&service::ServiceFacts::targets>{.most = worker::most_targets};
template <> inline constexpr Limits limits<&service::InheritedRunner::endpoints>{.most = config::most_endpoints};
template <> inline constexpr Limits limits<&service::InheritedRunner::refused_lately>{.most = 65536};
template <> inline constexpr Limits limits<&service::InheritedRunner::sessions>{.most = most_sessions};
template <> inline constexpr Limits limits<&service::InheritedRunner::error_streams>{.most = most_sessions};
template <> inline constexpr Limits limits<&service::InheritedRunner::carriers>{.most = most_sessions};
template <> inline constexpr Limits limits<&service::InheritedCarrier::token> = at_least_1;

template <> inline constexpr Limits limits<&worker::InheritedWorker::Conversation::token> = at_least_1;
template <> inline constexpr Limits limits<&worker::InheritedWorker::pid> = a_pid;
template <> inline constexpr Limits limits<&worker::InheritedWorker::pidfd> = a_descriptor;
template <> inline constexpr Limits limits<&worker::InheritedWorker::link> = a_descriptor;
template <> inline constexpr Limits limits<&worker::InheritedWorker::drain>{.most = 4096};
template <> inline constexpr Limits limits<&worker::InheritedWorker::conversations>{.most = most_sessions};

template <> inline constexpr Limits limits<&Invocation::binary> = a_path;
template <> inline constexpr Limits limits<&Invocation::config_path>{.name = "config", .most = longest_path};
template <> inline constexpr Limits limits<&Invocation::inetd_files>{.most = 1024};
template <> inline constexpr Limits limits<&Invocation::filelog> = a_path;
template <> inline constexpr Limits limits<&Invocation::pidfile> = a_path;
template <> inline constexpr Limits limits<&Invocation::control> = a_path;
template <> inline constexpr Limits limits<&Invocation::standard_output> = a_descriptor;

template <> inline constexpr Limits limits<&HandOver::Daemon::pid> = a_pid;
template <> inline constexpr Limits limits<&HandOver::Daemon::program_version>{.name = "version", .most = 256};
template <> inline constexpr Limits limits<&HandOver::Daemon::umask>{.high = 0777};
template <> inline constexpr Limits limits<&HandOver::Daemon::priority>{.low = -20, .high = 19};
template <> inline constexpr Limits limits<&HandOver::Daemon::control> = a_descriptor;

template <> inline constexpr Limits limits<&HandOver::Origin::attribute>{.most = 64};
template <> inline constexpr Limits limits<&HandOver::Origin::file> = a_path;
template <> inline constexpr Limits limits<&HandOver::Service::file> = a_path;
template <> inline constexpr Limits limits<&HandOver::Service::origins>{.most = most_origins};
template <> inline constexpr Limits limits<&HandOver::Service::server_args>{.most = most_words};
template <> inline constexpr Limits limits<&HandOver::Service::argv>{.most = most_words};
template <> inline constexpr Limits limits<&HandOver::Service::places>{.most = config::most_endpoints};
template <> inline constexpr Limits limits<&HandOver::Service::files>{.most = most_words};
template <> inline constexpr Limits limits<&HandOver::Service::File::path> = a_path;
template <> inline constexpr Limits limits<&tls::InheritedTickets::current>{.most = 2 * tls::ticket_key_size};
template <> inline constexpr Limits limits<&tls::InheritedTickets::previous>{.most = 2 * tls::ticket_key_size};
template <> inline constexpr Limits limits<&tls::Certificate::names>{.most = tls::most_names};
template <> inline constexpr Limits limits<&HandOver::Absent::file> = a_path;
template <> inline constexpr Limits limits<&HandOver::Runner::service>{.high = most_services};
template <> inline constexpr Limits limits<&HandOver::ActivatedSocket::name>{.most = 4096};
template <> inline constexpr Limits limits<&HandOver::ActivatedSocket::socket> = a_descriptor;
template <> inline constexpr Limits limits<&HandOver::Leftover::pidfd> = a_descriptor;
template <> inline constexpr Limits limits<&spawn::InheritedBox::keeper> = a_descriptor;
template <> inline constexpr Limits limits<&spawn::InheritedBox::group> = a_descriptor;
template <> inline constexpr Limits limits<&spawn::InheritedBox::group_path> = a_path;
template <> inline constexpr Limits limits<&LoadRecord::outcome>{.most = 64};
template <> inline constexpr Limits limits<&LoadRecord::findings>{.most = LoadRecord::most_findings};
template <> inline constexpr Limits limits<&LoadRecord::unguarded>{.most = LoadRecord::most_unguarded};

template <> inline constexpr Limits limits<&HandOver::default_origins>{.most = most_origins};
template <> inline constexpr Limits limits<&HandOver::standings>{.most = most_services};
template <> inline constexpr Limits limits<&HandOver::services>{.most = most_services};
template <> inline constexpr Limits limits<&HandOver::configured>{.high = most_services};
template <> inline constexpr Limits limits<&HandOver::absent>{.most = most_services};
template <> inline constexpr Limits limits<&HandOver::runners>{.most = most_services};
template <> inline constexpr Limits limits<&HandOver::bans>{.most = std::size_t{1} << 24};
/// No line of it is longer: a prefix of 56 bytes, two times in nanoseconds, three numbers, and what separates them.
constexpr std::size_t longest_packed_ban = 56 + 2 * 19 + 2 * 10 + 1 + 6;
constexpr std::size_t longest_ban_table = std::size_t{1} << 30;
static_assert(config::greatest_ban_limit * longest_packed_ban < longest_ban_table);
template <> inline constexpr Limits limits<&HandOver::ban_table>{.most = longest_ban_table};
template <> inline constexpr Limits limits<&HandOver::ban_texts>{.most = std::size_t{1} << 24};
template <> inline constexpr Limits limits<&HandOver::offenders>{.most = policy::Offenders::most};
template <> inline constexpr Limits limits<&HandOver::chargen_line>{.high = 94};
template <> inline constexpr Limits limits<&HandOver::workers>{.most = 4096};
template <> inline constexpr Limits limits<&HandOver::tls_workers>{.most = 4096};
template <> inline constexpr Limits limits<&HandOver::handed>{.most = 65536};
template <> inline constexpr Limits limits<&HandOver::tallies>{.most = 4096};
template <> inline constexpr Limits limits<&HandOver::Tally::of>{.most = 64};
template <> inline constexpr Limits limits<&HandOver::Tally::word>{.most = 256};
template <> inline constexpr Limits limits<&HandOver::leftovers>{.most = 4096};
template <> inline constexpr Limits limits<&HandOver::boxes>{.most = 65536};
template <> inline constexpr Limits limits<&HandOver::lingering>{.most = 65536};
template <> inline constexpr Limits limits<&HandOver::clock>{.most = 64};

}  // namespace xsuperd::supervisor
