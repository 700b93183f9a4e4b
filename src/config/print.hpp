// SPDX-License-Identifier: MIT
// The values of attributes as they would stand in a configuration file. Internal to config.
#pragma once
#include <concepts>
#include <string>

#include "xsuperd/config/vocabulary.hpp"

namespace xsuperd::config::printing {

[[nodiscard]] std::string text_of(const std::string& value);
[[nodiscard]] std::string text_of(bool value);
[[nodiscard]] std::string text_of(double value);
template <std::integral Number>
[[nodiscard]] std::string text_of(Number value) {
  return std::to_string(value);
}
template <HasWords E>
[[nodiscard]] std::string text_of(E value) {
  return std::string(word_of<E>(vocabulary<E>(), value));
}
[[nodiscard]] std::string text_of(const Protocol& value);
[[nodiscard]] std::string text_of(const User& value);
[[nodiscard]] std::string text_of(const Group& value);
[[nodiscard]] std::string text_of(FileMode value);
[[nodiscard]] std::string text_of(Limit value);
[[nodiscard]] std::string text_of(Rate value);
[[nodiscard]] std::string text_of(SourceRate value);
[[nodiscard]] std::string text_of(const std::vector<Interval>& value);
[[nodiscard]] std::string text_of(const std::vector<AddressPattern>& value);
[[nodiscard]] std::string text_of(const LogTarget& value);
[[nodiscard]] std::string text_of(const EventTarget& value);
[[nodiscard]] std::string text_of(const Words& value);
[[nodiscard]] std::string text_of(VersionRange value);
[[nodiscard]] std::string text_of(const RedirectTarget& value);
[[nodiscard]] std::string text_of(const std::vector<ListenElement>& value);
[[nodiscard]] std::string text_of(const std::vector<User>& value);
[[nodiscard]] std::string text_of(const std::vector<Group>& value);
[[nodiscard]] std::string text_of(const std::vector<std::uint32_t>& value);
[[nodiscard]] std::string text_of(const KeepaliveTimes& value);
[[nodiscard]] std::string text_of(TokenRate value);
[[nodiscard]] std::string text_of(FleetRate value);
[[nodiscard]] std::string text_of(SourcePrefix value);
[[nodiscard]] std::string text_of(QueueLimit value);
[[nodiscard]] std::string text_of(const std::vector<Penalty>& value);
[[nodiscard]] std::string text_of(PenaltyRange value);
[[nodiscard]] std::string text_of(const BanCause& value);
[[nodiscard]] std::string text_of(const std::vector<BanCause>& value);
[[nodiscard]] std::string text_of(BanTime value);
[[nodiscard]] std::string text_of(const BanNft& value);
[[nodiscard]] std::string text_of(const CapabilitySet& value);
[[nodiscard]] std::string text_of(const SystemCalls& value);
[[nodiscard]] std::string text_of(const ConnectPorts& value);
[[nodiscard]] std::string text_of(UidRange value);
[[nodiscard]] std::string text_of(CpuQuota value);
[[nodiscard]] std::string text_of(const std::vector<SniCertificate>& value);
[[nodiscard]] std::string text_of(const std::vector<CertificatePattern>& value);
[[nodiscard]] std::string text_of(TlsVersions value);
[[nodiscard]] std::string text_of(const RedirectTls& value);
template <typename E>
[[nodiscard]] std::string text_of(Set<E> value) {
  return base::join(words_of<E>(value));
}

}  // namespace xsuperd::config::printing
