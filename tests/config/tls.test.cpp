// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

// The attributes about TLS, and the files that they name.
using namespace xsuperd;
using namespace xsuperd::config;
using namespace xsuperd::config::test;
using About = tls::Fault::About;

namespace {

constexpr char yes[] = "tls = yes\ntls_cert = /c\n";

std::string block(const std::string& text) { return "-----BEGIN X-----\n" + text + "\n-----END X-----\n"; }

/// One service x with these lines, and files that hold their own names.
World with_files(const std::string& lines) {
  World w;
  for (const std::string path : {"/c", "/k", "/c2", "/k2", "/ca", "/crl"}) {
    w.files.texts[path] = "a remark\n" + block(path);
    w.files.statuses[path].mode = 0100600;
  }
  w.read(service("x", 9000, lines));
  return w;
}

World faulty(const std::string& lines, tls::Fault fault) {
  World w;
  for (const std::string path : {"/c", "/k", "/c2", "/ca", "/crl"}) w.files.texts[path] = block(path);
  w.names.faults = {std::move(fault)};
  w.read(service("x", 9000, lines));
  return w;
}

std::string log_of(const std::string& lines) { return with_files(lines).log(); }

}  // namespace

TEST_CASE("what a service with TLS offers is in its files, without remarks") {
  const World w = with_files(std::string(yes) + "tls_key = /k\ntls_sni = *.B.example /c2\ntls_sni += a.example /c2 /k2\ntls_sni_strict = yes\n"
                             "tls_client_ca = /ca\ntls_client_crl = /crl\nonly_cert = cn:Jo\ntls_versions = 1.3\n"
                             "tls_ciphers = HIGH !RC4\ntls_alpn = h2 http/1.1");
  REQUIRE(w.up("x"));
  const tls::Offer expected{.identities = {{"", block("/c"), block("/k")}, {"*.b.example", block("/c2"), block("/c2")}, {"a.example", block("/c2"), block("/k2")}},
                            .strict_names = true,
                            .client_certificate = ClientCertificate::required,
                            .client_ca = block("/ca"),
                            .client_crl = block("/crl"),
                            .least = tls::Version::tls1_3,
                            .most = tls::Version::tls1_3,
                            .ciphers = {"HIGH", "!RC4"},
                            .alpn = {"h2", "http/1.1"}};
  REQUIRE(w.at("x").offer.value);
  CHECK(*w.at("x").offer.value == expected);
}

TEST_CASE("without TLS no file is looked at") {
  const World w = with("tls = no\ntls_cert = /nothing");
  REQUIRE(w.up("x"));
  CHECK_FALSE(w.at("x").offer.value);
  CHECK_FALSE(w.at("x").tls());
}

TEST_CASE("values are printed as they can be written") {
  const auto printed = [](const std::string& attribute, const std::string& line) {
    const World w = with_files(std::string(yes) + "tls_client_ca = /ca\n" + line);
    return w.up("x") ? find_attribute(attribute)->print(w.at("x").settings) : w.log();
  };
  CHECK(printed("tls_sni", "tls_client_cert = optional\ntls_sni = A.example /c2 /k2 *.b.example /c2") == "a.example /c2 /k2 *.b.example /c2");
  CHECK(printed("tls_sni", "tls_client_cert = optional\ntls_sni = a.example /c\ntls_sni += a.example /c2") == "a.example /c2");
  CHECK(printed("only_cert", "only_cert = CN:Jo\nonly_cert += san:a@b SHA256:" + std::string(64, 'A')) ==
        "cn:Jo san:a@b sha256:" + std::string(64, 'a'));
  CHECK(printed("only_cert", "only_cert = cn:a cn:b\nonly_cert -= cn:a") == "cn:b");
  std::string colons;
  for (int i = 0; i < 32; ++i) colons += i == 0 ? "0F" : ":0f";
  std::string plain_digest;
  for (int i = 0; i < 32; ++i) plain_digest += "0f";
  CHECK(printed("only_cert", "only_cert = sha256:" + colons) == "sha256:" + plain_digest);
  CHECK(printed("tls_versions", "tls_client_cert = optional\ntls_versions = 1.2-1.3") == "1.2-1.3");
  CHECK(printed("tls_versions", "tls_client_cert = optional\ntls_versions = 1.2") == "1.2");
  CHECK(printed("tls_ciphers", "tls_client_cert = optional\ntls_ciphers = ECDHE+AESGCM\ntls_ciphers += !RC4") == "ECDHE+AESGCM !RC4");
}

