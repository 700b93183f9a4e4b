// SPDX-License-Identifier: MIT
#include "log/json.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <set>

#include "log/fake_output.hpp"
#include "log/delivery.hpp"
#include "log/scratch.hpp"
#include "xsuperd/log/fields.hpp"

using namespace xsuperd;
using namespace xsuperd::log;
using namespace xsuperd::log::test;
namespace json = boost::json;
using Outcome = Output::Outcome;

namespace {

const base::Address peer = *base::Address::parse("192.0.2.7");
const base::Address local = *base::Address::parse("2001:db8::1");

record::Exit whole_exit() {
  return {.service = "ftp",
          .id = "ftp-in",
          .connection_id = 17,
          .peer = peer,
          .port = std::uint16_t{4711},
          .local = local,
          .local_port = std::uint16_t{21},
          .proxy = local,
          .tls = record::Words("TLSv1.3"),
          .tls_name = record::Words("ftp.example"),
          .certificate = record::Words("Jo"),
          .pid = 326,
          .box = record::Words("programs"),
          .status = 0,
          .signal = 9,
          .duration = record::Seconds(61'000'042),
          .cpu_user = record::Seconds(1'500'000),
          .cpu_system = record::Seconds(7),
          .maxrss = std::uint64_t{4'194'304},
          .bytes_in = std::uint64_t{1},
          .bytes_out = std::uint64_t{18'446'744'073'709'551'615U}};
}

/// One of each kind with all of its fields, and one with as few as there can be.
std::vector<Event> samples() {
  const record::Rule rule{"/etc/xinetd.d/ftp", 12};
  return {whole_exit(),
          record::Exit{.service = "a", .id = "a"},
          record::Start{"ftp", "ftp-in", 17, peer, std::uint16_t{1}, local, std::uint16_t{21}, local, record::Words("TLSv1.2"),
                        record::Words("a.example"), record::Words("Jo"), 326, record::Words("host")},
          record::Start{.service = "a", .id = "a"},
          record::Refuse{"ftp", "ftp-in", 18, peer, std::uint16_t{1}, local, std::uint16_t{21}, local, "address", rule},
          record::Refuse{.service = "a", .id = "a", .reason = "load"},
          record::Limit{"ftp", "ftp-in", 17, peer, std::uint16_t{1}, 326, "runtime_max", rule},
          record::Limit{.service = "a", .id = "a", .limit = "idle_timeout"},
          record::Ban{record::Words("trap"), record::Words("trap"), peer, std::uint16_t{1}, "192.0.2.0/24", 10, rule},
          record::Ban{.network = "::1"},
          record::Open{"ftp", "ftp-in", local, std::uint16_t{21}, record::Words("unix:/run/ftp")},
          record::Open{.service = "a", .id = "a"},
          record::Lost{"ftp", "ftp-in", local, std::uint16_t{21}, record::Words("unix:/run/ftp"), "bind failed"},
          record::Lost{.service = "a", .id = "a", .reason = "no"},
          record::Reload{"refused", record::Words("why"), 1, 2, 3, 4, 5},
          record::Reload{.outcome = "applied"},
          record::Upgrade{"done", record::Words("why"), "2.0", record::Words("1.0")},
          record::Upgrade{.outcome = "refused", .version = "1.0"},
          record::Gap{3, "the log could not be written"}};
}

std::string as_json(const Event& event, base::WallTime when = sample_time()) {
  Stamp stamp(utc_stamp);
  std::string line;
  append_json(line, stamp, when, event);
  return line;
}

const json::object& schema() {
  static const json::value read = [] {
    std::ifstream file(std::string(XSUPERD_SOURCE) + "/docs/schema/event.json");
    return json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  }();
  return read.as_object();
}

/// What of `schema` a value of JSON breaks; empty: nothing. It knows as much of JSON Schema as docs/schema/event.json uses,
/// and takes no other keyword.
std::string broken(const json::object& schema, const json::value& value);

std::string broken_object(const json::object& schema, const json::object& value) {
  for (const auto& name : schema.at("required").as_array())
    if (!value.contains(name.as_string())) return "lacks " + std::string(name.as_string());
  for (const auto& [name, member] : value) {
    const json::value* described = schema.at("properties").as_object().if_contains(name);
    if (!described) return "may not have " + std::string(name);
    if (const auto why = broken(described->as_object(), member); !why.empty()) return std::string(name) + ": " + why;
  }
  return {};
}

std::string broken(const json::object& schema, const json::value& value) {
  for (const auto& [keyword, wanted] : schema) {
    if (keyword == "$schema" || keyword == "title" || keyword == "description" || keyword == "required" || keyword == "additionalProperties") continue;
    if (keyword == "type") {
      const std::string type(wanted.as_string());
      const bool fits = type == "object"    ? value.is_object()
                        : type == "string"  ? value.is_string()
                        : type == "integer" ? value.is_int64() || value.is_uint64()
                                            : type == "number" && value.is_number();
      if (!fits) return "is no " + type;
    } else if (keyword == "const") {
      if (value != wanted) return "is not " + json::serialize(wanted);
    } else if (keyword == "pattern") {
      if (!std::regex_search(std::string(value.as_string()), std::regex(std::string(wanted.as_string())))) return "has another form";
    } else if (keyword == "minimum") {
      if (value.to_number<double>() < wanted.to_number<double>()) return "is too small";
    } else if (keyword == "maximum") {
      if (value.to_number<double>() > wanted.to_number<double>()) return "is too large";
    } else if (keyword == "properties") {
      if (auto why = broken_object(schema, value.as_object()); !why.empty()) return why;
    } else if (keyword == "oneOf") {
      std::vector<std::string> reasons;
      for (const auto& one : wanted.as_array()) reasons.push_back(broken(one.as_object(), value));
      if (std::count(reasons.begin(), reasons.end(), "") != 1) return "fits not just one kind: " + reasons.front();
    } else {
      return "the checker does not know the keyword " + std::string(keyword);
    }
  }
  return {};
}

std::string broken(const json::value& value) { return broken(schema(), value); }

}  // namespace

