// SPDX-License-Identifier: MIT
// What has to be mounted for a mould, and in which order. Pure. Internal to box.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "xsuperd/box/mould.hpp"

namespace xsuperd::box {

/// One thing to do to the root of a mould.
struct Step {
  enum class Kind : std::uint8_t {
    tree,          ///< the host's, read only, if it has one; a symbolic link as such
    read_only,     ///< the host's, read only
    read_write,    ///< the host's, writable
    inaccessible,  ///< covered by something empty, if it is there
    devices,       ///< a /dev with what needs no hardware
    place,         ///< an empty directory, where each box mounts something of its own
    tmp_link,      ///< leads to /tmp
  };
  Kind kind = Kind::tree;
  std::string path;
  bool operator==(const Step&) const = default;
};

/// What each box of a mould mounts for itself; /proc is left to a process in its process namespace.
struct OwnMounts {
  bool tmp = false;
  bool var_tmp = false;  ///< as the same directory
  bool operator==(const OwnMounts&) const = default;
};

struct Layout {
  std::vector<Step> steps;  ///< a directory comes before what is in it
  OwnMounts own;
};
[[nodiscard]] Layout layout_of(const Mould& mould);

}  // namespace xsuperd::box
