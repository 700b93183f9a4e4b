// SPDX-License-Identifier: MIT
// From the fields of inetd.conf to the entries of xinetd.conf. Internal to config.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/inetd_syntax.hpp"
#include "xsuperd/config/inetd.hpp"

namespace xsuperd::config::inetd {

/// Which peers the digits behind a protocol let in.
enum class Family : unsigned char {
  plain,  ///< no digits: both on one socket, unless another line has one of them for itself
  v4,     ///< tcp4
  v6,     ///< tcp6, tcp6only: no IPv4 peers
  v46,    ///< tcp46: both on one socket
};

/// The third field: [rpc/]NAME[FAMILY][,rcvbuf=...].
struct ProtocolField {
  bool rpc = false;
  Field name;  ///< as /etc/protocols has it, or "unix"
  Family family = Family::plain;
  std::string tail;  ///< what stands behind a comma or a second slash
};
[[nodiscard]] ProtocolField read_protocol(const Field& field, Names& names);

/// To whom the file of a UNIX socket belongs, and who may connect: FreeBSD's :OWNER:GROUP:MODE: in front of its path.
struct FileOwner {
  Field owner, group, mode;
};

/// The first field: [ADDRESS,...:]NAME, or [:OWNER:GROUP:MODE:]PATH.
struct SpecField {
  std::optional<Field> addresses;
  std::optional<FileOwner> file;
  Field name;
};
/// `path`: a UNIX socket is meant. What has not three parts in front of the path has an empty mode.
[[nodiscard]] SpecField read_spec(const Field& field, bool path);

/// The entries of one definition: one for each address it listens on, one broken one after a fault was reported.
/// `family` is used where the protocol has none. Their ids are still the names; see Translated.
struct Translated {
  Entry entry;
  std::string id;        ///< what the id would be if no other entry had it
  std::string protocol;  ///< as written, and
  std::string address;   ///< one of the addresses: what ids are told apart with
  Field place;           ///< where to say that the id stands
};
[[nodiscard]] std::vector<Translated> translate(const Definition& definition, Family family, const InetdStyle& style,
                                                Names& names);

/// All definitions of all files: gives tcp beside tcp6 the peers that are left, and every entry an id of its own.
[[nodiscard]] std::vector<Entry> translate_all(const std::vector<Definition>& definitions, const InetdStyle& style,
                                               Names& names);

}  // namespace xsuperd::config::inetd
