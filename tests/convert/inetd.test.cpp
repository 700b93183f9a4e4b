// SPDX-License-Identifier: MIT
#include "convert/fixture.hpp"

// From inetd.conf to files of xinetd.d.
using namespace xsuperd;
using namespace xsuperd::convert;
using namespace xsuperd::convert::test;
using config::test::inetd_world;

namespace {

/// Both sides as the loader has them, each service on a line; equal texts are equal services.
std::string services(const World& w) {
  std::vector<std::string> lines;
  for (const auto& service : w.loaded.config->services)
    lines.push_back(service->id + "\n" + config::dump(service->settings));
  std::sort(lines.begin(), lines.end());
  return base::join(lines, "");
}

/// What the round trip of these lines loses; empty when every service comes out as it went in.
std::string difference(const std::string& lines) {
  World before = inetd_world();
  before.read_inetd(lines);
  World after = inetd_world();
  const Conversion c = from_inetd(after, lines);
  for (const File& file : c.files) after.files.texts["/d/" + file.name] = file.text;
  after.read("includedir /d\n");
  const auto& a = before.loaded.config->services;
  const auto& b = after.loaded.config->services;
  const auto in = [](const auto& all, const config::Service& wanted) {
    return std::any_of(all.begin(), all.end(), [&](const auto& one) { return config::test::same(*one, wanted); });
  };
  const bool same =
      a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& one) { return in(b, *one); });
  return same ? ""
              : "before:\n" + services(before) + before.log() + "after:\n" + services(after) + after.log() + report(c);
}

std::size_t served(const std::string& lines) {
  World w = inetd_world();
  return w.read_inetd(lines).loaded.config->services.size();
}

struct Fixture {
  const char* what;
  const char* lines;
  std::size_t services;
};

constexpr Fixture fixtures[]{
    {"nothing", "", 0},
    {"a program", "ftp stream tcp nowait root /usr/sbin/in.ftpd in.ftpd -l\n", 1},
    {"a name for tcp and udp", "echo stream tcp nowait root internal\necho dgram udp wait root internal\n", 2},
    {"families",
     "ftp stream tcp4 nowait root /bin/sh\nftp stream tcp6 nowait root /bin/sh\ntime stream tcp46 nowait root "
     "internal\n",
     3},
    {"tcp beside tcp6", "ftp stream tcp nowait root /bin/sh\nftp stream tcp6 nowait root /bin/sh\n", 2},
    {"tcpd",
     "ftp stream tcp nowait root /usr/sbin/tcpd in.ftpd -l\nfinger stream tcp nowait nobody /usr/sbin/tcpd "
     "/usr/libexec/fingerd\n",
     2},
    {"a datagram service", "ntalk dgram udp wait nobody:tty /usr/sbin/in.ftpd in.ftpd\n", 1},
    {"an RPC service",
     "rstatd/1-5 dgram rpc/udp wait root /usr/sbin/in.ftpd in.ftpd\n100068/2 stream rpc/tcp wait root /bin/sh\n", 2},
    {"tcpmux",
     "tcpmux stream tcp nowait root internal\ntcpmux/a stream tcp nowait root /bin/sh\ntcpmux/+b stream tcp nowait "
     "root /bin/sh sh -c x\n",
     3},
    {"limits of OpenBSD and NetBSD",
     "ftp stream tcp nowait.40 root /bin/sh\ntelnet stream,5 tcp nowait:20 root /bin/sh\n", 2},
    {"limits of FreeBSD", "ftp stream tcp nowait/10/60/3 root:tty/daemon /bin/sh\n", 1},
    {"the notation of NetBSD",
     "ftp on protocol = tcp, wait = no, user = root, # why\n  exec = /bin/sh, args = sh -x, ip_max = 3;\ntelnet off "
     "protocol=tcp;\n",
     1},
    {"addresses",
     "127.0.0.1,::1:ftp stream tcp nowait root /bin/sh\n192.0.2.1:\ntelnet stream tcp nowait root /bin/sh\n*:http "
     "stream tcp nowait root /bin/sh\n",
     4},
    {"two lines for one port", "ftp stream tcp nowait root /bin/sh\nftp stream tcp nowait root /usr/sbin/in.ftpd\n", 1},
    {"a port that nobody knows", "nosuch stream tcp nowait root /bin/sh\nftp stream tcp nowait root /bin/sh\n", 1},
    {"a server that is not there", "ftp stream tcp nowait root /usr/sbin/missing missing\n", 0},
    {"broken lines",
     "ftp stream tcp\n/run/ stream unix nowait root /bin/sh\nhttp stream tcp nowait root /bin/sh \"\ntelnet stream "
     "tcp nowait root /bin/sh\n",
     1},
    {"a line that is off above one that is on",
     "#<off># ftp stream tcp nowait root /bin/sh\nftp stream tcp nowait root /bin/sh x\n", 1},
    {"UNIX sockets and sizes of buffers",
     "/run/x.sock stream unix nowait root /bin/sh\n:root:tty:660:/run/b/x.sock dgram unix,rcvbuf=64k wait root /bin/sh\n"
     "/run/y seqpacket unix nowait/3 root /bin/sh sh -x\nftp stream tcp,sndbuf=1m nowait root /bin/sh\n",
     4},
    {"numbers", "874 stream tcp nowait 4242 /bin/sh\n", 1},
};

}  // namespace

