// SPDX-License-Identifier: MIT
#include "supervisor/nft_text.hpp"

#include <catch2/catch.hpp>
#include <chrono>

#include "policy/networks.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using namespace std::chrono_literals;
using xsuperd::policy::test::network;

namespace {

const config::BanNft where{"inet", "filter", "banned"};
const base::Moment now = base::Moment{} + 1000h;

}  // namespace

TEST_CASE("Each peer has its set, or none") {
  struct Row {
    const char* peer;
    const char* family;
    const char* set;
  };
  for (const Row& row : {Row{"192.0.2.1", "inet", "banned"}, {"192.0.2.0/24", "inet", "banned_net"}, {"2001:db8::1", "inet", "banned6"},
                         {"2001:db8::/64", "inet", "banned6_net"}, {"::ffff:192.0.2.1", "inet", "banned"}, {"fe80::1%1", "inet", ""},
                         {"unix:uid=3", "inet", ""}, {"vsock:3", "inet", ""}, {"192.0.2.1", "ip", "banned"}, {"2001:db8::1", "ip", ""},
                         {"192.0.2.1", "ip6", ""}, {"2001:db8::1", "ip6", "banned6"}, {"0.0.0.0/0", "netdev", "banned_net"}}) {
    INFO(row.peer << " in " << row.family);
    const config::BanNft in{row.family, "filter", "banned"};
    const auto kind = nft::kind_of(network(row.peer), in);
    CHECK((kind ? nft::set_name(in, *kind) : "") == row.set);
  }
}

TEST_CASE("Commands are as nft reads them") {
  CHECK(nft::create({"ip", "filter", "banned"}) ==
        "add table ip filter\n"
        "add set ip filter banned { type ipv4_addr; flags timeout; }\n"
        "add set ip filter banned_net { type ipv4_addr; flags interval,timeout; }\n");
  std::string text;
  nft::add(text, where, nft::Kind::ipv4,
           std::vector<nft::Element>{{network("192.0.2.1"), now + 1500ms}, {network("192.0.2.2"), base::Moment::max()}, {network("192.0.2.3"), now}}, now);
  CHECK(text == "add element inet filter banned { 192.0.2.1 timeout 2s, 192.0.2.2 }\n");
  text.clear();
  nft::take_out(text, where, nft::Kind::ipv6, std::vector{network("2001:db8::1"), network("::1")});
  CHECK(text ==
        "add element inet filter banned6 { 2001:db8::1, ::1 }\n"
        "delete element inet filter banned6 { 2001:db8::1, ::1 }\n");
  text.clear();
  nft::add(text, where, nft::Kind::ipv4, {}, now);
  nft::take_out(text, where, nft::Kind::ipv4, {});
  CHECK(text.empty());
}

TEST_CASE("Of a listing it is known whether the sets are ours, and the same as before") {
  const std::string listing =
      "table inet filter { # handle 12\n"
      "\tset banned { # handle 4\n\t\ttype ipv4_addr\n\t\tsize 65535\n\t\tflags timeout\n\t}\n\n"
      "\tset banned6 { # handle 5\n\t\ttype ipv6_addr\n\t\tflags timeout\n\t}\n"
      "\tset banned_net { # handle 6\n\t\ttype ipv4_addr\n\t\tflags interval,timeout\n\t}\n"
      "\tset banned6_net { # handle 7\n\t\ttype ipv6_addr\n\t\tflags interval,timeout\n\t}\n"
      "\tset ports { # handle 8\n\t\ttype inet_service\n\t}\n"
      "\tchain input { # handle 9\n\t\ttype filter hook input priority filter; policy accept;\n\t\tip saddr @banned drop # handle 10\n\t}\n}\n";
  const nft::Found found = nft::read_table(listing, where);
  CHECK(found.complete());
  CHECK(found.foreign.empty());
  CHECK(found.identity == "12 4 5 6 7");
  CHECK_FALSE(nft::read_table(listing, {"inet", "filter", "other"}).complete());
  CHECK(nft::read_table(listing, {"inet", "filter", "ports"}).foreign.find("inet filter ports is there and is not ours") != std::string::npos);
  CHECK(nft::read_table("", where).identity.empty());
}

TEST_CASE("Of networks in one another those stay that are in no other, and it is known for how long") {
  std::vector<nft::Element> all{{network("10.1.2.0/24"), now + 9h}, {network("10.0.0.0/8"), now + 2h},  {network("10.1.0.0/16"), now + 1h},
                                {network("11.0.0.0/8"), now + 1h},  {network("11.0.0.0/16"), now + 1h}, {network("9.0.0.0/24"), base::Moment::max()}};
  const nft::Outermost result = nft::outermost(all);
  std::vector<std::string> names;
  for (const nft::Element& one : result.elements) names.push_back(one.peer.text());
  CHECK(names == std::vector<std::string>{"9.0.0.0/24", "10.0.0.0/8", "11.0.0.0/8"});
  CHECK(result.again == now + 2h);
}
