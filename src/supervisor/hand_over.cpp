// SPDX-License-Identifier: MIT
#include "supervisor/hand_over.hpp"

#include <algorithm>
#include <unordered_set>

#include "supervisor/ban_pack.hpp"
#include "supervisor/hand_over_limits.hpp"

namespace xsuperd::supervisor {

namespace {

/// As many bans as there may be, each with a reason of its own, and everything else.
constexpr std::size_t largest_state = std::size_t{1} << 32;

/// What single members cannot tell: whether they fit together. A sentence when they do not.
class Checking {
 public:
  explicit Checking(const HandOver& state) : state_(state) {}

  std::string run() {
    if (state_.configured > state_.services.size()) return "configured is greater than the number of services";
    for (const HandOver::Runner& runner : state_.runners)
      if (std::string why = check(runner); !why.empty()) return why;
    std::vector<int> numbers = descriptors(state_);
    std::sort(numbers.begin(), numbers.end());
    if (std::adjacent_find(numbers.begin(), numbers.end()) != numbers.end()) return "a descriptor is named twice";
    if (!numbers.empty() && numbers.front() < 3) return "one of the descriptors 0, 1 and 2 is named";
    return {};
  }

 private:
  std::string check(const HandOver::Runner& runner) {
    if (runner.service >= state_.services.size()) return "a runner has a service that does not exist";
    std::unordered_set<service::Token> own;
    for (const service::InheritedSession& session : runner.state.sessions) {
      if (session.token > state_.last_token || !tokens_.insert(session.token).second)
        return fmt::format("token {} does not belong to exactly one session", session.token);
      if ((session.pid != 0) != (session.pidfd >= 0)) return "a server has a pid without a pidfd, or the reverse";
      if (session.pid != 0 && session.conversing) return "a session has a server and a conversation";
      own.insert(session.token);
    }
    for (const service::StateSnapshot::Place& place : runner.state.state.places)
      if (own.erase(place.token) == 0) return fmt::format("place {} belongs to no session", place.token);
    return {};
  }

  const HandOver& state_;
  std::unordered_set<service::Token> tokens_;
};

/// The version stands apart from all else: another one may have other members. 0: none that is understood; `error` says
/// why.
std::uint64_t version_of(const boost::json::value& value, std::string& error) {
  const boost::json::object* object = value.if_object();
  const boost::json::value* version = object ? object->if_contains("version") : nullptr;
  boost::system::error_code wrong;
  const auto number = version && !version->is_double() ? version->to_number<std::uint64_t>(wrong) : 0;
  if (!version || wrong || number == 0) {
    error = "it has no version";
  } else if (number < HandOver::oldest_version || number > HandOver::version) {
    error = fmt::format("it has version {}, and this program understands versions {} to {}", number,
                        HandOver::oldest_version, HandOver::version);
  } else {
    return number;
  }
  return 0;
}

}  // namespace

const std::uint64_t HandOver::version = newest_version<HandOver>();

std::string encode(const HandOver& state) {
  boost::json::object all{{"version", HandOver::version}};
  for (auto& [name, value] : Writing::of(state)) all[name] = std::move(value);
  return boost::json::serialize(all);
}

base::Result<HandOver> decode(std::string_view text) {
  const auto refused = [](std::string_view why) {
    return base::Error{0, fmt::format("the state that was handed over is refused: {}", why)};
  };
  if (text.size() > largest_state) return refused("it is too large");
  boost::json::parse_options options;
  options.allow_invalid_utf8 = true;  // names of files have whatever bytes they like
  boost::system::error_code wrong;
  const boost::json::value value = boost::json::parse({text.data(), text.size()}, wrong, {}, options);
  if (wrong) return refused("it cannot be read: " + wrong.message());
  std::string error;
  const std::uint64_t version = version_of(value, error);
  if (!error.empty()) return refused(error);
  HandOver state;
  Reading(value, {}, version, error, 1).read(state);
  if (error.empty()) error = Checking(state).run();
  if (error.empty()) error = ban_trouble(state);
  if (!error.empty()) return refused(error);
  return state;
}

void keep_time(HandOver& state, base::Moment now, std::string_view clock) {
  if (state.clock.empty() || clock.empty() || state.clock == clock) return;
  for_each_value(state, [by = now - state.now](auto& value, const Limits&) {
    if constexpr (std::is_same_v<decltype(value), base::Moment&>)
      if (value != base::Moment{} && value != base::Moment::max()) value += by;  // one that is set, and not never
  });
}

std::vector<int> descriptors(const HandOver& state) {
  std::vector<int> numbers;
  for_each_value(state, [&](const auto& value, const Limits& its) {
    if constexpr (std::is_same_v<decltype(value), const int&>)
      if (its.descriptor && value >= 0) numbers.push_back(value);
  });
  return numbers;
}

}  // namespace xsuperd::supervisor
