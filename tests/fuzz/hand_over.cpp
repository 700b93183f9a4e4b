// SPDX-License-Identifier: MIT
// The state that one image of the daemon leaves to the next. After a first byte of 0 the input is the text itself; else
// it says which state to make, and which values in its text to replace by what: so that it stays a state when members
// come and go.
#include "supervisor/hand_over.hpp"

#include <boost/json.hpp>

#include "fakes/fake_names.hpp"
#include "fuzz/target.hpp"
#include "supervisor/hand_over_config.hpp"
#include "supervisor/state_maker.hpp"

using namespace xsuperd;
using namespace xsuperd::supervisor;
using fuzz::must;
namespace json = boost::json;

namespace {

void check(const HandOver& state) {
  std::vector<int> numbers = descriptors(state);
  std::sort(numbers.begin(), numbers.end());
  must(std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end());
  must(numbers.empty() || numbers.front() > 2);
  must(state.configured <= state.services.size());
  for (const HandOver::Runner& runner : state.runners) must(runner.service < state.services.size());
  const auto again = decode(encode(state));
  must(again && *again == state);
  fakes::FakeNames names;
  const auto restored = restore_configuration(state, names);
  if (!restored) return must(!restored.error().sentence.empty());
  must(restored->config != nullptr && restored->services.size() == state.services.size());
  for (const auto& service : restored->services) must(service != nullptr);
}

json::value some_value(fuzz::Source& source) {
  switch (source.below(14)) {
    case 0: return nullptr;
    case 1: return source.flag();
    case 2: return -1;
    case 3: return source.byte();
    case 4: return source.number();
    case 5: return static_cast<std::int64_t>(source.number());
    case 6: return 1.5;
    case 7: return 1e300;
    case 8: return json::string(source.word());
    case 9: return json::string(source.below(70'000), 'x');
    case 10: return json::array{};
    case 11: return json::object{};
    case 12: return json::array(source.byte());
    default: return std::uint64_t{1} << source.below(64);
  }
}

/// Goes down from one member to another, and changes what it comes to.
void change(json::value& at, fuzz::Source& source, int depth = 0) {
  const bool stay = depth > 0 && source.below(4) == 0;
  if (json::object* object = at.if_object(); object && !object->empty() && !stay) {
    auto member = object->begin() + static_cast<std::ptrdiff_t>(source.below(object->size()));
    const std::string key(member->key());
    switch (source.below(16)) {
      case 0: object->erase(key); return;
      case 1: (*object)[std::string(source.word())] = some_value(source); return;
      default: return change(member->value(), source, depth + 1);
    }
  }
  if (json::array* array = at.if_array(); array && !array->empty() && !stay) {
    const std::size_t which = source.below(array->size());
    switch (source.below(8)) {
      case 0: array->erase(array->begin() + static_cast<std::ptrdiff_t>(which)); return;
      case 1: array->push_back((*array)[which]); return;
      default: return change((*array)[which], source, depth + 1);
    }
  }
  at = some_value(source);
}

std::string made(fuzz::Source& source) {
  const HandOver state = testing::Maker(static_cast<std::uint32_t>(source.number(2))).state();
  std::string text = encode(state);
  const auto same = decode(text);
  must(same && *same == state);
  if (source.empty()) return text;
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  json::value all = json::parse(text, {}, options);
  for (int n = 0; n < 8 && !source.empty(); ++n) change(all, source);
  return json::serialize(all);
}

}  // namespace

FUZZ_TARGET(hand_over) {
  fuzz::Source source(input);
  const std::string text = source.byte() == 0 ? std::string(source.rest()) : made(source);
  const auto state = decode(text);
  state ? check(*state) : must(state.error().sentence.size() > 30);
}
