// SPDX-License-Identifier: MIT
#include <algorithm>

#include "config/inetd_fixture.hpp"
#include "xsuperd/base/text.hpp"

// inetd.conf as a whole: ids, families, several addresses, and its place beside xinetd.conf (facts B11.1 to B11.12).
using namespace xsuperd;
using namespace xsuperd::config;
using namespace xsuperd::config::test;

namespace {
const std::string ftp = "ftp stream tcp nowait nobody /bin/sh sh\n";

std::vector<std::string> ids(const World& w) {
  std::vector<std::string> result;
  for (const auto& service : w.loaded.config->services) result.push_back(service->id);
  return result;
}
}  // namespace

TEST_CASE("lines of one name in inetd.conf get ids of their own") {
  const World w = inetd("echo stream tcp4 nowait root internal\necho stream tcp6 nowait root internal\n"
                        "echo dgram udp wait root internal\nftp stream tcp4 nowait root /bin/sh\nftp stream tcp6 nowait root /bin/sh\n");
  CHECK(ids(w) == std::vector<std::string>{"echo-stream", "echo-stream-tcp6", "echo-dgram", "ftp", "ftp-tcp6"});
}

TEST_CASE("beside tcp6, tcp in inetd.conf means IPv4, whichever comes first") {
  const World w = inetd("ftp stream tcp nowait root /bin/sh\nftp stream tcp6 nowait root /bin/sh\n"
                        "telnet stream tcp6 nowait root /bin/sh\ntelnet stream tcp nowait root /bin/sh\n"
                        "http stream tcp nowait root /bin/sh\n");
  CHECK(w.at("ftp").has(Flag::ipv4));
  CHECK(w.at("ftp-tcp6").listen.v6only);
  CHECK(w.at("telnet").listen.v6only);
  CHECK(w.at("telnet-tcp").has(Flag::ipv4));
  CHECK_FALSE(w.at("http").has(Flag::ipv4));
  CHECK(w.log().empty());
}

TEST_CASE("beside tcp4, tcp in inetd.conf means IPv6") {
  const World w = inetd("ftp stream tcp nowait root /bin/sh\nftp stream tcp4 nowait root /bin/sh\n");
  CHECK(w.at("ftp").listen.v6only);
  CHECK(w.at("ftp-tcp4").has(Flag::ipv4));
}

TEST_CASE("a line of inetd.conf with several addresses is a service on each") {
  const World w = inetd("127.0.0.1,::1:ftp stream tcp nowait root /bin/sh\n");
  CHECK(ids(w) == std::vector<std::string>{"ftp", "ftp-tcp"});
  CHECK(w.at("ftp").listen.at.address.text() == "127.0.0.1");
  CHECK(w.at("ftp-tcp").listen.at.address.text() == "::1");
  CHECK(ids(inetd("two.example.com:ftp stream tcp nowait root /bin/sh\n")).size() == 2);
  CHECK(ids(inetd("192.0.2.1,192.0.2.2,192.0.2.3:ftp stream tcp nowait root /bin/sh\n")) ==
        std::vector<std::string>{"ftp", "ftp-tcp", "ftp-192.0.2.3"});
}

TEST_CASE("one bad address refuses the whole line of inetd.conf") {
  const World w = inetd("127.0.0.1,::1:ftp stream tcp6 nowait root /bin/sh\n");
  CHECK(w.loaded.config->services.empty());
  CHECK(w.refused("ftp"));
}

TEST_CASE("two lines of inetd.conf for one port: the first one counts") {
  const World w = inetd(ftp + ftp);
  CHECK(ids(w) == std::vector<std::string>{"ftp"});
  CHECK(w.finding("Service ftp-tcp is refused: service ftp has tcp port 21 on all addresses")->place.line == 2);
  CHECK(inetd("127.0.0.1:" + ftp + "127.0.0.2:" + ftp).loaded.config->services.size() == 2);
  CHECK(inetd("127.0.0.1:" + ftp + "::1:" + ftp).loaded.config->services.size() == 2);
}

namespace {

/// "4", "6 only", "4 beside" and so on, one for each socket of the service.
std::string sockets(const Service& service) {
  std::vector<std::string> all;
  for (const ListenSpec& place : service.places())
    all.push_back((place.at.address.known() ? place.at.address.text() + " " : std::string()) + (place.ipv6 ? "6" : "4") +
                  (place.v6only ? " only" : "") + (place.beside ? " beside" : ""));
  return base::join(all, ", ");
}

}  // namespace

