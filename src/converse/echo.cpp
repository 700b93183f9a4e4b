// SPDX-License-Identifier: MIT
// RFC 862: what comes goes back (fact B9.7).
#include "converse/flow.hpp"
#include "converse/talks.hpp"

namespace xsuperd::converse {

namespace {

class Echo final : public Talk {
 public:
  explicit Echo(Opening& opening) : Talk(opening), back_(poller_.pool(), peer_, peer_) {}

  [[nodiscard]] Traffic traffic() const override { return {back_.bytes_read(), back_.bytes_written()}; }

 private:
  void step() override {
    if (back_.run() != Flow::State::open) finish();
  }
  void close() override { back_.drop(); }

  Flow back_;
};

}  // namespace

std::unique_ptr<Talk> make_echo(Opening& opening) { return std::make_unique<Echo>(opening); }

}  // namespace xsuperd::converse
