// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "config/fixture.hpp"

using namespace xsuperd::config;
using namespace xsuperd::config::test;
using Changed = std::vector<std::string_view>;

namespace {
/// Entries that together use every attribute.
const std::string fixtures[]{
    "",
    service("x", 1),
    defaults(
        "instances = 60\nper_source = UNLIMITED\nper_source_rate = 9 60\ncps = 25 30\ncps_window = 60\nmax_load = 2.5\numask = 027\ngroups = yes\n"
        "bind = localhost\nv6only = no\nlog_type = SYSLOG authpriv\nlog_on_success = HOST PID\nmdns = no\n"
        "log_on_failure = HOST\nonly_from = 10.0.0.0 .example.com\nno_access =\npassenv = PATH\nbacklog = 7\n"
        "banner = /b\nbanner_success = /s\nbanner_fail = /f\naccess_policy = best_match\n"
        "reload_policy = strict\nremoved_sessions = keep\nban_crowdsec = https://lapi:8443/x /key\nban_crowdsec_ca = /ca\nban_file = /bans\nban_limit = 1000\nban_nft = inet filter banned\nban_share = redis:unix:/r rediss://u@h:1/2\nban_share_ca = /ca\nban_share_password = /secret\nenabled = x y\ndisabled = z") +
        service("x", 1, "only_from += ::1\nlog_on_success -= PID") + service("y", 2, "passenv =") +
        service("z", 3),
    service(
        "x", 0,
        "id = other\nlinger = 5\nflags = REUSE IPv4 NODELAY\ngroup = audio\nnice = -3\naccess_times = 1:00-24:00 :-:1\n"
        "env = A=1 B=\npassenv =\nserver_args = -a #b\nlibwrap = d\nrlimit_as = 1M\nrlimit_cpu = 3\n"
        "rlimit_data = UNLIMITED\nrlimit_rss = 5\nrlimit_stack = 8k\nrlimit_files = 64\ndisable = no\n"
        "log_type = FILE /l 1M\nonly_from = 10.0.{1,2} www.example.com typo 1.2.3.0/255.255.255.128\n"),
    entry("echo", "type = INTERNAL\nsocket_type = dgram\nwait = yes\nflags = INTERCEPT"),
    entry("auth", std::string("socket_type = stream\nwait = no\nuser = 0\nserver = /bin/server\n") +
                      "log_on_success = USERID\nflags = IPv4 IPv6 INTERCEPT"),
    entry("rstatd",
          "type = RPC SPECIAL\nsocket_type = dgram\nwait = yes\nuser = root\nserver = /bin/server\n"
          "rpc_version = 2-4"),
    entry("x",
          "type = UNLISTED\nport = 3\nprotocol = tcp\nwait = no\nuser = nobody\nredirect = localhost http\n"
          "log_on_success = TRAFFIC"),
    service("x", 4, "conn_env = ucspi\nexpand = yes\nserver_args = --peer=%{remote_addr} 100%%"),
    entry("x", "type = UNLISTED\nport = 3\nsocket_type = stream\nwait = no\nuser = nobody\nredirect = unix:/run/x\nredirect_proxy = v2"),
    entry("http", "type = INTERNAL\nflags = SENSOR\nsocket_type = stream\nwait = no\ndeny_time = FOREVER"),
    entry("x",
          "type = TCPMUXPLUS UNLISTED\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server"),
    entry("x",
          "type = RPC UNLISTED\nrpc_number = 5\nrpc_version = 1\npass_fds = systemd\nsocket_type = stream\nwait = yes\nuser = "
          "root\n"
          "server = /bin/server\ntype = SPECIAL"),
    entry("places", "socket_type = stream\nwait = no\nuser = root\nserver = /bin/server\nserver_args = %{remote_addr}\nexpand = yes\n"
                    "conn_env = all\nlisten = tcp:[::1]:7 unix:/x\nlisten += vsock:any:9 any:127.0.0.0/8:1-2\nbind_device = lo\n"
                    "freebind = yes\nmptcp = no\ndefer_accept = 5\nkeepalive = 60 10 5\nreceive_buffer = 64K\nsend_buffer = 8192\n"
                    "tos = ef\nmark = 0x10\nsocket_mode = 660\nsocket_owner = nobody\nsocket_group = users\nonly_uid = root alice\n"
                    "only_gid = users\nonly_cid = 3"),
    service("x", 1,
            "rate = 100/minute 20\nper_source_rate = 10/hour\nfleet_per_source = 4\nfleet_rate = 60/minute\nsource_prefix = 24 64\nlimit_exempt = 10.0.0.0/8 ::1\nlimit_exempt += 192.0.2.1\n"
            "queue = 100 1m\npenalty = exit=10s exit:7=1m signal=30s\npenalty += timeout=2m refused=5\npenalty_range = 15s 10m\n"
            "runtime_max = 2h\nidle_timeout = 5m\nfirst_data_timeout = 10\nkill_grace = 5s"),
    service("x", 1,
            "ban_on = refused:10/1m exit:77 exit:3/1h signal\nban_on += penalty:10m sensor timeout exit:1:2/5\nban_time = 10m x2 1d\n"
            "ban_prefix = 24 64\nban_exempt = 10.0.0.0/8\nban_exempt += ::1"),
    service("x", 1, "proxy_from = 10.0.0.0/8 ::1\nproxy_from += 192.0.2.1\nproxy_timeout = 1m\nreal_peer = yes"),
    service("x", 1,
            "sandbox = basic\nno_new_privileges = yes\ncapabilities = chown CAP_BPF\nsystem_calls = @strict ~ptrace ~mount\nsystem_call_action = kill\n"
            "tcp_connect = 443 53\nrlimit_core = 0\nrlimit_fsize = 1M\nrlimit_locks = 1\nrlimit_memlock = 64K\nrlimit_msgqueue = 0\nrlimit_nice = 20\n"
            "rlimit_nproc = 8\nrlimit_rtprio = 0\nrlimit_rttime = UNLIMITED\nrlimit_sigpending = 9"),
    defaults("only_cert = cn:Jo san:a@b\ntls_client_cert = required") +
    service("x", 1, "tls = no\ntls_cert = /c\ntls_key = /k\ntls_sni = a.example /c /k *.b.example /c\ntls_sni_strict = yes\ntls_client_ca = /ca\ntls_client_crl = /crl\n"
                    "tls_versions = 1.2-1.3\ntls_ciphers = HIGH !RC4\ntls_alpn = h2\ntls_timeout = 5\ntls_handover = relay\nredirect_tls = verify /ca"),
    service("x", 1, "capabilities = ~chown ~CAP_BPF\nsystem_calls = ~mount\ntcp_connect = none"),
    service("x", 1, "stderr = discard"),
    defaults("event_log = FILE /var/log/events") + service("x", 1, "event_log = journal") + service("y", 2, "event_log = STDOUT") +
        service("z", 3, "event_log = none"),
    service("x", 1, "log_type = FILE /var/log/x\nstderr = LOG"),
    service("x", 1, "capabilities = none\nsystem_calls = all\ntcp_connect = any\nsandbox = none"),
    defaults("dynamic_uids = 70000-80000") +
        service("x", 1,
                "sandbox = strict\nbox_reuse = yes\nroot_directory = /srv/jail\nread_only_paths = /srv/a /srv/b\nread_write_paths = /srv/c\ninaccessible_paths = /srv/d\n"
                "private_tmp = yes\nprivate_devices = yes\nprivate_network = yes\nprivate_pids = yes\nprivate_ipc = yes\ndynamic_user = yes\nuser_namespace = yes\n"
                "memory_max = 64M\nswap_max = 0\ntasks_max = 20\ncpu_quota = 50%\ncpu_weight = 20\nservice_memory_max = 1G\nservice_tasks_max = 500\n"
                "service_cpu_quota = 150%"),
    entry("echo", "type = SPECIAL\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server"),
};

Plan plan(const std::string& before, const std::string& after) {
  return diff(*World(before).loaded.config, *World(after).loaded.config);
}
Plan::Change change(const std::string& before, const std::string& after) {
  const Plan p = plan(service("x", 1, before), service("x", 1, after));
  REQUIRE(p.keep.size() == 1);
  CHECK(p.start.empty());
  CHECK(p.stop.empty());
  return p.keep[0];
}
}  // namespace

