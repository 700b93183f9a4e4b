// SPDX-License-Identifier: MIT
#include "config/tls_offer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "xsuperd/config/loader.hpp"

namespace xsuperd::config {

namespace {

using About = tls::Fault::About;

constexpr std::size_t largest_file = 1024 * 1024;

class OfferReader {
 public:
  OfferReader(Service& service, const Written& written, Files& files, Names* names, Diagnostics& diagnostics)
      : service_(service), s_(service.settings), written_(written), files_(files), names_(names), diagnostics_(diagnostics) {}

  bool run() {
    return (!service_.tls() || of_peers()) && (!calls_with_tls(service_) || of_target());
  }

 private:
  bool of_peers() {
    take_words();
    add({}, "tls_cert", *s_.tls_cert, "tls_key", s_.tls_key.value_or(""));
    for (const SniCertificate& one : s_.tls_sni.value_or(std::vector<SniCertificate>{})) add(one.name, "tls_sni", one.cert, "tls_sni", one.key);
    if (asks_peers()) offer_.client_ca = read("tls_client_ca", *s_.tls_client_ca);
    if (asks_peers() && s_.tls_client_crl) offer_.client_crl = read("tls_client_crl", *s_.tls_client_crl);
    if (!good_) return false;
    if (encode(offer_).size() > tls::longest_offer) return tell(Level::error, "tls", {}, "its certificates and keys are too many", {}), false;
    if (names_) look_at_keys();
    if (names_)
      for (const tls::Fault& fault : names_->tls_faults(offer_)) tell(fault);
    if (!good_) return false;
    service_.offer.shown = tls::shown_by(offer_);
    service_.offer.value = std::make_shared<const tls::Offer>(std::move(offer_));
    return true;
  }

  /// For the other end of a redirect.
  bool of_target() {
    const RedirectTls& how = *s_.redirect_tls;
    offer_ = {};
    offer_.side = tls::Side::calls;
    offer_.host = s_.redirect->host;
    if (how.kind == RedirectTls::Kind::verify) {
      authorities_ = how.authorities.empty() ? std::string(usual_authorities) : how.authorities;
      offer_.client_certificate = ClientCertificate::required;
      offer_.client_ca = read("redirect_tls", authorities_);
    }
    if (!good_) return false;
    if (names_)
      for (const tls::Fault& fault : names_->tls_faults(offer_)) tell_of_target(fault);
    if (good_) service_.target_offer.value = std::make_shared<const tls::Offer>(std::move(offer_));
    return good_;
  }

  void tell_of_target(const tls::Fault& fault) {
    const bool of_file = fault.about == About::client_ca;
    tell(fault.fatal ? Level::error : Level::warning, "redirect_tls", of_file ? s_.redirect_tls->authorities : std::string(),
         of_file ? fmt::format("{}: {}", authorities_, fault.sentence) : fault.sentence, fault.hint);
  }

  /// Whoever can read it can pass for the service.
  void look_at_keys() {
    constexpr unsigned by_others = 0006;
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      const std::string& path = paths_[i].second;
      const auto status = files_.status(path);
      if (!status || (status->mode & by_others) == 0 || path_told(i)) continue;
      const std::string_view attribute = i > 0 ? "tls_sni" : s_.tls_key ? "tls_key" : "tls_cert";
      tell(Level::warning, attribute, path, fmt::format("{}: everybody can {} this key", path, (status->mode & 0002) != 0 ? "change" : "read"),
           fmt::format("'chmod o= {}' leaves it to its owner and group", path));
    }
  }
  [[nodiscard]] bool path_told(std::size_t i) const {
    return std::any_of(paths_.begin(), paths_.begin() + static_cast<std::ptrdiff_t>(i), [&](const auto& one) { return one.second == paths_[i].second; });
  }

  [[nodiscard]] bool asks_peers() const { return offer_.client_certificate != ClientCertificate::no; }

  void take_words() {
    const TlsVersions versions = s_.tls_versions.value_or(TlsVersions{});
    offer_.strict_names = s_.tls_sni_strict.value_or(false);
    offer_.client_certificate = client_certificate(service_);
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
  std::string authorities_;  ///< of targets: a path
  bool good_ = true;
};

}  // namespace

bool read_offer(Service& service, const Written& written, Files& files, Names* names, Diagnostics& diagnostics) {
  return OfferReader(service, written, files, names, diagnostics).run();
}

namespace {

/// Do their files say the same?
bool same_files(const Service& one, const Service& other) {
  const auto same = [](const SharedOffer& a, const SharedOffer& b) {
    return a.value == b.value || (a.value && b.value && *a.value == *b.value);
  };
  return same(one.offer, other.offer) && same(one.target_offer, other.target_offer);
}

}  // namespace

Renewed renew(const std::shared_ptr<const Service>& service, Files& files, Names& names) {
  Renewed renewed{service};
  if (!service->tls() && !calls_with_tls(*service)) return renewed;
  const Entry nowhere{.name = service->name, .place = service->place, .line_text = {}};
  const std::vector<const Entry*> no_defaults;
  Diagnostics findings;
  auto next = std::make_shared<Service>(*service);
  next->offer.not_renewed.clear();
  const bool good = read_offer(*next, Written(nowhere, no_defaults), files, &names, findings);
  std::string why;
  for (const Diagnostic& finding : findings.all()) {
    if (finding.level <= Level::error && why.empty()) why = finding.sentence;
    if (finding.level == Level::warning) renewed.warnings.push_back(finding.sentence);
  }
  if (!good) {
    *next = *service;
    next->offer.not_renewed = why;
  }
  renewed.outcome = !good ? Renewed::Outcome::kept
                    : same_files(*next, *service) ? Renewed::Outcome::unchanged
                                                  : Renewed::Outcome::renewed;
  const bool same = next->offer == service->offer && next->target_offer == service->target_offer;
  if (!same) renewed.service = std::move(next);
  return renewed;
}

}  // namespace xsuperd::config