TEST_CASE("a value that is not understood costs the entry, as nobody is to be served with less") {
  for (const std::string line : {"tls = perhaps", "tls_cert = cert.pem", "tls_sni = a.example", "tls_sni = /c /k", "tls_sni = localhost /c",
                                 "tls_sni = *.example /c", "tls_sni = a.example /c /k /more", "only_cert = Jo", "only_cert = cn:", "only_cert = sha256:12",
                                 "tls_versions = 1.1", "tls_versions = 1.3-1.2", "tls_client_cert = yes", "tls_timeout = 0", "tls_timeout = 2h",
                                 "tls_sni_strict = 1"}) {
    INFO(line);
    CHECK(with_files(line + "\n" + yes).refused("x"));
  }
}

TEST_CASE("what does not go together is refused, with the line") {
  CHECK(log_of("tls_cert = /c").find("Service x has tls_cert, and does not say whether it wants TLS") != std::string::npos);
  CHECK(log_of("tls = yes").find("Service x missing attribute tls_cert") != std::string::npos);
  CHECK(log_of(std::string(yes) + "only_cert = cn:a").find("missing attribute tls_client_ca") != std::string::npos);
  CHECK(log_of(std::string(yes) + "tls_client_ca = /ca").find("has an authority for certificates of peers, and asks for none") != std::string::npos);
  CHECK(log_of(std::string(yes) + "tls_client_ca = /ca\nonly_cert = cn:a\ntls_client_cert = optional").find("only_cert needs") != std::string::npos);
  CHECK(log_of(std::string(yes) + "banner = /b").find("would be sent before TLS has begun") != std::string::npos);
  CHECK(log_of(std::string(yes) + "flags = LABELED").find("LABELED needs the connection itself") != std::string::npos);
  CHECK(log_of(std::string(yes) + "flags = SENSOR").find("needs no TLS") != std::string::npos);
  const auto refused = [](const std::string& lines) {
    World w;
    w.files.texts["/c"] = block("/c");
    w.read(entry("x", lines + std::string(yes)));
    return w.refused("x");
  };
  CHECK(refused("type = UNLISTED\nport = 9\nsocket_type = stream\nwait = yes\nuser = root\nserver = /bin/server\n"));
  CHECK(refused("type = UNLISTED\nport = 9\nsocket_type = dgram\nprotocol = udp\nwait = yes\nuser = root\nserver = /bin/server\n"));
  CHECK(refused("type = TCPMUX UNLISTED\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server\n"));
}

TEST_CASE("the defaults may say how TLS is spoken, but not that it is") {
  World w;
  w.files.texts["/c"] = block("/c");
  w.read(defaults("tls_cert = /c\ntls_timeout = 3\nbanner = /b") + service("x", 9000, "tls = yes") + service("y", 9001));
  REQUIRE(w.up("x"));
  CHECK(w.at("x").offer.value);
  CHECK(w.at("x").settings.tls_timeout == 3u);
  REQUIRE(w.up("y"));
  CHECK_FALSE(w.at("y").tls());
  CHECK(World(defaults("tls = yes") + service("x", 9000)).said("tls"));
}

TEST_CASE("a file that cannot be read is an error at its line") {
  World w;
  w.files.texts["/c"] = block("/c");
  w.files.unreadable.insert("/k");
  w.read(service("x", 9000, std::string(yes) + "tls_key = /k"));
  CHECK(w.refused("x"));
  const Diagnostic* finding = w.finding("Service x: open( /k ) failed");
  REQUIRE(finding);
  CHECK(finding->level == Level::error);
  CHECK(finding->line_text == "tls_key = /k");
}