TEST_CASE("a line of inetd.conf has a socket for each family, unless it says which or where") {
  const auto of = [](const std::string& line) { return sockets(*inetd(line).loaded.config->services.at(0)); };
  CHECK(of(ftp) == "4, 6 only");
  CHECK(of("ntalk dgram udp wait root /bin/sh\n") == "4, 6 only");
  CHECK(of("ftp stream tcp4 nowait root /bin/sh\n") == "4");
  CHECK(of("ftp stream tcp6 nowait root /bin/sh\n") == "6 only");
  CHECK(of("ftp stream tcp46 nowait root /bin/sh\n") == "6");
  CHECK(of("127.0.0.1:" + ftp) == "127.0.0.1 4");
  CHECK(of("rusersd/2-3 dgram rpc/udp wait root /bin/sh\n") == "6");
}

TEST_CASE("lines of inetd.conf for an address and for all of them stand side by side, in either order") {
  for (const std::string& lines : {"127.0.0.1:" + ftp + ftp, ftp + "127.0.0.1:" + ftp}) {
    const World w = inetd(lines);
    REQUIRE(w.loaded.config->services.size() == 2);
    std::vector<std::string> both{sockets(*w.loaded.config->services[0]), sockets(*w.loaded.config->services[1])};
    std::sort(both.begin(), both.end());
    CHECK(both == std::vector<std::string>{"127.0.0.1 4 beside", "4 beside, 6 only beside"});
    CHECK(w.finding("refused") == nullptr);
  }
  // Two entries of xinetd's cannot (decision B15.25).
  const World w(service("a", 7, "bind = 127.0.0.1") + service("b", 7));
  CHECK(w.loaded.config->services.size() == 1);
}

TEST_CASE("defaults protect the services of inetd.conf") {
  World w = inetd_world();
  w.read_inetd(ftp, defaults("only_from = 192.0.2.0/24\ninstances = 3\nno_access = 192.0.2.9\nbanner = /etc/motd"));
  const Settings& s = w.at("ftp").settings;
  CHECK(s.only_from->size() == 1);
  CHECK(s.no_access->size() == 1);
  CHECK(s.instances == Limit{3});
  CHECK_FALSE(s.queue.has_value());  // what inetds do with their own limit is not what an entry asks for
  CHECK(s.banner == "/etc/motd");
}

TEST_CASE("enabled and disabled mean the services of inetd.conf too") {
  World w = inetd_world();
  w.read_inetd(ftp + "telnet stream tcp nowait root /bin/sh\n", defaults("disabled = FTP"));
  CHECK(ids(w) == std::vector<std::string>{"telnet"});
  CHECK(w.fate("ftp") == Fate::disabled_by_defaults);
}

TEST_CASE("an entry of xinetd.conf goes before a line of inetd.conf with its id or its port") {
  World w = inetd_world();
  const std::string lines = "socket_type = stream\nprotocol = tcp\nwait = no\nuser = root\nserver = /bin/server\n";
  w.read_inetd(ftp + "telnet stream tcp nowait root /bin/sh\n", entry("ftp", lines) + entry("telnet", lines + "id = other\n"));
  CHECK(ids(w) == std::vector<std::string>{"ftp", "other"});
  CHECK(w.at("ftp").settings.server == "/bin/server");
  CHECK(w.fate("ftp") == Fate::superseded);
  CHECK(w.fate("telnet") == Fate::superseded);
  CHECK(w.finding("service ftp comes from /etc/xinetd.conf:1, which takes precedence")->level == Level::info);
  CHECK(w.log().empty());
}

TEST_CASE("an entry of xinetd.conf for another protocol leaves the line of inetd.conf alone") {
  World w = inetd_world();
  w.read_inetd("echo dgram udp wait root internal\n",
               entry("echo", "type = INTERNAL\nsocket_type = stream\nprotocol = tcp\nwait = no\nid = echo-dgram\n"));
  CHECK(w.loaded.config->services.size() == 2);
}

// Fact B11.12; what is broken may be what keeps strangers out.
TEST_CASE("a disabled entry of xinetd.conf hides no line of inetd.conf, a broken one does") {
  World w = inetd_world();
  w.read_inetd(ftp, entry("ftp", "disable = yes\n"));
  CHECK(ids(w) == std::vector<std::string>{"ftp"});
  w.read_inetd(ftp, entry("ftp", "only_from = 1.2.3.4.5/99\nsocket_type = nonsense\n"));
  CHECK(w.loaded.config->services.empty());
}

TEST_CASE("a missing inetd.conf matters where there is nothing else") {
  World w = inetd_world();
  w.files.texts[main_file] = service("x", 9000);
  w.loaded = load(w.files, w.names, Sources{.main = main_file, .inetd = {inetd_file}});
  CHECK(w.up("x"));
  CHECK(w.log().empty());
  w.loaded = load(w.files, w.names, Sources{.inetd = {inetd_file}});
  CHECK(w.loaded.fatal == Loaded::Fatal::unreadable);
  CHECK(w.said("open( /etc/inetd.conf ) failed"));
}

