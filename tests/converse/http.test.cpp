// SPDX-License-Identifier: MIT
#include <sys/mman.h>

#include <vector>

#include "converse/talking.hpp"

using namespace xsuperd;
using namespace xsuperd::converse;
using namespace xsuperd::converse::testing;
using What = PageWish::What;

namespace {

/// Collects what is wished for; the test is the daemon.
struct Asking : Talking {
  explicit Asking(Kind kind = Kind::metrics) : Asking(kind, std::make_shared<std::vector<PageWish>>()) {}
  Asking(Kind kind, const std::shared_ptr<std::vector<PageWish>>& list) : Talking(kind, asks(list)), wishes(*list), keep(list) {}
  static Parameters asks(const std::shared_ptr<std::vector<PageWish>>& list) {
    Parameters parameters;
    parameters.on_wish = [list](const PageWish& wish) { list->push_back(wish); };
    return parameters;
  }
  const PageWish& wish(std::size_t number = 0) {
    REQUIRE(run_until(loop, [&] { return wishes.size() > number; }));
    return wishes[number];
  }
  /// Up to the end of the header and as much behind it as it says.
  std::string answer() {
    std::size_t end = 0, size = 0;
    REQUIRE(run_until(loop, [&] {
      (void)hear();
      end = heard.find("\r\n\r\n");
      if (end == heard.npos) return false;
      const auto length = heard.find("Content-Length: ");
      size = head_only || length > end ? 0 : std::stoul(heard.substr(length + 16));
      return heard.size() >= end + 4 + size;
    }));
    std::string text = heard.substr(0, end + 4 + size);
    heard.erase(0, text.size());
    return text;
  }
  bool head_only = false;
  std::vector<PageWish>& wishes;
  std::shared_ptr<std::vector<PageWish>> keep;
};

PageMade page_with(std::string_view text) {
  PageMade page;
  page.status = 200;
  page.fields = "Content-Type: a/b\r\n";
  page.size = text.size();
  page.bytes = base::Fd(::memfd_create("test", MFD_CLOEXEC));
  REQUIRE(::write(page.bytes.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  REQUIRE(::lseek(page.bytes.get(), 0, SEEK_SET) == 0);
  return page;
}

bool has(const std::string& text, std::string_view what) { return text.find(what) != text.npos; }

}  // namespace

TEST_CASE("a scrape is answered with what the daemon has made, and the connection stays") {
  Asking scraper;
  for (std::size_t i = 0; i < 3; ++i) {
    scraper.say("GET /metrics HTTP/1.1\r\nHost: h\r\nAccept: application/openmetrics-text\r\nAccept-Encoding: gzip\r\n\r\n");
    CHECK(scraper.wish(i) == PageWish{What::open_metrics, true, {}});
    scraper.conversation->show(page_with("some figures\n"));
    const std::string answer = scraper.answer();
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer.ends_with("\r\n\r\nsome figures\n"));
    CHECK(has(answer, "Content-Type: a/b\r\n"));
    CHECK(has(answer, "Connection: keep-alive\r\n"));
    CHECK_FALSE(has(answer, "Content-Encoding"));
  }
  scraper.end_writing();
  CHECK(scraper.result().out > 0);
}

TEST_CASE("plain text is wished for by default, and what is compressed says so") {
  Asking scraper;
  scraper.say("GET /metrics HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK(scraper.wish() == PageWish{What::text, true, {}});
  PageMade page = page_with("packed");
  page.zipped = true;
  scraper.conversation->show(std::move(page));
  const std::string answer = scraper.hear_all();
  CHECK(has(answer, "Content-Encoding: gzip\r\n"));
  CHECK(has(answer, "Connection: close\r\n"));
  CHECK(answer.ends_with("packed"));
  scraper.result();
}

TEST_CASE("HEAD gets the header, with the size that GET would get") {
  Asking scraper;
  scraper.head_only = true;
  scraper.say("HEAD /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)scraper.wish();
  scraper.conversation->show(page_with("0123456789"));
  CHECK(has(scraper.answer(), "Content-Length: 10\r\n"));
  scraper.settle();
  (void)scraper.hear();
  CHECK(scraper.heard.empty());
}

TEST_CASE("requests that come at once are answered one after the other") {
  Asking scraper;
  std::string all;
  for (int i = 0; i < 20; ++i) all += "GET /health HTTP/1.1\r\nHost: h\r\n\r\n";
  scraper.say(all);
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(scraper.wish(i).what == What::health);
    scraper.settle();
    CHECK(scraper.wishes.size() == i + 1);
    PageMade page;
    page.status = i % 2 == 0 ? 200 : 503;
    page.text = std::to_string(i);
    scraper.conversation->show(std::move(page));
    const std::string answer = scraper.answer();
    CHECK(answer.starts_with(i % 2 == 0 ? "HTTP/1.1 200 OK" : "HTTP/1.1 503 Service Unavailable"));
    CHECK(answer.ends_with("\r\n" + std::to_string(i)));
  }
}

TEST_CASE("health of a service is asked for by its decoded name") {
  Asking scraper;
  scraper.say("GET /health/a%20b HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(scraper.wish() == PageWish{What::health, false, "a b"});
  scraper.conversation->show({});
  CHECK(scraper.answer().starts_with("HTTP/1.1 503 "));
  for (const auto& path : {std::string("/health/%00"), "/health/" + std::string(300, 'x'), std::string("/healthy"), std::string("/"), std::string("*")}) {
    scraper.say("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(scraper.answer().starts_with("HTTP/1.1 404 "));
  }
  CHECK(scraper.wishes.size() == 1);
}

TEST_CASE("what is no request is refused, and the connection closed") {
  const auto [text, status] = GENERATE(table<std::string, std::string>({{"POST /metrics HTTP/1.1\r\nHost: h\r\n\r\n", "405"},
                                                                        {"hello\r\n\r\n", "400"},
                                                                        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", "413"},
                                                                        {"GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x'), "431"}}));
  Asking scraper;
  scraper.say(text);
  const std::string answer = scraper.hear_all();
  CHECK(answer.starts_with("HTTP/1.1 " + status + " "));
  CHECK(has(answer, "Connection: close\r\n"));
  CHECK(has(answer, "Allow: GET, HEAD\r\n") == (status == "405"));
  scraper.end_writing();
  scraper.result();
  CHECK(scraper.wishes.empty());
}

TEST_CASE("a page that is larger than any buffer arrives whole, however slowly it is read") {
  Asking scraper;
  std::string text;
  while (text.size() < 8'000'000) text += "line " + std::to_string(text.size()) + "\n";
  scraper.say("GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  (void)scraper.wish();
  scraper.conversation->show(page_with(text));
  scraper.settle();  // nobody reads
  const std::string answer = scraper.hear_all();
  CHECK(answer.substr(answer.find("\r\n\r\n") + 4) == text);
}

TEST_CASE("a page that is shorter than it says does not look whole") {
  Asking scraper;
  scraper.say("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)scraper.wish();
  PageMade page = page_with("short");
  page.size = 500;
  scraper.conversation->show(std::move(page));
  const std::string answer = scraper.hear_all();
  CHECK(has(answer, "Content-Length: 500\r\n"));
  CHECK(answer.ends_with("short"));
}

TEST_CASE("when no more conversations come, an idle connection ends, and one with an answer ends with it") {
  Asking idle;
  idle.settle();
  idle.conversation->wind_up();
  CHECK(idle.hear_all().empty());
  Asking busy;
  busy.say("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)busy.wish();
  busy.conversation->wind_up();
  CHECK(busy.wish(1) == busy.wish(0));  // whoever comes after the daemon is told, too
  busy.conversation->show(page_with("last"));
  const std::string answer = busy.hear_all();
  CHECK(has(answer, "Connection: close\r\n"));
  CHECK(answer.ends_with("last"));
}

TEST_CASE("the dashboard sends its page, and goes on telling what changes") {
  Asking browser(Kind::dashboard);
  browser.say("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK(browser.wish() == PageWish{What::page, true, {}});
  browser.conversation->show(page_with("<html>"));
  CHECK(browser.answer().ends_with("<html>"));
  browser.say("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(browser.wish(1) == PageWish{What::live, false, {}});
  browser.conversation->show(page_with("<p>\nfirst"));
  CHECK(browser.answer().find("Content-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(browser.hear(10).ends_with("data: <p>\ndata: first\n\n"));
  CHECK(browser.wish(2).what == What::live);  // after a second
  browser.conversation->show(page_with("second"));
  CHECK(browser.hear(10) == "data: second\n\n");
  browser.conversation->wind_up();
  CHECK(browser.hear_all().empty());
}

TEST_CASE("a page whose descriptor was lost on its way is none") {
  PageMade lost;
  lost.status = 200;
  lost.size = 10;
  Asking scraper;
  scraper.say("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)scraper.wish();
  scraper.conversation->show(std::move(lost));
  CHECK(scraper.answer().starts_with("HTTP/1.1 503 "));
  Asking browser(Kind::dashboard);
  browser.say("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)browser.wish();
  lost = {};
  lost.status = 200;
  lost.size = 10;
  browser.conversation->show(std::move(lost));
  CHECK(browser.answer().starts_with("HTTP/1.1 503 "));
}

TEST_CASE("the events have a header of their own, and say so when there is too much to tell") {
  Asking asking(Kind::dashboard);
  asking.say("HEAD /events HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string header = asking.hear_all();
  CHECK(has(header, "Content-Type: text/event-stream\r\n"));
  CHECK(has(header, "X-Content-Type-Options: nosniff\r\n"));
  CHECK(header.ends_with("\r\n\r\n"));
  CHECK(asking.wishes.empty());
  Asking browser(Kind::dashboard);
  browser.say("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)browser.wish();
  browser.conversation->show(page_with(std::string(600 * 1024, 'x')));
  CHECK(has(browser.answer(), "text/event-stream"));
  CHECK(has(browser.hear(10), "too much to be shown"));
}

TEST_CASE("metrics are not on the dashboard, nor the page among the metrics") {
  Asking browser(Kind::dashboard), scraper;
  browser.say("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(browser.answer().starts_with("HTTP/1.1 404 "));
  scraper.say("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(scraper.answer().starts_with("HTTP/1.1 404 "));
}

TEST_CASE("a page that nobody wishes for is let go of") {
  Asking scraper;
  const int before = open_descriptors();
  scraper.conversation->show(page_with("x"));
  CHECK(open_descriptors() == before);
  scraper.say("GET /health HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(scraper.wish().what == What::health);
}
