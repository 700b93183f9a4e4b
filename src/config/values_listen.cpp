// SPDX-License-Identifier: MIT
// The elements of listen, and what else is said of sockets.
#include <sys/un.h>

#include <algorithm>

#include "config/values.hpp"

namespace xsuperd::config::values {

namespace {

using Kind = ListenElement::Kind;

constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;

/// Takes what stands behind the word of the kind.
using ReadElement = std::optional<Trouble> (*)(std::string_view rest, ListenElement& to);

std::optional<std::uint16_t> port_of(std::string_view text) {
  const auto port = base::parse_number(text, 1, 65535);
  return port ? std::optional(static_cast<std::uint16_t>(*port)) : std::nullopt;
}

Trouble bad_port(std::string_view text) {
  return {fmt::format("'{}' is not a port", text), "expected a number from 1 to 65535"};
}

/// "ADDRESS:REST", an IPv6 address in brackets.
struct Parts {
  std::string_view address;
  std::string_view rest;
  bool bracketed = false;
};
std::optional<Parts> split(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const std::size_t end = bracketed ? text.find("]:") : text.find(':');
  if (end == text.npos) return std::nullopt;
  if (bracketed) return Parts{text.substr(1, end - 1), text.substr(end + 2), true};
  return Parts{text.substr(0, end), text.substr(end + 1)};
}

std::optional<Trouble> not_split(std::string_view text, std::string_view what) {
  if (std::ranges::count(text, ':') > 1 && !text.starts_with('[')) return Trouble{fmt::format("'{}' is not {}", text, what), "write an IPv6 address in brackets"};
  return Trouble{fmt::format("'{}' has no port", text), fmt::format("expected {}", what)};
}

/// An IPv6 address belongs in brackets, and nothing else.
std::optional<base::Address> address_in(const Parts& parts, std::string_view text) {
  const auto address = base::Address::parse(text);
  if (!address || (address->family() == base::Address::Family::ipv6) != parts.bracketed) return std::nullopt;
  return address;
}

std::optional<Trouble> read_ip(std::string_view rest, ListenElement& to) {
  const auto parts = split(rest);
  if (!parts || (!parts->bracketed && parts->rest.find(':') != rest.npos)) return not_split(rest, "an address and a port");
  const auto port = port_of(parts->rest);
  if (!port) return bad_port(parts->rest);
  to.at.port = *port;
  if (parts->address == "*" && !parts->bracketed) return {};
  const auto address = address_in(*parts, parts->address);
  if (!address) return Trouble{fmt::format("'{}' is not an address", parts->address), "write an address of this host as a number, or '*'"};
  to.at.address = *address;
  return {};
}

}  // namespace

std::optional<Trouble> local_name_trouble(std::string_view rest) {
  if (rest.size() < 2 || (rest[0] != '/' && rest[0] != '@'))
    return Trouble{fmt::format("'{}' is not the path of a socket", rest), "write an absolute path, or '@' and an abstract name"};
  if (rest.size() > longest_path)
    return Trouble{fmt::format("the name of a UNIX socket has at most {} characters", longest_path)};
  if (rest[0] == '/' && rest.ends_with('/')) return Trouble{fmt::format("'{}' is a directory", rest)};
  return {};
}

namespace {

std::optional<Trouble> read_local(std::string_view rest, ListenElement& to) {
  to.name = rest;
  return local_name_trouble(rest);
}

std::optional<std::uint32_t> vsock_number(std::string_view text) {
  const auto value = base::parse_number(text, 0, greatest_u32 - 1);
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}

std::optional<Trouble> read_vsock(std::string_view rest, ListenElement& to) {
  const auto parts = split(rest);
  if (!parts || parts->bracketed) return Trouble{fmt::format("'{}' has no port", rest), "expected 'any' or a context id, and a port"};
  const auto cid = parts->address == "any" ? VsockPlace::any : vsock_number(parts->address);
  if (!cid) return Trouble{fmt::format("'{}' is not a context id", parts->address), "expected a number, or 'any'"};
  const auto port = vsock_number(parts->rest);
  if (!port || *port == 0) return Trouble{fmt::format("'{}' is not a port", parts->rest), "expected a number from 1 to 4294967294"};
  to.vsock = {*cid, *port};
  return {};
}

std::optional<Trouble> read_activated(std::string_view rest, ListenElement& to) {
  if (rest.empty() || rest.size() > 255) return Trouble{"a socket of the service manager needs a name", "it is that of FileDescriptorName="};
  to.name = rest;
  return {};
}

/// "N" or "N-M".
bool ports_of(std::string_view text, PortRange& to) {
  const std::size_t dash = text.find('-');
  const auto first = port_of(text.substr(0, dash));
  const auto last = dash == text.npos ? first : port_of(text.substr(dash + 1));
  if (!first || !last || *first > *last) return false;
  to.first = *first, to.last = *last;
  return true;
}

/// The host bits of a network are zero.
bool is_network(const base::Address& address, int prefix) {
  const auto& bytes = address.bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int kept = std::clamp(prefix - static_cast<int>(8 * i), 0, 8);
    if ((bytes[i] & (0xff >> kept)) != 0) return false;
  }
  return true;
}

std::optional<Trouble> read_range(std::string_view rest, ListenElement& to) {
  const auto parts = split(rest);
  if (!parts) return not_split(rest, "a network and its ports");
  const std::size_t slash = parts->address.find('/');
  const auto address = address_in(*parts, parts->address.substr(0, slash));
  if (!address || address->scope() != 0 || address->is_mapped())
    return Trouble{fmt::format("'{}' is not a network", parts->address), "write it as in 192.0.2.0/24 or [2001:db8::/64]"};
  const int longest = address->family() == base::Address::Family::ipv4 ? 32 : 128;
  const auto prefix = slash == parts->address.npos ? longest : base::parse_number(parts->address.substr(slash + 1), 0, longest);
  if (!prefix) return Trouble{fmt::format("'{}' is not a prefix length", parts->address.substr(slash + 1)), fmt::format("expected a number from 0 to {}", longest)};
  if (!is_network(*address, static_cast<int>(*prefix)))
    return Trouble{fmt::format("'{}' is not a network: its host bits are not zero", parts->address)};
  to.range.network = *address;
  to.range.prefix = static_cast<int>(*prefix);
  if (!ports_of(parts->rest, to.range)) return Trouble{fmt::format("'{}' is not a range of ports", parts->rest), "expected a port, or two with '-' between, from 1 to 65535"};
  return {};
}

struct ElementKind {
  std::string_view word;
  Kind kind;
  ReadElement read;
};
constexpr ElementKind kinds[]{{"tcp", Kind::tcp, read_ip},         {"udp", Kind::udp, read_ip},
                              {"unix", Kind::local, read_local},   {"vsock", Kind::vsock, read_vsock},
                              {"fd", Kind::activated, read_activated}, {"any", Kind::range, read_range}};

/// What somebody means who knows another program's words, or an address alone.
std::string kind_hint(std::string_view word) {
  std::vector<std::string_view> words;
  for (const ElementKind& one : kinds) words.push_back(one.word);
  if (word.starts_with('/') || word.starts_with('@')) return fmt::format("write 'unix:{}'", word);
  if (word.find_first_of(".[:*") != word.npos || base::parse_number(word)) return "expected tcp:ADDRESS:PORT, or '*' for all addresses";
  if (const auto near = base::nearest(word, words)) return fmt::format("did you mean '{}:'?", *near);
  return fmt::format("expected one of: {}", fmt::join(words, ", "));
}

std::optional<ListenElement> element(const ValueContext& c, const Assignment& a, std::size_t index) {
  const std::string& text = a.values[index].text;
  const std::size_t colon = text.find(':');
  const std::string_view word = std::string_view(text).substr(0, colon);
  const auto kind = std::ranges::find_if(kinds, [&](const ElementKind& one) { return base::iequals(one.word, word); });
  if (kind == std::end(kinds) || colon == text.npos) {
    refused(c, a, index, fmt::format("'{}' is not an element of listen", text), kind_hint(colon == text.npos ? text : word));
    return std::nullopt;
  }
  ListenElement result;
  result.kind = kind->kind;
  result.text = text;
  result.place = {c.entry.place.file, a.line, a.values[index].column};
  if (const auto trouble = kind->read(std::string_view(text).substr(colon + 1), result)) {
    refused(c, a, index, fmt::format("bad element of listen: {}", trouble->sentence), trouble->hint);
    return std::nullopt;
  }
  return result;
}

template <typename T>
bool same(const T& a, const T& b) {
  return a == b;
}
bool same(const User& a, const User& b) { return a.uid == b.uid; }
bool same(const Group& a, const Group& b) { return a.gid == b.gid; }

/// A list of what `read` makes of each word: replaced by =, but in the defaults, and changed by += and -= (fact B2.43).
template <typename T, typename Read>
bool change_list(const ValueContext& c, std::optional<std::vector<T>>& to, const Assignment& a, const Read& read) {
  std::vector<T> words;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    std::optional<T> one = read(c, a, i);
    if (!one) return false;
    words.push_back(std::move(*one));
  }
  if (!to || (a.op == Operator::set && !c.defaults)) to.emplace();
  for (T& one : words) {
    const auto there = std::ranges::find_if(*to, [&one](const T& other) { return same(one, other); });
    if (a.op == Operator::remove && there != to->end()) to->erase(there);
    if (a.op != Operator::remove && there == to->end()) to->push_back(std::move(one));
  }
  return true;
}

