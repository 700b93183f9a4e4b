// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/base/described.hpp"
#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"

/// Upgrade: the daemon executes its program anew and goes on, with everything it has (design, "upgrade").
namespace xsuperd::supervisor {

struct HandOver;
struct Options;

/// How the daemon was started, as far as its command line alone does not say so any more after it has left its
/// directory. Paths are absolute, or empty where there is none.
struct Invocation {
  std::string binary;  ///< the file to execute at an upgrade
  std::string config_path;                 ///< in xinetd's language, or the first file of an inetd
  std::vector<std::string> inetd_files = {};  ///< of a daemon that is an inetd
  std::string filelog;
  std::string pidfile;
  std::string control;  ///< of the control socket
  int standard_output = -1;  ///< a copy of descriptor 1 as it was at the start, for -filelog /dev/stdout
  bool operator==(const Invocation&) const = default;
};
BOOST_DESCRIBE_STRUCT(Invocation, (), (binary, config_path, inetd_files, filelog, pidfile, control, standard_output))

/// The file that this process executes, by the name under which a package would replace it: argv[0], looked for in PATH
/// if need be, as long as it is the same file as /proc/self/exe, else what that link says. To be called at the start.
[[nodiscard]] std::string own_binary(const std::string& argv0);

/// What this image was left by the one before it.
class Inheritance {
 public:
  /// Nothing (null) when the process was not started by an upgrade. Takes the message about it out of the environment,
  /// closes all descriptors that are not part of the state, makes those that are close-on-exec, and moves them above
  /// `first_number`. To be called first of all. Fails when the state is not there, not for this process or not
  /// understood.
  [[nodiscard]] static base::Result<std::shared_ptr<Inheritance>> receive(int first_number);
  ~Inheritance();
  Inheritance(const Inheritance&) = delete;
  Inheritance& operator=(const Inheritance&) = delete;

  [[nodiscard]] const HandOver& state() const { return *state_; }
  [[nodiscard]] const Invocation& invocation() const;
  /// The descriptor that had this number; nothing when there is none, or when it has been taken.
  [[nodiscard]] base::Fd take(int number);

 private:
  Inheritance();
  std::unique_ptr<HandOver> state_;
  std::map<int, base::Fd> descriptors_;
};

/// argv[1] of the trial run; what follows is the daemon's own command line.
constexpr std::string_view trial_word = "take-over-trial";

/// The trial run in the new image: reads the state from `socket` to its end and finds out whether this image could take
/// it over. `check_rest` looks at what is not this layer's business, and gives a sentence when it objects. Answers
/// through the socket; returns the exit status.
[[nodiscard]] int try_take_over(int socket, const std::function<base::Result<void>(const Invocation&)>& check_rest);

}  // namespace xsuperd::supervisor