TEST_CASE("what is wrong with a file is told with its name, and where that is written") {
  const auto finding = [](const std::string& lines, tls::Fault fault, const std::string& sentence) {
    const World w = faulty(lines, std::move(fault));
    const Diagnostic* found = w.finding(sentence);
    INFO(w.log());
    REQUIRE(found);
    CHECK(w.up("x") == (found->level == Level::warning));
    return found->line_text;
  };
  const std::string all = std::string(yes) + "tls_key = /k\ntls_sni = a.example /c2\ntls_client_ca = /ca\ntls_client_crl = /crl\ntls_client_cert = required\ntls_ciphers = A B";
  CHECK(finding(all, {.about = About::chain, .sentence = "is bad"}, "Service x: /c: is bad") == "tls_cert = /c");
  CHECK(finding(all, {.about = About::key, .sentence = "is bad"}, "Service x: /k: is bad") == "tls_key = /k");
  CHECK(finding(all, {.about = About::key, .index = 1, .sentence = "is bad"}, "Service x: /c2: is bad") == "tls_sni = a.example /c2");
  CHECK(finding(all, {.about = About::name, .index = 1, .fatal = false, .sentence = "is bad"}, "Service x: /c2: is bad") == "tls_sni = a.example /c2");
  CHECK(finding(all, {.about = About::client_ca, .sentence = "is bad"}, "Service x: /ca: is bad") == "tls_client_ca = /ca");
  CHECK(finding(all, {.about = About::client_crl, .sentence = "is bad"}, "Service x: /crl: is bad") == "tls_client_crl = /crl");
  CHECK(finding(all, {.about = About::cipher, .index = 1, .sentence = "bad B"}, "Service x: bad B") == "tls_ciphers = A B");
  CHECK(finding(yes, {.about = About::key, .sentence = "is bad"}, "Service x: /c: is bad") == "tls_cert = /c");
  CHECK(finding(yes, {.sentence = "xsuperd was built without OpenSSL"}, "Service x: xsuperd was built without OpenSSL") == "tls = yes");
}

TEST_CASE("a service whose files say something else is another one, although its lines are the same") {
  const World before = with_files(yes), same = with_files(yes);
  CHECK(diff(*before.loaded.config, *same.loaded.config).keep.at(0).same);
  World after;
  after.files.texts["/c"] = block("new");
  after.read(service("x", 9000, yes));
  const auto change = diff(*before.loaded.config, *after.loaded.config).keep.at(0);
  CHECK_FALSE(change.same);
  CHECK_FALSE(change.rebind);
  CHECK(change.changed == std::vector<std::string_view>{"tls_cert"});
}

TEST_CASE("a reload reads the files again, and an error in one keeps what runs") {
  World w = with_files(yes);
  const auto first = w.loaded.config;
  w.files.texts["/c"] = block("new");
  const Loaded renewed = load(w.files, w.names, {.main = main_file}, *first);
  CHECK(renewed.config->services.at(0)->offer.value->identities.at(0).chain == block("new"));
  w.names.faults = {{.about = About::chain, .sentence = "is bad"}};
  Loaded broken = load(w.files, w.names, {.main = main_file}, *first);
  keep_broken(*first, broken);
  CHECK(broken.config->services.at(0) == first->services.at(0));
}

TEST_CASE("what was accepted once is not asked about its certificates again") {
  World w;
  w.files.texts["/c"] = block("/c");
  w.files.texts[main_file] = service("x", 9000, yes);
  w.names.faults = {{.about = About::chain, .sentence = "has expired"}};
  CHECK(load(w.files, w.names, Sources{.main = main_file, .accepted = true}).config->services.size() == 1);
}

namespace {

constexpr char relayed[] = "redirect = far.example 993\n";

/// A relay with these lines.
World relaying(const std::string& lines) {
  World w;
  w.files.texts["/ca"] = block("/ca");
  w.files.texts[std::string(usual_authorities)] = block("everybody");
  w.names.hosts["far.example"] = {"192.0.2.7"};
  w.read(entry("x", std::string("type = UNLISTED\nport = 9000\nsocket_type = stream\nwait = no\nuser = root\n") + lines));
  return w;
}

}  // namespace

TEST_CASE("redirect_tls says how the target is spoken to") {
  const auto offer = [](const std::string& lines) {
    const World w = relaying(relayed + lines);
    INFO(w.log());
    REQUIRE(w.up("x"));
    return w.at("x").target_offer.value;
  };
  CHECK_FALSE(offer("redirect_tls = no"));
  CHECK_FALSE(offer(""));
  const auto any = offer("redirect_tls = yes");
  REQUIRE(any);
  CHECK(any->side == tls::Side::calls);
  CHECK(any->host == "far.example");
  CHECK(any->client_certificate == ClientCertificate::no);
  const auto usual = offer("redirect_tls = verify");
  REQUIRE(usual);
  CHECK(usual->client_certificate == ClientCertificate::required);
  CHECK(usual->client_ca == block("everybody"));
  CHECK(offer("redirect_tls = verify /ca")->client_ca == block("/ca"));
  CHECK(find_attribute("redirect_tls")->print(relaying(std::string(relayed) + "redirect_tls = VERIFY /ca").at("x").settings) == "verify /ca");
}

