// SPDX-License-Identifier: MIT
//
// Runs as root, on paths of the administrator's. Whoever owns a directory on the way can exchange what is below it at any
// time: so a source is looked up once, a target within the new root, and what is mounted goes from descriptor to descriptor.
#include "box/root_maker.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <cerrno>
#include <climits>
#include <map>

#include "box/layout.hpp"
#include "box/mount_calls.hpp"
#include "xsuperd/base/fd.hpp"

namespace xsuperd::box {

namespace {

/// A directory that every system with processes has; what is mounted there is in nobody's sight.
constexpr const char* scaffold = "/proc";

constexpr std::uint64_t private_only = MS_PRIVATE;

struct Failure {
  int error;
  std::string what;
};

void check(bool good, const char* doing, const std::string& what) {
  if (!good) throw Failure{errno, std::string(doing) + ' ' + what};
}

base::Fd opened(int number, const char* doing, const std::string& what) {
  check(number >= 0, doing, what);
  return base::Fd(number);
}

bool is_directory(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

bool same_file(int a, int b) {
  struct stat one {}, other {};
  return ::fstat(a, &one) == 0 && ::fstat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// Then so are the links in it.
bool only_root_writes(int directory) {
  struct stat status {};
  return directory >= 0 && ::fstat(directory, &status) == 0 && status.st_uid == 0 && (status.st_mode & 022) == 0;
}

/// Are all directories on the way to it root's alone?
bool only_root_leads_to(int root, const std::string& path) {
  if (!only_root_writes(root)) return false;
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    const base::Fd at(open_within(root, path.substr(0, end).c_str(), O_PATH | O_DIRECTORY));
    if (!only_root_writes(at.get())) return false;
  }
  return true;
}

/// A copy of the mounts at `path`. Whoever owns a directory on the way could lead us to whatever he likes.
base::Fd tree_of(int root, const std::string& path) {
  const base::Fd found = opened(open_within(root, path.c_str(), O_PATH), "finding", path);
  const base::Fd straight(open_within(root, path.c_str(), O_PATH, false));
  if (!(straight ? same_file(found.get(), straight.get()) : only_root_leads_to(root, path))) throw Failure{ELOOP, "finding " + path};
  return opened(clone_tree(found.get(), ""), "finding", path);
}

class RootMaker {
 public:
  explicit RootMaker(const Mould& mould) : mould_(mould) {}

  void make() {
    check(::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0, "taking apart the mounts of", "the host");
    host_ = opened(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "opening", "/");
    lay_ground();
    const Layout layout = layout_of(mould_);
    for (const Step& step : layout.steps)
      if (step.kind == Step::Kind::read_write && step.path != "/") writable_.emplace(step.path, source(step.path));
    for (const Step& step : layout.steps) take(step);
    if (mould_.root == Mould::Root::selection) protect(root_.get(), false, "/");
    if (mould_.root != Mould::Root::host) move_in();
  }

 private:
  [[nodiscard]] bool selection() const { return mould_.root == Mould::Root::selection; }

  void lay_ground() {
    if (mould_.root == Mould::Root::host) {
      root_ = opened(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "opening", "/");
      return;
    }
    // The host's own /proc is out of the way from here on, in this namespace only.
    if (selection())
      check(::mount("xsuperd", scaffold, "tmpfs", MS_NOSUID, "size=1m,nr_inodes=4k,mode=755") == 0, "mounting", "an empty root");
    else
      mount_directory();
    root_ = opened(::open(scaffold, O_PATH | O_DIRECTORY | O_CLOEXEC), "opening", scaffold);
  }

  void mount_directory() {
    const base::Fd tree = tree_of(host_.get(), mould_.directory);
    if (mould_.directory_read_only) protect(tree.get(), true, mould_.directory);
    const base::Fd place = opened(::open(scaffold, O_PATH | O_DIRECTORY | O_CLOEXEC), "opening", scaffold);
    check(move_to(tree.get(), place.get()) == 0, "mounting", mould_.directory);
  }

  /// What the host mounts there later would come along, and writable: so it does not.
  void protect(int mount, bool recursive, const std::string& path) {
    check(set_attributes(mount, {.set = attr_read_only, .propagation = recursive ? private_only : 0}, recursive) == 0, "making read-only", path);
  }

  void take(const Step& step) {
    switch (step.kind) {
      case Step::Kind::tree: return show_tree(step.path);
      case Step::Kind::read_only: return show(step.path, true);
      case Step::Kind::read_write: return show(step.path, false);
      case Step::Kind::inaccessible: return cover(step.path);
      case Step::Kind::devices: return make_devices();
      case Step::Kind::place: return (void)make_directory(step.path, step.path == "/tmp" ? 01777 : 0555);
      case Step::Kind::tmp_link: return link_to_tmp(step.path);
    }
  }

  /// A host's /bin may be a directory, a link to usr/bin, or missing.
  void show_tree(const std::string& path) {
    const char* name = path.c_str() + 1;
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlinkat(host_.get(), name, target.data(), target.size() - 1);
    if (length > 0) {
      check(::symlinkat(target.data(), root_.get(), name) == 0, "making the link", path);
      return;
    }
    if (::faccessat(host_.get(), name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) return;
    show(path, true, attr_nodev);
  }

  /// What a path shows: in a selection what the host has there, else what the root itself has.
  base::Fd source(const std::string& path) { return tree_of(selection() ? host_.get() : root_.get(), path); }

  /// What is writable was looked up before anything was made read-only: it stays as the host has it.
  void show(const std::string& path, bool read_only, std::uint64_t besides = 0) {
    if (path == "/") return read_only ? protect(root_.get(), true, path) : void();
    const auto kept = writable_.find(path);
    const base::Fd tree = read_only || kept == writable_.end() ? source(path) : std::move(kept->second);
    if (const std::uint64_t set = besides | (read_only ? attr_read_only : 0) | (selection() ? attr_nosuid : 0))
      check(set_attributes(tree.get(), {.set = set, .propagation = read_only ? private_only : 0}, true) == 0, "making read-only", path);
    const base::Fd place = place_for(path, is_directory(tree.get()));
    if (!stays_there(place.get(), tree.get())) throw Failure{ELOOP, "opening " + path};
    check(move_to(tree.get(), place.get()) == 0, "mounting", path);
  }

  /// A place that is not of our own making is the thing itself, as some directory above shows it.
  [[nodiscard]] bool stays_there(int place, int tree) const {
    struct stat at {}, root {};
    if (same_file(place, tree)) return true;
    return selection() && ::fstat(place, &at) == 0 && ::fstat(root_.get(), &root) == 0 && at.st_dev == root.st_dev;
  }

  /// Only an empty root is given places: elsewhere whoever owns a directory on the way would choose where they are made.
  base::Fd place_for(const std::string& path, bool directory) {
    if (const int there = open_within(root_.get(), path.c_str(), O_PATH); there >= 0 || errno != ENOENT || !selection())
      return opened(there, "opening", path);
    if (directory) return make_directory(path, 0755);
    const base::Fd parent = make_directory(path.substr(0, path.rfind('/')), 0755);
    const std::string name = path.substr(path.rfind('/') + 1);
    const base::Fd file = opened(::openat(parent.get(), name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644), "making a place for", path);
    return opened(open_within(root_.get(), path.c_str(), O_PATH), "opening", path);
  }

  /// With all above it; only the last one gets `mode`.
  base::Fd make_directory(const std::string& path, mode_t mode) {
    base::Fd at = opened(::openat(root_.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC), "opening", "/");
    for (std::size_t from = 1; from < path.size();) {
      const std::size_t to = std::min(path.find('/', from), path.size());
      const std::string so_far = path.substr(0, to);
      const std::string name = path.substr(from, to - from);
      const bool made = ::mkdirat(at.get(), name.c_str(), 0755) == 0;
      check(made || errno == EEXIST, "making", so_far);
      at = opened(open_within(root_.get(), so_far.c_str(), O_PATH | O_DIRECTORY), "opening", so_far);
      from = to + 1;
      if (made && from > path.size()) check(::fchmodat(root_.get(), path.c_str() + 1, mode, 0) == 0, "making", path);
    }
    return at;
  }

  /// What is not there need not be covered.
  void cover(const std::string& path) {
    const base::Fd place(open_within(root_.get(), path.c_str(), O_PATH));
    if (!place && (errno == ENOENT || errno == ENOTDIR)) return;
    check(static_cast<bool>(place), "opening", path);
    const base::Fd empty = is_directory(place.get()) ? empty_directory(path) : empty_file(path);
    check(move_to(empty.get(), place.get()) == 0, "covering", path);
  }

  base::Fd new_tmpfs(const char* mode, const std::string& path) {
    const base::Fd context = opened(static_cast<int>(::syscall(sys_fsopen, "tmpfs", 1)), "covering", path);
    constexpr unsigned set_string = 1, create = 6;
    check(::syscall(sys_fsconfig, context.get(), set_string, "size", "64k", 0) == 0, "covering", path);
    check(::syscall(sys_fsconfig, context.get(), set_string, "mode", mode, 0) == 0, "covering", path);
    check(::syscall(sys_fsconfig, context.get(), create, nullptr, nullptr, 0) == 0, "covering", path);
    return opened(static_cast<int>(::syscall(sys_fsmount, context.get(), 1, attr_nosuid)), "covering", path);
  }

  base::Fd empty_directory(const std::string& path) {
    base::Fd mount = new_tmpfs("000", path);
    protect(mount.get(), false, path);
    return mount;
  }

  /// Neither to be read nor written: a device where devices are not to be opened.
  base::Fd empty_file(const std::string& path) {
    base::Fd tree = opened(clone_tree(host_.get(), "dev/null"), "covering", path);
    check(set_attributes(tree.get(), {.set = attr_read_only | attr_nodev}, false) == 0, "covering", path);
    return tree;
  }

  void make_devices() {
    base::Fd directory;
    if (selection()) {
      directory = make_directory("/dev", 0755);
    } else {
      const base::Fd place(open_within(root_.get(), "/dev", O_PATH | O_DIRECTORY));
      if (!place && errno == ENOENT) return;  // a root without /dev has none
      check(static_cast<bool>(place), "opening", "/dev");
      directory = new_tmpfs("755", "/dev");
      check(move_to(directory.get(), place.get()) == 0, "mounting", "/dev");
    }
    fill_devices(directory.get());
    if (!selection()) protect(directory.get(), false, "/dev");
  }

  void fill_devices(int directory) {
    struct Device {
      const char* name;
      unsigned number;
    };
    constexpr Device devices[]{{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};
    for (const auto& [name, number] : devices) {
      const std::string path = std::string("/dev/") + name;
      if (::mknodat(directory, name, S_IFCHR | 0666, ::makedev(1, number)) == 0) {
        check(::fchmodat(directory, name, 0666, 0) == 0, "making", path);
        continue;
      }
      borrow_device(directory, name, path);
    }
    constexpr std::pair<const char*, const char*> links[]{{"/proc/self/fd", "fd"}, {"/proc/self/fd/0", "stdin"}, {"/proc/self/fd/1", "stdout"}, {"/proc/self/fd/2", "stderr"}, {"/tmp", "shm"}};
    for (const auto& [to, name] : links) check(::symlinkat(to, directory, name) == 0, "making the link", std::string("/dev/") + name);
  }

  /// In a container device files can often not be made.
  void borrow_device(int directory, const char* name, const std::string& path) {
    const base::Fd tree = opened(clone_tree(host_.get(), path.c_str() + 1), "finding", path);
    { const base::Fd file = opened(::openat(directory, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666), "making", path); }
    const base::Fd place = opened(::openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), "opening", path);
    check(move_to(tree.get(), place.get()) == 0, "mounting", path);
  }

  void link_to_tmp(const std::string& path) {
    if (const base::Fd there(open_within(root_.get(), path.c_str(), O_PATH | O_NOFOLLOW)); there) return;
    const base::Fd parent = make_directory(path.substr(0, path.rfind('/')), 0755);
    check(::symlinkat("/tmp", parent.get(), path.c_str() + path.rfind('/') + 1) == 0, "making the link", path);
  }

  /// The host's mounts go away: nothing in the namespace leads to them.
  void move_in() {
    check(::fchdir(root_.get()) == 0, "entering", "the root of the box");
    check(::syscall(SYS_pivot_root, ".", ".") == 0, "changing to", "the root of the box");
    check(::umount2(".", MNT_DETACH) == 0, "leaving", "the host's root");
    check(::chdir("/") == 0, "entering", "the root of the box");
  }

  const Mould& mould_;
  base::Fd host_;
  base::Fd root_;
  std::map<std::string, base::Fd> writable_;
};

}  // namespace

RootTrouble make_root(const Mould& mould) {
  try {
    RootMaker(mould).make();
    return {};
  } catch (const Failure& failure) {
    return {failure.error == 0 ? EIO : failure.error, failure.what};
  }
}

}  // namespace xsuperd::box
