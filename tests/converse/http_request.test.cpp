// SPDX-License-Identifier: MIT
#include "converse/http_request.hpp"

#include <catch2/catch.hpp>

using namespace xsuperd::converse;
using State = HttpBeginning::State;

namespace {
HttpBeginning parsed(const std::string& lines) { return parse_http_request(lines + "\r\n"); }
}  // namespace

TEST_CASE("a request is read, up to its end and no further") {
  const std::string text = "GET /metrics?x=1 HTTP/1.1\r\nHost: h\r\nAccept: text/plain\r\naccept: a/b\r\nAccept-Encoding: gzip\r\n\r\n";
  for (std::size_t i = 0; i < text.size(); ++i) CHECK(parse_http_request(text.substr(0, i)).state == State::incomplete);
  const auto found = parse_http_request(text + "GET / HTTP");
  CHECK(found.state == State::whole);
  CHECK(found.size == text.size());
  CHECK(found.request == HttpRequest{false, true, "/metrics", "text/plain, a/b", "gzip"});
  CHECK(parse_http_request("\r\n" + text).size == text.size() + 2);
}

TEST_CASE("a target may be in absolute form") {
  const auto [target, path] = GENERATE(table<std::string, std::string>({{"http://h/metrics?x=1", "/metrics"},
                                                                        {"HTTPS://h:9817/health/http://x", "/health/http://x"},
                                                                        {"http://h", "/"},
                                                                        {"http://h?/metrics", "/"},
                                                                        {"/http://h/", "/http://h/"},
                                                                        {"*", "*"}}));
  CAPTURE(target);
  CHECK(parsed("GET " + target + " HTTP/1.1\r\nHost: h\r\n").request.path == path);
}

TEST_CASE("HEAD is told from GET, and whether the connection stays open") {
  CHECK(parsed("HEAD / HTTP/1.1\r\nHost: h\r\n").request.head);
  CHECK(parsed("GET / HTTP/1.1\r\nHost: h\r\n").request.keep_alive);
  CHECK_FALSE(parsed("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n").request.keep_alive);
  CHECK_FALSE(parsed("GET / HTTP/1.0\r\n").request.keep_alive);
  CHECK(parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n").request.keep_alive);
}

TEST_CASE("what cannot be answered has a status") {
  const auto [text, status] = GENERATE(table<std::string, unsigned>({
      {"POST / HTTP/1.1\r\nHost: h\r\n", 405},
      {"DANCE / HTTP/1.1\r\nHost: h\r\n", 405},
      {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n", 413},
      {"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n", 413},
      {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n", 400},
      {"GET / HTTP/1.1\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", 400},
      {"GET / HTTP/3.7\r\nHost: h\r\n", 505},
      {"GET\r\n", 400},
      {"nonsense\r\n", 400},
      {"\x16\x03\x01\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nbad header\r\n", 400},
  }));
  CAPTURE(text);
  const auto found = parsed(text);
  CHECK(found.state == State::bad);
  CHECK(found.status == status);
}

TEST_CASE("a request that does not end is too long at some point") {
  const auto found = parse_http_request("GET / HTTP/1.1\r\nX: " + std::string(longest_http_request, 'x'));
  CHECK(found.state == State::bad);
  CHECK(found.status == 431);
}

TEST_CASE("OpenMetrics is sent to who wants it at least as much as plain text") {
  CHECK(wants_open_metrics("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"));
  CHECK(wants_open_metrics("application/openmetrics-text; version=1.0.0"));
  CHECK_FALSE(wants_open_metrics(""));
  CHECK_FALSE(wants_open_metrics("*/*"));
  CHECK_FALSE(wants_open_metrics("text/plain;q=0.9, application/openmetrics-text;q=0.8"));
  CHECK_FALSE(wants_open_metrics("application/openmetrics-text;q=0"));
  CHECK_FALSE(wants_open_metrics("application/openmetrics-text;q=0.000"));
}

TEST_CASE("gzip is sent to who takes it") {
  CHECK(takes_gzip("gzip"));
  CHECK(takes_gzip("deflate, GZIP;q=0.5"));
  CHECK(takes_gzip("*"));
  CHECK_FALSE(takes_gzip(""));
  CHECK_FALSE(takes_gzip("gzip;q=0, *"));
  CHECK_FALSE(takes_gzip("deflate, br"));
}

TEST_CASE("parts of paths are decoded") {
  std::string to;
  CHECK(decode_path("a%20b%c3%A9", to));
  CHECK(to == "a b\xc3\xa9");
  for (const auto* bad : {"%", "%4", "%zz", "%00", "%0a", "a\nb", "%7f"}) CHECK_FALSE(decode_path(bad, to));
}
