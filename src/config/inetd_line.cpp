// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "config/inetd_entries.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/limits.hpp"
#include "xsuperd/config/model.hpp"

namespace xsuperd::config::inetd {

namespace {

/// After too many starts in a minute a service rests, as with inetds.
constexpr std::string_view rest_seconds = "600";
constexpr std::string_view unlimited = "UNLIMITED";

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 10 && text.find_first_not_of("0123456789") == text.npos;
}

/// The entry that a definition comes to, and what is wrong with it.
class EntryWriter {
 protected:
  explicit EntryWriter(const Definition& d) : d_(d) {}

  bool fault(const Field& at, std::string sentence, std::string hint = {}) {
    d_.source.report(Level::error, at, std::move(sentence), std::move(hint));
    return !(broken_ = true);
  }
  /// As a fault, but the line is right.
  bool unserved(const Field& at, std::string sentence, std::string hint = {}) {
    d_.source.report_unserved(at, std::move(sentence), std::move(hint));
    return !(broken_ = true);
  }
  bool no_number(const Field& at) { return fault(at, fmt::format("'{}' is not a number", base::escaped(at.text, 100))); }
  [[nodiscard]] Assignment assignment(std::string attribute, const Field& at, const Words& values) const {
    Assignment a{std::move(attribute), at.column, Operator::set, {}, at.line, d_.source.line(at.line)};
    for (const std::string& value : values) a.values.push_back({value, at.column});
    return a;
  }
  void set(std::string attribute, const Field& at, const Words& values) {
    entry_.assignments.push_back(assignment(std::move(attribute), at, values));
  }

  const Definition& d_;
  Entry entry_;
  bool broken_ = false;
};

class Translator : EntryWriter {
 public:
  Translator(const Definition& d, Family family, const InetdStyle& style, Names& names)
      : EntryWriter(d), names_(names), style_(style), protocol_(read_protocol(d.protocol, names)), unix_(protocol_.name.text == "unix"),
        spec_(read_spec(d.spec, unix_)) {
    if (protocol_.family == Family::plain) protocol_.family = family;
    internal_ = d.server.text == "internal";
    entry_.place = {d.source.file, d.spec.line, d.spec.column};
    entry_.line_text = d.source.line(d.spec.line);
    entry_.name = unix_ ? std::string(base::last_component(spec_.name.text)) : spec_.name.text;
    entry_.state = d.off ? Entry::State::disabled : Entry::State::whole;
  }

  std::vector<Translated> run() {
    const bool good = !d_.broken && protocol() && service() && socket_type() && wait() && queue() && user() && program() && flags();
    if (!good) {
      entry_.state = Entry::State::broken;
      entry_.assignments.clear();
      return {translated(entry_, {})};
    }
    std::vector<Translated> all;
    for (const Field& address : addresses()) {
      Entry one = entry_;
      if (!address.text.empty()) one.assignments.push_back(assignment("bind", address, {address.text}));
      all.push_back(translated(std::move(one), address.text));
    }
    if (broken_) {
      all.resize(1);
      all[0].entry.state = Entry::State::broken;
      all[0].entry.assignments.clear();
    }
    return all;
  }

 private:
  Translated translated(Entry entry, std::string address) const {
    std::string id = entry.name;
    if (internal_) id += datagrams() ? "-dgram" : "-stream";
    if (unix_) address = base::last_component(directory());
    return {std::move(entry), std::move(id), unix_ ? "unix" : d_.protocol.text, std::move(address), spec_.name};
  }

  /// A number of servers may follow.
  [[nodiscard]] bool datagrams() const { return d_.socket_type.text.substr(0, d_.socket_type.text.find(',')) == "dgram"; }

  /// Of a UNIX socket.
  [[nodiscard]] std::string_view directory() const {
    const std::string_view path = spec_.name.text;
    return path.substr(0, std::min(path.rfind('/'), path.size()));
  }

