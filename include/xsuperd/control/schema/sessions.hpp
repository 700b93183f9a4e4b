// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/control/schema/services.hpp"

namespace xsuperd::control {

/// What a session waits for, or does.
struct Stages {
  static constexpr std::string_view arrived = "arrived", running = "running", conversation = "conversation",
                                    name_look_up = "name look-up", banner = "banner", libwrap = "libwrap", ident = "ident",
                                    waits_to_be_started = "waits to be started", starting = "starting", queued = "queued",
                                    tls = "TLS handshake", proxy_header = "proxy header";
  static constexpr std::array all{arrived, running,  conversation, name_look_up, banner, libwrap, ident, waits_to_be_started,
                                  starting, queued, tls, proxy_header};
};

namespace reply {

struct Sessions {
  std::uint64_t sessions = 0;
};
BOOST_DESCRIBE_STRUCT(Sessions, (), (sessions))

/// What was agreed on with a peer.
struct SessionTls {
  std::string version;
  std::string cipher;
  std::optional<std::string> name;
  std::optional<std::string> protocol;
  bool resumed = false;
  std::optional<std::string> subject;
  std::optional<std::string> issuer;
  std::optional<std::string> sha256;
  Maybe<bool> in_kernel;
  static constexpr std::array notes{
      Note{"in_kernel", "the server has the connection itself (tls_handover = kernel)"}, Note{"cipher", "as OpenSSL calls it"}, Note{"name", "that the peer asked for (SNI)"},
      Note{"protocol", "of tls_alpn"}, Note{"resumed", "a session from before went on"},
      Note{"subject", "the common name in the peer's certificate"}, Note{"issuer", "of the peer's certificate; null: it has shown none"}};
};
BOOST_DESCRIBE_STRUCT(SessionTls, (), (version, cipher, name, protocol, resumed, subject, issuer, sha256, in_kernel))

struct Session {
  std::uint64_t session = 0;
  std::string service;
  Word<Stages> stage;
  std::optional<std::string> peer;
  std::uint16_t port = 0;
  std::optional<std::int64_t> pid;
  double age = 0;
  Time started;
  bool retired = false;
  std::optional<std::uint64_t> bytes_in;
  std::optional<std::uint64_t> bytes_out;
  std::optional<double> limit_in;
  std::optional<std::string> proxy;
  std::optional<SessionTls> tls;
  static constexpr std::array notes{
      Note{"session", "its number, unique as long as the daemon runs"}, Note{"age", "in seconds"},
      Note{"retired", "its service has been removed"},
      Note{"bytes_in", "read from the peer so far; null if that is not known, as for a server"},
      Note{"bytes_out", "sent to the peer, or for a relay read from its target"},
      Note{"limit_in", "seconds until runtime_max ends it; null without such a limit"},
      Note{"proxy", "the address of the proxy that speaks for the peer; null if it came by itself"},
      Note{"tls", "null without TLS, and before the handshake is done"}};
};
BOOST_DESCRIBE_STRUCT(Session, (), (session, service, stage, peer, port, pid, age, started, retired, bytes_in, bytes_out, limit_in, proxy, tls))

struct Killed {
  std::int64_t signal = 0;
  std::vector<std::uint64_t> sessions;
  static constexpr std::array notes{Note{"sessions", "those that were signalled"}};
};
BOOST_DESCRIBE_STRUCT(Killed, (), (signal, sessions))

struct Check {
  std::string check;
  std::string outcome;
};
BOOST_DESCRIBE_STRUCT(Check, (), (check, outcome))

struct Explanation {
  std::string id;
  Place place;
  bool admitted = false;
  std::string verdict;
  std::vector<Check> checks;
  std::string text;
  static constexpr std::array notes{Note{"text", "the same for a person, as lines of text"}};
};
BOOST_DESCRIBE_STRUCT(Explanation, (), (id, place, admitted, verdict, checks, text))

struct Explain {
  bool admitted = false;
  std::vector<Explanation> services;
  static constexpr std::array notes{Note{"admitted", "by each of the services"}};
};
BOOST_DESCRIBE_STRUCT(Explain, (), (admitted, services))

}  // namespace reply

namespace request {

struct Kill : Services {
  Maybe<std::uint64_t> session;
  Maybe<UpTo<std::uint64_t, 4096>> sessions;
  Maybe<std::string> peer;
  Maybe<std::string> signal;
  static constexpr std::array notes{Note{"sessions", "several numbers"},
                                    Note{"peer", "an address, or a peer as in explain, instead of sessions and services"},
                                    Note{"signal", "a name or a number; without it TERM"}};
};
BOOST_DESCRIBE_STRUCT(Kill, (Services), (session, sessions, peer, signal))

struct Explain : Services {
  std::string address;
  Maybe<std::string> at;
  Maybe<UpTo<std::uint64_t, 4096>> groups;
  Maybe<std::string> via;
  Maybe<std::string> cert;
  static constexpr std::array notes{
      Note{"address", "of the peer; or a user of UNIX sockets, as unix:uid=1000, or a virtual machine, as vsock:3"},
      Note{"at", "the time of day, as H:MM"},
      Note{"groups", "the numbers of all groups of that user, for only_gid: the daemon looks for none"},
      Note{"via", "the address of a proxy that the peer comes through, for proxy_from"},
      Note{"cert", "a name in the certificate of the peer, or its SHA-256 digest, for only_cert"}};
};
BOOST_DESCRIBE_STRUCT(Explain, (Services), (address, at, groups, via, cert))

}  // namespace request

namespace command {

struct Sessions : Look<request::Services, reply::Sessions, reply::Session> {
  static constexpr std::string_view name = "sessions";
  static constexpr std::string_view text =
      "A row for each session. bytes_in and bytes_out say how much a conversation, for example a relay, had carried when the "
      "command was given. They are null for a server, which moves its bytes itself, for a conversation that has not "
      "begun, and if the worker that holds it does not answer within a second, or is of another version, from before "
      "an upgrade.";
};

struct Explain : Look<request::Explain, reply::Explain> {
  static constexpr std::string_view name = "explain";
  static constexpr std::string_view text = "Whether the peer would be served now by each of the services, and why.";
};

struct Kill : Change<request::Kill, reply::Killed> {
  static constexpr std::string_view name = "kill";
  static constexpr std::string_view text =
      "Sends a signal to the servers of sessions, of services or of a peer. If a session that is named does not "
      "exist, nothing is signalled.";
};

}  // namespace command

using SessionCommands = boost::mp11::mp_list<command::Sessions, command::Explain, command::Kill>;

}  // namespace xsuperd::control