TEST_CASE("services come out of a conversion of inetd.conf as they went in") {
  for (const Fixture& one : fixtures) {
    INFO(one.what);
    CHECK(served(one.lines) == one.services);
    CHECK(difference(one.lines) == "");
  }
}

TEST_CASE("lines for an address and for all of them, which entries cannot be, are told and one is written disabled") {
  for (const std::string& lines : {std::string("127.0.0.1:telnet stream tcp nowait root /bin/sh\ntelnet stream tcp nowait root /bin/sh a\n"),
                                   std::string("telnet stream tcp nowait root /bin/sh a\n127.0.0.1:telnet stream tcp nowait root /bin/sh\n")}) {
    CHECK(served(lines) == 2);
    CHECK(difference(lines).find("does not come out the same") != std::string::npos);
  }
}

TEST_CASE("what the difference of two conversions is made of can differ") {
  // An argument with a blank cannot be said: the one service that is lost, and it is said.
  const std::string line = "ftp stream tcp nowait root /bin/sh sh -c 'a b'\n";
  CHECK(difference(line) != "");
  const Conversion c = from_inetd(line);
  CHECK(reported(c, "g /etc/inetd.conf:1 service ftp is not written"));
  CHECK(names(c) == "README.inetd");
  CHECK(has_line(text(c, "README.inetd"), "1:\t" + line.substr(0, line.size() - 1)));
  CHECK(reported(from_inetd("ftp stream tcp nowait root /bin/sh sh ''\n"),
                 "g /etc/inetd.conf:1 service ftp is not written"));
}

TEST_CASE("a line of inetd.conf becomes a file that is named after the id") {
  const Conversion c = from_inetd(
      "echo stream tcp nowait root internal\necho dgram udp wait root internal\n"
      "127.0.0.1,192.0.2.1,192.0.2.2:ftp stream tcp nowait root /bin/sh\n");
  CHECK(names(c) == "echo-stream echo-dgram ftp ftp-tcp ftp-192-0-2-2");
  CHECK(report(c) == "");
  CHECK(text(c, "ftp-192-0-2-2") ==
        "# Converted from /etc/inetd.conf, line 3.\nservice ftp\n{\n\tid              = ftp-192.0.2.2\n"
        "\tprotocol        = tcp\n\tsocket_type     = stream\n\twait            = no\n\tuser            = root\n"
        "\tgroups          = yes\n\tserver          = /bin/sh\n\tflags           = NOLIBWRAP\n\tbind            = "
        "192.0.2.2\n}\n");
}

TEST_CASE("a line for a UNIX socket becomes an entry with listen, named after the end of its path") {
  const Conversion c = from_inetd(":root:tty:0660:/run/x.sock stream unix nowait root /bin/sh\n");
  CHECK(names(c) == "x-sock");
  CHECK(report(c) == "");
  CHECK(text(c, "x-sock") ==
        "# Converted from /etc/inetd.conf, line 1.\nservice x.sock\n{\n\tlisten          = unix:/run/x.sock\n"
        "\tsocket_owner    = root\n\tsocket_group    = tty\n\tsocket_mode     = 0660\n\tsocket_type     = stream\n"
        "\twait            = no\n\tuser            = root\n\tgroups          = yes\n\tserver          = /bin/sh\n"
        "\tflags           = NOLIBWRAP\n}\n");
}

TEST_CASE("connections that an inetd would leave in the queue of its socket wait in the entry's") {
  const Conversion c = from_inetd("ftp stream tcp nowait/3/60 root /bin/sh\n");
  CHECK(report(c) == "");
  CHECK(has_line(text(c, "ftp"), "\tinstances       = 3"));
  CHECK(has_line(text(c, "ftp"), "\tqueue           = 512 3600"));
  CHECK(has_line(text(c, "ftp"), "\tper_source_rate = 60 60"));
  CHECK(text(from_inetd("ftp stream tcp nowait root /bin/sh\n"), "ftp").find("queue") == std::string::npos);
}

