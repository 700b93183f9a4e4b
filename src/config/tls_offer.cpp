// SPDX-License-Identifier: MIT
#include "config/tls_offer.hpp"

#include <fmt/format.h>

#include <utility>

namespace xsuperd::config {

namespace {

using About = tls::Fault::About;

constexpr std::size_t largest_file = 1024 * 1024;

class OfferReader {
 public:
  OfferReader(Service& service, const Written& written, Files& files, Names* names, Diagnostics& diagnostics)
      : service_(service), s_(service.settings), written_(written), files_(files), names_(names), diagnostics_(diagnostics) {}

  bool run() {
    take_words();
    add({}, "tls_cert", *s_.tls_cert, "tls_key", s_.tls_key.value_or(""));
    for (const SniCertificate& one : s_.tls_sni.value_or(std::vector<SniCertificate>{})) add(one.name, "tls_sni", one.cert, "tls_sni", one.key);
    if (asks_peers()) offer_.client_ca = read("tls_client_ca", *s_.tls_client_ca);
    if (asks_peers() && s_.tls_client_crl) offer_.client_crl = read("tls_client_crl", *s_.tls_client_crl);
    if (!good_) return false;
    if (encode(offer_).size() > tls::longest_offer) return tell(Level::error, "tls", {}, "its certificates and keys are too many", {}), false;
    if (names_)
      for (const tls::Fault& fault : names_->tls_faults(offer_)) tell(fault);
    if (good_) service_.offer.value = std::make_shared<const tls::Offer>(std::move(offer_));
    return good_;
  }

 private:
  [[nodiscard]] bool asks_peers() const { return offer_.client_certificate != ClientCertificate::no; }

  void take_words() {
    const TlsVersions versions = s_.tls_versions.value_or(TlsVersions{});
    offer_.strict_names = s_.tls_sni_strict.value_or(false);
    offer_.client_certificate = service_.client_certificate();
    offer_.least = versions.least;
    offer_.most = versions.most;
    offer_.ciphers = s_.tls_ciphers.value_or(Words{});
    offer_.alpn = s_.tls_alpn.value_or(Words{});
  }

  /// Without a path of its own the key is in the file of the certificate.
  void add(const std::string& name, std::string_view cert_attribute, const std::string& cert, std::string_view key_attribute, const std::string& key) {
    tls::Identity identity{name, read(cert_attribute, cert), {}};
    identity.key = key.empty() ? identity.chain : read(key_attribute, key);
    offer_.identities.push_back(std::move(identity));
    paths_.emplace_back(cert, key.empty() ? cert : key);
  }

  std::string read(std::string_view attribute, const std::string& path) {
    const auto text = files_.read(path);
    if (!text) return tell(Level::error, attribute, path, text.error().sentence, {}), std::string();
    if (text->size() > largest_file) return tell(Level::error, attribute, path, fmt::format("{} is larger than a megabyte", path), {}), std::string();
    return tls::pem_blocks(*text);
  }

  void tell(Level level, std::string_view attribute, const std::string& value, std::string_view sentence, const std::string& hint) {
    if (level == Level::error) good_ = false;
    diagnostics_.add(written_.finding_in(level, attribute, value, 0, fmt::format("Service {}: {}", service_.id, sentence), hint, service_.id));
  }

  void tell(const tls::Fault& fault) {
    const Level level = fault.fatal ? Level::error : Level::warning;
    const bool own = fault.index == 0;
    const auto about = [&](std::string_view attribute, const std::string& path) {
      tell(level, attribute, path, fmt::format("{}: {}", path, fault.sentence), fault.hint);
    };
    switch (fault.about) {
      case About::chain:
      case About::name: return about(own ? "tls_cert" : "tls_sni", paths_[fault.index].first);
      case About::key: return about(!own ? "tls_sni" : s_.tls_key ? "tls_key" : "tls_cert", paths_[fault.index].second);
      case About::client_ca: return about("tls_client_ca", *s_.tls_client_ca);
      case About::client_crl: return about("tls_client_crl", *s_.tls_client_crl);
      case About::cipher: return tell(level, "tls_ciphers", offer_.ciphers[fault.index], fault.sentence, fault.hint);
      case About::everything: return tell(level, "tls", {}, fault.sentence, fault.hint);
    }
  }

  Service& service_;
  const Settings& s_;
  const Written& written_;
  Files& files_;
  Names* const names_;
  Diagnostics& diagnostics_;
  tls::Offer offer_;
  std::vector<std::pair<std::string, std::string>> paths_;  ///< of the identities: certificate and key
  bool good_ = true;
};

}  // namespace

bool read_offer(Service& service, const Written& written, Files& files, Names* names, Diagnostics& diagnostics) {
  return !service.tls() || OfferReader(service, written, files, names, diagnostics).run();
}

}  // namespace xsuperd::config
