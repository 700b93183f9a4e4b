// SPDX-License-Identifier: MIT
#include "xsuperd/tls/check.hpp"

#include <catch2/catch.hpp>

#include "tls/authority.hpp"

using namespace xsuperd::tls;
using namespace xsuperd::tls::test;
using About = Fault::About;

namespace {

const Authority& authority() {
  static const Authority one("Our authority");
  return one;
}

Offer offer(const Authority::Wish& wish = {}) {
  const Issued issued = authority().issue(wish);
  Offer one;
  one.identities.push_back({"", issued.chain, issued.key});
  return one;
}

std::vector<Fault> faults(const Offer& offer) { return check(offer, std::chrono::system_clock::now()); }

Fault only(const Offer& offer) {
  const auto found = faults(offer);
  REQUIRE(found.size() == 1);
  return found[0];
}

std::string encrypted(const std::string& key) {
  std::string text = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n";
  return text + key.substr(key.find('\n') + 1, 65) + "-----END ENCRYPTED PRIVATE KEY-----\n";
}

}  // namespace

TEST_CASE("nothing is wrong with what is good") {
  CHECK(ability() == Ability::usable);
  Offer good = offer();
  good.ciphers = {"HIGH:!aNULL", "ECDHE+AESGCM", "@STRENGTH", "TLS_AES_128_GCM_SHA256"};
  good.client_certificate = ClientCertificate::required;
  good.client_ca = authority().certificate();
  good.client_crl = authority().revoke({});
  CHECK(faults(good).empty());
}

TEST_CASE("files that hold something else are told") {
  Offer one = offer();
  one.identities[0].chain = "nothing";
  CHECK(only(one).about == About::chain);
  one = offer();
  one.identities[0].key.clear();
  CHECK(only(one).sentence == "has no private key in it that can be read");
  one.identities[0].key = encrypted(offer().identities[0].key);
  CHECK(only(one).sentence == "is protected by a passphrase, and there is nobody to type it");
  one.identities[0].key = offer().identities[0].key;
  CHECK(only(one) == Fault{About::key, 0, true, "is not the key of the certificate", ""});
}

TEST_CASE("a chain with a broken certificate behind a good one is not taken in part") {
  Offer one = offer();
  one.identities[0].chain += "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  CHECK(only(one).about == About::chain);
}

TEST_CASE("a certificate counts from its first to its last day") {
  CHECK(only(offer({.ends = -60})).sentence.starts_with("the certificate has expired on 2"));
  CHECK(only(offer({.begins = 86400})).sentence.starts_with("the certificate is not valid before 2"));
  Offer one = offer();
  one.identities[0].chain += authority().issue({.ends = -60}).chain;
  CHECK(only(one).sentence.starts_with("the certificate of an issuer has expired"));
  CHECK(only(offer({.ends = 13 * 86400L})).sentence.starts_with("the certificate ends on 2"));
  CHECK_FALSE(only(offer({.ends = 13 * 86400L})).fatal);
  CHECK(faults(offer({.ends = 15 * 86400L})).empty());
}

TEST_CASE("what is shown is told, with the first end of its chain") {
  Offer one = offer({.subject = "here", .names = "DNS:a.example"});
  one.identities[0].chain += authority().issue({.ends = 1000}).chain;
  const Issued other = authority().issue({.subject = "there"});
  one.identities.push_back({"b.example", other.chain, other.key});
  one.identities.push_back({"c.example", "nothing", {}});
  const auto shown = shown_by(one);
  REQUIRE(shown.size() == 2);
  CHECK(shown[0].certificate.subject == "here");
  CHECK(shown[0].certificate.names == std::vector<std::string>{"a.example"});
  CHECK(shown[0].certificate.issuer == "CN=Our authority");
  CHECK(shown[0].until > std::chrono::system_clock::now() + std::chrono::seconds(900));
  CHECK(shown[0].until < std::chrono::system_clock::now() + std::chrono::seconds(1100));
  CHECK(shown[1].name == "b.example");
}

TEST_CASE("a certificate without the name it is shown for is worth a warning") {
  Offer one = offer();
  const Issued issued = authority().issue({.names = "DNS:a.example,DNS:*.b.example"});
  one.identities.push_back({"a.example", issued.chain, issued.key});
  one.identities.push_back({"*.b.example", issued.chain, issued.key});
  CHECK(faults(one).empty());
  one.identities[2].name = "c.example";
  const Fault fault = only(one);
  CHECK(fault.about == About::name);
  CHECK(fault.index == 2);
  CHECK_FALSE(fault.fatal);
  CHECK(fault.sentence == "the certificate does not have the name c.example");
}

TEST_CASE("authorities and lists of revoked certificates are looked at only where peers are asked") {
  Offer one = offer();
  one.client_ca = "nothing";
  CHECK(faults(one).empty());
  one.client_certificate = ClientCertificate::optional;
  CHECK(only(one).about == About::client_ca);
  one.client_ca = authority().certificate();
  one.client_crl = "nothing";
  CHECK(only(one).about == About::client_crl);
  one.client_crl = authority().revoke({}, -3600);
  CHECK(only(one).sentence.starts_with("was to be followed by another list on 2"));
}

TEST_CASE("an unknown cipher is told, wherever in a list it stands") {
  Offer one = offer();
  one.ciphers = {"HIGH", "ECDHE+AESGCM:!NOSUCH"};
  const Fault fault = only(one);
  CHECK(fault.about == About::cipher);
  CHECK(fault.index == 1);
  CHECK(fault.sentence == "OpenSSL knows no cipher '!NOSUCH'");
  one.ciphers = {"TLS_NO_SUCH"};
  CHECK(only(one).sentence == "OpenSSL knows no cipher 'TLS_NO_SUCH'");
}
