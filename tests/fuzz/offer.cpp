// SPDX-License-Identifier: MIT
// What a worker for TLS is given: an offer as bytes, and the words of a handshake that it tells.
#include "fuzz/target.hpp"
#include "xsuperd/tls/offer.hpp"
#include "xsuperd/tls/words.hpp"

using namespace xsuperd;
using fuzz::must;

namespace {

void raw(std::string_view bytes) {
  const auto offer = tls::decode(bytes);
  must(!offer || bytes.size() <= tls::longest_offer);
  if (!offer) return;
  must(tls::encode(*offer) == bytes);  // there is one way to say it
}

tls::Offer some_offer(fuzz::Source& source) {
  tls::Offer one;
  for (std::size_t n = source.below(4); n > 0; --n) {
    std::string name(source.word()), chain(source.word()), key(source.word());
    one.identities.push_back({std::move(name), std::move(chain), std::move(key)});
  }
  one.strict_names = source.flag();
  one.client_certificate = static_cast<tls::ClientCertificate>(source.below(3));
  one.client_ca = source.word();
  one.client_crl = source.word();
  one.least = static_cast<tls::Version>(source.below(2));
  one.most = static_cast<tls::Version>(source.below(2));
  for (std::size_t n = source.below(4); n > 0; --n) one.ciphers.emplace_back(source.word());
  for (std::size_t n = source.below(4); n > 0; --n) one.alpn.emplace_back(source.word());
  one.side = static_cast<tls::Side>(source.below(2));
  one.host = source.word();
  return one;
}

void made(fuzz::Source& source) {
  const tls::Offer one = some_offer(source);
  const auto again = tls::decode(tls::encode(one));
  must(again && *again == one);
}

/// Applied again it changes nothing, and nothing is left that could hide in a terminal.
void blocks(std::string_view text) {
  const std::string once = tls::pem_blocks(text);
  must(tls::pem_blocks(once) == once && once.size() <= text.size() + 1);
  for (const char c : once) must(c == '\n' || (c >= 0x20 && c <= 0x7e));
}

void words(std::string_view text) {
  const std::string decent = tls::decent(text);
  must(decent.empty() || (decent == text && text.size() <= tls::longest_word));
  tls::Words all;
  all.name = decent;
  must(tls::in_order(all));
}

}  // namespace

FUZZ_TARGET(offer) {
  fuzz::Source source(input);
  switch (source.byte() % 4) {
    case 0: return raw(source.rest());
    case 1: return made(source);
    case 2: return blocks(source.rest());
    default: return words(source.rest());
  }
}