TEST_CASE("systemd closes the connections that an inetd would leave in the queue of its socket") {
  World w = config::test::inetd_world();
  w.files.texts[config::test::inetd_file] = "ftp stream,3 tcp nowait root /bin/sh\n";
  const Conversion c = to_systemd({config::test::inetd_file}, w.files, w.names, {.of_inetd = true});
  INFO(report(c));
  CHECK(has_line(text(c, "ftp.socket"), "MaxConnections=3"));
  CHECK(has_line(text(c, "ftp.socket"), "[Install]"));
  CHECK(reported(c, "g /etc/inetd.conf:1 queue: systemd closes connections beyond MaxConnections="));
}

TEST_CASE("tcpd becomes libwrap of our own") {
  const Conversion c = from_inetd("ftp stream tcp nowait root /usr/sbin/tcpd in.ftpd -l\n");
  const std::string entry = text(c, "ftp");
  CHECK(has_line(entry, "\tlibwrap         = in.ftpd"));
  CHECK(has_line(entry, "\tserver          = /usr/sbin/in.ftpd"));
  CHECK(has_line(entry, "\tserver_args     = in.ftpd -l"));
  CHECK(has_line(entry, "\tflags           = NAMEINARGS"));
  CHECK(reported(c, "n /etc/inetd.conf:1 /usr/sbin/in.ftpd is started without tcpd"));
}

TEST_CASE("lines that update-inetd has turned off become disabled entries") {
  const Conversion c = from_inetd(
      "#<off>#ftp stream tcp nowait root /bin/sh\n#<off># telnet\tstream tcp nowait root /bin/sh sh\n"
      "# Lines with \"#<off>#\" are off\n#<off>#no service at all\n");
  CHECK(names(c) == "ftp telnet README.inetd");
  CHECK(text(c, "ftp").find("service ftp\n{\n\tdisable         = yes\n\tprotocol") != std::string::npos);
  CHECK(has_line(text(c, "README.inetd"), "3:\t# Lines with \"#<off>#\" are off"));
  CHECK(has_line(text(c, "README.inetd"), "4:\t#<off>#no service at all"));
  CHECK(report(c) == "");
}

TEST_CASE("an off line that could not be served is kept and is no error") {
  const Conversion c = from_inetd("#<off># x stream tcp nowait root/staff /bin/sh\n");
  CHECK(names(c) == "README.inetd");
  CHECK(reported(c, "n /etc/inetd.conf:1 this commented-out line is kept as it is"));
  CHECK_FALSE(c.has(Weight::error));
  CHECK_FALSE(c.has(Weight::loss));
}

TEST_CASE("comments above a line go with it, all others into one file") {
  const Conversion c = from_inetd(
      "# top\n\n# about ftp\n#: more\nftp stream tcp nowait root /bin/sh\n# between\n\n"
      ".include x\n# end\n");
  CHECK(text(c, "ftp").starts_with("# about ftp\n#: more\n# Converted from /etc/inetd.conf, line 5.\nservice ftp\n"));
  CHECK(text(c, "README.inetd") ==
        "What /etc/inetd.conf contained besides the services that were converted, with line numbers.\n\n"
        "1:\t# top\n6:\t# between\n8:\t.include x\n9:\t# end\n\n");
  CHECK(reported(c, "g /etc/inetd.conf:8 .include is not supported"));
}

TEST_CASE("comments inside NetBSD's notation go with the service") {
  const Conversion c = from_inetd(
      "ftp on # one\n protocol = tcp, wait = no,\n# two\n user = root, exec = \"/bin/sh\"; # three\n"
      "# left\n");
  CHECK(text(c, "ftp").starts_with("# one\n# two\n# three\n# Converted"));
  CHECK(has_line(text(c, "README.inetd"), "5:\t# left"));
}

TEST_CASE("every line of inetd.conf is in some file") {
  const std::string lines =
      "# a\nftp stream tcp nowait root /bin/sh\n#b\n\n# c\n/run/x stream tcp nowait root /bin/sh\n#d\n"
      "telnet on bogus = 1, # e\n # f\n wait = no;\n# g\n";
  const Conversion c = from_inetd(lines);
  std::string all;
  for (const File& one : c.files) all += one.text;
  for (const char* part : {"# a\n", "#b\n", "# c\n", "/run/x stream tcp nowait root /bin/sh\n", "#d\n",
                           "telnet on bogus = 1, # e\n", "# f\n", " wait = no;\n", "# g\n"}) {
    INFO(part << " in " << all);
    CHECK(all.find(part) != std::string::npos);
  }
}

