// SPDX-License-Identifier: MIT
#include "config/complete.hpp"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>

#include "config/endpoints.hpp"
#include "config/merge.hpp"
#include "config/rules.hpp"
#include "config/service_places.hpp"
#include "config/values.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::config {

namespace {

/// They tell what runs here: for local peers only, unless the administrator says otherwise (decision B15.14).
bool tells_secrets(std::string_view name) {
  return base::iequals(name, "servers") || base::iequals(name, "services") || base::iequals(name, "xadmin") ||
         base::iequals(name, "metrics") || base::iequals(name, "dashboard");
}

Words::const_iterator find_variable(const Words& in, std::string_view name_with_equals) {
  return std::find_if(in.begin(), in.end(), [&](const std::string& v) { return v.starts_with(name_with_equals); });
}

std::vector<AddressPattern> loopback() {
  const auto network = [](const char* address, int prefix) {
    return AddressPattern{AddressPattern::Kind::network, *base::Address::parse(address), prefix, {}, address, {}};
  };
  return {network("127.0.0.0", 8), network("::1", 128)};
}

class Completer {
 public:
  Completer(Service& service, const Written& written, const Settings& defaults, const SharedWords& environment, Names& names,
            Diagnostics& diagnostics)
      : service_(service),
        written_(written),
        s_(service.settings),
        defaults_(defaults),
        environment_(environment),
        names_(names),
        diagnostics_(diagnostics) {}

  bool run() {
    kind();
    return protocol() && arguments() && patterns() && flags() && address() && port() && environment() && groups() && finish();
  }

 private:
  /// Reports something about the value of `attribute`, or about the whole entry when it is empty.
  void tell(Level level, std::string_view attribute, std::string sentence, std::string suggestion = {}) {
    diagnostics_.add(written_.finding(level, attribute, std::move(sentence), std::move(suggestion), service_.id));
  }
  bool refuse(std::string_view attribute, std::string sentence, std::string suggestion = {}) {
    tell(Level::error, attribute, std::move(sentence), std::move(suggestion));
    return false;
  }
  bool missing(std::string_view attribute) {
    return refuse({}, fmt::format("Service {} missing attribute {} - DISABLING", service_.id, attribute),
                  attribute == "socket_type" ? "socket_type = stream is for tcp, dgram for udp" : "protocol = NAME, as in /etc/protocols");
  }

  void kind() {
    const bool tcpmux_client = service_.is(Type::tcpmux) || service_.is(Type::tcpmuxplus);
    service_.kind = service_.has(Flag::sensor)      ? Kind::sensor
                    : tcpmux_client                 ? Kind::tcpmux
                    : service_.is(Type::internal)   ? Kind::internal
                    : s_.redirect                   ? Kind::redirect
                                                    : Kind::program;
  }

  /// A server that asks who is on the other end of port 113 must not be asked in turn (fact B2.59).
  template <typename E>
  void clear_userid(std::optional<Set<E>>& options, E userid, std::string_view attribute) {
    if (!options || !options->has(userid)) return;
    options->remove(userid);
    tell(Level::warning, attribute, fmt::format("{} service: clearing USERID option from {}", service_.id, attribute),
         "an identity server would be asked who is asking it");
  }

  bool protocol();
  bool arguments();
  bool patterns();
  bool flags();
  [[nodiscard]] bool only_elements() const;
  bool socket_type_of_elements();
  bool elements_fit();
  bool elements();
  bool address();
  bool wait_for_address();
  bool port();
  bool listed_port();
  bool environment();
  bool groups();
  void settle_places();
  bool finish();

