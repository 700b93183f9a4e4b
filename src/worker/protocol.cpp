// SPDX-License-Identifier: MIT
#include "xsuperd/worker/protocol.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "worker/handshake_text.hpp"
#include "xsuperd/base/fields.hpp"

namespace xsuperd::worker {

namespace {

using base::Address;
using base::FieldReader;
using base::FieldWriter;
using std::chrono::milliseconds;

enum class Type : std::uint8_t {
  start, text_part, stop, drain, ready, failed, ended, ask, progress, target, line, keys, forget_keys, with_keys, join, shaken, header,
  tickets, page, wish, redirect
};
constexpr auto last_kind = static_cast<std::uint8_t>(Kind::dashboard);
constexpr auto last_family = static_cast<std::uint8_t>(Address::Family::vsock);
constexpr auto last_why = static_cast<std::uint8_t>(Ending::Why::lost);
constexpr auto last_identity = static_cast<std::uint8_t>(Identity::Result::too_late);
constexpr auto last_header = static_cast<std::uint8_t>(ProxyHeader::Result::gone);
constexpr auto last_wish = static_cast<std::uint8_t>(PageWish::What::live);
constexpr std::uint32_t highest_errno = 4095;
/// Texts that are no longer than this, all together, travel in the Start itself.
constexpr std::size_t inline_texts = 40 * 1024;
constexpr std::size_t part_size = 56 * 1024;

FieldWriter message(Type type) {
  FieldWriter writer;
  writer.put(protocol_version).put(static_cast<std::uint8_t>(type));
  return writer;
}

// --- Endpoints and deadlines
// ---------------------------------------------------------------------------------------

void put_endpoint(FieldWriter& writer, const base::Endpoint& endpoint) {
  writer.put(static_cast<std::uint8_t>(endpoint.address.family()));
  for (const std::uint8_t byte : endpoint.address.bytes()) writer.put(byte);
  writer.put(endpoint.address.scope()).put(endpoint.port);
}

base::Endpoint take_endpoint(FieldReader& reader) {
  const auto family = static_cast<Address::Family>(reader.take_up_to(last_family));
  std::array<std::uint8_t, 16> bytes{};
  for (std::uint8_t& byte : bytes) byte = reader.take<std::uint8_t>();
  const auto scope = reader.take<std::uint32_t>();
  return {Address::of(family, bytes, scope), reader.take<std::uint16_t>()};
}

void put_deadline(FieldWriter& writer, milliseconds deadline) {
  writer.put(static_cast<std::uint64_t>(std::clamp(deadline, milliseconds(0), longest_deadline).count()));
}

milliseconds take_deadline(FieldReader& reader) {
  return milliseconds(reader.take_up_to(static_cast<std::uint64_t>(longest_deadline.count())));
}

// --- Start and its texts
// -------------------------------------------------------------------------------------------

bool acceptable(const Parameters& parameters) {
  return parameters.targets.size() <= most_targets && parameters.texts.size() <= most_texts &&
         std::all_of(parameters.texts.begin(), parameters.texts.end(),
                     [](const std::string& text) { return text.size() <= longest_text; });
}

bool fits_in_start(const std::vector<std::string>& texts) {
  std::size_t sum = 0;
  for (const std::string& text : texts) sum += text.size();
  return sum <= inline_texts;
}

void add_parts(std::vector<Packet>& packets, std::uint64_t token, std::size_t index, std::string_view text) {
  do {
    FieldWriter writer = message(Type::text_part);
    writer.put(token).put(static_cast<std::uint8_t>(index)).text(text.substr(0, part_size));
    packets.push_back({writer.take(), {}});
    text.remove_prefix(std::min(part_size, text.size()));
  } while (!text.empty());
}

void put_parameters(FieldWriter& writer, const Parameters& parameters) {
  writer.put(static_cast<std::uint8_t>(parameters.targets.size()));
  for (const base::Endpoint& target : parameters.targets) put_endpoint(writer, target);
  put_deadline(writer, parameters.connect_deadline);
  put_deadline(writer, parameters.idle_deadline);
  writer.put(static_cast<std::uint8_t>(parameters.keepalive));
  writer.put(parameters.peer_port).put(parameters.local_port);
  writer.put(static_cast<std::uint8_t>(parameters.texts.size()));
  for (const std::string& text : parameters.texts) writer.text(text);
}

Parameters take_parameters(FieldReader& reader) {
  Parameters parameters;
  const std::size_t targets = reader.take_up_to(static_cast<std::uint8_t>(most_targets));
  for (std::size_t i = 0; i < targets && reader.good(); ++i)
    parameters.targets.push_back(take_endpoint(reader));
  parameters.connect_deadline = take_deadline(reader);
  parameters.idle_deadline = take_deadline(reader);
  parameters.keepalive = reader.flag();
  parameters.peer_port = reader.take<std::uint16_t>();
  parameters.local_port = reader.take<std::uint16_t>();
  const std::size_t texts = reader.take_up_to(static_cast<std::uint8_t>(most_texts));
  for (std::size_t i = 0; i < texts && reader.good(); ++i)
    parameters.texts.emplace_back(reader.text(largest_message));
  return parameters;
}

Start take_start(FieldReader& reader) {
  Start start;
  start.token = reader.take<std::uint64_t>();
  start.kind = static_cast<Kind>(reader.take_up_to(last_kind));
  start.texts_sent = reader.flag();
  start.parameters = take_parameters(reader);
  if (start.texts_sent && !start.parameters.texts.empty()) reader.refuse();
  return start;
}

TextPart take_text_part(FieldReader& reader) {
  TextPart part;
  part.token = reader.take<std::uint64_t>();
  part.index = reader.take_up_to(static_cast<std::uint8_t>(most_texts - 1));
  part.bytes = reader.text(largest_message);
  return part;
}

// --- Ended
// ---------------------------------------------------------------------------------------------------------

std::string_view cut(std::string_view text) { return text.substr(0, longest_word); }

/// Whether the text is what the result promises.
bool in_order(const Identity& identity) {
  using Result = Identity::Result;
  if (identity.result == Result::user) return identity.text.find_first_of("\r\n") == std::string::npos;
  if (identity.result == Result::bad_line) return identity.text.find('\n') == std::string::npos;
  return identity.text.empty();
}

Identity take_identity(FieldReader& reader) {
  Identity identity;
  identity.result = static_cast<Identity::Result>(reader.take_up_to(last_identity));
  identity.text = reader.text(longest_word);
  if (!in_order(identity)) reader.refuse();
  return identity;
}

/// `with_connection`: the message says that one came along.
Ended take_ended(FieldReader& reader, bool& with_connection) {
  Ended ended;
  Report& report = ended.ending.report;
  ended.token = reader.take<std::uint64_t>();
  ended.ending.why = static_cast<Ending::Why>(reader.take_up_to(last_why));
  report.in = reader.take<std::uint64_t>();
  report.out = reader.take<std::uint64_t>();
  report.connect_error = static_cast<int>(reader.take_up_to(highest_errno));
  report.failed_target = reader.text(longest_word);
  report.request = reader.text(longest_word);
  report.identity = take_identity(reader);
  with_connection = reader.flag();
  return ended;
}

// --- Progress
// ------------------------------------------------------------------------------------------------------

Progress take_progress(FieldReader& reader) {
  Progress progress;
  progress.question = reader.take<std::uint64_t>();
  progress.last = reader.flag();
  const std::size_t count = reader.take_up_to(static_cast<std::uint16_t>(most_counts));
  if (count == 0 && !progress.last) reader.refuse();
  for (std::size_t i = 0; i < count && reader.good(); ++i) {
    const auto token = reader.take<std::uint64_t>();
    if (i > 0 && token <= progress.counts.back().token) reader.refuse();
    const auto in = reader.take<std::uint64_t>();
    progress.counts.push_back({token, {in, reader.take<std::uint64_t>()}});
  }
  return progress;
}

// --- Line
// ----------------------------------------------------------------------------------------------------------

Line take_line(FieldReader& reader) {
  Line line;
  line.token = reader.take<std::uint64_t>();
  line.text = reader.text(converse::longest_line);
  const bool printable = std::ranges::all_of(line.text, [](char c) { return c >= 0x20 && c <= 0x7e; });
  if (line.text.empty() || !printable) reader.refuse();
  return line;
}

// --- Shaken
// --------------------------------------------------------------------------------------------------------

Shaken take_shaken(FieldReader& reader) {
  const auto token = reader.take<std::uint64_t>();
  return {token, take_handshake(reader)};
}

// --- HeaderSeen
// ----------------------------------------------------------------------------------------------------

/// Is everything there that its result promises, and nothing else?
bool in_order(const ProxyHeader& header) {
  ProxyHeader nothing;
  nothing.result = header.result;
  if (header.result != ProxyHeader::Result::header) return header.result != ProxyHeader::Result::none && header == nothing;
  const bool read = header.version >= 1 && header.version <= 2 && header.size > 0 && header.size <= converse::longest_proxy_header;
  const base::Endpoint none;
  if (header.own) return read && header.client == none && header.called == none && header.words.empty();
  const Address &client = header.client.address, &called = header.called.address;
  const bool addresses = client.is_ip() && called.is_ip() && client.scope() == 0 && called.scope() == 0;
  return read && addresses && net::in_order(header.words) && (header.version == 2 || header.words.empty());
}

net::ProxyWords take_words(FieldReader& reader) {
  net::ProxyWords words;
  const std::size_t count = reader.take_up_to(static_cast<std::uint8_t>(net::most_proxy_words));
  for (std::size_t i = 0; i < count && reader.good(); ++i) {
    const auto fact = static_cast<net::ProxyWord::Fact>(reader.take_up_to(static_cast<std::uint8_t>(net::most_proxy_words - 1)));
    words.push_back({fact, std::string(reader.text(net::longest_proxy_word))});
  }
  return words;
}

HeaderSeen take_header(FieldReader& reader) {
  HeaderSeen seen;
  seen.token = reader.take<std::uint64_t>();
  seen.header.result = static_cast<ProxyHeader::Result>(reader.take_up_to(last_header));
  seen.header.version = reader.take<std::uint8_t>();
  seen.header.own = reader.flag();
  seen.header.size = reader.take<std::uint16_t>();
  seen.header.client = take_endpoint(reader);
  seen.header.called = take_endpoint(reader);
  seen.header.words = take_words(reader);
  if (!in_order(seen.header)) reader.refuse();
  return seen;
}

// --- Tickets
// -------------------------------------------------------------------------------------------------------

Tickets take_tickets(FieldReader& reader) {
  Tickets tickets;
  tickets.keys.current = reader.text(tls::ticket_key_size);
  tickets.keys.previous = reader.text(tls::ticket_key_size);
  if (!tls::in_order(tickets.keys)) reader.refuse();
  return tickets;
}

// --- Wish and Page
// ----------------------------------------------------------------------------------------------------

Wish take_wish(FieldReader& reader) {
  Wish wish;
  wish.token = reader.take<std::uint64_t>();
  wish.wish.what = static_cast<PageWish::What>(reader.take_up_to(last_wish));
  wish.wish.zipped = reader.flag();
  wish.wish.name = reader.text(converse::longest_page_name);
  return wish;
}

Page take_page(FieldReader& reader, base::Fd bytes) {
  Page page;
  page.token = reader.take<std::uint64_t>();
  page.made.status = reader.take<std::uint16_t>();
  page.made.zipped = reader.flag();
  page.made.fields = reader.text(converse::longest_page_text);
  page.made.text = reader.text(converse::longest_page_text);
  page.made.size = reader.take<std::uint64_t>();
  page.made.bytes = std::move(bytes);
  return page;
}

/// Ends decoding: the message, unless something was wrong with it or the descriptor beside it.
template <typename To, typename Message>
std::optional<To> accept(const FieldReader& reader, Message message, bool stray_descriptor) {
  if (!reader.complete() || stray_descriptor) return std::nullopt;
  return To(std::move(message));
}

}  // namespace

std::optional<std::vector<Packet>> encode(Start start) {
  if (!acceptable(start.parameters)) return std::nullopt;
  std::vector<Packet> packets;
  if (start.parameters.target) packets.push_back(encode(Target{start.token, std::move(*start.parameters.target)}));
  const bool apart = !fits_in_start(start.parameters.texts);
  if (apart) {
    for (std::size_t i = 0; i < start.parameters.texts.size(); ++i)
      add_parts(packets, start.token, i, start.parameters.texts[i]);
    start.parameters.texts.clear();
  }
  FieldWriter writer = message(Type::start);
  writer.put(start.token).put(static_cast<std::uint8_t>(start.kind)).put(static_cast<std::uint8_t>(apart));
  put_parameters(writer, start.parameters);
  packets.push_back({writer.take(), std::move(start.connection)});
  return packets;
}

Packet question_for_sign(std::uint64_t token) {
  FieldWriter writer = message(Type::start);
  writer.put(token).put(static_cast<std::uint8_t>(Kind::echo)).put(std::uint8_t{0});
  put_parameters(writer, {});
  return {writer.take(), {}};
}

bool is_sign(const Ended& ended) {
  const Report& report = ended.ending.report;
  return ended.token >= first_sign && ended.ending.lost() && !report.connection && report.in == 0 && report.out == 0 &&
         report.request.empty() && report.identity.result == Identity::Result::none;
}

Packet encode(Target target) { return {message(Type::target).put(target.token).take(), std::move(target.socket)}; }
Packet encode(Keys keys) { return {message(Type::keys).put(keys.number).take(), std::move(keys.bytes)}; }
Packet encode(const ForgetKeys& forget) { return {message(Type::forget_keys).put(forget.number).take(), {}}; }
Packet encode(const WithKeys& with) { return {message(Type::with_keys).put(with.token).put(with.number).take(), {}}; }
Packet encode(Join join) { return {message(Type::join).put(join.token).take(), std::move(join.inner)}; }
std::optional<Packet> encode(const Redirect& redirect) {
  if (!acceptable(redirect.parameters) || !fits_in_start(redirect.parameters.texts)) return std::nullopt;
  FieldWriter writer = message(Type::redirect);
  put_parameters(writer.put(redirect.token), redirect.parameters);
  return Packet{writer.take(), {}};
}
Packet encode(const Tickets& tickets) { return {message(Type::tickets).text(tickets.keys.current).text(tickets.keys.previous).take(), {}}; }
Packet encode(Page page) {
  FieldWriter writer = message(Type::page);
  writer.put(page.token).put(page.made.status).put(static_cast<std::uint8_t>(page.made.zipped));
  writer.text(std::string_view(page.made.fields).substr(0, converse::longest_page_text));
  writer.text(std::string_view(page.made.text).substr(0, converse::longest_page_text)).put(page.made.size);
  return {writer.take(), std::move(page.made.bytes)};
}
Packet encode(const Wish& wish) {
  FieldWriter writer = message(Type::wish);
  writer.put(wish.token).put(static_cast<std::uint8_t>(wish.wish.what)).put(static_cast<std::uint8_t>(wish.wish.zipped));
  return {writer.text(std::string_view(wish.wish.name).substr(0, converse::longest_page_name)).take(), {}};
}
Packet encode(const Stop& stop) { return {message(Type::stop).put(stop.token).take(), {}}; }
Packet encode(const Drain&) { return {message(Type::drain).take(), {}}; }
Packet encode(const Ask& ask) { return {message(Type::ask).put(ask.question).take(), {}}; }
Packet encode(const Ready&) { return {message(Type::ready).take(), {}}; }
Packet encode(const Failed& failed) { return {message(Type::failed).text(cut(failed.sentence)).take(), {}}; }

Packet encode(Ended ended) {
  Report& report = ended.ending.report;
  FieldWriter writer = message(Type::ended);
  writer.put(ended.token).put(static_cast<std::uint8_t>(ended.ending.why)).put(report.in).put(report.out);
  writer.put(std::min(static_cast<std::uint32_t>(std::max(report.connect_error, 0)), highest_errno));
  writer.text(cut(report.failed_target)).text(cut(report.request));
  writer.put(static_cast<std::uint8_t>(report.identity.result)).text(cut(report.identity.text));
  writer.put(static_cast<std::uint8_t>(static_cast<bool>(report.connection)));
  return {writer.take(), std::move(report.connection)};
}

Packet encode(const Progress& progress) {
  FieldWriter writer = message(Type::progress);
  writer.put(progress.question).put(static_cast<std::uint8_t>(progress.last));
  writer.put(static_cast<std::uint16_t>(progress.counts.size()));
  for (const auto& [token, traffic] : progress.counts) writer.put(token).put(traffic.in).put(traffic.out);
  return {writer.take(), {}};
}

Packet encode(const Line& line) {
  return {message(Type::line).put(line.token).text(std::string_view(line.text).substr(0, converse::longest_line)).take(), {}};
}

Packet encode(const Shaken& shaken) {
  FieldWriter writer = message(Type::shaken);
  put_handshake(writer.put(shaken.token), shaken.handshake);
  return {writer.take(), {}};
}

Packet encode(const HeaderSeen& seen) {
  const ProxyHeader& header = seen.header;
  FieldWriter writer = message(Type::header);
  writer.put(seen.token).put(static_cast<std::uint8_t>(header.result)).put(header.version);
  writer.put(static_cast<std::uint8_t>(header.own)).put(header.size);
  put_endpoint(writer, header.client);
  put_endpoint(writer, header.called);
  writer.put(static_cast<std::uint8_t>(header.words.size()));
  for (const net::ProxyWord& word : header.words) writer.put(static_cast<std::uint8_t>(word.fact)).text(word.text);
  return {writer.take(), {}};
}

std::vector<Packet> encode_answer(std::uint64_t question, std::vector<Progress::Count> counts) {
  std::ranges::sort(counts, {}, &Progress::Count::token);
  std::vector<Packet> packets;
  std::size_t done = 0;
  do {
    const std::size_t end = std::min(done + most_counts, counts.size());
    const auto at = [&](std::size_t i) { return counts.begin() + static_cast<std::ptrdiff_t>(i); };
    packets.push_back(encode(Progress{question, {at(done), at(end)}, end == counts.size()}));
    done = end;
  } while (done < counts.size());
  return packets;
}

std::optional<ToWorker> decode_for_worker(Packet packet) {
  FieldReader reader(packet.bytes);
  if (packet.bytes.size() > largest_message || reader.take<std::uint8_t>() != protocol_version)
    return std::nullopt;
  const bool descriptor = static_cast<bool>(packet.fd);
  switch (static_cast<Type>(reader.take<std::uint8_t>())) {
    case Type::start: {
      Start start = take_start(reader);
      start.connection = std::move(packet.fd);
      return accept<ToWorker>(reader, std::move(start), false);
    }
    case Type::text_part:
      return accept<ToWorker>(reader, take_text_part(reader), descriptor);
    case Type::stop: {
      const Stop stop{reader.take<std::uint64_t>()};
      return accept<ToWorker>(reader, stop, descriptor);
    }
    case Type::drain:
      return accept<ToWorker>(reader, Drain{}, descriptor);
    case Type::target: {
      Target target{reader.take<std::uint64_t>(), std::move(packet.fd)};
      return accept<ToWorker>(reader, std::move(target), false);
    }
    case Type::keys: {
      Keys keys{reader.take<std::uint64_t>(), std::move(packet.fd)};
      return accept<ToWorker>(reader, std::move(keys), false);
    }
    case Type::forget_keys: {
      const ForgetKeys forget{reader.take<std::uint64_t>()};
      return accept<ToWorker>(reader, forget, descriptor);
    }
    case Type::with_keys: {
      const auto token = reader.take<std::uint64_t>();
      return accept<ToWorker>(reader, WithKeys{token, reader.take<std::uint64_t>()}, descriptor);
    }
    case Type::join: {
      Join join{reader.take<std::uint64_t>(), std::move(packet.fd)};
      return accept<ToWorker>(reader, std::move(join), false);
    }
    case Type::redirect: {
      Redirect redirect{reader.take<std::uint64_t>(), take_parameters(reader)};
      if (!fits_in_start(redirect.parameters.texts)) reader.refuse();
      return accept<ToWorker>(reader, std::move(redirect), descriptor);
    }
    case Type::tickets:
      return accept<ToWorker>(reader, take_tickets(reader), descriptor);
    case Type::page: {
      Page page = take_page(reader, std::move(packet.fd));
      return accept<ToWorker>(reader, std::move(page), false);
    }
    case Type::ask: {
      const Ask ask{reader.take<std::uint64_t>()};
      return accept<ToWorker>(reader, ask, descriptor);
    }
    default:
      return std::nullopt;
  }
}

std::optional<ToDaemon> decode_for_daemon(Packet packet) {
  FieldReader reader(packet.bytes);
  if (packet.bytes.size() > largest_message || reader.take<std::uint8_t>() != protocol_version)
    return std::nullopt;
  const bool descriptor = static_cast<bool>(packet.fd);
  switch (static_cast<Type>(reader.take<std::uint8_t>())) {
    case Type::ready:
      return accept<ToDaemon>(reader, Ready{}, descriptor);
    case Type::failed: {
      Failed failed{std::string(reader.text(longest_word))};
      return accept<ToDaemon>(reader, std::move(failed), descriptor);
    }
    case Type::ended: {
      bool expected = false;
      Ended ended = take_ended(reader, expected);
      ended.ending.report.connection = std::move(packet.fd);
      return accept<ToDaemon>(reader, std::move(ended), descriptor && !expected);
    }
    case Type::progress:
      return accept<ToDaemon>(reader, take_progress(reader), descriptor);
    case Type::line:
      return accept<ToDaemon>(reader, take_line(reader), descriptor);
    case Type::shaken:
      return accept<ToDaemon>(reader, take_shaken(reader), descriptor);
    case Type::header:
      return accept<ToDaemon>(reader, take_header(reader), descriptor);
    case Type::wish:
      return accept<ToDaemon>(reader, take_wish(reader), descriptor);
    default:
      return std::nullopt;
  }
}

}  // namespace xsuperd::worker
