// SPDX-License-Identifier: MIT
#include "xsuperd/tls/offer.hpp"

#include <algorithm>

#include "xsuperd/base/text.hpp"
#include "xsuperd/tls/words.hpp"

namespace xsuperd::tls {

namespace {

void put(std::string& to, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) to.push_back(static_cast<char>(number >> shift & 0xff));
}

void put(std::string& to, std::string_view text) {
  put(to, static_cast<std::uint32_t>(text.size()));
  to.append(text);
}

void put(std::string& to, const std::vector<std::string>& words) {
  put(to, static_cast<std::uint32_t>(words.size()));
  for (const std::string& word : words) put(to, word);
}

/// After the first field that is not there everything reads as nothing.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  std::uint32_t number(std::uint32_t most = 0xffffffff) {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i)
      if (rest_.size() > static_cast<std::size_t>(i)) value |= std::uint32_t{static_cast<unsigned char>(rest_[static_cast<std::size_t>(i)])} << 8 * i;
    if (rest_.size() < 4 || value > most) return fail(), 0;
    rest_.remove_prefix(4);
    return value;
  }
  std::string text() {
    const std::size_t size = number();
    if (size > rest_.size()) return fail(), std::string();
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  std::vector<std::string> words() {
    std::vector<std::string> all;
    for (std::uint32_t left = number(); left > 0 && good_; --left) all.push_back(text());
    return all;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool complete() const { return good_ && rest_.empty(); }

 private:
  void fail() {
    good_ = false;
    rest_ = {};
  }
  std::string_view rest_;
  bool good_ = true;
};

bool printable(std::string_view line) {
  return std::ranges::all_of(line, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

}  // namespace

std::string encode(const Offer& offer) {
  std::string to;
  put(to, static_cast<std::uint32_t>(offer.identities.size()));
  for (const Identity& one : offer.identities) put(to, one.name), put(to, one.chain), put(to, one.key);
  put(to, static_cast<std::uint32_t>(offer.strict_names));
  put(to, static_cast<std::uint32_t>(offer.client_certificate));
  put(to, offer.client_ca);
  put(to, offer.client_crl);
  put(to, static_cast<std::uint32_t>(offer.least));
  put(to, static_cast<std::uint32_t>(offer.most));
  put(to, offer.ciphers);
  put(to, offer.alpn);
  put(to, static_cast<std::uint32_t>(offer.side));
  put(to, offer.host);
  put(to, static_cast<std::uint32_t>(offer.in_kernel));
  return to;
}

std::optional<Offer> decode(std::string_view bytes) {
  if (bytes.size() > longest_offer) return std::nullopt;
  Reader reader(bytes);
  Offer offer;
  for (std::uint32_t left = reader.number(); left > 0 && reader.good(); --left) {
    Identity one{reader.text(), reader.text(), reader.text()};
    offer.identities.push_back(std::move(one));
  }
  offer.strict_names = reader.number(1) != 0;
  offer.client_certificate = static_cast<ClientCertificate>(reader.number(static_cast<std::uint32_t>(ClientCertificate::required)));
  offer.client_ca = reader.text();
  offer.client_crl = reader.text();
  offer.least = static_cast<Version>(reader.number(static_cast<std::uint32_t>(Version::tls1_3)));
  offer.most = static_cast<Version>(reader.number(static_cast<std::uint32_t>(Version::tls1_3)));
  offer.ciphers = reader.words();
  offer.alpn = reader.words();
  offer.side = static_cast<Side>(reader.number(static_cast<std::uint32_t>(Side::calls)));
  offer.host = reader.text();
  offer.in_kernel = reader.number(1) != 0;
  if (!reader.complete()) return std::nullopt;
  return offer;
}

std::string pem_blocks(std::string_view text) {
  std::string blocks;
  bool inside = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && base::is_space(line.back())) line.remove_suffix(1);
    const bool shown = printable(line);
    // A beginning that is left out begins nothing: what follows it would stand there without one.
    inside = inside || (shown && line.starts_with("-----BEGIN "));
    if (inside && shown) blocks.append(line).push_back('\n');
    if (line.starts_with("-----END ")) inside = false;
  }
  return blocks;
}

bool fits(const Offer& offer, const Words& words) {
  if (offer.client_certificate == ClientCertificate::required && !words.certificate) return false;
  if (words.in_kernel && !offer.in_kernel) return false;
  if (!words.protocol.empty() && std::ranges::find(offer.alpn, words.protocol) == offer.alpn.end()) return false;
  const Version least = offer.least, most = offer.most;
  return (words.version == "TLSv1.2" && least <= Version::tls1_2) || (words.version == "TLSv1.3" && most >= Version::tls1_3);
}

bool stands_for(std::string_view name, std::string_view host) {
  if (!name.starts_with("*.")) return base::iequals(name, host);
  const std::size_t dot = host.find('.');
  return dot != 0 && dot != host.npos && base::iequals(name.substr(1), host.substr(dot));
}

}  // namespace xsuperd::tls
