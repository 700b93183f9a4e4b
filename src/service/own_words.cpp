// SPDX-License-Identifier: MIT
#include "service/own_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "xsuperd/net/socket.hpp"

namespace xsuperd::service {

namespace {

using base::Address;
using config::ConnectionVariable;
using config::Fact;
using Word = net::ProxyWord::Fact;

/// Room for what most services tell, so that the text rarely has to grow.
constexpr std::size_t usual_size = 512;

class Teller {
 public:
  Teller(const config::Service& service, const ConnectionFacts& facts)
      : service_(service), facts_(facts), peer_(facts.peer.address.unmapped()), local_(facts.local.address.unmapped()) {}

  /// Does this connection have the variable?
  [[nodiscard]] bool has(const ConnectionVariable& variable) const {
    using Of = ConnectionVariable::Of;
    switch (variable.of) {
      case Of::any: return true;
      case Of::ports: return peer_.is_ip() || peer_.is_vsock();
      case Of::tcp: return tcp();
      case Of::tcp6: return tcp() && ipv6();
      case Of::link_local: return tcp() && ipv6() && (peer_.scope() != 0 || local_.scope() != 0);
      case Of::local: return peer_.is_local();
      case Of::tls: return facts_.words != nullptr;
      case Of::certified: return facts_.words && facts_.words->certificate;
      case Of::proxied: return facts_.proxy.address.known();
    }
    return false;
  }

  /// Nothing is added for what is not known.
  void add(Fact fact, std::string& to) const {
    switch (fact) {
      case Fact::tls_protocol:
      case Fact::tls_cipher:
      case Fact::tls_name:
      case Fact::tls_alpn:
      case Fact::tls_resumed: return add_of_tls(fact, to);
      case Fact::tls_client_subject:
      case Fact::tls_client_names:
      case Fact::tls_client_issuer:
      case Fact::tls_client_serial:
      case Fact::tls_client_sha256: return add_of_certificate(fact, to);
      case Fact::remote_addr: return add_address(peer_, to);
      case Fact::remote_port: return add_port(peer_, facts_.peer.port, to);
      case Fact::local_addr: return peer_.is_local() ? add_name(facts_.local_name, to) : add_address(local_, to);
      case Fact::local_port: return add_port(local_, facts_.local.port, to);
      case Fact::remote_host: return void(to += facts_.peer.address.text());
      case Fact::remote_uid: return add_of_local(peer_.uid(), to);
      case Fact::remote_gid: return add_of_local(peer_.gid(), to);
      case Fact::remote_pid: return add_of_local(peer_.pid(), to);
      case Fact::connection_id: return add_number(facts_.token, to);
      case Fact::service: return void(to += service_.id);
      case Fact::protocol: return add_protocol(to);
      case Fact::remote_ip: return void(to += without_scope(peer_));
      case Fact::local_ip: return void(to += without_scope(local_));
      case Fact::interface: return add_interface(to);
      case Fact::proxy_addr: return add_address(facts_.proxy.address.unmapped(), to);
      case Fact::proxy_port: return add_port(facts_.proxy.address, facts_.proxy.port, to);
      case Fact::proxy_sni: return add_proxy_word(Word::name, to);
      case Fact::proxy_alpn: return add_proxy_word(Word::protocol, to);
      case Fact::proxy_unique_id: return add_proxy_word(Word::unique_id, to);
      case Fact::proxy_tls_version: return add_proxy_word(Word::tls_version, to);
      case Fact::proxy_tls_cipher: return add_proxy_word(Word::tls_cipher, to);
      case Fact::proxy_tls_verified: return add_proxy_word(Word::tls_verified, to);
      case Fact::proxy_tls_cn: return add_proxy_word(Word::tls_subject, to);
      case Fact::proxy_tls_signature: return add_proxy_word(Word::tls_signature, to);
      case Fact::proxy_tls_key: return add_proxy_word(Word::tls_key, to);
    }
  }

 private:
  [[nodiscard]] bool ipv6() const { return peer_.family() == Address::Family::ipv6; }
  [[nodiscard]] bool tcp() const { return peer_.is_ip() && service_.listen.protocol.name == "tcp"; }

