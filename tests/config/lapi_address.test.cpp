// SPDX-License-Identifier: MIT
#include "xsuperd/config/lapi_address.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace xsuperd::config;

TEST_CASE("the URL of a Local API says where it is, with the ports that URLs have") {
  CHECK(*parse_lapi_address("http://127.0.0.1:8080") == LapiAddress{.host = "127.0.0.1", .port = 8080});
  CHECK(*parse_lapi_address("http://lapi/") == LapiAddress{.host = "lapi", .port = 80});
  CHECK(*parse_lapi_address("https://[2001:db8::5]/a/b/") == LapiAddress{.host = "2001:db8::5", .port = 443, .base = "/a/b", .tls = true});
  CHECK(*parse_lapi_address("http:unix:/run/crowdsec.sock") == LapiAddress{.path = "/run/crowdsec.sock"});
  CHECK(parse_lapi_address("https://[2001:db8::5]:8443")->authority() == "[2001:db8::5]:8443");
  CHECK(parse_lapi_address("https://lapi:443")->authority() == "lapi");
  CHECK(parse_lapi_address("http:unix:/r")->authority() == "localhost");
}

TEST_CASE("the URL of a Local API is written as it is read") {
  for (const char* text : {"http:unix:/run/crowdsec.sock", "http://a", "http://a:443", "https://a:80/x", "https://[2001:db8::5]:1/%20a"})
    CHECK(parse_lapi_address(text)->text() == text);
}

TEST_CASE("what is no URL of a Local API is an error that says why") {
  for (const std::string wrong : {"", "http", "http:", "http://", "http:///x", "http:unix:", "http:unix:relative", "redis://a", "ftp://a", "http://a:0", "http://a:65536", "http://a:",
                                  "http://a?x", "http://a/x#y", "http://[::1", "http://[1.2.3.4]", "http://a b", "http://-a", "http://a/x y", "http://a/\x01", "http://::1", "HTTP://a"}) {
    INFO(wrong);
    const auto address = parse_lapi_address(wrong);
    REQUIRE_FALSE(address.has_value());
    CHECK_FALSE(address.error().sentence.empty());
  }
  CHECK_FALSE(parse_lapi_address("http://a/" + std::string(300, 'x')).has_value());
}

TEST_CASE("a password in the URL of a Local API is refused, and not repeated") {
  const auto address = parse_lapi_address("http://user:secret@a");
  REQUIRE_FALSE(address.has_value());
  CHECK(address.error().sentence.find("secret") == std::string::npos);
}
