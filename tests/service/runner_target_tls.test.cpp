// SPDX-License-Identifier: MIT
// Redirects whose targets are spoken to in TLS, by a worker whose part the test plays.
#include <catch2/catch.hpp>

#include "service/fixture.hpp"

using namespace xsuperd;
using namespace xsuperd::service;
using namespace xsuperd::service::test;
using Result = tls::Handshake::Result;

namespace {

config::Service calling(bool covered) {
  config::Service service = stream_service();
  service.kind = config::Kind::redirect;
  service.settings.redirect = config::RedirectTarget{"127.0.0.1", 993};
  service.settings.redirect_tls = config::RedirectTls{config::RedirectTls::Kind::yes, {}};
  service.settings.tls_timeout = 7;
  tls::Offer offer;
  offer.side = tls::Side::calls;
  offer.host = "127.0.0.1";
  service.target_offer.value = std::make_shared<const tls::Offer>(offer);
  if (covered) service.settings.tls = true;
  if (covered) service.offer.value = std::make_shared<const tls::Offer>();
  return service;
}

struct Calling : Bench {
  explicit Calling(bool covered = false) : Bench(calling(covered)) {
    around.serving.handshakes = &workers;
    REQUIRE(runner->start());
  }
  void run_until_asked(std::size_t count) {
    run_until([&] { return workers.requests.size() == count; });
  }
  [[nodiscard]] bool told(std::string_view what) const {
    return std::ranges::any_of(sink.lines, [&](const auto& line) { return line.text.find(what) != std::string::npos; });
  }
  fakes::FakeWorker workers;
};

}  // namespace

TEST_CASE("a worker for TLS holds the relay, and is told what the target has to show") {
  Calling bench;
  const Client client(bench.where());
  bench.run_until_asked(1);
  const auto& request = bench.workers.requests.at(0);
  CHECK(request.kind == worker::Kind::tls_relay);
  CHECK(request.parameters.offer == bench.runner->service().target_offer.value);
  CHECK(request.parameters.targets.size() == 1);
  CHECK(request.parameters.idle_deadline == 7s);
  CHECK(bench.runner->state().running() == 1);
  request.parameters.on_shaken({.result = Result::done});
  CHECK_FALSE(bench.told("TLS with its target"));
  request.parameters.on_shaken({.result = Result::certificate, .detail = "hostname mismatch"});
  CHECK(bench.told("service test, TLS with its target 127.0.0.1: hostname mismatch"));
  request.parameters.on_shaken({.result = Result::too_late});
  CHECK(bench.told("service test, TLS with its target 127.0.0.1: it took too long"));
}

TEST_CASE("with TLS on both sides each has a conversation, and the second does not take the token of the first") {
  Calling bench(true);
  const Client client(bench.where());
  bench.run_until_asked(1);
  CHECK(bench.workers.requests.at(0).kind == worker::Kind::tls);
  tls::Handshake done{.result = Result::done};
  done.words.version = "TLSv1.3";
  bench.workers.requests.at(0).parameters.on_shaken(done);
  bench.run_until_asked(2);
  CHECK(bench.workers.requests.at(1).kind == worker::Kind::tls_relay);
  CHECK(bench.workers.requests.at(1).token == (bench.workers.requests.at(0).token | of_relay));
}
