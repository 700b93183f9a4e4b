// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "xsuperd/config/diagnostic.hpp"
#include "xsuperd/config/files.hpp"
#include "xsuperd/config/names.hpp"

/// From one language of super-servers to another: inetd.conf(5), xinetd.conf(5), systemd.socket(5). Texts in, texts
/// out, and a report of what has no equivalent on the other side. Nothing here changes a file, and no thread is needed;
/// look-ups of names may block. Nothing that comes out lets in more peers, or gives a server more privileges or fewer
/// limits, than what went in: what cannot be expressed is written disabled, or as a unit that nothing starts. What this
/// machine lacks (users, groups, names of ports, programs) keeps no entry from being written; xsuperd would refuse it
/// here, and so it is disabled.
namespace xsuperd::convert {

/// What a finding means for whoever relies on the result.
enum class Weight : std::uint8_t {
  note,   ///< nothing is lost, but something is different or worth a look
  loss,   ///< what is there has no equivalent, or only a similar one
  error,  ///< the input is wrong there
};

/// A line of the report.
struct Finding {
  Weight weight = Weight::note;
  config::Place place;   ///< in the input; line 0: about the file, or about all of them when it is empty
  std::string sentence;  ///< may hold bytes of the input: to be escaped for a terminal
};

/// A file to write.
struct File {
  std::string name;  ///< without directory
  std::string text;
  bool operator==(const File&) const = default;
};

/// The outcome.
struct Conversion {
  std::vector<File> files;        ///< names are unique
  std::vector<Finding> findings;  ///< by file and line
  [[nodiscard]] bool has(Weight weight) const;
};

/// The contents of a file of the input.
struct Source {
  std::string file;
  std::string text;
};

/// Files for a directory that `includedir` names, one for each service, named after its id, and README.inetd, which
/// xinetd ignores, for the comments and lines that belong to none of them. A file begins with the comments above its
/// line. The attributes are those that the daemon itself reads from inetd.conf, and the result is compared with the
/// input service by service; a service that only the result would have is written disabled. `files`: where its programs
/// are looked for; null: all exist.
[[nodiscard]] Conversion inetd_to_xinetd(const std::vector<Source>& sources, config::Names& names,
                                         config::Files* files = nullptr);

/// What can be asked for beyond the input.
struct SystemdOptions {
  bool of_inetd = false;  ///< the paths are in the language of inetd
  bool disabled = false;  ///< disabled services too, without [Install]
};
/// A pair of units for each service of these files and directories and all that they include.
[[nodiscard]] Conversion to_systemd(const std::vector<std::string>& paths, config::Files& files, config::Names& names,
                                    const SystemdOptions& options = {});

/// An entry for each socket of the .socket units among the paths. The units that they start are looked for among the
/// paths, then where systemd would look, or beside them; drop-ins (NAME.d/*.conf) count. A directive that protected
/// something and has no equivalent is reported, and its entry is written disabled.
[[nodiscard]] Conversion systemd_to_xinetd(const std::vector<std::string>& paths, config::Files& files,
                                           config::Names& names);

}  // namespace xsuperd::convert
