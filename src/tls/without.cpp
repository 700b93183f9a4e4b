// SPDX-License-Identifier: MIT
// Where xsuperd was built without OpenSSL.
#ifndef XSUPERD_HAVE_OPENSSL
#include "xsuperd/tls/check.hpp"
#include "xsuperd/tls/engine.hpp"

namespace xsuperd::tls {

struct Context::Impl {};
struct Engine::Impl {};

Ability ability() { return Ability::not_built; }
bool prepare() { return false; }

std::vector<Fault> check(const Offer&, std::chrono::system_clock::time_point) {
  return {{.sentence = "xsuperd was built without OpenSSL"}};
}
std::vector<Shown> shown_by(const Offer&) { return {}; }

base::Result<std::shared_ptr<const Context>> Context::make(const Offer&) { return base::Error{0, "xsuperd was built without OpenSSL"}; }
void Context::use(const TicketKeys&) const {}
Context::~Context() = default;

// There is no Context to make one of.
Engine::Engine(std::shared_ptr<const Context>, Transport&) {}
Engine::~Engine() = default;
Engine::Shaking Engine::shake() { return Shaking::failed; }
Handshake Engine::outcome() const { return {}; }
Moved Engine::read(std::span<char>, std::size_t&) { return Moved::failed; }
Moved Engine::write(std::string_view, std::size_t&) { return Moved::failed; }
Moved Engine::close() { return Moved::failed; }

}  // namespace xsuperd::tls
#endif
