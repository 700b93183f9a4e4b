// SPDX-License-Identifier: MIT
#include "xsuperd/config/store_address.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::config;

TEST_CASE("an address of a store says where it is and who we are there") {
  CHECK(*parse_store_address("redis:unix:/run/redis.sock") == StoreAddress{.path = "/run/redis.sock"});
  CHECK(*parse_store_address("redis://store.example.org") == StoreAddress{.host = "store.example.org"});
  CHECK(*parse_store_address("redis://limits@192.0.2.1:6380/2") == StoreAddress{.host = "192.0.2.1", .port = 6380, .user = "limits", .database = 2});
  CHECK(*parse_store_address("rediss://[2001:db8::5]:1") == StoreAddress{.host = "2001:db8::5", .port = 1, .tls = true});
}

TEST_CASE("an address of a Sentinel says by which name it knows the primary") {
  CHECK(*parse_store_address("sentinel://s1.example.org/mymaster") == StoreAddress{.host = "s1.example.org", .port = 26379, .primary = "mymaster"});
  CHECK(*parse_store_address("sentinel://limits@192.0.2.1:26380/a.b_c-1/2") ==
        StoreAddress{.host = "192.0.2.1", .port = 26380, .user = "limits", .database = 2, .primary = "a.b_c-1"});
  CHECK(*parse_store_address("sentinels://[2001:db8::5]/9") == StoreAddress{.host = "2001:db8::5", .port = 26379, .tls = true, .primary = "9"});
  CHECK(parse_store_address("sentinel://a/" + std::string(64, 'x')).has_value());
}

TEST_CASE("an address of a store is written as it is read") {
  for (const char* text : {"redis:unix:/run/redis.sock", "redis://a", "redis://limits@a:6380/2", "rediss://[2001:db8::5]:1", "rediss://a_b-c.d/15", "sentinel://a/mymaster",
                           "sentinel://limits@a:6379/mymaster/2", "sentinels://[2001:db8::5]:1/m", "redis://a:26379", "sentinel://a/9/9"})
    CHECK(parse_store_address(text)->text() == text);
}

TEST_CASE("what is no address of a store is an error that says why") {
  for (const char* wrong : {"", "redis", "redis:", "redis://", "redis:unix:", "redis:unix:relative", "http://a", "redis://a:0", "redis://a:65536", "redis://a:", "redis://a:1x",
                            "redis://a/x", "redis://a/", "redis://a/10000", "redis://@a", "redis://[::1", "redis://[1.2.3.4]", "redis://[::1]x", "redis://a b",
                            "redis://-a", "redis://a/-1", "redis://::1", "redis://a/mymaster", "sentinel:", "sentinel://", "sentinel://a", "sentinel://a/",
                            "sentinel:///mymaster", "sentinel://a//2", "sentinel://a/my master", "sentinel://a/mymaster/", "sentinel://a/mymaster/x",
                            "sentinel://a/mymaster/10000", "sentinel://a/mymaster/1/2", "sentinel://a:0/mymaster", "sentinel://@a/mymaster",
                            "sentinel://a/m\xc3\xa4rz", "sentinel://a/my*", "sentinel:unix:/run/s"}) {
    INFO(wrong);
    const auto address = parse_store_address(wrong);
    REQUIRE_FALSE(address.has_value());
    CHECK_FALSE(address.error().sentence.empty());
  }
}

TEST_CASE("a password in an address is refused, because whoever sees the configuration sees it") {
  for (const char* text : {"redis://user:secret@a", "sentinels://user:secret@a/mymaster"}) {
    const auto address = parse_store_address(text);
    REQUIRE_FALSE(address.has_value());
    CHECK(address.error().sentence.find("secret") == std::string::npos);
    CHECK(address.error().sentence.find("ban_share_password") != std::string::npos);
  }
}

TEST_CASE("the name of a primary is bounded") {
  CHECK_FALSE(parse_store_address("sentinel://a/" + std::string(65, 'x')).has_value());
  CHECK(parse_store_address("sentinel://a").error().sentence == "'sentinel://a': the name of the primary is expected: sentinel://HOST/NAME");
  CHECK(parse_store_address("sentinel://a/b c").error().sentence ==
        "'sentinel://a/b c': the name of the primary is not 1 to 64 letters, digits, dots, hyphens and underscores");
}