  Service& service_;
  const Written& written_;
  Settings& s_;
  const Settings& defaults_;
  const SharedWords& environment_;
  Names& names_;
  Diagnostics& diagnostics_;
};

/// Are its places those of `listen` alone? What port or bind says is one more.
bool Completer::only_elements() const { return s_.listen && !s_.port && !s_.bind && !service_.is(Type::rpc); }

/// The first element whose word says it; else nothing is known from there.
bool Completer::socket_type_of_elements() {
  using Kind = ListenElement::Kind;
  for (const ListenElement& one : *s_.listen) {
    if (one.kind == Kind::udp) s_.socket_type = SocketType::dgram;
    if (one.kind == Kind::tcp || one.kind == Kind::range || one.kind == Kind::vsock) s_.socket_type = SocketType::stream;
    if (s_.socket_type) return true;
  }
  return missing("socket_type");
}

/// socket_type and protocol follow from each other (fact B2.46), and both from what `listen` says alone.
bool Completer::protocol() {
  if (only_elements() && !s_.socket_type && !s_.protocol && !socket_type_of_elements()) return false;
  if (only_elements() && !s_.protocol && s_.socket_type == SocketType::seqpacket) s_.protocol = Protocol{"unix", 0};
  if (!s_.socket_type && !s_.protocol && s_.port) return missing("socket_type");
  if (!s_.socket_type && !s_.protocol)
    return refuse({}, fmt::format("Port not specified for service: {} and no protocol given", service_.name),
                  "socket_type = stream is for tcp, dgram for udp");
  if (!s_.protocol) {
    const bool stream = *s_.socket_type == SocketType::stream;
    if (!stream && *s_.socket_type != SocketType::dgram) return missing("protocol");
    const std::string name = stream ? "tcp" : "udp";
    s_.protocol = Protocol{name, names_.protocol(name).value_or(stream ? IPPROTO_TCP : IPPROTO_UDP)};
  }
  if (!s_.socket_type) {
    if (s_.protocol->name == "tcp") s_.socket_type = SocketType::stream;
    if (s_.protocol->name == "udp") s_.socket_type = SocketType::dgram;
    if (!s_.socket_type) return missing("socket_type");
  }
  service_.listen.socket_type = *s_.socket_type;
  service_.listen.protocol = *s_.protocol;
  return true;
}

bool Completer::arguments() {
  const bool served_by_us = service_.is(Type::internal) || s_.redirect;
  if (!s_.server && !served_by_us) 
    return refuse({}, fmt::format("Must specify a server in {}", service_.name), "server = PATH, or redirect = HOST PORT");
  if (service_.has(Flag::nameinargs)) {
    if (service_.is(Type::internal))
      return refuse("flags", fmt::format("Service {} is INTERNAL and has NAMEINARGS flag set", service_.name));
    if (s_.redirect)
      return refuse("flags", fmt::format("Redirected service {} should not have NAMEINARGS flag set", service_.name));
    if (!s_.server_args) 
      return refuse("flags", "Must specify server args if using NAMEINARGS flag", "the first of them is the name of the program");
    service_.argv = *s_.server_args;
    return true;
  }
  if (served_by_us) return true;
  service_.argv = {std::string(base::last_component(*s_.server))};
  if (s_.server_args) service_.argv.insert(service_.argv.end(), s_.server_args->begin(), s_.server_args->end());
  return true;
}

/// With expand: taken apart once, here.
bool Completer::patterns() {
  if (!s_.expand.value_or(false) || service_.argv.empty()) return true;
  for (const std::string& word : s_.server_args.value_or(Words{})) {
    auto parsed = parse_pattern(word);
    const auto* fault = std::get_if<PatternFault>(&parsed);
    if (!fault) continue;
    diagnostics_.add(written_.finding_in(Level::error, "server_args", word, fault->at,
                                         fmt::format("bad argument of service {}: {}", service_.id, fault->sentence), fault->hint, service_.id));
    return false;
  }
  expand_arguments(service_);
  return true;
}

bool Completer::flags() {
  const bool v4 = service_.has(Flag::ipv4);
  if (v4 && service_.has(Flag::ipv6)) {
    tell(Level::info, "flags", fmt::format("Service {} will use IPv6 or fallback to IPv4", service_.name));
    s_.flags->remove(Flag::ipv4);
  }
  service_.listen.ipv6 = !service_.has(Flag::ipv4);
  service_.listen.v6only = service_.listen.ipv6 && s_.v6only.value_or(false);
  service_.listen.fallback_to_ipv4 = !service_.listen.v6only;
  const bool tcp = service_.listen.protocol.name == "tcp";
  service_.listen.nodelay = tcp && service_.has(Flag::nodelay);
  service_.listen.keepalive = tcp && service_.has(Flag::keepalive);
  service_.listen.backlog = s_.backlog;
  service_.listen.keepalive = service_.listen.keepalive || (tcp && s_.keepalive);
  SocketOptions& options = service_.listen.options;
  options.device = s_.bind_device.value_or("");
  options.freebind = s_.freebind.value_or(false);
  options.mptcp = s_.mptcp.value_or(false) && tcp && !s_.wait.value_or(false);
  options.defer_accept = tcp ? s_.defer_accept : std::nullopt;
  options.keepalive = tcp ? s_.keepalive : std::nullopt;
  options.receive_buffer = s_.receive_buffer;
  options.send_buffer = s_.send_buffer;
  options.tos = s_.tos;
  options.mark = s_.mark;
  if (s_.socket_mode) options.mode = s_.socket_mode->bits;
  if (s_.socket_owner) options.owner = s_.socket_owner->uid;
  if (s_.socket_group) options.group = s_.socket_group->gid;
  return true;
}

bool Completer::elements_fit() {
  for (const ListenElement& element : *s_.listen) {
    if (const std::string misfit = element_misfit(service_, element); !misfit.empty())
      return refuse("listen", fmt::format("Service {} cannot listen at {}: {}", service_.id, element.text, misfit));
    if (element.kind == ListenElement::Kind::activated && (s_.bind_device || s_.mark))
      return refuse("listen", fmt::format("Service {}: bind_device and mark are not for sockets of a service manager", service_.id),
                    "its unit takes BindToDevice= and Mark=");
  }
  return true;
}

/// Those that `listen` adds. Two of them, or one and that of port and bind, may not be one place.
bool Completer::elements() {
  if (!s_.listen) return true;
  if (service_.kind == Kind::tcpmux) return refuse("listen", fmt::format("Service {} is reached through tcpmux: it has no sockets of its own", service_.id));
  if (service_.is(Type::rpc)) return refuse("listen", fmt::format("Service {}: an RPC service has one socket, at its port", service_.id));
  if (!elements_fit()) return false;
  if (!service_.waits_for.empty()) return true;  // until bind has an address nothing is opened
  auto places = beside_elements(service_, only_elements() ? std::vector<ListenSpec>{} : service_.places());
  if (places.empty()) return refuse("listen", fmt::format("Service {} has no element of listen, and no port", service_.id));
  if (places.size() > most_endpoints)
    return refuse("listen", fmt::format("Service {} has {} sockets; at most {} are possible", service_.id, places.size(), most_endpoints));
  for (auto one = places.begin(); one != places.end(); ++one)
    for (auto other = places.begin(); other != one; ++other)
      if (places_overlap(*other, *one))
        return refuse("listen", fmt::format("Service {} listens twice at one place: {} and {}", service_.id, element_text(*other), element_text(*one)));
  place(service_, std::move(places));
  return true;
}

/// The names that Linux and its distributions give to network interfaces.
bool looks_like_interface(std::string_view name) {
  constexpr std::string_view kinds[]{"eth", "ens", "eno", "enp", "enx", "wlan", "wlp", "wlx", "br", "bond", "tun", "tap",
                                     "docker", "veth", "virbr", "ppp", "wg", "vlan", "dummy", "team", "em", "lo", "br-"};
  if (name == "lo") return true;
  if (name.find('.') != name.npos || name.find_first_of("0123456789") == name.npos) return false;
  return std::ranges::any_of(kinds, [&](std::string_view kind) {
    return name.starts_with(kind) && name.substr(kind.size()).find_first_not_of("0123456789abcdefsnp-") == name.npos;
  });
}

/// An address with a zone, or a name that somebody may have: it may be there later.
bool may_be_awaited(const std::string& bind) {
  const std::size_t zone = bind.find('%');
  if (zone == bind.npos) return values::may_be_host_name(bind);
  const auto address = base::Address::parse(bind.substr(0, zone));
  return address && address->family() == base::Address::Family::ipv6 && zone + 1 < bind.size() &&
         bind.find('%', zone + 1) == bind.npos;
}

/// What was meant by something that is neither.
std::string bind_hint(const std::string& bind) {
  if (bind == "*") return "without bind the service listens on all addresses";
  if (bind.find(',') != bind.npos) return "each address takes an entry of its own, with an id of its own";
  if (bind.find('/') != bind.npos) return "write the address of this host, without a prefix";
  if (bind.starts_with('[')) return "write the address without brackets; put the port on a line of its own, 'port = NUMBER'";
  const std::size_t colon = bind.find(':');
  if (colon != bind.npos && bind.find(':', colon + 1) == bind.npos) return "put the port on a line of its own, 'port = NUMBER'";
  if (bind.find_first_of("\"'") != bind.npos) return quotes_hint;
  return "write an address of this host, or a name that resolves to one";
}

/// One that is not there yet is not an error: the service opens when it is (decision B15.24).
bool Completer::wait_for_address() {
  const std::string& what = service_.waits_for = *s_.bind;
  tell(Level::warning, "bind", fmt::format("Service {} stays closed until {} has an address", service_.id, what),
       looks_like_interface(what) ? "that looks like a network interface; bind takes an address of this host, or a name that resolves to one" : "");
  return true;
}

/// Facts B3.31, B3.47. An IPv4 address under the IPv6 flag is bound in its mapped form; xinetd binds nonsense.
bool Completer::address() {
  if (!s_.bind) return true;
  std::vector<base::Address> candidates;
  if (const auto v4 = values::aton(*s_.bind))
    candidates.push_back(base::Address::ipv4(*v4));
  else if (const auto v6 = base::Address::parse(*s_.bind))
    candidates.push_back(*v6);
  const bool numeric = !candidates.empty();
  // The zone of an address that no interface has: libc would leave it out.
  if (!numeric && s_.bind->find('%') == std::string::npos)
    candidates = may_be_awaited(*s_.bind) ? names_.host(*s_.bind) : candidates;
  auto places = places_at(service_, candidates);
  // rpcbind knows of one port only, and a port of the system's choice is another one at each address.
  if (service_.is(Type::rpc) && places.size() > 1) places.resize(1);
  if (!places.empty()) return place(service_, std::move(places)), true;
  if (!numeric && may_be_awaited(*s_.bind)) return wait_for_address();
  if (!numeric)
    return refuse("bind", fmt::format("bad address given for: {}: {} is neither an address nor the name of a host",
                                      service_.name, *s_.bind),
                  bind_hint(*s_.bind));
  return refuse("bind", fmt::format("bad address given for: {}: {} has no address of the family in flags", service_.name,
                                    *s_.bind));
}

/// Facts B2.47, B2.48.
bool Completer::port() {
  if (service_.kind == Kind::tcpmux || only_elements()) return true;
  // An RPC service may have a port of its own, which /etc/services knows nothing of.
  if (service_.is(Type::rpc)) return service_.listen.at.port = s_.port.value_or(0), true;
  if (!service_.is(Type::unlisted)) return listed_port();
  if (!s_.port) 
    return refuse("type", fmt::format("Unlisted service: {} must have a port entry", service_.name), "port = NUMBER");
  service_.listen.at.port = *s_.port;
  return true;
}

bool Completer::listed_port() {
  const auto listed = names_.service_port(service_.name, s_.protocol->name);
  if (!listed && !s_.port)
    return refuse({}, fmt::format("Port not specified and can't find service: {} with getservbyname", service_.name),
                  "add it to /etc/services, or give a port and type = UNLISTED");
  if (!listed)
    return refuse({}, fmt::format("service/protocol combination not in /etc/services: {}/{}", service_.name,
                              s_.protocol->name),
                  "type = UNLISTED needs no entry there");
  if (s_.port && *s_.port != *listed)
    return refuse("port", fmt::format("Service {} expects port {}, not {}", service_.name, *listed, *s_.port),
                  "type = UNLISTED allows any port");
  service_.listen.at.port = *listed;
  return true;
}

bool Completer::environment() {
  service_.environment = environment_;
  const ConnEnv which = s_.conn_env.value_or(ConnEnv::xinetd);
  const bool tells = which != ConnEnv::xinetd && !s_.wait.value_or(false) && (service_.kind == Kind::program || service_.kind == Kind::tcpmux);
  if (tells) service_.connection_variables = variables_for(which, s_.env.value_or(Words{}));
  const Words& whole = environment_;
  if (tells && std::ranges::any_of(whole, tells_of_connection)) {
    Words others;
    std::ranges::remove_copy_if(whole, std::back_inserter(others), tells_of_connection);
    service_.environment = others;
  }
  if (s_.passenv || s_.env) service_.environment = build_environment(service_.environment, s_.passenv, s_.env);
  return true;
}

bool Completer::groups() {
  // The daemon connects to UNIX sockets as that user.
  const bool has_server = service_.kind == Kind::program || service_.kind == Kind::tcpmux || service_.relays_locally();
  if (!s_.groups.value_or(false) || !s_.user || !has_server) return true;
  if (s_.user->name.empty())
    return refuse("groups", fmt::format("getpwuid( {} ) (service={}) failed: groups = yes needs an entry in the passwd database",
                              s_.user->uid, service_.id));
  service_.supplementary_groups = names_.groups_of(s_.user->name, s_.user->gid);
  return true;
}

/// A line of inetd.conf has a socket for each family, so that a server finds IPv4 peers as such (decision B15.33). What has
/// been found out since is true of all places.
void Completer::settle_places() {
  ListenSpec& first = service_.listen;
  first.shared_port = service_.steered();
  const bool every = !s_.bind && service_.kind != Kind::tcpmux && !service_.is(Type::rpc) && !only_elements();
  if (service_.of_inetd && every && !service_.has(Flag::ipv4) && !service_.has(Flag::ipv6) && !first.v6only) {
    first.fallback_to_ipv4 = false;
    service_.also = {first};
    service_.also[0].v6only = true;
    first.ipv6 = false;
  }
  for (ListenSpec& one : service_.also) {
    one.at.port = first.at.port;
    one.shared_port = first.shared_port;
  }
}

bool Completer::finish() {
  if (service_.listen.at.port == 113 && s_.protocol->name == "tcp") {
    clear_userid(s_.log_on_success, SuccessOption::userid, "log_on_success");
    clear_userid(s_.log_on_failure, FailureOption::userid, "log_on_failure");
  }
  service_.wait = s_.wait.value_or(false);
  service_.common_log = s_.log_type && s_.log_type->kind == LogTarget::Kind::file && s_.log_type == defaults_.log_type;
  for (const Rule& rule : rules()) {
    if (!rule.broken(service_)) continue;
    tell(rule.level, rule.about, rule.sentence(service_), rule.hint ? rule.hint(service_) : "");
    if (rule.level == Level::error) return false;
  }
  if (service_.has(Flag::intercept) && (service_.kind != Kind::program || !service_.wait))
    s_.flags->remove(Flag::intercept);
  if (s_.flags && s_.flags->empty()) s_.flags.reset();
  settle_places();
  if (!elements()) return false;
  admit_local_peers(service_);
  if (service_.is(Type::rpc) && !s_.rpc_number) {
    s_.rpc_number = names_.rpc_number(service_.name);
    if (!s_.rpc_number)
      return refuse({}, fmt::format("unknown RPC service: {}", service_.name),
                    "add it to /etc/rpc, or give an rpc_number and type = RPC UNLISTED");
  }
  return true;
}

}  // namespace

