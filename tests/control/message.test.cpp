// SPDX-License-Identifier: MIT
#include "xsuperd/control/message.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::control;

namespace {

/// What is wrong with a request, as "CODE: sentence"; empty when nothing is.
std::string wrong(std::string_view text) {
  const auto parsed = parse_request(text);
  const auto* failure = std::get_if<Failure>(&parsed);
  return failure ? std::string(word_of(failure->code)) + ": " + failure->sentence : "";
}

}  // namespace

TEST_CASE("A request comes back as it was sent") {
  Request request{"kill"};
  request.arguments = {{"session", 7}, {"signal", "HUP"}};
  const auto parsed = parse_request(request_text(request));
  REQUIRE(std::holds_alternative<Request>(parsed));
  CHECK(std::get<Request>(parsed).command == "kill");
  CHECK(std::get<Request>(parsed).arguments == request.arguments);
}

TEST_CASE("A request that cannot be read is told what is wrong with it") {
  CHECK(wrong(R"({"version":1,"command":"list"})").empty());
  CHECK_THAT(wrong(""), Catch::StartsWith("bad_request: the request is not valid JSON"));
  CHECK_THAT(wrong("\x80\xff garbage"), Catch::StartsWith("bad_request: the request is not valid JSON"));
  CHECK_THAT(wrong("[]"), Catch::Contains("it is not an object"));
  CHECK(wrong("{}") == "bad_request: the request has no version");
  CHECK(wrong(R"({"version":"1","command":"list"})") == "bad_request: the request has no version");
  CHECK_THAT(wrong(R"({"version":2,"command":"list"})"), Catch::StartsWith("wrong_version: "));
  CHECK(wrong(R"({"version":1})") == "bad_request: the request has no command");
  CHECK(wrong(R"({"version":1,"command":["list"]})") == "bad_request: the request has no command");
  CHECK(wrong(R"({"version":1,"command":"list","arguments":[]})") == "bad_request: the arguments are not an object");
  CHECK_THAT(wrong(R"({"version":1,"command":"list"} trailing)"), Catch::StartsWith("bad_request"));
}

TEST_CASE("Nesting has a limit, so that no request exhausts the stack") {
  const auto nested = [](std::size_t depth) {
    return R"({"version":1,"command":"x","arguments":{"a":)" + std::string(depth, '[') + std::string(depth, ']') + "}}";
  };
  CHECK(wrong(nested(10)).empty());
  CHECK_THAT(wrong(nested(30'000)), Catch::StartsWith("bad_request: the request is not valid JSON"));
}

TEST_CASE("Bytes that are no UTF-8 are escaped, and UTF-8 stays") {
  CHECK(json_text("plain") == "plain");
  CHECK(json_text("h\xc3\xb6lle \xe2\x82\xac \xf0\x9f\x98\x80") == "h\xc3\xb6lle \xe2\x82\xac \xf0\x9f\x98\x80");
  CHECK(json_text("h\xf6lle") == "h\\xf6lle");
  for (const char* bad : {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\x80"})
    CHECK_THAT(json_text(bad), Catch::StartsWith("\\x"));
}

TEST_CASE("Rows are gathered until there is enough of them for a frame") {
  int next = 0;
  const Rows rows = [&]() -> std::optional<json::object> {
    if (next == 100) return std::nullopt;
    return json::object{{"number", next++}};
  };
  std::size_t frames = 0;
  std::size_t count = 0;
  for (std::string text = rows_text(rows, 200); !text.empty(); text = rows_text(rows, 200)) {
    const auto part = parse_reply(text);
    REQUIRE(part.has_value());
    CHECK_FALSE(part->last);
    count += part->rows.size();
    ++frames;
  }
  CHECK(count == 100);
  CHECK(frames > 5);
}

TEST_CASE("The last frame has the result, or says why there is none") {
  const auto good = parse_reply(final_text({{{"pid", 5}}}));
  REQUIRE(good.has_value());
  CHECK(good->last);
  CHECK_FALSE(good->failure);
  CHECK(number_at(good->result, "pid") == 5);
  const auto bad = parse_reply(final_text(Reply::failed(Code::not_found, "no such \xff thing")));
  REQUIRE(bad.has_value());
  REQUIRE(bad->failure);
  CHECK(bad->failure->code == Code::not_found);
  CHECK(bad->failure->sentence == "no such \\xff thing");
  CHECK(parse_reply("{\"version\":9}").has_error());
}
