// SPDX-License-Identifier: MIT
#ifdef XSUPERD_HAVE_OPENSSL
#include "xsuperd/tls/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <limits>

#include "tls/certificate.hpp"
#include "tls/context.hpp"
#include "tls/pem.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::tls {

namespace {

using About = Fault::About;
using Time = std::chrono::system_clock::time_point;

std::optional<Time> time_of(const ASN1_TIME* time) {
  std::tm broken{};
  if (!time || openssl().ASN1_TIME_to_tm(time, &broken) != 1) return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&broken));
}

std::string day_of(Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm broken{};
  ::gmtime_r(&seconds, &broken);
  return fmt::format("{:04}-{:02}-{:02}", broken.tm_year + 1900, broken.tm_mon + 1, broken.tm_mday);
}

/// OpenSSL's words with what changes a list taken off: "!aNULL", "-RC4", "+HIGH".
std::string plain(const std::string& word) { return word.substr(std::min(word.find_first_not_of("!-+"), word.size())); }

bool good_cipher(const std::string& word) {
  const std::string name = plain(word);
  const bool level = name.size() == 11 && name.starts_with("@SECLEVEL=") && name.back() >= '0' && name.back() <= '5';
  return name == "@STRENGTH" || level || (!name.empty() && is_cipher_word(name));
}

class Checker {
 public:
  Checker(const Offer& offer, Time now) : offer_(offer), now_(now) {}

  std::vector<Fault> run() {
    for (index_ = 0; index_ < offer_.identities.size(); ++index_) {
      warned_ = false;
      identity(offer_.identities[index_]);
    }
    index_ = 0;
    authorities();
    for (index_ = 0; index_ < offer_.ciphers.size(); ++index_)
      for (const std::string& word : split(offer_.ciphers[index_])) cipher(word);
    index_ = 0;
    if (!fatal()) together();
    return std::move(faults_);
  }

 private:
  void tell(About about, std::string sentence, std::string hint = {}) {
    faults_.push_back({about, index_, true, std::move(sentence), std::move(hint)});
  }
  void warn(About about, std::string sentence, std::string hint = {}) {
    faults_.push_back({about, index_, false, std::move(sentence), std::move(hint)});
  }
  [[nodiscard]] bool fatal() const { return std::ranges::any_of(faults_, &Fault::fatal); }

  static std::vector<std::string> split(std::string list) {
    std::ranges::replace_if(list, [](char c) { return c == ':' || c == ','; }, ' ');
    const auto words = base::split_words(list);
    return {words.begin(), words.end()};
  }

  void identity(const Identity& one) {
    const auto chain = read_certificates(one.chain);
    if (chain.empty()) return tell(About::chain, "has no certificate in it that can be read", "a PEM file begins with -----BEGIN CERTIFICATE-----");
    if (!in_time(chain)) return;
    const KeyPtr key = read_key(one.key);
    if (!key && one.key.find("ENCRYPTED") != one.key.npos)
      return tell(About::key, "is protected by a passphrase, and there is nobody to type it", "'openssl pkey -in OLD -out NEW' takes it off");
    if (!key) return tell(About::key, "has no private key in it that can be read", "a PEM file has a part that begins with -----BEGIN PRIVATE KEY-----");
    const bool fits = openssl().X509_check_private_key(chain.front().get(), key.get()) == 1;
    openssl().ERR_clear_error();
    if (!fits) return tell(About::key, "is not the key of the certificate");
    if (!one.name.empty() && !has_name(chain.front().get(), one.name))
      warn(About::name, fmt::format("the certificate does not have the name {}", one.name), "peers that look for this name will not take it");
  }

  bool in_time(const std::vector<CertificatePtr>& chain) {
    for (const auto& one : chain) {
      const auto begin = time_of(openssl().X509_get0_notBefore(one.get())), end = time_of(openssl().X509_get0_notAfter(one.get()));
      const char* what = one == chain.front() ? "the certificate" : "the certificate of an issuer";
      if (end && *end >= now_ && *end < now_ + soon && !warned_) {
        warned_ = true;
        warn(About::chain, fmt::format("{} ends on {}", what, day_of(*end)), "'xsuperctl renew' takes a new one from the same file");
      }
      if (end && *end < now_) return tell(About::chain, fmt::format("{} has expired on {}", what, day_of(*end))), false;
      if (begin && *begin > now_) return tell(About::chain, fmt::format("{} is not valid before {}", what, day_of(*begin))), false;
    }
    return true;
  }

  static bool has_name(X509* certificate, const std::string& name) {
    const std::string host = name.starts_with("*.") ? "any" + name.substr(1) : name;
    return openssl().X509_check_host(certificate, host.c_str(), 0, 0, nullptr) == 1;
  }

  void authorities() {
    if (offer_.client_certificate == ClientCertificate::no) return;
    if (read_certificates(offer_.client_ca).empty()) tell(About::client_ca, "has no certificate in it that can be read");
    if (offer_.client_crl.empty()) return;
    const auto lists = read_crls(offer_.client_crl);
    if (lists.empty()) return tell(About::client_crl, "has no list of revoked certificates in it that can be read");
    for (const auto& one : lists)
      if (const auto end = time_of(openssl().X509_CRL_get0_nextUpdate(one.get())); end && *end < now_)
        return tell(About::client_crl, fmt::format("was to be followed by another list on {}: nobody would be let in", day_of(*end)));
  }

  void cipher(const std::string& word) {
    if (!good_cipher(word)) tell(About::cipher, fmt::format("OpenSSL knows no cipher '{}'", word), "'openssl ciphers' lists them");
  }

  /// What shows only when all is put together, such as a key that is too short for this system.
  void together() {
    if (const auto context = Context::make(offer_); !context) tell(About::everything, context.error().sentence);
  }

  const Offer& offer_;
  const Time now_;
  std::size_t index_ = 0;
  bool warned_ = false;  // of the end of this one
  std::vector<Fault> faults_;
};

}  // namespace

std::vector<Fault> check(const Offer& offer, Time now) {
  if (!load_openssl()) return {{.sentence = "OpenSSL (libssl 3) cannot be loaded"}};
  openssl().ERR_clear_error();
  return Checker(offer, now).run();
}

namespace {

Time end_of(const std::vector<CertificatePtr>& chain) {
  std::optional<Time> first;
  for (const auto& one : chain)
    if (const auto end = time_of(openssl().X509_get0_notAfter(one.get())); end && (!first || *end < *first)) first = end;
  return first.value_or(Time{});
}

}  // namespace

std::vector<Shown> shown_by(const Offer& offer) {
  std::vector<Shown> all;
  if (!load_openssl()) return all;
  for (const Identity& one : offer.identities)
    if (const auto chain = read_certificates(one.chain); !chain.empty())
      all.push_back({one.name, told_by(chain.front().get()), end_of(chain)});
  openssl().ERR_clear_error();
  return all;
}

}  // namespace xsuperd::tls
#endif
