// SPDX-License-Identifier: MIT
#include "box/layout.hpp"

#include <algorithm>

namespace xsuperd::box {

namespace {

void add(std::vector<Step>& steps, Step::Kind kind, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) steps.push_back({kind, path});
}

/// Does one of the paths show the host's /var/tmp?
bool shows_var_tmp(const std::vector<std::string>& paths) {
  return std::ranges::any_of(paths, [](const std::string& path) { return path == "/var" || path == "/var/tmp"; });
}

}  // namespace

// Sorted by path, a directory comes before what is in it. Of several things with one path the strictest is done last: it
// stays. In a selection the places of a box come from us; elsewhere they are the root's own, or it has none.
Layout layout_of(const Mould& mould) {
  using Kind = Step::Kind;
  const bool selection = mould.root == Mould::Root::selection;
  const bool link = selection && mould.tmp && !shows_var_tmp(mould.read_only) && !shows_var_tmp(mould.read_write);
  Layout layout;
  if (selection) add(layout.steps, Kind::tree, mould.trees);
  add(layout.steps, Kind::read_write, mould.read_write);
  add(layout.steps, Kind::read_only, mould.read_only);
  if (mould.devices) layout.steps.push_back({Kind::devices, "/dev"});
  if (selection && mould.tmp) layout.steps.push_back({Kind::place, "/tmp"});
  if (link) layout.steps.push_back({Kind::tmp_link, "/var/tmp"});
  if (selection && mould.pids) layout.steps.push_back({Kind::place, "/proc"});
  add(layout.steps, Kind::inaccessible, mould.inaccessible);
  std::ranges::stable_sort(layout.steps, {}, &Step::path);
  layout.own = {.tmp = mould.tmp, .var_tmp = mould.tmp && !link};
  return layout;
}

}  // namespace xsuperd::box
