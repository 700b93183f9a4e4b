// SPDX-License-Identifier: MIT
// RFC 863: what comes is thrown away, until the end (fact B9.8).
#include "converse/talks.hpp"

namespace xsuperd::converse {

namespace {

class Discard final : public Talk {
 public:
  using Talk::Talk;

 private:
  void step() override {
    const Moved moved = throw_away();
    if (moved == Moved::end || moved == Moved::failed) finish();
  }
};

}  // namespace

std::unique_ptr<Talk> make_discard(Opening& opening) { return std::make_unique<Discard>(opening); }

}  // namespace xsuperd::converse
