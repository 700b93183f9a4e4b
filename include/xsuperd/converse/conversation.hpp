// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/address.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/net/proxy_words.hpp"
#include "xsuperd/tls/engine.hpp"

namespace boost::asio {
class io_context;
}

/// The conversations that we hold ourselves, over connected stream sockets and, for `lines`, pipes. Only the worker process includes
/// this layer: no byte that a peer sent is read by the daemon (design, "why a worker").
namespace xsuperd::converse {

enum class Kind : std::uint8_t {
  echo,     ///< RFC 862
  discard,  ///< RFC 863
  chargen,  ///< RFC 864, xinetd's 93 characters (facts B9.9, B9.23)
  daytime,  ///< RFC 867 (fact B9.21)
  time,     ///< RFC 868 (fact B9.22)
  text,     ///< sends `texts[0]` and closes: the services `servers` and `services` (facts B9.4, B9.5)
  xadmin,   ///< commands; `texts` are the answers to show run and show avail (fact B9.6)
  relay,    ///< redirect: connects to one of `targets`, or has `target`, and passes bytes both ways (facts B10)
  tcpmux,   ///< reads the request line of RFC 1078 and gives the connection back (decision B15.21)
  ident,    ///< asks an identity server (RFC 1413) over a socket that start() connects to `targets[0]`
  lines,    ///< reads a pipe to its end, and tells its lines: what a server writes to descriptor 2
  tls,      ///< shakes hands, tells the outcome, and passes bytes to and from the socket that it is given then
  proxy,    ///< looks at the header of the PROXY protocol that the peer begins with; it stays in the connection, unread
  carry,    ///< passes bytes between the peer and `target`, the far end of a pair that a server has; a reset stays one
  /// redirect with redirect_tls: like relay, but what comes from the peer is said to the target in TLS. Tells how the handshake
  /// with the target came out.
  tls_relay,
  metrics,   ///< speaks HTTP: counters for Prometheus and the like, and /health
  dashboard, ///< speaks HTTP: a page for people, and /health
};

/// Bytes of a line as Parameters::on_line takes it: 1,024 of a stream, each escaped, and marks where it was cut.
inline constexpr std::size_t longest_line = 4 * 1024 + 6;

/// What a conversation of kind metrics or dashboard wants to send.
struct PageWish {
  enum class What : std::uint8_t {
    open_metrics,  ///< OpenMetrics 1.0
    text,          ///< Prometheus' text format 0.0.4
    health,        ///< one word for the daemon, or for the service `name`
    page,          ///< HTML
    live,          ///< what of the page changes
  };
  What what = What::text;
  bool zipped = false;  ///< gzip, if that can be had
  std::string name;     ///< as the peer wrote it: at most longest_page_name bytes
  bool operator==(const PageWish&) const = default;
};
inline constexpr std::size_t longest_page_name = 255;

/// And what is sent for it.
struct PageMade {
  std::uint16_t status = 503;  ///< of HTTP
  bool zipped = false;
  std::string fields;          ///< of the answer's header, each ending in CR LF: at most longest_page_text bytes
  std::string text;            ///< the answer, where it is short: as long at most
  std::uint64_t size = 0;      ///< else, how many bytes it has,
  base::Fd bytes;              ///< and they: a file in memory with a place in it of its own, to be read once
  std::shared_ptr<const void> out;  ///< the daemon keeps it until the conversation has done with the page; the worker gets none
};
inline constexpr std::size_t longest_page_text = 2048;

/// What a conversation needs to know besides its connection.
struct Parameters {
  std::vector<base::Endpoint> targets;                 ///< relay: tried in order; ident: the one server
  /// relay: a socket that is connected already, instead of `targets`; whoever uses it takes it out. Null: none. Shared, so
  /// that these are values.
  std::shared_ptr<base::Fd> target;
  std::chrono::milliseconds connect_deadline{10'000};  ///< relay: for each target, and once more for `texts`
  bool keepalive = false;                              ///< relay: SO_KEEPALIVE on both sides
  std::vector<std::string> texts;                      ///< text, xadmin; relay: what the target is sent first
  /// After so long without anything happening the conversation ends; 0: never, but 5 minutes for xadmin.
  /// tcpmux: for the whole request line, 0: 10 s. ident: for the whole look-up, 0: 30 s (fact B7.29). tls: for the handshake.
  /// proxy: for the whole header, 0: 5 s.
  std::chrono::milliseconds idle_deadline{0};
  std::uint16_t peer_port = 0;   ///< ident: the asked host's end of the connection that is asked about
  std::uint16_t local_port = 0;  ///< ident: our end of it
  /// lines: takes one after the other, each escaped and of at most longest_line bytes. False: there is no room for it now,
  /// and it is dropped. Stays in the process: the daemon and a worker have one each.
  std::function<bool(std::string_view)> on_line;
  /// tls, tls_relay: what the service offers or asks for, for whoever has it held elsewhere, and the same made ready, for
  /// whoever holds it.
  std::shared_ptr<const tls::Offer> offer;
  std::shared_ptr<const tls::Context> context;
  /// metrics, dashboard: asks for what is to be sent. show() follows, and until then there is no other wish. Stays in the
  /// process: the daemon and a worker have one each.
  std::function<void(const PageWish&)> on_wish;
  /// tls, tls_relay: told once. After Handshake::Result::done a conversation of kind tls waits for join() or redirect(); else it
  /// ends, as does a tls_relay. Stays in the process.
  std::function<void(const tls::Handshake&)> on_shaken;
};

/// What an identity server said (RFC 1413), or why nothing is known of it.
struct Identity {
  enum class Result : std::uint8_t {
    none,       ///< not asked: another kind of conversation, or see Report::connect_error
    user,       ///< a reply that names a user
    bad_line,   ///< a line, but not one that names a user: ERROR, other ports, garbage
    too_long,   ///< no end of line in 1024 bytes
    cut_short,  ///< the connection ended before the line did
    broken,     ///< the connection broke
    too_late,   ///< not complete when the deadline passed
  };
  Result result = Result::none;
  /// user: what follows the second colon, as "UNIX : joe", with no CR and no LF in it. bad_line: the line,
  /// with no LF. At most 1024 of the server's raw bytes, to be escaped before they are logged. Else empty.
  std::string text;
};

/// What a peer said for whom it speaks, in a header of the PROXY protocol (decision B15.51).
struct ProxyHeader {
  enum class Result : std::uint8_t {
    none,    ///< not asked: another kind of conversation
    header,  ///< a whole one, as follows
    bad,     ///< something else, or one of a kind that we do not take
    late,    ///< not complete when the deadline passed
    gone,    ///< the peer ended its connection before its first byte
  };
  Result result = Result::none;
  std::uint8_t version = 0;  ///< 1 or 2
  /// UNKNOWN, LOCAL or of no family: the peer speaks for itself, and there are no addresses.
  bool own = false;
  std::uint16_t size = 0;    ///< bytes of the header, which are still to be read: at most longest_proxy_header
  base::Endpoint client;     ///< IPv4 or IPv6; a mapped address is told as IPv4
  base::Endpoint called;     ///< the address that the client called; it may be of the other family
  net::ProxyWords words = {};  ///< what else a header of version 2 tells
  bool operator==(const ProxyHeader&) const = default;
};
/// Bytes of the longest header that is taken; one of version 1 has 107 at most.
inline constexpr std::size_t longest_proxy_header = 16 + 2048;

/// How much a conversation has carried.
struct Traffic {
  std::uint64_t in = 0;   ///< bytes read from the peer
  std::uint64_t out = 0;  ///< bytes read from the relay's target, else bytes sent to the peer (fact B10.7)
  bool operator==(const Traffic&) const = default;
};

/// How a conversation ended.
struct Report {
  std::uint64_t in = 0;   ///< as Traffic::in
  std::uint64_t out = 0;  ///< as Traffic::out
  /// relay, and tls after redirect(): errno when no target could be reached, of the last one tried. ident: when the server
  /// could not.
  int connect_error = 0;
  std::string failed_target;  ///< relay, and tls after redirect(): its address
  /// tcpmux: the request, lower case, and the connection given back, with what came after the line in one
  /// segment still unread. Without a connection the peer went away or was answered here.
  std::string request;
  base::Fd connection;
  Identity identity;  ///< ident
  ProxyHeader header;  ///< proxy
};

/// A conversation that goes on. Destroying it ends it: the connection is closed, and `done` is not called.
class Conversation {
 public:
  virtual ~Conversation() = default;
  /// So far: what the Report would say if it ended now. Costs nothing, and may be asked at any time before `done`.
  [[nodiscard]] virtual Traffic traffic() const = 0;
  /// tls: from now on bytes pass between the peer and `inner`, a stream socket. The peer's end becomes the end of what comes
  /// there, and the other way round; a connection of the peer that ends without TLS having said so becomes a reset, if it is
  /// TCP. Without a descriptor the conversation ends. Others close it.
  virtual void join([[maybe_unused]] base::Fd inner) {}
  /// tls: the same with the first of `targets` that takes a connection, as a relay has it: after `texts`, and with
  /// `connect_deadline` and `keepalive`. Where none does the conversation ends, and reports it. Others do nothing.
  virtual void redirect([[maybe_unused]] Parameters parameters) {}
  /// metrics, dashboard: what was wished for. Others let go of it.
  virtual void show([[maybe_unused]] PageMade page) {}
  /// No more conversations come to this process, which is to end: one that would go on only because its peer may have
  /// another wish ends with the answer that it is giving, and one that waits for show() wishes again.
  virtual void wind_up() {}
};

/// Makes ready what the first conversation of a loop would: the time zone, which is read from a file, an epoll set and
/// a buffer. For a process that drops its privileges before it calls start(); others need not call it. From here or the
/// first start() on SIGPIPE is ignored.
void prepare(boost::asio::io_context& loop);

/// Begins. `done` is called exactly once, on the loop thread and never from inside this call, unless the
/// Conversation is destroyed before; the connection is closed by then, unless it is given back. For each
/// direction in which a peer does not take what is sent it holds one buffer: 64 KiB of its own, or up to 256
/// KiB in a pipe, of which there are 128 at the most in a process; otherwise none. `loop` must outlive the
/// Conversation. For ident `peer` is a stream socket that is not connected yet, and bound where that matters: a
/// worker may not bind.
[[nodiscard]] std::unique_ptr<Conversation> start(boost::asio::io_context& loop, Kind kind, base::Fd peer,
                                                  Parameters parameters, std::function<void(Report)> done);

}  // namespace xsuperd::converse