TEST_CASE("a record is a JSON object, its time in UTC with microseconds") {
  CHECK(as_json(whole_exit(), sample_time() + std::chrono::microseconds(42)) ==
        R"({"schema":1,"time":"2026-11-03T01:02:03.000042Z","event":"exit","service":"ftp","id":"ftp-in","connection_id":17,)"
        R"("peer":"192.0.2.7","port":4711,"local":"2001:db8::1","local_port":21,"proxy":"2001:db8::1","tls":"TLSv1.3","tls_name":"ftp.example","certificate":"Jo","pid":326,"box":"programs","status":0,"signal":9,)"
        R"("duration":61.000042,"cpu_user":1.500000,"cpu_system":0.000007,"maxrss":4194304,"bytes_in":1,"bytes_out":18446744073709551615})");
  CHECK(as_json(record::Refuse{.service = "a", .id = "a", .reason = "connections per second", .rule = {"/etc/x", 7}}) ==
        R"({"schema":1,"time":"2026-11-03T01:02:03.000000Z","event":"refuse","service":"a","id":"a","reason":"connections per second","rule":"/etc/x:7"})");
}

TEST_CASE("every kind of record keeps to docs/schema/event.json, with all of its fields and with few") {
  std::set<std::string> kinds;
  for (const Event& event : samples()) {
    const std::string line = as_json(event);
    INFO(line);
    CHECK(broken(json::parse(line)) == "");
    kinds.insert(std::string(word_of(event)));
  }
  CHECK(kinds.size() == boost::mp11::mp_size<Records>::value);
}

