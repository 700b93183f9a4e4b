// SPDX-License-Identifier: MIT
// The Listen...= lines of a socket unit, and the sockets that become one entry.
#include <fmt/format.h>

#include <algorithm>

#include "convert/from_units.hpp"
#include "xsuperd/base/address.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

using config::SocketType;

bool is_port(std::string_view text) { return base::parse_number(text, 1, 0xffff).has_value() && text.front() != '+'; }

/// PORT, ADDRESS:PORT or [ADDRESS]:PORT.
bool read_address(std::string_view value, Listening& to) {
  const std::size_t colon = value.rfind(':');
  const std::string_view port = colon == value.npos ? value : value.substr(colon + 1);
  if (!is_port(port)) return false;
  to.port = port;
  if (colon == value.npos) return true;
  std::string_view host = value.substr(0, colon);
  to.v6 = host.starts_with("[") && host.ends_with("]");
  if (to.v6) host = host.substr(1, host.size() - 2);
  const auto address = base::Address::parse(host);
  if (!address || (address->family() == base::Address::Family::ipv6) != to.v6) return false;
  to.address = host;
  return true;
}

/// /PATH, @NAME, or vsock:CID:PORT, whose CID may be missing.
bool read_elsewhere(std::string_view value, Listening& to) {
  if (value.starts_with("/") || value.starts_with("@")) {
    to.kind = value[0] == '/' ? Listening::Kind::path : Listening::Kind::elsewhere;
    to.element = fmt::format("unix:{}", value);
    return true;
  }
  for (const std::string_view word : {"vsock:", "vsock-stream:"}) {
    if (!value.starts_with(word) || to.type != SocketType::stream) continue;
    const std::string_view rest = value.substr(word.size());
    const std::string_view cid = rest.substr(0, rest.find(':'));
    if (cid.size() == rest.size()) return false;
    const bool any = cid.empty() || cid == "4294967295";
    to.kind = Listening::Kind::elsewhere;
    to.element = fmt::format("vsock:{}:{}", any ? "any" : cid, rest.substr(cid.size() + 1));
    return true;
  }
  return false;
}

std::string element_of(const Listening& at) {
  const std::string_view word = at.type == SocketType::dgram ? "udp" : "tcp";
  if (at.address.empty()) return fmt::format("{}:*:{}", word, at.port);
  return at.v6 ? fmt::format("{}:[{}]:{}", word, at.address, at.port) : fmt::format("{}:{}:{}", word, at.address, at.port);
}

std::optional<Listening> read_place(Unit& socket, const Directive& d, SocketType type) {
  const auto value = resolved(socket, d.value);
  Listening at{&d, type, {}, {}, {}, false, {}};
  if (!value || value->find_first_of(" \t") != std::string::npos) return std::nullopt;
  if (read_address(*value, at)) return at.element = element_of(at), at;
  return read_elsewhere(*value, at) ? std::optional(at) : std::nullopt;
}

constexpr std::pair<std::string_view, SocketType> types[]{{"ListenStream", SocketType::stream},
                                                          {"ListenDatagram", SocketType::dgram},
                                                          {"ListenSequentialPacket", SocketType::seqpacket}};

/// Of protocols besides these there is one place to an entry: listen has no word for them.
bool has_elements(Unit& socket) {
  const Directive* protocol = socket.last("Socket", "SocketProtocol");
  return !protocol || protocol->value == "tcp" || protocol->value == "udp" || protocol->value == "mptcp";
}

}  // namespace

std::string_view type_word(SocketType type) {
  return type == SocketType::stream ? "stream" : type == SocketType::dgram ? "dgram" : "seqpacket";
}

bool Sockets::plain() const { return all.size() == 1 && all[0].kind == Listening::Kind::ip; }

bool Sockets::any(Listening::Kind kind) const {
  return std::ranges::any_of(all, [kind](const Listening& one) { return one.kind == kind; });
}

std::vector<Sockets> listening(Unit& socket, Report& report) {
  std::vector<Sockets> found;
  const bool together = has_elements(socket);
  for (const auto& [key, type] : types) {
    Sockets elements{type, {}};
    for (const Directive* d : socket.all("Socket", key)) {
      const auto place = read_place(socket, *d, type);
      if (!place)
        report.loss(d->place, fmt::format("{} is not converted: services cannot listen there", quoted(*d)));
      else if (place->kind == Listening::Kind::ip && (!together || type == SocketType::seqpacket))
        found.push_back({type, {*place}});
      else
        elements.all.push_back(*place);
    }
    if (!elements.all.empty()) found.push_back(std::move(elements));
  }
  for (const char* key : {"ListenFIFO", "ListenSpecial", "ListenNetlink", "ListenMessageQueue", "ListenUSBFunction"})
    for (const Directive* d : socket.all("Socket", key))
      report.loss(d->place, fmt::format("{} is not converted: services have sockets only, of IP, UNIX or vsock", quoted(*d)));
  return found;
}

}  // namespace xsuperd::convert
