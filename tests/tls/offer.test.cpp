// SPDX-License-Identifier: MIT
#include "xsuperd/tls/offer.hpp"

#include <catch2/catch.hpp>

#include "xsuperd/tls/words.hpp"

using namespace xsuperd::tls;

namespace {

Offer full() {
  return {.identities = {{"", "chain", "key"}, {"*.example.org", "chain 2", "key 2"}},
          .strict_names = true,
          .client_certificate = ClientCertificate::required,
          .client_ca = "ca",
          .client_crl = "crl",
          .least = Version::tls1_3,
          .most = Version::tls1_3,
          .ciphers = {"HIGH"},
          .alpn = {"h2", "http/1.1"},
          .in_kernel = true};
}

Words words() {
  return {.name = "a.example",
          .protocol = "h2",
          .version = "TLSv1.3",
          .cipher = "TLS_AES_128_GCM_SHA256",
          .resumed = true,
          .certificate = Certificate{.subject = "Jo", .names = {"jo@example.org", "Host.example"}, .issuer = "CN=us", .serial = "0a", .sha256 = std::string(64, 'a')},
          .in_kernel = true};
}

}  // namespace

TEST_CASE("an offer as bytes is the same offer again") {
  CHECK(decode(encode(full())) == full());
  CHECK(decode(encode({})) == Offer{});
}

TEST_CASE("bytes that are cut, too many or out of range are no offer") {
  const std::string bytes = encode(full());
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(decode(bytes.substr(0, size)));
  CHECK_FALSE(decode(bytes + "x"));
  CHECK_FALSE(decode(std::string(200, '\xff')));
}

TEST_CASE("of a PEM file only its parts are kept, as they are") {
  const std::string part = "-----BEGIN A-----\nAAAA\n-----END A-----\n";
  CHECK(pem_blocks("a remark\n" + part + "another: \xff\n" + part) == part + part);
  CHECK(pem_blocks("-----BEGIN A-----\r\nAAAA\r\n-----END A-----\r\nrest") == part);
  CHECK(pem_blocks(part) == part);
  CHECK(pem_blocks("nothing").empty());
  CHECK(pem_blocks("-----BEGIN A-----\n\xff\xfe\nBBBB\n") == "-----BEGIN A-----\nBBBB\n");
  CHECK(pem_blocks("-----BEGIN A\x03-----\nBBBB\n-----END A-----\n" + part) == part);
  CHECK(pem_blocks("-----BEGIN A-----\nBBBB\n-----END \x03-----\nrest\n" + part) == "-----BEGIN A-----\nBBBB\n" + part);
}

TEST_CASE("a name stands for hosts as in certificates") {
  CHECK(stands_for("a.example", "A.Example"));
  CHECK_FALSE(stands_for("a.example", "b.a.example"));
  CHECK(stands_for("*.example", "b.example"));
  CHECK_FALSE(stands_for("*.example", "example"));
  CHECK_FALSE(stands_for("*.example", ".example"));
  CHECK_FALSE(stands_for("*.example", "a.b.example"));
}

TEST_CASE("words that a terminal or a log would stumble over are not decent") {
  CHECK(decent("José") == "José");
  CHECK(decent("a\nb").empty());
  CHECK(decent("a\x1b[0m").empty());
  CHECK(decent("a\xc2\x9b").empty());
  CHECK(decent("\xff").empty());
  CHECK(decent(std::string(longest_word + 1, 'a')).empty());
}

TEST_CASE("what is told of a handshake is in order, or not believed") {
  CHECK(in_order(words()));
  Words bad = words();
  bad.name = "a\nb";
  CHECK_FALSE(in_order(bad));
  bad = words();
  bad.certificate->sha256 = "a";
  CHECK_FALSE(in_order(bad));
  bad = words();
  bad.certificate->names.assign(most_names + 1, "a");
  CHECK_FALSE(in_order(bad));
  CHECK(in_order(Handshake{Handshake::Result::done, words(), ""}));
  CHECK_FALSE(in_order(Handshake{Handshake::Result::failed, words(), ""}));
  CHECK(in_order(Handshake{Handshake::Result::failed, {}, "no shared cipher"}));
  CHECK_FALSE(in_order(Handshake{Handshake::Result::failed, {}, "no\nshared cipher"}));
}

TEST_CASE("a handshake that the offer could not have led to is not believed") {
  Offer offer;
  offer.client_certificate = ClientCertificate::required;
  offer.alpn = {"h2"};
  CHECK_FALSE(fits(offer, words()));
  offer.in_kernel = true;
  CHECK(fits(offer, words()));
  Words other = words();
  other.certificate.reset();
  CHECK_FALSE(fits(offer, other));
  offer.client_certificate = ClientCertificate::optional;
  CHECK(fits(offer, other));
  other.protocol = "smtp";
  CHECK_FALSE(fits(offer, other));
  other.protocol.clear();
  CHECK(fits(offer, other));
  other.version = "TLSv1.2";
  CHECK(fits(offer, other));
  offer.least = Version::tls1_3;
  CHECK_FALSE(fits(offer, other));
  other.version = "TLSv1.3";
  CHECK(fits(offer, other));
  offer.least = offer.most = Version::tls1_2;
  CHECK_FALSE(fits(offer, other));
  other.version = "TLSv1";
  CHECK_FALSE(fits(offer, other));
}

TEST_CASE("only_cert lets in by common name, alternative name or digest, and nobody when it names nobody") {
  using Kind = CertificatePattern::Kind;
  const auto certificate = words().certificate;
  CHECK_FALSE(admits({}, {}));
  CHECK_FALSE(admits({}, certificate));
  CHECK_FALSE(admits({{Kind::subject, "Jo"}}, {}));
  CHECK(admits({{Kind::subject, "Jo"}}, certificate));
  CHECK_FALSE(admits({{Kind::subject, "jo"}}, certificate));
  CHECK(admits({{Kind::name, "host.EXAMPLE"}}, certificate));
  CHECK_FALSE(admits({{Kind::name, "Jo"}}, certificate));
  CHECK(admits({{Kind::subject, "other"}, {Kind::sha256, std::string(64, 'a')}}, certificate));
  CHECK_FALSE(admits({{Kind::sha256, std::string(64, 'b')}}, certificate));
  auto nameless = certificate;
  nameless->subject.clear();
  CHECK_FALSE(admits({{Kind::subject, ""}}, nameless));
}
