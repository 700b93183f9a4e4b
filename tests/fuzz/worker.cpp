// SPDX-License-Identifier: MIT
// What daemon and worker say to each other. The first byte says which way, whether a descriptor comes along, and whether
// the rest is a packet as it is or values to make a message of.
#include <fcntl.h>

#include "fuzz/target.hpp"
#include "xsuperd/converse/conversation.hpp"
#include "xsuperd/worker/protocol.hpp"

using namespace xsuperd;
using namespace xsuperd::worker;
using fuzz::must;

namespace {

base::Fd descriptor() { return base::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

/// The bytes of a message that is one packet.
std::string bytes_of(Packet packet) {
  must(packet.bytes.size() <= largest_message);
  return std::move(packet.bytes);
}

std::string again(ToWorker message) {
  return std::visit(
      [](auto&& one) {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, Start>) {
          must(one.parameters.targets.size() <= most_targets && one.parameters.texts.size() <= most_texts);
          const bool sent = one.texts_sent;
          auto packets = encode(std::move(one));
          must(packets.has_value() && !packets->empty());
          if (sent) return std::string();  // encode() splits texts by itself
          return packets->size() == 1 ? bytes_of(std::move(packets->front())) : std::string();
        } else if constexpr (std::is_same_v<std::decay_t<decltype(one)>, TextPart>) {
          must(one.index < most_texts && one.bytes.size() <= largest_message);
          return std::string();  // nobody sends one by itself
        } else if constexpr (std::is_same_v<std::decay_t<decltype(one)>, Redirect>) {
          auto packet = encode(one);
          must(packet.has_value());
          return bytes_of(std::move(*packet));
        } else {
          return bytes_of(encode(std::move(one)));
        }
      },
      std::move(message));
}

void check(const Ended& ended) {
  const Report& report = ended.ending.report;
  must(report.failed_target.size() <= longest_word && report.request.size() <= longest_word);
  must(report.identity.text.size() <= longest_word && report.connect_error >= 0);
  must(report.identity.text.find('\n') == std::string::npos);
  must(ended.ending.why <= Ending::Why::lost);
}
void check(const Progress& progress) {
  must(progress.counts.size() <= most_counts && (progress.last || !progress.counts.empty()));
  for (std::size_t i = 1; i < progress.counts.size(); ++i) must(progress.counts[i - 1].token < progress.counts[i].token);
}
void check(const Failed& failed) { must(failed.sentence.size() <= longest_word); }
void check(const Ready&) {}
void check(const HeaderSeen& seen) {
  must(seen.header.result != xsuperd::converse::ProxyHeader::Result::none && seen.header.size <= xsuperd::converse::longest_proxy_header);
  must(xsuperd::net::in_order(seen.header.words));
}
void check(const Line& line) { must(!line.text.empty() && line.text.size() <= xsuperd::converse::longest_line); }

void check(const Wish& wish) { must(wish.wish.name.size() <= xsuperd::converse::longest_page_name); }

void check(const Shaken& shaken) {
  must(tls::in_order(shaken.handshake));
  must(!shaken.handshake.words.certificate || shaken.handshake.words.certificate->names.size() <= tls::most_names);
}

std::string again(ToDaemon message) {
  return std::visit(
      [](auto&& one) {
        check(one);
        return bytes_of(encode(std::move(one)));
      },
      std::move(message));
}

/// What is taken says the same when it is sent on.
void raw(bool to_worker, bool with_fd, std::string_view bytes) {
  const std::string packet(bytes);
  base::Fd fd = with_fd ? descriptor() : base::Fd();
  if (to_worker) {
    auto message = decode_for_worker({packet, std::move(fd)});
    if (!message) return;
    must(packet.size() <= largest_message && packet.size() >= 2);
    must(!with_fd || std::holds_alternative<Start>(*message) || std::holds_alternative<Target>(*message) ||
         std::holds_alternative<Keys>(*message) || std::holds_alternative<Join>(*message) || std::holds_alternative<Page>(*message));
    const std::string sent = again(std::move(*message));
    // Bytes of addresses that do not count are sent as zeros: so it is the second time that must be like the first.
    if (sent.empty()) return;
    auto second = decode_for_worker({sent, {}});
    must(second.has_value() && again(std::move(*second)) == sent);
    return;
  }
  auto message = decode_for_daemon({packet, std::move(fd)});
  if (!message) return;
  must(!with_fd || std::holds_alternative<Ended>(*message));
  // Without the descriptor the message may be less than it said, and nothing else of it may change.
  const bool has_addresses = std::holds_alternative<HeaderSeen>(*message);
  std::string sent = again(std::move(*message));
  must(sent.size() == packet.size());
  if (has_addresses) {  // as above
    auto second = decode_for_daemon({sent, {}});
    return must(second.has_value() && again(std::move(*second)) == sent);
  }
  if (with_fd) return must(sent == packet);
  must(sent.substr(0, sent.size() - 1) == packet.substr(0, packet.size() - 1));
}

base::Address address(fuzz::Source& source) {
  std::array<std::uint8_t, 16> bytes{};
  switch (source.below(3)) {
    case 0: return {};
    case 1: return base::Address::ipv4(static_cast<std::uint32_t>(source.number(4)));
    default:
      for (auto& byte : bytes) byte = source.byte();
      return base::Address::ipv6(bytes, static_cast<std::uint32_t>(source.number(4)));
  }
}

Start some_start(fuzz::Source& source) {
  Start start;
  start.token = source.number();
  start.kind = static_cast<Kind>(source.below(17));
  Parameters& p = start.parameters;
  for (std::size_t n = source.below(most_targets + 2); n > 0; --n)
    p.targets.push_back({address(source), static_cast<std::uint16_t>(source.number(2))});
  p.connect_deadline = std::chrono::milliseconds(source.number());
  p.idle_deadline = std::chrono::milliseconds(source.number(4));
  p.keepalive = source.flag();
  p.peer_port = static_cast<std::uint16_t>(source.number(2));
  p.local_port = static_cast<std::uint16_t>(source.number(2));
  for (std::size_t n = source.below(most_texts + 2); n > 0; --n) {
    std::string& text = p.texts.emplace_back(source.word());
    // Long ones, which travel apart.
    if (source.byte() > 250 && !text.empty()) while (text.size() < 30'000) text += text;
  }
  return start;
}

/// A Start as the worker puts it together again is the one that was sent.
void made_start(fuzz::Source& source) {
  const Start start = some_start(source);
  const Parameters wanted = start.parameters;
  Start sent;
  sent.token = start.token, sent.kind = start.kind, sent.parameters = wanted;
  auto packets = encode(std::move(sent));
  must(packets.has_value() == (wanted.targets.size() <= most_targets && wanted.texts.size() <= most_texts));
  if (!packets) return;
  std::vector<std::string> texts(most_texts);
  for (Packet& packet : *packets) {
    must(packet.bytes.size() <= largest_message);
    auto message = decode_for_worker(std::move(packet));
    must(message.has_value());
    if (const auto* part = std::get_if<TextPart>(&*message)) {
      must(part->token == start.token && &packet != &packets->back());
      texts[part->index] += part->bytes;
      continue;
    }
    const Start& got = std::get<Start>(*message);
    must(&packet == &packets->back() && got.token == start.token && got.kind == start.kind);
    must(got.texts_sent == (packets->size() > 1));
    if (!got.texts_sent) must(got.parameters.texts == wanted.texts);
    if (got.texts_sent) must(std::equal(wanted.texts.begin(), wanted.texts.end(), texts.begin()));
    must(got.parameters.targets == wanted.targets && got.parameters.keepalive == wanted.keepalive);
    must(got.parameters.peer_port == wanted.peer_port && got.parameters.local_port == wanted.local_port);
    must(got.parameters.idle_deadline == wanted.idle_deadline && got.parameters.connect_deadline <= longest_deadline);
  }
}

void made_answer(fuzz::Source& source) {
  std::vector<Progress::Count> counts;
  std::uint64_t token = 0;
  const std::size_t repeat = source.below(3) == 0 ? 500 : 1;
  while (!source.empty()) {
    token += 1 + source.number(2);
    const std::uint64_t in = source.byte();
    for (std::size_t i = 0; i < repeat && counts.size() < 8192; ++i) counts.push_back({token++, {in, i}});
  }
  std::reverse(counts.begin(), counts.end());
  const auto packets = encode_answer(77, counts);
  std::vector<Progress::Count> got;
  for (const Packet& packet : packets) {
    const auto message = decode_for_daemon({packet.bytes, {}});
    must(message && std::holds_alternative<Progress>(*message));
    const auto& progress = std::get<Progress>(*message);
    must(progress.question == 77 && progress.last == (&packet == &packets.back()));
    got.insert(got.end(), progress.counts.begin(), progress.counts.end());
  }
  std::reverse(counts.begin(), counts.end());
  must(got == counts);
}

}  // namespace

FUZZ_TARGET(worker) {
  fuzz::Source source(input);
  const std::uint8_t how = source.byte();
  if ((how & 4) == 0) return raw((how & 1) != 0, (how & 2) != 0, source.rest());
  (how & 1) != 0 ? made_start(source) : made_answer(source);
}
