// SPDX-License-Identifier: MIT
#include "worker/handshake_text.hpp"

#include <string>

namespace xsuperd::worker {

namespace {

using base::FieldReader;
using base::FieldWriter;

constexpr std::uint8_t was_resumed = 1, is_in_kernel = 2;
constexpr auto last_result = static_cast<std::uint8_t>(tls::Handshake::Result::left);

std::uint8_t flags_of(const tls::Words& words) {
  return static_cast<std::uint8_t>((words.resumed ? was_resumed : 0) | (words.in_kernel ? is_in_kernel : 0));
}

void put_certificate(FieldWriter& writer, const tls::Certificate& certificate) {
  writer.text(certificate.subject).text(certificate.issuer).text(certificate.serial).text(certificate.sha256);
  writer.put(static_cast<std::uint8_t>(certificate.names.size()));
  for (const std::string& name : certificate.names) writer.text(name);
}

std::string take_word(FieldReader& reader) { return std::string(reader.text(tls::longest_word)); }

tls::Certificate take_certificate(FieldReader& reader) {
  tls::Certificate certificate;
  certificate.subject = take_word(reader);
  certificate.issuer = take_word(reader);
  certificate.serial = take_word(reader);
  certificate.sha256 = take_word(reader);
  const std::size_t count = reader.take_up_to(static_cast<std::uint8_t>(tls::most_names));
  for (std::size_t i = 0; i < count && reader.good(); ++i) certificate.names.push_back(take_word(reader));
  return certificate;
}

}  // namespace

void put_handshake(FieldWriter& writer, const tls::Handshake& handshake) {
  const tls::Words& words = handshake.words;
  writer.put(static_cast<std::uint8_t>(handshake.result)).text(handshake.detail);
  writer.text(words.name).text(words.protocol).text(words.version).text(words.cipher).put(flags_of(words));
  writer.put(static_cast<std::uint8_t>(words.certificate.has_value()));
  if (words.certificate) put_certificate(writer, *words.certificate);
}

tls::Handshake take_handshake(FieldReader& reader) {
  tls::Handshake handshake;
  handshake.result = static_cast<tls::Handshake::Result>(reader.take_up_to(last_result));
  handshake.detail = take_word(reader);
  tls::Words& words = handshake.words;
  words.name = take_word(reader);
  words.protocol = take_word(reader);
  words.version = take_word(reader);
  words.cipher = take_word(reader);
  const auto flags = reader.take_up_to(std::uint8_t{was_resumed | is_in_kernel});
  words.resumed = (flags & was_resumed) != 0;
  words.in_kernel = (flags & is_in_kernel) != 0;
  if (reader.flag()) words.certificate = take_certificate(reader);
  if (!tls::in_order(handshake)) reader.refuse();
  return handshake;
}

}  // namespace xsuperd::worker
