// SPDX-License-Identifier: MIT
#include "xsuperd/config/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/vocabulary.hpp"

namespace xsuperd::config {

namespace {

using Variable = ConnectionVariable;
using Of = Variable::Of;
constexpr auto all = ConnEnv::all;
constexpr auto ucspi = ConnEnv::ucspi;
constexpr auto none = ConnEnv::xinetd;

constexpr std::array variables{
    Variable{"REMOTE_ADDR", all, Of::any, Fact::remote_addr},
    Variable{"REMOTE_PORT", all, Of::ports, Fact::remote_port},
    Variable{"LOCAL_ADDR", all, Of::any, Fact::local_addr},
    Variable{"LOCAL_PORT", all, Of::ports, Fact::local_port},
    Variable{"REMOTE_UID", all, Of::local, Fact::remote_uid},
    Variable{"REMOTE_GID", all, Of::local, Fact::remote_gid},
    Variable{"REMOTE_PID", all, Of::local, Fact::remote_pid},
    Variable{"PROXY_ADDR", all, Of::proxied, Fact::proxy_addr},
    Variable{"PROXY_PORT", all, Of::proxied, Fact::proxy_port},
    Variable{"PROXY_SNI", all, Of::proxied, Fact::proxy_sni},
    Variable{"PROXY_ALPN", all, Of::proxied, Fact::proxy_alpn},
    Variable{"PROXY_UNIQUE_ID", all, Of::proxied, Fact::proxy_unique_id},
    Variable{"PROXY_TLS_VERSION", all, Of::proxied, Fact::proxy_tls_version},
    Variable{"PROXY_TLS_CIPHER", all, Of::proxied, Fact::proxy_tls_cipher},
    Variable{"PROXY_TLS_VERIFIED", all, Of::proxied, Fact::proxy_tls_verified},
    Variable{"PROXY_TLS_CN", all, Of::proxied, Fact::proxy_tls_cn},
    Variable{"PROXY_TLS_SIGNATURE", all, Of::proxied, Fact::proxy_tls_signature},
    Variable{"PROXY_TLS_KEY", all, Of::proxied, Fact::proxy_tls_key},
    Variable{"TLS_PROTOCOL", all, Of::tls, Fact::tls_protocol},
    Variable{"TLS_CIPHER", all, Of::tls, Fact::tls_cipher},
    Variable{"TLS_SNI", all, Of::tls, Fact::tls_name},
    Variable{"TLS_ALPN", all, Of::tls, Fact::tls_alpn},
    Variable{"TLS_RESUMED", all, Of::tls, Fact::tls_resumed},
    Variable{"TLS_CLIENT_SUBJECT", all, Of::certified, Fact::tls_client_subject},
    Variable{"TLS_CLIENT_NAMES", all, Of::certified, Fact::tls_client_names},
    Variable{"TLS_CLIENT_ISSUER", all, Of::certified, Fact::tls_client_issuer},
    Variable{"TLS_CLIENT_SERIAL", all, Of::certified, Fact::tls_client_serial},
    Variable{"TLS_CLIENT_SHA256", all, Of::certified, Fact::tls_client_sha256},
    Variable{"CONNECTION_ID", all, Of::any, Fact::connection_id},
    Variable{"PROTO", ucspi, Of::any, Fact::protocol},
    Variable{"TCPLOCALIP", ucspi, Of::tcp, Fact::local_ip},
    Variable{"TCPLOCALPORT", ucspi, Of::tcp, Fact::local_port},
    Variable{"TCPREMOTEIP", ucspi, Of::tcp, Fact::remote_ip},
    Variable{"TCPREMOTEPORT", ucspi, Of::tcp, Fact::remote_port},
    Variable{"TCP6LOCALIP", ucspi, Of::tcp6, Fact::local_ip},
    Variable{"TCP6LOCALPORT", ucspi, Of::tcp6, Fact::local_port},
    Variable{"TCP6REMOTEIP", ucspi, Of::tcp6, Fact::remote_ip},
    Variable{"TCP6REMOTEPORT", ucspi, Of::tcp6, Fact::remote_port},
    Variable{"TCP6INTERFACE", ucspi, Of::link_local, Fact::interface},
    Variable{"UNIXLOCALPATH", ucspi, Of::local, Fact::local_addr},
    Variable{"UNIXREMOTEEUID", ucspi, Of::local, Fact::remote_uid},
    Variable{"UNIXREMOTEEGID", ucspi, Of::local, Fact::remote_gid},
    Variable{"UNIXREMOTEPID", ucspi, Of::local, Fact::remote_pid},
    Variable{"TCPLOCALHOST", none},
    Variable{"TCPREMOTEHOST", none},
    Variable{"TCPREMOTEINFO", none},
    Variable{"TCPCONNNUM", none},
    Variable{"TCP6LOCALHOST", none},
    Variable{"TCP6REMOTEHOST", none},
    Variable{"TCP6REMOTEINFO", none},
    Variable{"UNIXLOCALUID", none},
    Variable{"UNIXLOCALGID", none},
    Variable{"UNIXLOCALPID", none},
    Variable{"UNIXREMOTEPATH", none},
};
static_assert(variables.size() <= 255);

std::string_view name_in(std::string_view variable) { return variable.substr(0, variable.find('=')); }

PatternFault fault(std::size_t at, std::string sentence, std::string hint) {
  return {at, std::move(sentence), std::move(hint)};
}

/// What to write instead of a name that is none.
std::string fact_hint(std::string_view name) {
  const auto names = texts_of<Fact>(vocabulary<Fact>());
  if (const auto near = base::nearest(name, names)) return fmt::format("did you mean '%{{{}}}'?", *near);
  return fmt::format("the names are {}", fmt::join(names, ", "));
}

}  // namespace

std::span<const ConnectionVariable> connection_variables() { return variables; }

std::variant<ArgumentPattern, PatternFault> parse_pattern(std::string_view word) {
  ArgumentPattern pattern;
  std::string text;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '%') {
      text += word[i];
      continue;
    }
    const std::size_t begin = i++;
    if (i < word.size() && word[i] == '%') {
      text += '%';
      continue;
    }
    if (i == word.size() || word[i] != '{')
      return fault(begin, fmt::format("'{}' is not a %{{NAME}}", word.substr(begin, 2)), "write '%%' for a per cent sign");
    const std::size_t end = word.find('}', i);
    if (end == word.npos) return fault(begin, fmt::format("'{}' has no '}}'", word.substr(begin)), "write %{NAME}, or '%%' for a per cent sign");
    const std::string_view name = word.substr(i + 1, end - i - 1);
    const auto known = std::ranges::find(word_table<Fact>, name, &Word<Fact>::text);
    if (known == word_table<Fact>.end()) return fault(begin, fmt::format("'{}' is not the name of a fact", name), fact_hint(name));
    pattern.pieces.push_back({std::move(text), known->value});
    text.clear();
    i = end;
  }
  if (!text.empty() || pattern.pieces.empty()) pattern.pieces.push_back({std::move(text), std::nullopt});
  return pattern;
}

bool ask_local_end(const std::vector<ArgumentPattern>& patterns) {
  const auto local = [](const ArgumentPattern::Piece& piece) { return piece.fact == Fact::local_addr || piece.fact == Fact::local_port; };
  return std::ranges::any_of(patterns, [&](const ArgumentPattern& one) { return std::ranges::any_of(one.pieces, local); });
}

std::vector<std::uint8_t> variables_for(ConnEnv which, const std::vector<std::string>& env) {
  std::vector<std::uint8_t> given;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const Variable& one = variables[i];
    const bool wanted = one.least != none && one.least <= which;
    if (wanted && std::ranges::find(env, one.name, name_in) == env.end()) given.push_back(static_cast<std::uint8_t>(i));
  }
  return given;
}

bool tells_of_connection(std::string_view variable) {
  return std::ranges::find(variables, name_in(variable), &Variable::name) != variables.end();
}

}  // namespace xsuperd::config
