// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "xsuperd/config/diagnostic.hpp"
#include "xsuperd/config/names.hpp"
#include "xsuperd/config/parser.hpp"

/// The files of inetd, a service a line, as the manuals inetd(8) of OpenBSD, FreeBSD, NetBSD, inetutils and Debian have
/// them (facts B11). The reader turns each line into the entry that one would write for it in xinetd.conf: a list of
/// attributes, which goes the same way from there on. It gives no attribute a meaning of its own.
namespace xsuperd::config {

/// What is not in the file but affects what its lines mean.
struct InetdStyle {
  bool wraps = false;           ///< hosts.allow and hosts.deny are asked for programs that stand without tcpd, too
  bool wraps_internal = false;  ///< and for internal services
  bool replaces_tcpd = true;    ///< we ask libwrap ourselves where a line has tcpd do it
  std::string address;          ///< where lines without an address listen: what a line "ADDRESS:" on top would say
  bool off_lines = false;       ///< lines that Debian's update-inetd has turned off, "#<off>#", are disabled entries
};

/// The contents of a file.
struct InetdText {
  std::string file;
  std::string text;
};

/// Parses `text`, the contents of `file`. Each line yields an entry of kind service, or several where it names several
/// addresses. A line that cannot be honoured in full yields a broken entry after its fault was reported, so that its
/// name is known; a definition of NetBSD that is `off` yields a disabled one. Asks `names` for users whose names have
/// dots and for the addresses of host names, so it may block. Never fails, whatever the bytes.
[[nodiscard]] ParsedFile parse_inetd(std::string_view text, const std::string& file, const InetdStyle& style,
                                     Names& names, Diagnostics& diagnostics);
/// Several files as one configuration: no two of their entries have one id.
[[nodiscard]] ParsedFile parse_inetd(const std::vector<InetdText>& texts, const InetdStyle& style, Names& names,
                                     Diagnostics& diagnostics);

}  // namespace xsuperd::config
