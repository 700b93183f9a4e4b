// SPDX-License-Identifier: MIT
#include "config/print.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/limit_words.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::config::printing {

std::string text_of(const std::string& value) { return value; }
std::string text_of(bool value) { return value ? "yes" : "no"; }
std::string text_of(double value) { return fmt::format("{}", value); }
std::string text_of(const Protocol& value) { return value.name; }
std::string text_of(const User& value) { return value.text; }
std::string text_of(const Group& value) { return value.text; }
std::string text_of(FileMode value) { return fmt::format("{:03o}", value.bits); }
std::string text_of(Limit value) { return value.is_unlimited() ? "UNLIMITED" : std::to_string(value.value); }
std::string text_of(Rate value) { return fmt::format("{} {}", value.connections, value.pause); }
std::string text_of(SourceRate value) {
  if (value.burst > 0) return text_of(TokenRate{value.connections, value.window, value.burst});
  return fmt::format("{} {}", value.connections, value.window);
}
std::string text_of(TokenRate value) {
  const auto* const period = std::ranges::find(periods, value.period, &Period::seconds);
  return fmt::format("{}/{} {}", value.count, period->word, value.burst);  // the loader knows no other
}
std::string text_of(FleetRate value) {
  if (value.is_unlimited()) return "UNLIMITED";
  const auto* const period = std::ranges::find(periods, value.period, &Period::seconds);
  return fmt::format("{}/{}", value.count, period->word);  // likewise
}
std::string text_of(SourcePrefix value) { return fmt::format("{} {}", value.ipv4, value.ipv6); }
std::string text_of(QueueLimit value) { return fmt::format("{} {}", value.number, value.time); }
std::string text_of(BanTime value) {
  return value.factor == 1 ? std::to_string(value.first) : fmt::format("{} x{} {}", value.first, value.factor, value.greatest);
}
std::string text_of(const BanNft& value) { return fmt::format("{} {} {}", value.family, value.table, value.set); }
std::string text_of(PenaltyRange value) { return fmt::format("{} {}", value.least, value.most); }

std::string text_of(const std::vector<Interval>& value) {
  std::vector<std::string> words;
  for (const Interval& i : value)
    words.push_back(fmt::format("{}:{:02}-{}:{:02}", i.start / 60, i.start % 60, i.end / 60, i.end % 60));
  return base::join(words);
}

std::string text_of(const std::vector<AddressPattern>& value) {
  std::vector<std::string> words;
  for (const AddressPattern& p : value) {
    // A factorised address has become several patterns with one text: each prints for itself.
    const bool network = p.kind == AddressPattern::Kind::network;
    words.push_back(network ? fmt::format("{}/{}", p.base.text(), p.prefix) : p.text);
  }
  return base::join(words);
}

std::string text_of(const LogTarget& value) {
  if (value.kind == LogTarget::Kind::syslog)
    return fmt::format("SYSLOG {} {}", word_of<int>(syslog_facilities(), value.facility),
                       word_of<int>(syslog_levels(), value.level));
  std::string text = "FILE " + value.path;
  if (value.soft != 0 || value.hard != 0) text += fmt::format(" {} {}", value.soft, value.hard);
  return text;
}

std::string text_of(const EventTarget& value) {
  if (value.kind == EventTarget::Kind::file) return "FILE " + value.path;
  return std::string(word_of<EventTarget::Kind>(vocabulary<EventTarget::Kind>(), value.kind));
}

std::string text_of(const Words& value) { return base::join(value); }

std::string text_of(VersionRange value) {
  return value.low == value.high ? std::to_string(value.low) : fmt::format("{}-{}", value.low, value.high);
}

std::string text_of(const RedirectTarget& value) {
  return value.local() ? fmt::format("unix:{}", value.host) : fmt::format("{} {}", value.host, value.port);
}

namespace {
/// The words that `text` makes of the elements of a list.
template <typename T, typename Text>
std::string list_of(const std::vector<T>& value, const Text& text) {
  std::vector<std::string> words;
  for (const T& one : value) words.push_back(text(one));
  return base::join(words);
}
}  // namespace