TEST_CASE("the check of records against the schema can fail") {
  json::value good = json::parse(as_json(record::Reload{.outcome = "applied"}));
  REQUIRE(broken(good) == "");
  const auto with = [&](std::string_view name, const json::value& value) {
    json::object other = good.as_object();
    other[name] = value;
    return broken(other);
  };
  CHECK(with("schema", 2) != "");
  CHECK(with("time", "2026-11-03 01:02:03") != "");
  CHECK(with("event", "exit") != "");
  CHECK(with("errors", -1) != "");
  CHECK(with("errors", "1") != "");
  CHECK(with("other", 1) != "");
  good.as_object().erase("outcome");
  CHECK(broken(good) != "");
}

TEST_CASE("each field that a record has is described, and nothing else is") {
  std::set<std::string_view> named;
  boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, Records>>([&](auto one) {
    base::for_each_member<typename decltype(one)::type>([&](auto member) { named.insert(member.name); });
  });
  std::set<std::string_view> described;
  for (const record::Field& field : record::fields) CHECK(described.insert(field.name).second);
  CHECK(named == described);
}

TEST_CASE("whatever bytes a text has, a record is one line of valid JSON, and bounded") {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  const std::string line = as_json(record::Lost{.service = all, .id = "a", .reason = std::string_view("\xff\"\\\n\xe2\x82\xac\xe2\x82", 9)});
  CHECK(line.find('\n') == std::string::npos);
  const json::value read = json::parse(line);
  CHECK(std::string(read.at("reason").as_string()) == "\xef\xbf\xbd\"\\\n\xe2\x82\xac\xef\xbf\xbd\xef\xbf\xbd");
  const json::value longer = json::parse(as_json(record::Lost{.service = "a", .id = "a", .reason = std::string(5000, 'x')}));
  CHECK(longer.at("reason").as_string().size() == longest_field + 3);
  CHECK(valid_text("\xc3\xa4\xc3\xb6", 3) == "\xc3\xa4...");
  CHECK(valid_text("", 3) == "");
}

TEST_CASE("a peer that is mapped, local or in another machine is told by its text") {
  const auto told = [](const base::Address& address) {
    return std::string(json::parse(as_json(record::Start{.service = "a", .id = "a", .peer = address})).at("peer").as_string());
  };
  CHECK(told(base::Address::local(1000, 1000, 42)) == "unix:uid=1000,pid=42");
  CHECK(told(base::Address::vsock(3)) == "vsock:3");
  CHECK(told(*base::Address::parse("fe80::1")) == "fe80::1");
}

TEST_CASE("an event log is a file of such lines, which is appended to") {
  const Scratch dir;
  const std::string before = "{}\n";
  std::ofstream(dir / "events") << before;
  const auto log = *open_event_file(dir / "events");
  CHECK(log->write({Level::info, sample_time(), record::Reload{.outcome = "applied"}}) == Outcome::written);
  CHECK(content(dir / "events") == before + as_json(record::Reload{.outcome = "applied"}) + "\n");
  CHECK(open_event_file(dir / "nowhere/events").has_error());
}

TEST_CASE("what a full disk has cost an event log is a record in the very place") {
  const auto output = std::make_shared<FakeOutput>(1);
  base::Moment now{};
  Delivery delivery(2 * 1024, [&] { return Delivery::Now{now, sample_time()}; });
  const Output::Line line{Level::info, sample_time(), record::Start{.service = "a", .id = "a"}};
  for (int i = 0; i < 100; ++i) delivery.deliver(output, line);
  now += std::chrono::seconds(1);
  delivery.retry(false);
  const auto texts = output->texts();
  REQUIRE(texts.size() > 1);
  CHECK(texts.size() < 100);
  CHECK(texts.back() == std::to_string(101 - texts.size()) + " lines were lost: the log could not be written");
  CHECK(broken(json::parse(as_json(record::Gap{101 - texts.size(), "the log could not be written"}))) == "");
}