TEST_CASE("what is right and not served is a gap, what is wrong an error") {
  CHECK(reported(from_inetd("ftp stream tcp/ttcp nowait root /bin/sh\n"), "g /etc/inetd.conf:1 protocol tcp/ttcp"));
  CHECK(reported(from_inetd("/run/x stream tcp nowait root /bin/sh\n"), "e /etc/inetd.conf:1 '/run/x' is the path"));
  CHECK(reported(from_inetd("ftp stream tcp nowait root/staff /bin/sh\n"), "g /etc/inetd.conf:1 login classes"));
  CHECK(reported(from_inetd("ftp stream tcp maybe root /bin/sh\n"), "e /etc/inetd.conf:1 Bad value for wait"));
  CHECK(reported(from_inetd("ftp strm tcp nowait root /bin/sh\n"), "e /etc/inetd.conf:1 "));
  CHECK(reported(from_inetd("ftp stream\n"), "e /etc/inetd.conf:1 the line ends"));
}

TEST_CASE("a line that another one keeps from its port is written disabled") {
  const Conversion c = from_inetd("ftp stream tcp nowait root /bin/sh\nftp stream tcp nowait root /bin/sh x\n");
  CHECK(names(c) == "ftp ftp-tcp");
  CHECK(has_line(text(c, "ftp-tcp"), "\tdisable         = yes"));
  CHECK(has_line(text(c, "ftp-tcp"), "# Disabled: Service ftp-tcp is refused: service ftp has tcp port 21 on all addresses."));
  CHECK(reported(c, "g /etc/inetd.conf:2 written disabled"));
}

TEST_CASE("what this machine lacks is written disabled, as the daemon would refuse it") {
  struct Lacking {
    const char* line;
    const char* name;
    const char* why;
  };
  const Lacking all[]{
      {"faraway stream tcp nowait root /bin/sh\n", "faraway", "find service: faraway"},
      {"ftp stream tcp nowait stranger /bin/sh\n", "ftp", "user: stranger"},
      {"ftp stream tcp nowait root:others /bin/sh\n", "ftp", "others"},
      {"faraway/1 dgram rpc/udp wait root /bin/sh\n", "faraway", "RPC service: faraway"},
      {"ftp stream tcp nowait root /opt/faraway\n", "ftp", "/opt/faraway is not executable"}};
  for (const Lacking& one : all) {
    World w = inetd_world();
    const Conversion c = inetd_to_xinetd({{config::test::inetd_file, one.line}}, w.names, &w.files);
    INFO(one.line << text(c, one.name) << report(c));
    CHECK(names(c) == one.name);
    CHECK(has_line(text(c, one.name), "\tdisable         = yes"));
    CHECK(text(c, one.name).find(one.why) != std::string::npos);
    CHECK(reported(c, "g /etc/inetd.conf:1 written disabled, as it would be refused here: "));
    CHECK_FALSE(c.has(Weight::error));
  }
  World w = inetd_world();
  const Conversion here =
      inetd_to_xinetd({{config::test::inetd_file, "ftp stream tcp nowait root /bin/sh\n"}}, w.names, &w.files);
  CHECK(report(here) == "");
  CHECK(text(here, "ftp").find("disable") == std::string::npos);
}

TEST_CASE("services of several files share no id and no file") {
  World w = inetd_world();
  const Conversion c = inetd_to_xinetd({{"/a", "127.0.0.1:ftp stream tcp nowait root /bin/sh\n# a\n"},
                                        {"/b", "127.0.0.2:ftp stream tcp nowait root /bin/sh\n# b\n"}},
                                       w.names);
  CHECK(names(c) == "ftp ftp-tcp README.inetd");
  CHECK(text(c, "ftp-tcp").starts_with("# Converted from /b, line 1.\n"));
  CHECK(has_line(text(c, "README.inetd"), "2:\t# b"));
}

TEST_CASE("bytes of any kind in inetd.conf end in a report") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const std::string& lines :
       {all, all + "\n" + all, "ftp stream tcp nowait root /bin/sh " + all + "\n", "#<off>#" + all}) {
    const Conversion c = from_inetd(lines);
    for (const File& one : c.files) CHECK(one.name.find('/') == std::string::npos);
    CHECK((!c.files.empty() || !c.findings.empty()));
  }
}

TEST_CASE("a program without a path is not said to be where nobody has looked") {
  World w = inetd_world();
  const std::string said = report(from_inetd(w, "ftp stream tcp nowait root in.ftpd\n"));
  CHECK(said.find("it is a name without a path") != std::string::npos);
  CHECK(said.find("did you mean") == std::string::npos);
}