/// A number in decimal, or in hexadecimal behind 0x.
std::optional<std::uint32_t> number_or_hex(std::string_view text) {
  if (!text.starts_with("0x") && !text.starts_with("0X")) {
    const auto value = base::parse_number(text, 0, greatest_u32);
    return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
  }
  text.remove_prefix(2);
  if (text.empty() || text.size() > 8 || text.find_first_not_of("0123456789abcdefABCDEF") != text.npos) return std::nullopt;
  return static_cast<std::uint32_t>(std::strtoul(std::string(text).c_str(), nullptr, 16));
}

/// The classes of RFC 2474, RFC 2597 and RFC 3246, and the words of RFC 1349, as the whole byte.
std::optional<std::uint32_t> service_class(std::string_view word) {
  constexpr std::pair<std::string_view, std::uint8_t> words[]{
      {"lowdelay", 0x10}, {"throughput", 0x08}, {"reliability", 0x04}, {"mincost", 0x02}, {"ef", 0xb8}};
  for (const auto& [name, value] : words)
    if (base::iequals(name, word)) return value;
  const std::string lower = base::to_lower(word);
  const auto digit = [&](std::size_t at, char low, char high) { return lower[at] >= low && lower[at] <= high; };
  if (lower.size() == 3 && lower.starts_with("cs") && digit(2, '0', '7')) return (lower[2] - '0') << 5;
  if (lower.size() == 4 && lower.starts_with("af") && digit(2, '1', '4') && digit(3, '1', '3'))
    return (lower[2] - '0') << 5 | (lower[3] - '0') << 3;
  return number_or_hex(word);
}

}  // namespace

