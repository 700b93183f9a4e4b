// SPDX-License-Identifier: MIT
#include "xsuperd/metrics/page.hpp"

#include <catch2/catch.hpp>

#include "metrics/page_assets.hpp"
#include "metrics/sha256.hpp"

using namespace xsuperd;
using namespace xsuperd::metrics;

namespace {

std::string hex(std::string_view text) {
  std::string out;
  for (const std::uint8_t byte : sha256(text)) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

/// Everything that is a text is this.
Shown filled_with(const std::string& text) {
  Shown shown;
  shown.host = text;
  shown.daemon.version = text;
  shown.daemon.bans = 1;
  shown.daemon.now = 1000.0;
  shown.daemon.last_reload = control::reply::LastReload{900.0, text};
  control::reply::Service service;
  service.id = service.name = text;
  service.state = text;
  service.endpoint.protocol = text;
  service.sockets = std::vector<control::reply::Socket>{{text, 1, true, text, text}, {text, 2, false, {}, {}}};
  service.trouble = text;
  shown.services = {service};
  service.trouble.reset();
  service.last_refusal = control::reply::Refusal{10.0, text, text};
  shown.services.push_back(service);
  control::reply::Session session;
  session.service = text;
  session.stage = text;
  session.peer = text;
  session.proxy = text;
  shown.sessions = {session};
  control::reply::Ban ban;
  ban.address = text;
  ban.reason = text;
  ban.origin = text;
  shown.bans = {ban};
  shown.certificates = {{text, text, 2000.0}};
  shown.findings = {text};
  control::json::object record;
  for (const auto* name : {"time", "event", "id", "peer", "reason", "tls_name"}) record[name] = std::string_view(text);
  shown.events = {control::EventRecord(std::move(record))};
  return shown;
}

Sample sample_at(double at, std::uint64_t accepted, std::uint64_t refused) {
  Sample sample;
  sample.at = at;
  sample.accepted = accepted;
  sample.refused[static_cast<std::size_t>(policy::Reason::load)] = refused;
  return sample;
}

}  // namespace

TEST_CASE("whatever texts are, they are texts on the page") {
  const std::string hostile = GENERATE(as<std::string>{}, "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "</pre></main><script>",
                                       "&lt;", "<!--", "]]>", "\xff\xfe<svg/onload=alert(1)>", std::string("a\0<b>", 5), "javascript:alert(1)\r\ndata: <b>");
  const Shown plain = filled_with("x"), shown = filled_with(hostile);
  const auto count = [](const std::string& text, std::string_view what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
    return found;
  };
  for (const auto make : {page, live}) {
    const std::string text = make(shown), usual = make(plain);
    // No mark-up that the page does not have with harmless texts, and no end of an attribute.
    for (const auto* mark : {"<", ">", "\"", "'"}) CHECK(count(text, mark) == count(usual, mark));
    CHECK(text.find('\r') == text.npos);
    CHECK(text.find('\0') == text.npos);
  }
}

TEST_CASE("escaping of HTML") {
  CHECK(escaped_html("a<b>&\"'\n") == "a&lt;b&gt;&amp;&quot;&#39;\n");
  CHECK(escaped_html("\x01\xc3\xa9\xc3") == "\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd");
  CHECK(escaped_html("a\xc2\x9b\x7f" "b") == "a\xef\xbf\xbd\xef\xbf\xbd" "b");
}

TEST_CASE("the policy for contents names the style and the script of the page, and nothing from elsewhere") {
  CHECK(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(std::string(1000, 'a')) == "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
  const auto base64 = sha256_base64("abc");
  CHECK(std::string(base64.data(), base64.size()) == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  const std::string fields = page_fields(), text = page({});
  for (const std::string_view asset : {page_style, page_script}) {
    const auto hash = sha256_base64(asset);
    CHECK(fields.find(std::string("'sha256-") + std::string(hash.data(), hash.size()) + "'") != fields.npos);
    CHECK(text.find(">" + std::string(asset) + "</") != text.npos);
  }
  CHECK(fields.find("default-src 'none'") != fields.npos);
  CHECK(fields.find("unsafe") == fields.npos);
  for (const auto* foreign : {"http:", "https:", "//", " style=", " onload="}) CHECK(text.find(foreign) == text.npos);
}

TEST_CASE("without a script the page renews itself") {
  CHECK(page({}).find("<noscript><meta http-equiv=\"refresh\"") != std::string::npos);
}

TEST_CASE("samples span five minutes and are not closer than a second") {
  Samples samples;
  for (int i = 0; i < 1000; ++i) samples.add(sample_at(i * 0.5, 0, 0));
  CHECK(samples.all().size() <= 302);
  CHECK(samples.all().size() >= 299);
  CHECK(samples.all().back().at - samples.all().front().at <= Samples::span);
}

TEST_CASE("plots show rates, up to a round number") {
  Samples samples;
  CHECK(plot_of_refusals(samples).curves.empty());
  for (int i = 0; i < 5; ++i) samples.add(sample_at(i, static_cast<std::uint64_t>(i) * 30, i < 3 ? 0 : 7));
  const Plot requests = plot_of_requests(samples);
  CHECK(requests.top == 50);
  CHECK(requests.curves.front().name == "requests");
  CHECK(requests.curves.front().last == 30);
  CHECK(requests.curves.front().path.ends_with("L600.0 48.0"));
  const Plot refusals = plot_of_refusals(samples);
  REQUIRE(refusals.curves.size() == 1);
  CHECK(refusals.curves[0].name == "load");
  CHECK(refusals.top == 10);
  // A counter that began anew is no rate below nothing.
  samples.add(sample_at(6, 3, 0));
  CHECK(plot_of_requests(samples).curves.front().last == 0);
}

TEST_CASE("what does not fit on the page is counted") {
  Shown shown = filled_with("x");
  shown.services_in_all = 1002;
  CHECK(live(shown).find("and 1000 more") != std::string::npos);
}
