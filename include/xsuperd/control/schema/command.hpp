// SPDX-License-Identifier: MIT
#pragma once
#include "xsuperd/control/codec.hpp"

namespace xsuperd::control {

/// How many words a request may have: each is compared with the ids of all services, on the loop.
inline constexpr std::size_t most_words = 256;

/// What is asked for by one word, or by several.
[[nodiscard]] std::vector<std::string> words_of(const Maybe<std::string>& one, const Maybe<UpTo<std::string, most_words>>& many);
/// The other way round: one word goes by the name that daemons of any version know.
void put_words(const std::vector<std::string>& words, Maybe<std::string>& one, Maybe<UpTo<std::string, most_words>>& many);

/// A record as it stands in an event log (log/record.hpp).
struct EventRecord : json::object {
  EventRecord() = default;
  explicit EventRecord(json::object record) : json::object(std::move(record)) {}
};

namespace request {

/// Services by id, name or pattern.
struct Services {
  Maybe<std::string> service;
  Maybe<UpTo<std::string, most_words>> services;
  static constexpr std::array notes{Note{"services", "several of them"}};

  [[nodiscard]] std::vector<std::string> words() const { return words_of(service, services); }
  void mean(const std::vector<std::string>& words) { put_words(words, service, services); }
};
BOOST_DESCRIBE_STRUCT(Services, (), (service, services))

}  // namespace request

/// Each command is a struct with its `name`, a `text` for the manual, and what is told here.
namespace command {

/// No arguments.
struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

/// What a command is given, and what it gives: a result, and rows if it lists something.
template <typename A, typename R, typename W = void>
struct Exchange {
  using Arguments = A;
  using Result = R;
  using Row = W;
  static constexpr bool lists = !std::is_void_v<W>;
};
/// For everybody who may use the socket.
template <typename A, typename R, typename W = void>
struct Look : Exchange<A, R, W> {
  static constexpr bool changes = false;
};
/// For root and the daemon's own user.
template <typename A, typename R, typename W = void>
struct Change : Exchange<A, R, W> {
  static constexpr bool changes = true;
};

}  // namespace command

/// A request for command C.
template <typename C>
[[nodiscard]] Request ask_for(const typename C::Arguments& arguments = {}) {
  return {std::string(C::name), write(arguments)};
}

/// What a command has answered, as its reader has it.
template <typename C>
struct Answered {
  typename C::Result result;
  std::vector<std::conditional_t<C::lists, typename C::Row, command::Nothing>> rows;
};
template <typename C>
[[nodiscard]] Answered<C> answered(const json::object& result, const std::vector<json::object>& rows) {
  Answered<C> all{read<typename C::Result>(result), {}};
  if constexpr (C::lists) {
    all.rows.reserve(rows.size());
    for (const json::object& row : rows) all.rows.push_back(read<typename C::Row>(row));
  }
  return all;
}

}  // namespace xsuperd::control