TEST_CASE("a redirect_tls that cannot be kept costs the entry") {
  const auto log = [](const std::string& lines) {
    const World w = relaying(lines);
    CHECK(w.refused("x"));
    return w.log();
  };
  for (const std::string line : {"redirect_tls = maybe", "redirect_tls = yes /ca", "redirect_tls = verify ca.pem"}) {
    INFO(line);
    CHECK(relaying(relayed + line).refused("x"));
  }
  CHECK(log(std::string(relayed) + "redirect_tls = verify /nothing").find("Service x: open( /nothing ) failed") != std::string::npos);
  CHECK(log("redirect = unix:/run/x.sock\nredirect_tls = yes").find("redirect_tls is for targets that have a host name or an address") != std::string::npos);
  CHECK(relaying("redirect = unix:/run/x.sock\nredirect_tls = no").up("x"));
  const World in_vain = with_files("redirect_tls = yes");
  CHECK(in_vain.up("x"));
  CHECK(in_vain.log().find("redirect_tls has no effect: service x has no redirect") != std::string::npos);
}

TEST_CASE("the kernel is to go on with TLS only where a server gets the connection itself") {
  const World kernel = with_files(std::string(yes) + "tls_handover = kernel");
  REQUIRE(kernel.up("x"));
  CHECK(kernel.at("x").offer.value->in_kernel);
  const World relay = with_files(std::string(yes) + "tls_handover = relay");
  REQUIRE(relay.up("x"));
  CHECK_FALSE(relay.at("x").offer.value->in_kernel);
  const World pair = with_files(std::string(yes) + "tls_handover = kernel\nreal_peer = yes\nproxy_from = 192.0.2.1");
  REQUIRE(pair.up("x"));
  CHECK_FALSE(pair.at("x").offer.value->in_kernel);
  CHECK(pair.log().find("tls_handover = kernel has no effect: service x has real_peer") != std::string::npos);
}

TEST_CASE("a key that everybody can read is worth a warning, once for each file") {
  World w;
  w.files.texts["/c"] = block("/c");
  w.files.statuses["/c"].mode = 0100644;
  w.read(service("x", 9000, std::string(yes) + "tls_sni = a.example /c"));
  REQUIRE(w.up("x"));
  const Diagnostic* finding = w.finding("Service x: /c: everybody can read this key");
  REQUIRE(finding);
  CHECK(finding->level == Level::warning);
  CHECK(finding->line_text == "tls_cert = /c");
  CHECK(finding->suggestion == "'chmod o= /c' leaves it to its owner and group");
  CHECK(w.loaded.diagnostics.count(Level::warning) == 1);
  w.files.statuses["/c"].mode = 0100640;
  w.read(service("x", 9000, yes));
  CHECK_FALSE(w.finding("everybody can"));
}

TEST_CASE("files are read again by themselves, and what cannot be used changes nothing") {
  using Outcome = Renewed::Outcome;
  World w = with_files(std::string(yes) + "tls_client_ca = /ca\ntls_client_cert = required");
  const auto first = w.loaded.config->services.at(0);
  const Renewed same = renew(first, w.files, w.names);
  CHECK(same.outcome == Outcome::unchanged);
  CHECK(same.service == first);

  w.files.texts["/ca"] = block("new");
  const Renewed other = renew(first, w.files, w.names);
  CHECK(other.outcome == Outcome::renewed);
  CHECK(other.service->offer.value->client_ca == block("new"));
  CHECK(other.service->settings == first->settings);

  w.names.faults = {{.about = About::key, .sentence = "is not the key of the certificate"}};
  const Renewed kept = renew(other.service, w.files, w.names);
  CHECK(kept.outcome == Outcome::kept);
  CHECK(kept.service->offer.value == other.service->offer.value);
  CHECK(kept.service->offer.not_renewed == "Service x: /c: is not the key of the certificate");
  CHECK(renew(kept.service, w.files, w.names).service == kept.service);

  w.names.faults = {{.about = About::chain, .fatal = false, .sentence = "ends soon"}};
  const Renewed good = renew(kept.service, w.files, w.names);
  CHECK(good.outcome == Outcome::unchanged);
  CHECK(good.service->offer.not_renewed.empty());
  CHECK(good.warnings == std::vector<std::string>{"Service x: /c: ends soon"});
  w.files.texts.erase("/c");
  CHECK(renew(first, w.files, w.names).service->offer.not_renewed == "Service x: open( /c ) failed: No such file or directory (errno = 2)");
}
