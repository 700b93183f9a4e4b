// SPDX-License-Identifier: MIT
// What a proxy begins with, on its whole way: read in the worker, and told by it.
#include "converse/proxy_header.hpp"

#include "fuzz/target.hpp"
#include "xsuperd/worker/protocol.hpp"

using namespace xsuperd;
using fuzz::must;
using State = converse::ProxyBeginning::State;

namespace {

/// The daemon is told the same.
void told(const converse::ProxyHeader& header) {
  const auto message = worker::decode_for_daemon(worker::encode(worker::HeaderSeen{7, header}));
  must(message && std::holds_alternative<worker::HeaderSeen>(*message));
  must(std::get<worker::HeaderSeen>(*message).header == header);
}

}  // namespace

FUZZ_TARGET(proxy) {
  const converse::ProxyBeginning whole = converse::parse_proxy_header(input);
  must(whole.state != State::incomplete || input.size() < converse::longest_proxy_header);
  // Once it is bad it stays so, and a header says the same whatever follows; until then there is none.
  State before = State::incomplete;
  const std::size_t most = std::min<std::size_t>(input.size(), converse::longest_proxy_header);
  for (std::size_t size = 0; size <= most; ++size) {
    const converse::ProxyBeginning part = converse::parse_proxy_header(input.substr(0, size));
    must(before == State::incomplete || part.state == before);
    if (part.state == State::header) must(part.header == whole.header && part.header.size <= size);
    before = part.state;
  }
  must(before == whole.state);
  if (whole.state != State::header) return;
  must(whole.header.size > 0 && whole.header.size <= converse::longest_proxy_header);
  must(net::in_order(whole.header.words) && (!whole.header.own || whole.header.words.empty()));
  told(whole.header);
}
