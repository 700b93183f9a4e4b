// SPDX-License-Identifier: MIT
// What --json prints where it is not what the daemon has answered; see control/schema.hpp for that. Internal to ctl.
#pragma once
#include "xsuperd/control/schema.hpp"

namespace xsuperd::ctl::told {

namespace json = control::json;
namespace reply = control::reply;
using control::Note;

/// Whatever has failed.
struct Error {
  std::string code;
  std::string sentence;
  json::object details;
  static constexpr std::array notes{
      Note{"code", "the daemon's, as in xsuperd-control(7); usage: the command line makes no sense; no_daemon: nobody answers "
                   "at the socket"},
      Note{"sentence", "for a person"}};
};
BOOST_DESCRIBE_STRUCT(Error, (), (code, sentence, details))
struct Failed {
  Error error;
};
BOOST_DESCRIBE_STRUCT(Failed, (), (error))

/// check
struct Check {
  std::string path;
  std::uint64_t services = 0;
  std::uint64_t disabled = 0;
  std::uint64_t refused = 0;
  std::uint64_t errors = 0;
  std::uint64_t warnings = 0;
  std::vector<reply::Finding> findings;
};
BOOST_DESCRIBE_STRUCT(Check, (), (path, services, disabled, refused, errors, warnings, findings))

/// convert
struct File {
  std::string name;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(File, (), (name, text))
struct Weights {
  static constexpr std::array<std::string_view, 3> all{"note", "gap", "error"};
};
struct Loss {
  control::Word<Weights> level;
  std::optional<std::string> file;
  std::optional<std::int64_t> line;
  std::optional<std::int64_t> column;
  std::string sentence;
  static constexpr std::array notes{Note{"level", "gap: it has no equivalent in the other language"}};
};
BOOST_DESCRIBE_STRUCT(Loss, (), (level, file, line, column, sentence))
struct Conversion {
  std::vector<File> files;
  std::vector<Loss> findings;
};
BOOST_DESCRIBE_STRUCT(Conversion, (), (files, findings))

/// health
struct Grades {
  static constexpr std::array<std::string_view, 4> all{"OK", "WARNING", "CRITICAL", "UNKNOWN"};
};
struct Problem {
  control::Word<Grades> status;
  std::string sentence;
  std::optional<std::string> service;
};
BOOST_DESCRIBE_STRUCT(Problem, (), (status, sentence, service))
struct Health {
  control::Word<Grades> status;
  unsigned exit = 0;
  std::string summary;
  std::vector<Problem> problems;
  control::Table<std::string, control::Number> measures;
  static constexpr std::array notes{Note{"exit", "the exit status, from 0 for OK to 3"},
                                    Note{"measures", "numbers for graphs, by name"}};
};
BOOST_DESCRIBE_STRUCT(Health, (), (status, exit, summary, problems, measures))

/// top
struct Rates {
  std::optional<double> accepted;
  std::optional<double> served;
  std::optional<double> refused;
  std::optional<double> failed;
  std::optional<double> bytes;
};
BOOST_DESCRIBE_STRUCT(Rates, (), (accepted, served, refused, failed, bytes))
struct Activity {
  std::string id;
  control::State state;
  std::uint64_t running = 0;
  std::optional<std::uint64_t> limit;
  reply::Counters counters;
  Rates per_second;
};
BOOST_DESCRIBE_STRUCT(Activity, (), (id, state, running, limit, counters, per_second))
struct Top {
  double now = 0;
  std::uint64_t running = 0;
  Rates per_second;
  std::vector<Activity> services;
};
BOOST_DESCRIBE_STRUCT(Top, (), (now, running, per_second, services))

}  // namespace xsuperd::ctl::told

namespace xsuperd::control {

template <>
inline constexpr Definition definition<ctl::told::Failed>{"error", "what any command prints in the place of an answer when it fails"};
template <>
inline constexpr Definition definition<ctl::told::Conversion>{"conversion", "files in another language, and what was found on the way"};
template <>
inline constexpr Definition definition<ctl::told::Rates>{"rates", "each second; null: there is nothing to compare with"};

}  // namespace xsuperd::control