  static void add_number(std::uint64_t number, std::string& to) { fmt::format_to(std::back_inserter(to), "{}", number); }
  void add_of_local(std::uint32_t number, std::string& to) const {
    if (peer_.is_local()) add_number(number, to);
  }
  static void add_address(const Address& address, std::string& to) {
    if (address.is_vsock()) return add_number(address.cid(), to);
    if (address.known()) to += address.text();
  }
  static void add_port(const Address& address, std::uint16_t port, std::string& to) {
    if (address.is_vsock()) return add_number(address.vsock_port(), to);
    if (address.is_ip()) add_number(port, to);
  }
  /// An abstract name may contain NUL bytes, which would end the word; /proc/net/unix writes them so, too.
  static void add_name(const std::string& name, std::string& to) {
    std::ranges::replace_copy(name, std::back_inserter(to), '\0', '@');
  }
  [[nodiscard]] static std::string without_scope(const Address& address) {
    return address.known() ? Address::of(address.family(), address.bytes()).text() : std::string();
  }
  void add_of_tls(Fact fact, std::string& to) const {
    if (!facts_.words) return;
    const tls::Words& words = *facts_.words;
    if (fact == Fact::tls_protocol) to += words.version;
    if (fact == Fact::tls_cipher) to += words.cipher;
    if (fact == Fact::tls_name) to += words.name;
    if (fact == Fact::tls_alpn) to += words.protocol;
    if (fact == Fact::tls_resumed) to += words.resumed ? '1' : '0';
  }
  void add_of_certificate(Fact fact, std::string& to) const {
    if (!facts_.words || !facts_.words->certificate) return;
    const tls::Certificate& certificate = *facts_.words->certificate;
    if (fact == Fact::tls_client_subject) to += certificate.subject;
    if (fact == Fact::tls_client_names) add_names(certificate.names, to);
    if (fact == Fact::tls_client_issuer) to += certificate.issuer;
    if (fact == Fact::tls_client_serial) to += certificate.serial;
    if (fact == Fact::tls_client_sha256) to += certificate.sha256;
  }
  /// One with a blank in it would look like two.
  static void add_names(const std::vector<std::string>& names, std::string& to) {
    std::size_t left = config::longest_names;
    for (const std::string& name : names) {
      if (name.size() + 1 > left || name.find(' ') != name.npos) continue;
      if (left < config::longest_names) to += ' ';
      to += name;
      left -= name.size() + 1;
    }
  }
  void add_protocol(std::string& to) const {
    if (peer_.is_local()) return void(to += "UNIX");
    if (peer_.is_vsock()) return void(to += "VSOCK");
    if (tcp()) return void(to += ipv6() ? "TCP6" : "TCP");
    for (const char c : service_.listen.protocol.name) to += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  void add_proxy_word(Word fact, std::string& to) const { to += net::word_of(facts_.proxy_words, fact); }
  void add_interface(std::string& to) const {
    const std::string text = (peer_.scope() != 0 ? peer_ : local_).text();
    if (const std::size_t percent = text.find('%'); percent != text.npos) to.append(text, percent + 1);
  }

  const config::Service& service_;
  const ConnectionFacts& facts_;
  const Address peer_, local_;
};

}  // namespace

bool tells_of_connections(const config::Service& service) {
  return !service.connection_variables.empty() || !service.argument_patterns.empty();
}

ConnectionFacts facts_of(const config::Service& service, Token token, const SessionFacts& session, int connection) {
  ConnectionFacts facts{token, session.peer, session.called, {}, session.proxy, {}};
  if (session.proxied() && !service.connection_variables.empty()) facts.proxy_words = session.proxy_words;
  if (session.proxied()) return facts;
  if (service.connection_variables.empty() && !config::ask_local_end(service.argument_patterns)) return facts;
  if (session.peer.address.is_local())
    facts.local_name = net::bound_name(connection);
  else if (session.covered)
    facts.local = session.local;
  else
    facts.local = net::local_endpoint(connection);
  return facts;
}

spawn::OwnWords own_words(const config::Service& service, const ConnectionFacts& facts) {
  const Teller teller(service, facts);
  spawn::OwnWords own;
  own.text.reserve(usual_size);
  for (const config::ArgumentPattern& argument : service.argument_patterns) {
    for (const auto& [text, fact] : argument.pieces) {
      own.text += text;
      if (fact) teller.add(*fact, own.text);
    }
    own.text += '\0';
    ++own.arguments;
  }
  for (const std::uint8_t index : service.connection_variables) {
    const ConnectionVariable& variable = config::connection_variables()[index];
    if (!teller.has(variable)) continue;
    const std::size_t before = own.text.size();
    own.text.append(variable.name).append(1, '=');
    const std::size_t value = own.text.size();
    teller.add(variable.fact, own.text);
    if (own.text.size() == value) {  // it is not known after all
      own.text.resize(before);
      continue;
    }
    own.text += '\0';
    ++own.variables;
  }
  return own;
}

}  // namespace xsuperd::service
