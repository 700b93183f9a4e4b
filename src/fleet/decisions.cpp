// SPDX-License-Identifier: MIT
#include "fleet/decisions.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <utility>
#include <vector>

#include "fleet/go_duration.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::fleet {

namespace {

using boost::json::error_code;
using JsonText = boost::json::string_view;

constexpr std::size_t longest_field = 256;  ///< of a decision, as far as it is kept

struct Decided {
  policy::Network peer = {};
  std::uint32_t scenario = 0;
  std::uint64_t seconds = 0;
};

/// The texts of the decision that is being read.
struct Fields {
  std::string duration, scope, type, value, scenario;
  bool simulated = false;

  [[nodiscard]] std::string* of(std::string_view name) {
    if (name == "duration") return &duration;
    if (name == "scope") return &scope;
    if (name == "type") return &type;
    if (name == "value") return &value;
    return name == "scenario" ? &scenario : nullptr;
  }
  void clear() {
    for (std::string* one : {&duration, &scope, &type, &value, &scenario}) one->clear();
    simulated = false;
  }
};

/// An address for Ip, also a network for Range. A text that was cut is neither.
std::optional<policy::Network> peer_in(const Fields& fields) {
  const bool ip = base::iequals(fields.scope, "ip");
  if ((!ip && !base::iequals(fields.scope, "range")) || !base::iequals(fields.type, "ban") || fields.simulated) return std::nullopt;
  const auto peer = policy::Network::parse(fields.value);
  return peer && peer->address.is_ip() && peer->address.scope() == 0 && (!ip || peer->single()) ? peer : std::nullopt;
}

/// Texts of scenarios, each once.
class Scenarios {
 public:
  [[nodiscard]] std::uint32_t number_of(std::string_view text) {
    const std::string name = plain(text);
    if (const auto there = numbers_.find(name); there != numbers_.end()) return there->second;
    if (names_.size() >= most_scenarios) return 0;
    names_.push_back(name);
    return numbers_[name] = static_cast<std::uint32_t>(names_.size() - 1);
  }
  [[nodiscard]] const std::string& operator[](std::uint32_t number) const { return names_[number]; }

 private:
  std::vector<std::string> names_{std::string()};
  boost::unordered_flat_map<std::string, std::uint32_t> numbers_;
};

/// What the parser calls. {"new": [{"value": ...}], "deleted": null}: the object has depth 1, a decision has 3.
struct Handler {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = longest_json_text;
  static constexpr std::size_t max_string_size = longest_json_text;

  enum class List : std::uint8_t { other, fresh, deleted };
  std::vector<Decided> fresh = {}, deleted = {};
  Scenarios scenarios = {};
  std::uint32_t left_out = 0;
  bool strange = false;  ///< it is no answer of a Local API
  bool lists = false;    ///< one of the two was there
  int depth = 0;
  List list = List::other;
  Fields fields = {};
  std::string key = {};
  std::string* text = nullptr;  ///< where the next string goes
  bool simulates = false;       ///< the next value says whether the decision is only to be seen