TEST_CASE("an inetd.conf that cannot be read makes a reload unclear") {
  World w = inetd_world();
  w.files.texts[main_file] = service("x", 9000);
  w.files.unreadable.insert(inetd_file);
  w.loaded = load(w.files, w.names, Sources{.main = main_file, .inetd = {inetd_file}});
  CHECK(w.up("x"));
  CHECK(w.loaded.unclear_files == std::vector<std::string>{inetd_file});
}

TEST_CASE("a service of inetd.conf whose line has an error now goes on as it was") {
  World before = inetd(ftp + "echo stream tcp nowait root internal\ntelnet stream tcp nowait root /bin/sh\n");
  World after = inetd("ftp stream tcp nowait bob /bin/sh sh\necho stream\n");
  keep_broken(*before.loaded.config, after.loaded);
  CHECK(ids(after) == std::vector<std::string>{"ftp", "echo-stream"});
}

TEST_CASE("a folder of inetd is read file by file, in the order of their names") {
  World w = inetd_world();
  w.files.texts["/etc/inetd.d/20-telnet"] = "telnet stream tcp nowait root /bin/sh\n";
  w.files.texts["/etc/inetd.d/10-ftp"] = ftp;
  w.files.texts["/etc/inetd.d/.hidden"] = w.files.texts["/etc/inetd.d/old~"] = "http stream tcp nowait root /bin/sh\n";
  w.loaded = load(w.files, w.names, Sources{.inetd = {"/etc/inetd.d"}});
  CHECK(ids(w) == std::vector<std::string>{"ftp", "telnet"});
  CHECK(w.at("telnet").place == Place{"/etc/inetd.d/20-telnet", 1, 1});
}

TEST_CASE("an inetd gets its defaults from the command line") {
  World w = inetd_world();
  w.read_inetd(ftp, "", Sources{.defaults = "cps = 256 600\ncps_window = 60\nbacklog = 5\n"});
  CHECK(w.at("ftp").rate() == Rate{256, 600, 60});
  CHECK(w.at("ftp").listen.backlog == 5);
  CHECK(w.loaded.config->path == inetd_file);
}

TEST_CASE("lines that update-inetd has turned off are comments, or disabled entries for who wants them") {
  World w = inetd_world();
  const std::string lines = "#<off># ftp stream tcp nowait root /bin/sh a\n#<off>#telnet\tstream tcp nowait root /bin/sh\n" + ftp +
                            "#<off># these are words of a comment\n#<off>### http stream tcp nowait root /bin/sh\n";
  CHECK(parse_inetd(lines, inetd_file, {}, w.names, w.loaded.diagnostics).entries.size() == 1);
  InetdStyle style;
  style.off_lines = true;
  const auto entries = parse_inetd(lines, inetd_file, style, w.names, w.loaded.diagnostics).entries;
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].state == Entry::State::disabled);
  CHECK(entries[0].place == Place{inetd_file, 1, 9});
  CHECK(entries[0].assignments[0].name == "id");
  CHECK(entries[0].assignments[0].values[0].text == "ftp-tcp");
  CHECK(entries[1].name == "telnet");
  CHECK(entries[2].state == Entry::State::whole);
  CHECK(entries[2].assignments[0].name != "id");
  CHECK(w.log().empty());
}

TEST_CASE("a line of inetd.conf that is right and not served is told from one that is wrong") {
  const auto unserved = [](const std::string& line) {
    const World w = inetd(line + "\n");
    const auto& all = w.loaded.diagnostics.all();
    REQUIRE_FALSE(all.empty());
    CHECK(all[0].level == Level::error);
    return all[0].unserved;
  };
  for (const char* line : {"ftp stream tcp/ttcp nowait root /bin/sh", ".include x",
                           "ftp stream:filter tcp nowait root /bin/sh", "ftp stream tcp nowait root/staff /bin/sh",
                           "#@ in ipsec esp/transport//require", "ftp on protocol = tcp, acceptfilter = x;"})
    CHECK(unserved(line));
  for (const char* line : {"ftp stream tcp", "ftp stream tcp maybe root /bin/sh", ".unknown x", "ftp on protocol = tcp;"})
    CHECK_FALSE(unserved(line));
}

TEST_CASE("an inetd may be told to ask libwrap, and where to listen") {
  Sources sources;
  sources.style = {.wraps = true, .address = "127.0.0.1"};
  World w = inetd_world();
  w.read_inetd(ftp + "echo stream tcp nowait root internal\n*:telnet stream tcp nowait root /bin/sh\n", "", sources);
  CHECK(w.at("ftp").asks_libwrap());
  CHECK_FALSE(w.at("echo-stream").asks_libwrap());
  CHECK(w.at("ftp").listen.at.address.text() == "127.0.0.1");
  CHECK_FALSE(w.at("telnet").listen.at.address.known());
  sources.style.wraps_internal = true;
  CHECK(inetd_world().read_inetd("echo stream tcp nowait root internal\n", "", sources).at("echo-stream").asks_libwrap());
}
