// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "config/values.hpp"

namespace xsuperd::config::values {

namespace {

std::optional<std::string> digest_of(std::string_view text) {
  std::string digits = base::to_lower(text);
  std::erase(digits, ':');
  const bool hexadecimal = digits.find_first_not_of("0123456789abcdef") == digits.npos;
  return hexadecimal && digits.size() == 64 ? std::optional(std::move(digits)) : std::nullopt;
}

std::optional<CertificatePattern> pattern_of(std::string_view word) {
  using Kind = CertificatePattern::Kind;
  const std::size_t colon = word.find(':');
  const std::string_view kind = word.substr(0, colon), text = colon == word.npos ? std::string_view() : word.substr(colon + 1);
  if (text.empty()) return std::nullopt;
  if (base::iequals(kind, "cn")) return CertificatePattern{Kind::subject, std::string(text)};
  if (base::iequals(kind, "san")) return CertificatePattern{Kind::name, std::string(text)};
  auto digest = base::iequals(kind, "sha256") ? digest_of(text) : std::nullopt;
  return digest ? std::optional(CertificatePattern{Kind::sha256, std::move(*digest)}) : std::nullopt;
}

/// A list in which the order counts: replaced by =, but in the defaults, and changed by += and -=.
template <typename T>
void change(const ValueContext& c, std::optional<std::vector<T>>& to, const Assignment& a, std::vector<T> words) {
  if (!to || (a.op == Operator::set && !c.defaults)) to.emplace();
  for (T& one : words) {
    std::erase(*to, one);
    if (a.op != Operator::remove) to->push_back(std::move(one));
  }
}

bool may_be_asked_for(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  return may_be_host_name(name) && name.find('.') != name.npos;
}

std::optional<tls::Version> version_of(std::string_view text) {
  if (text == "1.2") return tls::Version::tls1_2;
  if (text == "1.3") return tls::Version::tls1_3;
  return std::nullopt;
}

}  // namespace

bool only_cert(const ValueContext& c, Settings& s, const Assignment& a) {
  std::vector<CertificatePattern> patterns;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    auto pattern = pattern_of(a.values[i].text);
    if (!pattern) return not_understood(c, a, i);
    patterns.push_back(std::move(*pattern));
  }
  change(c, s.only_cert, a, std::move(patterns));
  return true;
}

bool tls_alpn(const ValueContext& c, Settings& s, const Assignment& a) {
  Words words;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    if (a.values[i].text.empty() || a.values[i].text.size() > 255) return not_understood(c, a, i);
    words.push_back(a.values[i].text);
  }
  change(c, s.tls_alpn, a, std::move(words));
  return true;
}

/// Whether OpenSSL knows them is found out when all is put together.
bool tls_ciphers(const ValueContext& c, Settings& s, const Assignment& a) {
  Words words;
  for (const Value& value : a.values) words.push_back(value.text);
  change(c, s.tls_ciphers, a, std::move(words));
  return true;
}

bool redirect_tls(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  const auto known = std::ranges::find_if(word_table<RedirectTls::Kind>, [&](const auto& one) { return base::iequals(one.text, word); });
  if (known == word_table<RedirectTls::Kind>.end()) return not_understood(c, a, 0);
  RedirectTls how{known->value, {}};
  if (a.values.size() > 1) {
    how.authorities = a.values[1].text;
    if (how.kind != RedirectTls::Kind::verify) return refused(c, a, 1, "redirect_tls takes a file with verify only", "write 'redirect_tls = verify FILE'");
    if (!how.authorities.starts_with('/')) return refused(c, a, 1, fmt::format("redirect_tls is not an absolute path: {}", how.authorities), {});
  }
  s.redirect_tls = std::move(how);
  return true;
}

/// Each name is followed by one path or two.
bool tls_sni(const ValueContext& c, Settings& s, const Assignment& a) {
  std::vector<SniCertificate> list = s.tls_sni && a.op != Operator::set ? *s.tls_sni : std::vector<SniCertificate>{};
  constexpr auto how = "write the name, the file of its certificate, and that of the key if it is another one";
  for (std::size_t i = 0; i < a.values.size();) {
    const std::string& name = a.values[i].text;
    if (!may_be_asked_for(name)) return refused(c, a, i, fmt::format("'{}' is not a name that a peer can ask for", name), how);
    SniCertificate one{.name = base::to_lower(name), .cert = {}, .key = {}};
    for (std::string* const path : {&one.cert, &one.key}) {
      if (++i >= a.values.size() || !a.values[i].text.starts_with('/')) break;
      *path = a.values[i].text;
    }
    if (!one.key.empty()) ++i;
    if (one.cert.empty()) return refused(c, a, std::min(i, a.values.size() - 1), fmt::format("{} has no certificate", name), how);
    const auto twice = std::ranges::find(list, one.name, &SniCertificate::name);
    if (twice != list.end()) list.erase(twice);
    list.push_back(std::move(one));
  }
  s.tls_sni = std::move(list);
  return true;
}

bool tls_versions(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string_view word = a.values[0].text;
  const std::size_t dash = std::min(word.find('-'), word.size());
  const auto least = version_of(word.substr(0, dash)), most = dash == word.size() ? least : version_of(word.substr(dash + 1));
  if (!least || !most || *least > *most) return not_understood(c, a, 0);
  s.tls_versions = TlsVersions{*least, *most};
  return true;
}

}  // namespace xsuperd::config::values