std::string text_of(const std::vector<ListenElement>& value) {
  return list_of(value, [](const ListenElement& one) { return one.text; });
}
std::string text_of(const std::vector<User>& value) {
  return list_of(value, [](const User& one) { return one.text; });
}
std::string text_of(const std::vector<Group>& value) {
  return list_of(value, [](const Group& one) { return one.text; });
}
std::string text_of(const std::vector<std::uint32_t>& value) {
  return list_of(value, [](std::uint32_t one) { return std::to_string(one); });
}
std::string text_of(const std::vector<Penalty>& value) {
  return list_of(value, [](const Penalty& one) {
    const std::string_view cause = std::ranges::find(causes, one.cause, &CauseWord::cause)->word;
    return one.status == Penalty::any_failure ? fmt::format("{}={}", cause, one.seconds) : fmt::format("{}:{}={}", cause, one.status, one.seconds);
  });
}
std::string text_of(const std::vector<BanCause>& value) {
  return list_of(value, [](const BanCause& one) { return text_of(one); });
}
std::string text_of(const std::vector<SniCertificate>& value) {
  return list_of(value, [](const SniCertificate& one) { return fmt::format("{} {}{}{}", one.name, one.cert, one.key.empty() ? "" : " ", one.key); });
}
std::string text_of(const std::vector<CertificatePattern>& value) {
  using Kind = CertificatePattern::Kind;
  return list_of(value, [](const CertificatePattern& one) {
    return fmt::format("{}:{}", one.kind == Kind::subject ? "cn" : one.kind == Kind::name ? "san" : "sha256", one.text);
  });
}
std::string text_of(TlsVersions value) {
  const auto word = [](tls::Version version) { return version == tls::Version::tls1_2 ? "1.2" : "1.3"; };
  return value.least == value.most ? word(value.least) : fmt::format("{}-{}", word(value.least), word(value.most));
}
std::string text_of(const RedirectTls& value) {
  const std::string word(word_of<RedirectTls::Kind>(vocabulary<RedirectTls::Kind>(), value.kind));
  return value.authorities.empty() ? word : fmt::format("{} {}", word, value.authorities);
}
std::string text_of(const KeepaliveTimes& value) { return fmt::format("{} {} {}", value.idle, value.interval, value.count); }

std::string text_of(const CapabilitySet& value) {
  if (value.bits == 0) return value.except ? "all" : "none";
  std::vector<std::string> words;
  for (std::size_t number = 0; number < capability_names().size(); ++number)
    if ((value.bits >> number & 1) != 0) words.push_back(fmt::format("{}{}", value.except ? "~" : "", capability_names()[number]));
  return base::join(words);
}
std::string text_of(const SystemCalls& value) {
  using Base = SystemCalls::Base;
  std::vector<std::string> words;
  if (value.base != Base::all || value.denied.empty())
    words.emplace_back(value.base == Base::all ? "all" : value.base == Base::service ? "@service" : "@strict");
  for (const std::string& name : value.denied) words.push_back("~" + name);
  return base::join(words);
}
std::string text_of(const ConnectPorts& value) {
  if (value.any || value.ports.empty()) return value.any ? "any" : "none";
  return list_of(value.ports, [](std::uint16_t one) { return std::to_string(one); });
}

std::string text_of(UidRange value) { return fmt::format("{}-{}", value.first, value.last); }

std::string text_of(CpuQuota value) { return value.is_unlimited() ? "UNLIMITED" : fmt::format("{}%", value.percent); }

}  // namespace xsuperd::config::printing

namespace xsuperd::config {

std::string dump(const Settings& settings, std::string_view indent) {
  std::string text;
  for (const Attribute& row : attributes()) {
    if (!row.is_set(settings)) continue;
    const std::string values = row.print(settings);
    // flags and type may be empty after completion, but an empty list of words cannot be written.
    if (values.empty() && row.least > 0) continue;
    fmt::format_to(std::back_inserter(text), "{}{:<15} ={}{}\n", indent, row.name, values.empty() ? "" : " ", values);
  }
  return text;
}

std::string dump(const Config& config) {
  std::string text = fmt::format("defaults\n{{\n{}}}\n", dump(config.defaults));
  for (const auto& service : config.services)
    fmt::format_to(std::back_inserter(text), "\n# {}:{}\nservice {}\n{{\n{}}}\n", service->place.file,
                   service->place.line, service->name, dump(service->settings));
  return text;
}

}  // namespace xsuperd::config