TEST_CASE("a dump reads back as the same configuration") {
  for (const std::string& text : fixtures) {
    const World first(text);
    REQUIRE(first.loaded.config);
    const std::string dumped = dump(*first.loaded.config);
    INFO(text << "\n--- dumped ---\n" << dumped);
    const World second(dumped);
    REQUIRE(second.loaded.config);
    const auto& before = first.loaded.config->services;
    const auto& after = second.loaded.config->services;
    REQUIRE(after.size() == before.size());
    CHECK(before.size() >= (text.empty() ? 0u : 1u));
    for (std::size_t i = 0; i < before.size(); ++i) CHECK(same(*before[i], *after[i]));
    CHECK(second.loaded.config->defaults == first.loaded.config->defaults);
    CHECK(dump(*second.loaded.config).size() > 0);
    CHECK(second.loaded.config->absent.empty());
    for (const auto& kept : diff(*first.loaded.config, *second.loaded.config).keep)
      CHECK(kept.changed.empty());
  }
}

TEST_CASE("the fixtures of the dump use every attribute") {
  for (const Attribute& row : attributes()) {
    bool used = false;
    for (const std::string& text : fixtures) {
      const World w(text);
      used = used || row.is_set(w.loaded.config->defaults);
      for (const auto& one : w.loaded.config->services) used = used || row.is_set(one->settings);
    }
    INFO(row.name);
    CHECK(used);
  }
}