bool listen(const ValueContext& c, Settings& s, const Assignment& a) { return change_list(c, s.listen, a, element); }

bool only_uid(const ValueContext& c, Settings& s, const Assignment& a) { return change_list(c, s.only_uid, a, user_at); }
bool only_gid(const ValueContext& c, Settings& s, const Assignment& a) { return change_list(c, s.only_gid, a, group_at); }

bool only_cid(const ValueContext& c, Settings& s, const Assignment& a) {
  return change_list(c, s.only_cid, a, [](const ValueContext& context, const Assignment& line, std::size_t index) {
    const auto cid = vsock_number(line.values[index].text);
    if (!cid) (void)not_understood(context, line, index);
    return cid;
  });
}

bool socket_mode(const ValueContext& c, Settings& s, const Assignment& a) {
  const std::string& word = a.values[0].text;
  const bool octal = !word.empty() && word.size() <= 4 && word.find_first_not_of("01234567") == std::string::npos;
  const unsigned long bits = octal ? std::strtoul(word.c_str(), nullptr, 8) : 01000;
  if (bits > 0777) return not_understood(c, a, 0);
  s.socket_mode = FileMode{static_cast<mode_t>(bits)};
  return true;
}

bool bind_device(const ValueContext& c, Settings& s, const Assignment& a) {
  constexpr std::size_t longest = 15;  // IFNAMSIZ less the NUL
  const std::string& name = a.values[0].text;
  if (name.size() > longest || name.find_first_of("/:") != name.npos || name == "." || name == "..") return not_understood(c, a, 0);
  s.bind_device = name;
  return true;
}

bool defer_accept(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto seconds = seconds_of(a.values[0].text, 1, 3600);
  if (!seconds) return not_understood(c, a, 0);
  s.defer_accept = *seconds;
  return true;
}

bool keepalive(const ValueContext& c, Settings& s, const Assignment& a) {
  constexpr std::uint32_t longest = 32767, most_probes = 127;  // tcp(7): MAX_TCP_KEEPIDLE, _KEEPINTVL, _KEEPCNT
  const auto idle = seconds_of(a.values[0].text, 1, longest);
  const auto interval = seconds_of(a.values[1].text, 1, longest);
  const auto count = base::parse_number(a.values[2].text, 1, most_probes);
  if (!idle) return not_understood(c, a, 0);
  if (!interval) return not_understood(c, a, 1);
  if (!count) return not_understood(c, a, 2);
  s.keepalive = KeepaliveTimes{*idle, *interval, static_cast<std::uint32_t>(*count)};
  return true;
}

bool buffer_size(const ValueContext& c, std::optional<std::uint32_t>& to, const Assignment& a) {
  constexpr std::uint64_t least = 1024, most = 1u << 30;
  const auto size = limit_of(a.values[0].text, true);
  if (!size || size->value < least || size->value > most) return not_understood(c, a, 0);
  to = static_cast<std::uint32_t>(size->value);
  return true;
}

bool tos(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto value = service_class(a.values[0].text);
  if (!value || *value > 255) return not_understood(c, a, 0);
  s.tos = static_cast<std::uint8_t>(*value);
  return true;
}

bool mark(const ValueContext& c, Settings& s, const Assignment& a) {
  const auto value = number_or_hex(a.values[0].text);
  if (!value) return not_understood(c, a, 0);
  s.mark = *value;
  return true;
}

}  // namespace xsuperd::config::values
