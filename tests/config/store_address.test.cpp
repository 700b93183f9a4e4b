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

TEST_CASE("an address of a store is written as it is read") {
  for (const char* text : {"redis:unix:/run/redis.sock", "redis://a", "redis://limits@a:6380/2", "rediss://[2001:db8::5]:1", "rediss://a_b-c.d/15"})
    CHECK(parse_store_address(text)->text() == text);
}

TEST_CASE("what is no address of a store is an error that says why") {
  for (const char* wrong : {"", "redis", "redis:", "redis://", "redis:unix:", "redis:unix:relative", "http://a", "redis://a:0", "redis://a:65536", "redis://a:", "redis://a:1x",
                            "redis://a/x", "redis://a/", "redis://a/10000", "redis://@a", "redis://[::1", "redis://[1.2.3.4]", "redis://[::1]x", "redis://a b",
                            "redis://-a", "redis://a/-1", "redis://::1"}) {
    INFO(wrong);
    const auto address = parse_store_address(wrong);
    REQUIRE_FALSE(address.has_value());
    CHECK_FALSE(address.error().sentence.empty());
  }
}

TEST_CASE("a password in an address is refused, because whoever sees the configuration sees it") {
  const auto address = parse_store_address("redis://user:secret@a");
  REQUIRE_FALSE(address.has_value());
  CHECK(address.error().sentence.find("secret") == std::string::npos);
  CHECK(address.error().sentence.find("ban_share_password") != std::string::npos);
}
