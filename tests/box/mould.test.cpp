// SPDX-License-Identifier: MIT
#include "xsuperd/box/mould.hpp"

#include <catch2/catch.hpp>

#include "box/layout.hpp"

using namespace xsuperd::box;
using Kind = Step::Kind;

namespace {

Mould strict() {
  Mould mould;
  mould.root = Mould::Root::selection;
  mould.trees = {"/etc", "/usr"};
  mould.tmp = mould.devices = mould.pids = true;
  mould.network = mould.ipc = Mould::Own::lent;
  return mould;
}

std::vector<std::string> paths(const Layout& layout, Kind kind) {
  std::vector<std::string> found;
  for (const Step& step : layout.steps)
    if (step.kind == kind) found.push_back(step.path);
  return found;
}

}  // namespace

TEST_CASE("a mould comes back from its bytes as it was") {
  Mould mould = strict();
  mould.root = Mould::Root::directory;
  mould.directory = "/srv/jail";
  mould.directory_read_only = mould.reuse = mould.apart = true;
  mould.read_only = {"/a", "/b c"};
  mould.read_write = {std::string("/with\0nul", 9)};
  mould.inaccessible = {"/"};
  mould.ipc = Mould::Own::fresh;
  CHECK(decode_mould(encode(mould)) == mould);
  CHECK(decode_mould(encode(Mould{})) == Mould{});
}

TEST_CASE("bytes that are no mould give none") {
  const std::string bytes = encode(strict());
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(decode_mould(bytes.substr(0, size)));
  CHECK_FALSE(decode_mould(bytes + "x"));
  std::string wrong = bytes;
  wrong.front() = 7;
  CHECK_FALSE(decode_mould(wrong));
}

TEST_CASE("a box that changes no files needs no mounts") {
  Mould mould;
  mould.network = Mould::Own::lent;
  CHECK_FALSE(mould.has_mounts());
  CHECK(strict().has_mounts());
  mould.pids = true;
  CHECK(mould.has_mounts());  // its /proc
}

TEST_CASE("a directory is laid out before what is in it") {
  Mould mould = strict();
  mould.read_write = {"/srv/a/b"};
  mould.read_only = {"/srv", "/srv/a"};
  mould.inaccessible = {"/etc/secret"};
  const Layout layout = layout_of(mould);
  std::vector<std::string> all;
  for (const Step& step : layout.steps) all.push_back(step.path);
  CHECK(std::ranges::is_sorted(all));
  CHECK(paths(layout, Kind::tree) == std::vector<std::string>{"/etc", "/usr"});
  CHECK(paths(layout, Kind::inaccessible) == std::vector<std::string>{"/etc/secret"});
}

TEST_CASE("of several things with one path the strictest is done last") {
  Mould mould = strict();
  mould.read_write = mould.read_only = mould.inaccessible = {"/srv"};
  const Layout layout = layout_of(mould);
  std::vector<Kind> of_srv;
  for (const Step& step : layout.steps)
    if (step.path == "/srv") of_srv.push_back(step.kind);
  CHECK(of_srv == std::vector{Kind::read_write, Kind::read_only, Kind::inaccessible});
}

TEST_CASE("/var/tmp leads to the private /tmp, or is mounted where the host's would be seen") {
  Mould mould = strict();
  CHECK(paths(layout_of(mould), Kind::tmp_link) == std::vector<std::string>{"/var/tmp"});
  CHECK_FALSE(layout_of(mould).own.var_tmp);
  mould.read_only = {"/var"};
  CHECK(paths(layout_of(mould), Kind::tmp_link).empty());
  CHECK(layout_of(mould).own.var_tmp);
  mould = {};
  mould.tmp = true;
  CHECK(layout_of(mould).own.tmp);
  CHECK(layout_of(mould).own.var_tmp);
  CHECK(layout_of(mould).steps.empty());
}