  [[nodiscard]] bool in_decision() const { return list != List::other && depth == 3; }
  void keep();
  /// Something that is neither an object nor an array.
  bool take_value(bool null);
  void add(std::string& to, JsonText part) { to.append(part.data(), std::min(part.size(), longest_field - std::min(to.size(), longest_field))); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&);
  bool on_object_end(std::size_t, error_code&);
  bool on_array_begin(error_code&);
  bool on_array_end(std::size_t, error_code&);
  bool on_key_part(JsonText part, std::size_t, error_code&) { return add(key, part), true; }
  bool on_key(JsonText part, std::size_t, error_code&);
  bool on_string_part(JsonText part, std::size_t, error_code&) { return text ? add(*text, part) : void(), true; }
  bool on_string(JsonText part, std::size_t, error_code&) { return text ? add(*text, part) : void(), take_value(false); }
  bool on_number_part(JsonText, error_code&) { return true; }
  bool on_int64(std::int64_t, JsonText, error_code&) { return take_value(false); }
  bool on_uint64(std::uint64_t, JsonText, error_code&) { return take_value(false); }
  bool on_double(double, JsonText, error_code&) { return take_value(false); }
  bool on_bool(bool value, error_code&);
  bool on_null(error_code&) { return take_value(true); }
  bool on_comment_part(JsonText, error_code&) { return true; }
  bool on_comment(JsonText, error_code&) { return true; }
};

/// The decision is complete.
void Handler::keep() {
  const auto peer = peer_in(fields);
  auto seconds = peer && list == List::fresh ? read_go_duration(fields.duration) : std::optional<std::uint64_t>(1);
  if (!peer || !seconds || *seconds == 0) return;
  std::vector<Decided>& to = list == List::fresh ? fresh : deleted;
  if (to.size() >= most_decisions) return void(++left_out);
  to.push_back({*peer, list == List::fresh ? scenarios.number_of(fields.scenario) : 0, *seconds > most_seconds ? 0 : *seconds});
}

bool Handler::take_value(bool null) {
  text = nullptr;
  simulates = false;
  if (depth == 0 || (depth == 1 && list != List::other && !null)) strange = true;
  return true;
}

bool Handler::on_object_begin(error_code&) {
  text = nullptr;
  if (depth == 1 && list != List::other) strange = true;
  if (++depth == 3) fields.clear();
  return true;
}

bool Handler::on_object_end(std::size_t, error_code&) {
  if (in_decision()) keep();
  --depth;
  return true;
}

bool Handler::on_array_begin(error_code&) {
  text = nullptr;
  if (depth == 0) strange = true;
  ++depth;
  return true;
}

bool Handler::on_array_end(std::size_t, error_code&) {
  --depth;
  return true;
}

bool Handler::on_key(JsonText part, std::size_t, error_code&) {
  add(key, part);
  if (depth == 1) {
    list = key == "new" ? List::fresh : key == "deleted" ? List::deleted : List::other;
    lists = lists || list != List::other;
  }
  text = in_decision() ? fields.of(key) : nullptr;
  if (text) text->clear();
  simulates = in_decision() && key == "simulated";
  key.clear();
  return true;
}

bool Handler::on_bool(bool value, error_code&) {
  if (std::exchange(simulates, false)) fields.simulated = value;
  return take_value(false);
}

}  // namespace

struct Decisions::Impl {
  Impl() : parser(options()) {}
  static boost::json::parse_options options() {
    boost::json::parse_options all;
    all.max_depth = deepest_json;
    return all;
  }
  boost::json::basic_parser<Handler> parser;
  bool broken = false;
  std::size_t told = 0;
};

Decisions::Decisions() : impl_(std::make_unique<Impl>()) {}
Decisions::~Decisions() = default;
Decisions::Decisions(Decisions&&) noexcept = default;
Decisions& Decisions::operator=(Decisions&&) noexcept = default;

bool Decisions::feed(std::string_view bytes) {
  if (impl_->broken) return false;
  error_code error;
  const std::size_t used = impl_->parser.write_some(true, bytes.data(), bytes.size(), error);
  impl_->broken = error || used != bytes.size() || impl_->parser.handler().strange;
  return !impl_->broken;
}

bool Decisions::finish() {
  if (impl_->broken) return false;
  error_code error;
  (void)impl_->parser.write_some(false, nullptr, 0, error);
  impl_->broken = error || !impl_->parser.done() || impl_->parser.handler().strange || !impl_->parser.handler().lists;
  return !impl_->broken;
}

std::optional<Word> Decisions::next(std::uint64_t ago) {
  const Handler& all = impl_->parser.handler();
  const std::size_t place = impl_->told;
  if (impl_->broken || place >= all.deleted.size() + all.fresh.size()) return std::nullopt;
  ++impl_->told;
  if (place < all.deleted.size()) return Lifted{all.deleted[place].peer, Source::crowdsec};
  const Decided& one = all.fresh[place - all.deleted.size()];
  const std::uint64_t seconds = one.seconds == 0 ? 0 : one.seconds - std::min(ago, one.seconds - 1);
  return Heard{one.peer, seconds, all.scenarios[one.scenario], {}, Source::crowdsec};
}

std::uint32_t Decisions::left_out() const { return impl_->parser.handler().left_out; }

}  // namespace xsuperd::fleet
