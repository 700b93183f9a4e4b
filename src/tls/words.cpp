// SPDX-License-Identifier: MIT
#include "xsuperd/tls/words.hpp"

#include <algorithm>

#include "xsuperd/base/text.hpp"
#include "xsuperd/base/utf8.hpp"

namespace xsuperd::tls {

namespace {

bool is_decent(std::string_view text) { return text.size() <= longest_word && base::is_plain(text); }

bool is_hexadecimal(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == text.npos; }

bool in_order(const Certificate& c) {
  const bool decent = is_decent(c.subject) && is_decent(c.issuer) && is_decent(c.serial) && std::ranges::all_of(c.names, is_decent);
  return decent && c.names.size() <= most_names && c.sha256.size() == 64 && is_hexadecimal(c.sha256) && is_hexadecimal(c.serial);
}

bool matches(const CertificatePattern& pattern, const Certificate& certificate) {
  using Kind = CertificatePattern::Kind;
  if (pattern.kind == Kind::subject) return !certificate.subject.empty() && pattern.text == certificate.subject;
  if (pattern.kind == Kind::sha256) return pattern.text == certificate.sha256;
  return std::ranges::any_of(certificate.names, [&](const std::string& name) { return base::iequals(pattern.text, name); });
}

}  // namespace

std::string decent(std::string_view text) { return is_decent(text) ? std::string(text) : std::string(); }

bool in_order(const Words& w) {
  const bool decent = is_decent(w.name) && is_decent(w.protocol) && is_decent(w.version) && is_decent(w.cipher);
  return decent && (!w.certificate || in_order(*w.certificate));
}

bool in_order(const Handshake& handshake) {
  const bool printable = std::ranges::all_of(handshake.detail, [](char c) { return c >= 0x20 && c <= 0x7e; });
  const bool fits = handshake.detail.size() <= longest_word && printable;
  const bool done = handshake.result == Handshake::Result::done;
  return done ? handshake.detail.empty() && in_order(handshake.words) : fits && handshake.words == Words{};
}

bool admits(const std::vector<CertificatePattern>& patterns, const std::optional<Certificate>& certificate) {
  return certificate && std::ranges::any_of(patterns, [&](const auto& one) { return matches(one, *certificate); });
}

}  // namespace xsuperd::tls
