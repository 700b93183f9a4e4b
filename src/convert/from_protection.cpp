// SPDX-License-Identifier: MIT
// Directives of systemd.exec(5) that stand for several things at once. What an attribute takes away may be more, and then it
// is said; it is never less.
#include <fmt/format.h>

#include <algorithm>

#include "convert/from_units.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::convert {

namespace {

using Paths = std::vector<std::string>;

constexpr std::string_view homes[]{"/home", "/root", "/run/user"};

config::Assignment* assignment_of(Draft& draft, std::string_view attribute) {
  const auto found = std::ranges::find(draft.entry.assignments, attribute, &config::Assignment::name);
  return found == draft.entry.assignments.end() ? nullptr : &*found;
}

bool holds(Draft& draft, std::string_view attribute, std::string_view value) {
  const config::Assignment* line = assignment_of(draft, attribute);
  return line && std::ranges::any_of(line->values, [&](const config::Value& one) { return one.text == value; });
}

/// To those that are there.
void add_paths(Draft& draft, const std::string& attribute, const Paths& paths, const Directive& from) {
  config::Assignment* line = assignment_of(draft, attribute);
  if (!line) return paths.empty() ? void() : draft.set(attribute, paths, &from);
  for (const std::string& path : paths)
    if (!holds(draft, attribute, path)) line->values.push_back({path, 0});
}

void set_unless_given(Draft& draft, const std::string& attribute, const Directive& from) {
  if (!draft.has(attribute)) draft.set(attribute, {"yes"}, &from);
}

/// systemd passes over those that are not there, and here a box could not be made.
void add_existing(config::Files& files, std::string_view path, Paths& to) {
  if (const auto kind = files.kind(std::string(path)); kind && *kind == config::Files::Kind::directory) to.emplace_back(path);
}

/// The last line, where it has one of the words; what has another is left for the list of what nobody has understood.
const Directive* one_of(Unit& service, std::string_view key, std::initializer_list<std::string_view> words) {
  const auto all = service.look("Service", key);
  if (all.empty()) return nullptr;
  const std::string& value = all.back()->value;
  const bool known = unit_boolean(value) || std::ranges::find(words, value) != words.end();
  return known ? service.last("Service", key) : nullptr;
}

bool is_yes(const Directive& d) { return unit_boolean(d.value).value_or(false); }

class Protection {
 public:
  Protection(Unit& service, config::Files& files, Draft& draft, Report& report) : service_(service), files_(files), draft_(draft), report_(report) {}

  void take() {
    take_dynamic_user();
    take_private_users();
    take_system();
    take_home();
    take_root();
  }

 private:
  void make_read_only(const Directive& d, std::string_view more = "") {
    add_paths(draft_, "read_only_paths", {"/"}, d);
    report_.note(d.place, fmt::format("{} is read_only_paths = / here{}: /dev, /proc and /sys are read-only, too", quoted(d), more));
  }

  /// It implies much of the rest; RemoveIPC= is no matter where there is nothing to remove.
  void take_dynamic_user() {
    const Directive* d = service_.last("Service", "DynamicUser");
    if (!d || !is_yes(*d)) return;
    for (const char* attribute : {"no_new_privileges", "private_tmp", "private_ipc"}) set_unless_given(draft_, attribute, *d);
    const char* id = draft_.has("dynamic_user") ? "dynamic_user, a user id for each connection, with " : "";
    make_read_only(*d, fmt::format(", and {}no_new_privileges, private_tmp and private_ipc", id));
    if (!draft_.has("read_write_paths")) return;
    const std::string why = fmt::format("{}: it kept servers from making files that are set-user-ID, and in the paths of ReadWritePaths= nothing does", quoted(*d));
    report_.loss(d->place, why + ", so the entry is written disabled");
    draft_.unfit.push_back(why);
  }

  void take_private_users() {
    const Directive* d = one_of(service_, "PrivateUsers", {"self"});
    if (!d || (!is_yes(*d) && d->value != "self")) return;
    draft_.set("user_namespace", {"yes"}, d);
    report_.note(d->place, fmt::format("{} is user_namespace here: root does not exist there, unless it is the server's user", quoted(*d)));
    if (!runs_as_root(draft_)) return;
    set_unless_given(draft_, "dynamic_user", *d);
    report_.note(d->place, fmt::format("{}: root of the namespace is a user id of its own outside (dynamic_user), to whom root's files do not belong", quoted(*d)));
  }

  void take_system() {
    const Directive* d = one_of(service_, "ProtectSystem", {"full", "strict"});
    const bool some = d && (is_yes(*d) || d->value == "full");
    if (!d || (!some && d->value != "strict") || is_read_only()) return;
    if (d->value == "strict" || draft_.has("root_directory")) return make_read_only(*d);
    Paths paths{"/usr"};
    if (d->value == "full") paths.emplace_back("/etc");
    for (const char* path : {"/boot", "/efi"}) add_existing(files_, path, paths);
    add_paths(draft_, "read_only_paths", paths, *d);
    report_.note(d->place, fmt::format("{} is read_only_paths = {} here, of what exists on this machine", quoted(*d), base::join(paths)));
  }

  void take_home() {
    const Directive* d = one_of(service_, "ProtectHome", {"read-only", "tmpfs"});
    if (!d) return;
    if (is_yes(*d) || d->value == "tmpfs") {
      add_paths(draft_, "inaccessible_paths", Paths(std::begin(homes), std::end(homes)), *d);
      const char* more = d->value == "tmpfs" ? ": they cannot be listed either" : "";
      return report_.note(d->place, fmt::format("{} is inaccessible_paths here{}", quoted(*d), more));
    }
    if (d->value == "read-only" && !is_read_only()) make_homes_read_only(*d);
  }

  void take_root() {
    const Directive* d = service_.last("Service", "RootDirectory");
    if (!d || !draft_.has("root_directory")) return;
    const std::string why = fmt::format("{}: whether all that the server needs is in there was not looked at", quoted(*d));
    report_.loss(d->place, why + ", so the entry is written disabled");
    draft_.unfit.push_back(why);
  }

  void make_homes_read_only(const Directive& d) {
    Paths paths;
    for (const std::string_view path : homes) add_existing(files_, path, paths);
    if (draft_.has("root_directory")) return make_read_only(d);
    add_paths(draft_, "read_only_paths", paths, d);
    report_.note(d.place, fmt::format("{} is read_only_paths here, of what exists on this machine", quoted(d)));
  }

  [[nodiscard]] bool is_read_only() const { return holds(draft_, "read_only_paths", "/"); }

  Unit& service_;
  config::Files& files_;
  Draft& draft_;
  Report& report_;
};

}  // namespace

void take_protection(Unit& service, config::Files& files, Draft& draft, Report& report) { Protection(service, files, draft, report).take(); }

}  // namespace xsuperd::convert