TEST_CASE("a dump lists the settings in table order and says where a service stands") {
  const World w(service("x", 1, "nice = 3\ncps = 1 2"));
  CHECK(dump(*w.loaded.config) ==
        "defaults\n{\n}\n"
        "\n# /etc/xinetd.conf:1\nservice x\n{\n"
        "\tcps             = 1 2\n\tnice            = 3\n\tport            = 1\n\tprotocol        = tcp\n"
        "\tserver          = /bin/server\n\tsocket_type     = stream\n\ttype            = UNLISTED\n"
        "\tuser            = root\n\twait            = no\n}\n");
  CHECK(dump(Settings{}) == "");
}

TEST_CASE("an unchanged service is kept without a change") {
  const Plan::Change c = change("cps = 1 2", "cps = 1 2");
  CHECK(c.changed.empty());
  CHECK_FALSE(c.rebind);
  CHECK(same(*c.before, *c.after));
}

TEST_CASE("changes are named, and most of them leave the socket alone") {
  const Plan::Change c = change("nice = 3\ninstances = 5", "nice = 4\nonly_from = ::1");
  CHECK(c.changed == Changed{"instances", "nice", "only_from"});
  CHECK_FALSE(c.rebind);
  CHECK(c.before->settings.nice == 3);
  CHECK(c.after->settings.nice == 4);
}

TEST_CASE("what changes the socket asks for a new one") {
  CHECK(change("", "flags = IPv4").rebind);
  CHECK(change("", "bind = ::1").rebind);
  CHECK(change("", "v6only = yes").rebind);
  CHECK(change("", "redirect = 127.0.0.1 80").rebind);
  CHECK_FALSE(change("", "flags = NORETRY").rebind);
  CHECK_FALSE(change("", "flags = KEEPALIVE NODELAY").rebind);
  CHECK_FALSE(change("", "backlog = 3").rebind);
  CHECK_FALSE(change("", "v6only = no").rebind);
  const Plan p = plan(service("x", 1), service("x", 2));
  REQUIRE(p.keep.size() == 1);
  CHECK(p.keep[0].rebind);
  CHECK(p.keep[0].changed == Changed{"port"});
}

TEST_CASE("a place in the file is no change") {
  const Plan p = plan(service("x", 1, "only_from = ::1"), "\n\n" + service("x", 1, "only_from = 0:0::1"));
  CHECK(p.keep.at(0).changed.empty());
}

TEST_CASE("services come and go by id, whatever its case") {
  const Plan p = plan(service("a", 1) + service("b", 2), service("B", 2) + service("c", 3));
  REQUIRE(p.start.size() == 1);
  CHECK(p.start[0]->id == "c");
  REQUIRE(p.stop.size() == 1);
  CHECK(p.stop[0]->id == "a");
  REQUIRE(p.keep.size() == 1);
  CHECK(p.keep[0].before->id == "b");
  CHECK(p.keep[0].after->id == "B");
}

TEST_CASE("a new name under an old id is a change, a new id is another service") {
  const Plan kept = plan(service("x", 1, "id = i"), service("y", 1, "id = i"));
  CHECK(kept.keep.size() == 1);
  const Plan other = plan(service("x", 1, "id = i"), service("x", 1, "id = j"));
  CHECK(other.keep.empty());
  CHECK(other.start.size() == 1);
  CHECK(other.stop.size() == 1);
}

TEST_CASE("several services of one id are paired by their sockets first") {
  const std::string stream = entry("echo", "type = INTERNAL\nsocket_type = stream\nwait = no\n");
  const std::string dgram = entry("echo", "type = INTERNAL\nsocket_type = dgram\nwait = yes\n");
  const Plan swapped = plan(stream + dgram, dgram + stream);
  REQUIRE(swapped.keep.size() == 2);
  for (const auto& kept : swapped.keep) CHECK(kept.changed.empty());
  const Plan gone = plan(stream + dgram, dgram);
  REQUIRE(gone.stop.size() == 1);
  CHECK(gone.stop[0]->listen.socket_type == SocketType::stream);
  const Plan moved = plan(service("x", 1) + service("x", 2), service("x", 3) + service("x", 2));
  REQUIRE(moved.keep.size() == 2);
  CHECK(moved.keep[0].changed.empty());
  CHECK(moved.keep[1].before->listen.at.port == 1);
  CHECK(moved.keep[1].after->listen.at.port == 3);
  CHECK(moved.keep[1].rebind);
}

TEST_CASE("a line of inetd.conf whose one socket becomes one for each family is the same service") {
  World w;
  w.read_inetd("telnet stream tcp nowait nobody /bin/server server\n");
  const Config& after = *w.loaded.config;
  REQUIRE(after.services.size() == 1);
  REQUIRE(after.services[0]->places().size() == 2);
  Service one = with_one_socket(*after.services[0]);  // of a version that knew nothing of lines, after an upgrade
  const auto rebinds = [&](const Service& before) {
    Config config = after;
    config.services[0] = std::make_shared<const Service>(before);
    return diff(config, after).keep.at(0).rebind;
  };
  CHECK_FALSE(rebinds(one));
  one.listen.at.port = 24;
  CHECK(rebinds(one));
}