bool complete(Service& service, const Written& written, const Settings& defaults, const SharedWords& environment,
              Names& names, Diagnostics& diagnostics) {
  inherit(service.settings, defaults);
  return Completer(service, written, defaults, environment, names, diagnostics).run();
}

void admit_local_peers(Service& service) {
  auto& only_from = service.settings.only_from;
  if (service.is(Type::internal) && tells_secrets(service.name) && !only_from) only_from = loopback();
}

void expand_arguments(Service& service) {
  const bool names_program = service.has(Flag::nameinargs);
  service.argument_patterns.clear();
  for (const std::string& word : service.argv) {
    // What follows the name of the program has been looked at by whoever read it.
    const bool name = service.argument_patterns.empty() && !names_program;
    auto parsed = name ? std::variant<ArgumentPattern, PatternFault>(PatternFault{}) : parse_pattern(word);
    auto* pattern = std::get_if<ArgumentPattern>(&parsed);
    service.argument_patterns.push_back(pattern ? std::move(*pattern) : ArgumentPattern{{{word, std::nullopt}}});
  }
}

Words build_environment(const Words& of_daemon, const std::optional<Words>& passenv,
                        const std::optional<Words>& env) {
  Words result;
  if (!passenv) result = of_daemon;
  for (const std::string& name : passenv.value_or(Words{}))
    if (const auto there = find_variable(of_daemon, name + "="); there != of_daemon.end()) result.push_back(*there);
  for (const std::string& variable : env.value_or(Words{})) {
    const auto there = find_variable(result, std::string_view(variable).substr(0, variable.find('=') + 1));
    if (there == result.end())
      result.push_back(variable);
    else
      result[static_cast<std::size_t>(there - result.begin())] = variable;
  }
  return result;
}

}  // namespace xsuperd::config