  bool protocol();
  bool protocol_tail();
  bool buffer(const Field& option);
  bool service();
  bool unix_path();
  bool rpc_name(const Field& name, std::size_t slash);
  bool tcpmux_name(const Field& name);
  /// HP-UX has the number and the versions behind the program.
  [[nodiscard]] bool hpux_rpc() const {
    return spec_.name.text == "rpc" && d_.arguments.size() > 1 && is_number(d_.arguments[0].text);
  }
  bool socket_type();
  bool wait();
  bool queue();
  bool per_minute(const Field& number);
  bool children(const Field& rest);
  bool limit(std::string attribute, const Field& number);
  bool user();
  bool program();
  bool wrapped();
  bool flags();
  std::vector<Field> addresses();
  void resolve(const Field& host, std::vector<Field>& to);

  Names& names_;
  const InetdStyle& style_;
  ProtocolField protocol_;
  bool unix_;
  SpecField spec_;
  Words types_;
  bool internal_ = false;
  bool tcpmux_ = false;
  bool asks_libwrap_ = false;
};

bool Translator::protocol() {
  if (!protocol_tail()) return false;
  if (!d_.receive_buffer.text.empty()) set("receive_buffer", d_.receive_buffer, {d_.receive_buffer.text});
  if (!d_.send_buffer.text.empty()) set("send_buffer", d_.send_buffer, {d_.send_buffer.text});
  if (unix_ && protocol_.rpc) return fault(d_.protocol, "an RPC service has no UNIX socket");
  if (unix_) return true;
  if (protocol_.name.text.starts_with("unix") && !names_.protocol(protocol_.name.text))
    return fault(protocol_.name, fmt::format("Protocol {} not in /etc/protocols", base::escaped(protocol_.name.text, 100)),
                 "UNIX sockets are written 'unix', and have no address family");
  set("protocol", protocol_.name, {protocol_.name.text});
  if (protocol_.family == Family::v6) set("v6only", d_.protocol, {"yes"});
  if (protocol_.family == Family::v46) set("v6only", d_.protocol, {"no"});
  return true;
}

/// NetBSD's ,rcvbuf=SIZE and ,sndbuf=SIZE.
bool Translator::protocol_tail() {
  const std::string& tail = protocol_.tail;
  if (tail.empty()) return true;
  if (!tail.starts_with(",")) return unserved(d_.protocol, fmt::format("protocol {} is not supported", base::escaped(d_.protocol.text, 100)));
  const std::size_t begin = d_.protocol.text.size() - tail.size();
  for (std::size_t at = 0; at != std::string::npos;) {
    const std::size_t end = tail.find(',', at + 1);
    if (!buffer(d_.protocol.part(begin + at + 1, end == std::string::npos ? end : end - at - 1))) return false;
    at = end;
  }
  return true;
}

bool Translator::buffer(const Field& option) {
  const std::size_t equals = std::min(option.text.find('='), option.text.size());
  const std::string_view name = std::string_view(option.text).substr(0, equals);
  if ((name != "rcvbuf" && name != "sndbuf") || equals == option.text.size())
    return fault(option, fmt::format("'{}' is not an option of a protocol", base::escaped(option.text, 100)), "expected rcvbuf=SIZE or sndbuf=SIZE");
  const Field size = option.part(equals + 1);
  set(name == "rcvbuf" ? "receive_buffer" : "send_buffer", size, {size.text});
  return true;
}

bool Translator::rpc_name(const Field& name, std::size_t slash) {
  types_.emplace_back("RPC");
  entry_.name = name.text.substr(0, slash);
  if (slash == std::string::npos || slash == 0)
    return fault(name, "an RPC service is written NAME/VERSION or NAME/VERSION-VERSION");
  const Field version = name.part(slash + 1);
  set("rpc_version", version, {version.text});
  if (!is_number(entry_.name)) return true;
  types_.emplace_back("UNLISTED");
  set("rpc_number", name, {entry_.name});
  return true;
}

bool Translator::tcpmux_name(const Field& name) {
  const bool plus = name.text.size() > 7 && name.text[7] == '+';
  entry_.name = name.text.substr(plus ? 8 : 7);
  if (entry_.name.empty()) return fault(name, "tcpmux/ must be followed by the name of a service");
  if (spec_.addresses) return fault(*spec_.addresses, "a service behind tcpmux has no address of its own");
  if (!d_.wait.text.starts_with("nowait")) return fault(d_.wait, "a service behind tcpmux must be nowait");
  tcpmux_ = true;
  types_ = {plus ? "TCPMUXPLUS" : "TCPMUX", "UNLISTED"};
  return true;
}

/// The mode is FreeBSD's where the line gives none; NetBSD's comes from a umask that lets only the owner connect, too.
bool Translator::unix_path() {
  constexpr std::string_view owner_alone = "200";
  const Field& path = spec_.name;
  if (!path.text.starts_with("/"))
    return fault(path, fmt::format("'{}' is not the path of a socket", base::escaped(path.text, 200)),
                 "write it as /PATH or :OWNER:GROUP:MODE:/PATH");
  if (path.text.find_first_of(" \t") != std::string::npos) return fault(path, "the path of a socket has no blanks here");
  if (entry_.name.empty()) return fault(path, fmt::format("'{}' is a directory", base::escaped(path.text, 200)));
  if (internal_) return fault(d_.server, "an internal service has no UNIX socket in inetd.conf: there, its name says which one it is");
  set("listen", path, {"unix:" + path.text});
  if (spec_.file) {
    set("socket_owner", spec_.file->owner, {spec_.file->owner.text});
    set("socket_group", spec_.file->group, {spec_.file->group.text});
  }
  set("socket_mode", spec_.file ? spec_.file->mode : path, {spec_.file ? spec_.file->mode.text : std::string(owner_alone)});
  return true;
}

bool Translator::service() {
  if (unix_) return unix_path();
  const Field& name = spec_.name;
  if (name.text.empty()) return fault(d_.spec, "expected a service after the address");
  const std::size_t slash = name.text.find('/');
  if (protocol_.rpc) return rpc_name(name, slash);
  if (name.text.starts_with("tcpmux/")) return tcpmux_name(name);
  if (hpux_rpc())
    return fault(name, "an RPC service is written NUMBER/VERSION here, with a protocol such as rpc/udp",
                 fmt::format("{}/{} ... rpc/{}", d_.arguments[0].text, d_.arguments[1].text, protocol_.name.text));
  if (slash == 0) return fault(name, fmt::format("'{}' is the path of a UNIX socket, and {} is not its protocol", base::escaped(name.text, 200), base::escaped(d_.protocol.text, 100)), "the protocol would be unix");
  if (slash != std::string::npos)
    return fault(name.part(slash), "only RPC services have a version", fmt::format("the protocol would be rpc/{}", protocol_.name.text));
  if (!is_number(name.text)) return true;
  set("port", name, {name.text});
  types_.emplace_back("UNLISTED");
  return true;
}

bool Translator::socket_type() {
  const std::string& text = d_.socket_type.text;
  const std::size_t end = std::min(text.find_first_of(",:"), text.size());
  if (const std::size_t filter = text.find(':'); filter != std::string::npos)
    return unserved(d_.socket_type.part(filter + 1), "accept filters are not supported");
  const Field type = d_.socket_type.part(0, end);
  if (unix_ && type.text == "raw") return fault(type, "UNIX sockets are of type stream, dgram or seqpacket");
  set("socket_type", type, {type.text});
  return end == text.size() || limit("instances", d_.socket_type.part(end + 1));
}

/// A count that is not given as 0, which stands for no limit.
bool Translator::limit(std::string attribute, const Field& number) {
  if (!is_number(number.text)) return no_number(number);
  const auto same = [&](const Assignment& a) { return a.name == attribute; };
  if (std::any_of(entry_.assignments.begin(), entry_.assignments.end(), same))
    return fault(number, "the line gives the number of servers at a time twice");
  set(std::move(attribute), number,
      {number.text.find_first_not_of('0') == std::string::npos ? std::string(unlimited) : number.text});
  return true;
}

bool Translator::per_minute(const Field& number) {
  if (!is_number(number.text)) return no_number(number);
  set("cps", number, {number.text, std::string(rest_seconds)});
  set("cps_window", number, {"60"});
  return true;
}

/// FreeBSD's /MAX-CHILD[/MAX-PER-ADDRESS-AND-MINUTE[/MAX-CHILD-PER-ADDRESS]].
bool Translator::children(const Field& rest) {
  std::vector<Field> numbers;
  for (std::size_t at = 1; at != std::string::npos + 1;) {
    const std::size_t end = rest.text.find('/', at);
    numbers.push_back(rest.part(at, end == std::string::npos ? end : end - at));
    at = end + 1;
  }
  if (numbers.size() > 3) return fault(numbers[3], "at most three numbers are allowed: servers, starts per address and minute, servers per address");
  const bool waits = d_.wait.text.starts_with("wait");
  const bool several = is_number(numbers[0].text) && numbers[0].text != "0" && numbers[0].text != "1";
  if (waits && several) return unserved(numbers[0], "a service with wait has one server at a time");
  if (waits && !is_number(numbers[0].text)) return no_number(numbers[0]);
  if (!waits && !limit("instances", numbers[0])) return false;
  if (numbers.size() > 1) {
    if (!is_number(numbers[1].text)) return no_number(numbers[1]);
    set("per_source_rate", numbers[1], {numbers[1].text, "60"});
  }
  return numbers.size() < 3 || limit("per_source", numbers[2]);
}

bool Translator::wait() {
  const std::string& text = d_.wait.text;
  const std::size_t end = std::min(text.find_first_of(".:/"), text.size());
  const Field word = d_.wait.part(0, end);
  if (word.text != "wait" && word.text != "nowait")
    return fault(word, fmt::format("Bad value for wait: {}", base::escaped(word.text, 100)), "expected 'wait' or 'nowait'");
  // Whether an internal service waits is no choice: inetds ignore the word.
  const bool waits = internal_ ? datagrams() : word.text == "wait";
  set("wait", word, {waits ? "yes" : "no"});
  if (const Field& most = d_.address_most; !most.text.empty()) {
    if (!is_number(most.text)) return no_number(most);
    set("per_source_rate", most, {most.text, "60"});
  }
  if (end == text.size()) return true;
  const Field rest = d_.wait.part(end);
  return text[end] == '/' ? children(rest) : per_minute(rest.part(1));
}

/// An inetd that runs as many servers as it may accepts nobody until one ends: peers wait in the kernel (decision B15.41).
/// Behind tcpmux there is nothing that they could wait in.
bool Translator::queue() {
  const auto most = std::ranges::find(entry_.assignments, "instances", &Assignment::name);
  const auto waits = std::ranges::find(entry_.assignments, "wait", &Assignment::name);
  if (most == entry_.assignments.end() || most->values[0].text == unlimited) return true;
  if (tcpmux_ || waits->values[0].text == "yes") return true;
  const Field place{{}, most->line, most->column};
  set("queue", place, {std::to_string(like_backlog.number), std::to_string(like_backlog.time)});
  return true;
}

/// USER, USER:GROUP or USER.GROUP, and FreeBSD's /CLASS behind it.
bool Translator::user() {
  if (d_.user.text.empty()) return internal_ || fault(d_.user, "expected a user");
  const std::size_t slash = d_.user.text.find('/');
  const Field who = d_.user.part(0, slash);
  if (slash != std::string::npos && d_.user.text.substr(slash) != "/daemon" && d_.user.text.substr(slash) != "/default")
    return unserved(d_.user.part(slash), "login classes are not supported");
  std::size_t mark = who.text.find(':');
  if (mark == std::string::npos && !names_.user(who.text)) mark = who.text.rfind('.');
  const Field name = who.part(0, mark);
  if (name.text.empty()) return fault(d_.user, "expected a user before the group");
  set("user", name, {name.text});
  if (mark != std::string::npos) {
    const Field group = who.part(mark + 1);
    if (group.text.empty()) return fault(who.part(mark), "expected a group");
    set("group", group, {group.text});
  }
  const auto uid = is_number(name.text) ? base::parse_number(name.text, 0, 0xfffffffe) : std::nullopt;
  // All groups of the user, who must be in the password database for that; a bare number need not be.
  if (!uid || names_.user(static_cast<uid_t>(*uid))) set("groups", name, {"yes"});
  return true;
}

/// tcpd would ask libwrap and start the program that its arguments name. We can do both, without it.
bool Translator::wrapped() {
  if (d_.arguments.empty()) return fault(d_.server, "tcpd must be followed by the server");
  const Field& real = d_.arguments.front();
  const std::string directory = d_.server.text.substr(0, d_.server.text.rfind('/') + 1);
  const std::string path = real.text.starts_with("/") ? real.text : directory + real.text;
  const std::string name(base::last_component(path));
  if (name.empty()) return fault(real, "tcpd needs a program here");
  d_.source.report(Level::info, d_.server,
                   fmt::format("{} is started without tcpd: the daemon asks libwrap itself (libwrap = {})",
                               base::escaped(path, 200), base::escaped(name, 100)));
  set("server", real, {path});
  set("libwrap", real, {name});
  Assignment arguments = assignment("server_args", real, {name});
  for (std::size_t i = 1; i < d_.arguments.size(); ++i)
    arguments.values.push_back({d_.arguments[i].text, d_.arguments[i].column});
  entry_.assignments.push_back(std::move(arguments));
  asks_libwrap_ = true;
  return true;
}

bool Translator::program() {
  if (internal_) {
    types_.emplace_back("INTERNAL");
    asks_libwrap_ = style_.wraps_internal;
    return true;
  }
  // libwrap is not asked for RPC services over tcp, and knows nothing of local peers: there tcpd has to do it.
  const bool replaceable = style_.replaces_tcpd && !unix_ && !(protocol_.rpc && !datagrams());
  if (replaceable && base::last_component(d_.server.text) == "tcpd") return wrapped();
  asks_libwrap_ = style_.wraps && !unix_;
  set("server", d_.server, {d_.server.text});
  if (d_.arguments.empty()) return true;
  Assignment arguments = assignment("server_args", d_.arguments.front(), {});
  for (const Field& argument : d_.arguments) arguments.values.push_back({argument.text, argument.column});
  entry_.assignments.push_back(std::move(arguments));
  return true;
}

bool Translator::flags() {
  Words flags;
  if (!internal_ && !d_.arguments.empty()) flags.emplace_back("NAMEINARGS");
  if (!asks_libwrap_) flags.emplace_back("NOLIBWRAP");
  if (protocol_.family == Family::v4) flags.emplace_back("IPv4");
  if (protocol_.family == Family::v6 || protocol_.family == Family::v46) flags.emplace_back("IPv6");
  if (!flags.empty()) set("flags", d_.spec, flags);
  if (!types_.empty()) set("type", d_.spec, types_);
  return true;
}

/// A name with several addresses gets a socket on each, as far as the protocol has room for them.
void Translator::resolve(const Field& host, std::vector<Field>& to) {
  Field address = host;
  if (address.text.starts_with("[") && address.text.ends_with("]")) address.text = address.text.substr(1, address.text.size() - 2);
  if (address.text.empty()) return void(fault(d_.spec, "an address is missing before the comma or colon"));
  if (const auto numeric = base::Address::parse(address.text)) {
    if (protocol_.family == Family::v6 && numeric->family() == base::Address::Family::ipv4)
      return void(fault(d_.spec, fmt::format("{} is not an IPv6 address", address.text)));
    return to.push_back(address);
  }
  const std::size_t before = to.size();
  for (const base::Address& one : names_.host(address.text)) {
    const bool v4 = one.family() == base::Address::Family::ipv4;
    if ((v4 && protocol_.family == Family::v6) || (!v4 && protocol_.family == Family::v4)) continue;
    to.push_back({one.text(), address.line, address.column});
  }
  // It may have one later (decision B15.24).
  if (to.size() == before) to.push_back(address);
}

std::vector<Field> Translator::addresses() {
  const Field all{"", d_.spec.line, d_.spec.column};
  // A UNIX socket has none, whatever stands in front of it or above (NetBSD's inetd(8)).
  if (tcpmux_ || unix_) return {all};
  const Field list = spec_.addresses.value_or(Field{d_.addresses, d_.spec.line, d_.spec.column});
  std::vector<Field> result;
  if (list.text.empty() && !spec_.addresses) return {all};
  for (std::size_t at = 0;;) {
    const std::size_t end = list.text.find(',', at);
    const Field one = list.part(at, end == std::string::npos ? end : end - at);
    if (one.text == "*")
      result.push_back(all);
    else
      resolve(one, result);
    if (end == std::string::npos) break;
    at = end + 1;
  }
  if (result.empty()) result.push_back(all);
  return result;
}

}  // namespace

std::vector<Translated> translate(const Definition& definition, Family family, const InetdStyle& style, Names& names) {
  return Translator(definition, family, style, names).run();
}

}  // namespace xsuperd::config::inetd
