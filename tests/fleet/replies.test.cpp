// SPDX-License-Identifier: MIT
#include "fleet/replies.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace xsuperd;
using namespace xsuperd::fleet;

namespace {

Replies fed(std::string_view bytes) {
  REQUIRE(load_hiredis().has_value());
  Replies replies;
  replies.feed(bytes);
  return replies;
}

}  // namespace

TEST_CASE("each kind of answer is read, whole or byte by byte") {
  const std::string bytes = "+OK\r\n-ERR no\r\n:42\r\n$5\r\nhello\r\n$-1\r\n*2\r\n$1\r\na\r\n*1\r\n:7\r\n*-1\r\n";
  REQUIRE(load_hiredis().has_value());
  for (const std::size_t piece : {bytes.size(), std::size_t{1}}) {
    Replies replies;
    std::vector<Reply> all;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      replies.feed(std::string_view(bytes).substr(at, piece));
      while (auto one = replies.next()) all.push_back(std::move(*one));
    }
    REQUIRE(all.size() == 7);
    CHECK((all[0].kind == Reply::Kind::status && all[0].text == "OK"));
    CHECK(all[1].is_error("ERR"));
    CHECK(all[2].number == 42);
    CHECK((all[3].kind == Reply::Kind::text && all[3].text == "hello"));
    CHECK(all[4].kind == Reply::Kind::nothing);
    REQUIRE(all[5].list.size() == 2);
    CHECK(all[5].list[1].list[0].number == 7);
    CHECK(all[6].kind == Reply::Kind::nothing);
    CHECK_FALSE(replies.broken());
  }
}

TEST_CASE("what is no protocol breaks the stream, and nothing comes of it any more") {
  for (const char* wrong : {"HTTP/1.1 400 Bad Request\r\n", "$x\r\n", "*-7\r\n", "\r\n", "$-7\r\n", ":x\r\n", ",1.5\r\n", "#t\r\n"}) {
    INFO(wrong);
    Replies replies = fed(wrong);
    CHECK_FALSE(replies.next());
    CHECK(replies.broken());
    replies.feed("+OK\r\n");
    CHECK_FALSE(replies.next());
  }
}

TEST_CASE("a list that announces too much breaks the stream before anything is made of it") {
  for (const char* wrong : {"*2147483647\r\n", "*4294967297\r\n", "*8193\r\n", "*8000\r\n*8000\r\n"}) {
    INFO(wrong);
    Replies replies = fed(wrong);
    CHECK_FALSE(replies.next());
    CHECK(replies.broken());
  }
}

TEST_CASE("lists in lists have an end") {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "*1\r\n";
  Replies replies = fed(deep);
  CHECK_FALSE(replies.next());
  CHECK(replies.broken());
}

TEST_CASE("an answer that grows without an end breaks the stream") {
  REQUIRE(load_hiredis().has_value());
  for (const std::string begin : {"$536870912\r\n", "+"}) {
    Replies replies;
    replies.feed(begin);
    std::size_t fed = 0;
    while (!replies.next() && !replies.broken() && fed < 16 * most_reply_bytes) {
      replies.feed(std::string(64 * 1024, 'x'));
      fed += 64 * 1024;
    }
    CHECK(replies.broken());
    CHECK(fed <= 2 * most_reply_bytes);
  }
}

TEST_CASE("any bytes give answers or break the stream") {
  std::minstd_rand chance(3);
  const std::string good = "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\nabcd\r\n:1\r\n*2\r\n*1\r\n+a\r\n$-1\r\n-E x\r\n";
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = good;
    for (int changes = 0; changes < 4; ++changes) bytes[chance() % bytes.size()] = "\r\n$*:+-0123456789x"[chance() % 18];
    Replies replies = fed(bytes);
    int count = 0;
    while (replies.next()) ++count;
    CHECK(count < 100);
  }
}

TEST_CASE("a command is a list of texts, whatever is in them") {
  std::string bytes;
  put_command(bytes, "SET", std::string("a\r\nb"), std::string_view("c"));
  CHECK(bytes == "*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$1\r\nc\r\n");
}
