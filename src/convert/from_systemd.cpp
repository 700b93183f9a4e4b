// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "convert/directives.hpp"
#include "convert/entry_text.hpp"
#include "convert/from_units.hpp"
#include "convert/seams.hpp"
#include "convert/unit_search.hpp"

namespace xsuperd::convert {

namespace {

/// One entry on its way.
struct Pending {
  Draft draft;
  File file;
};

class Converter {
 public:
  Converter(const std::vector<std::string>& paths, config::Files& files, config::Names& names)
      : paths_(paths), files_(files), names_(names) {}

  Conversion run() {
    bool any = false;
    for (const std::string& path : paths_) {
      if (!path.ends_with(".socket")) continue;
      any = true;
      convert(path);
    }
    if (!any) report_.error({paths_.front(), 0, 0}, "there is no .socket unit among the files");
    for (const std::string& path : paths_)
      if (!path.ends_with(".socket") && !taken_.contains(path))
        report_.note({path, 0, 0}, "no .socket unit among the files starts this unit");
    check();
    std::vector<File> result;
    for (Pending& one : pending_) result.push_back(std::move(one.file));
    return {std::move(result), report_.findings()};
  }

 private:
  void convert(const std::string& path);
  std::optional<Unit> service_of(Unit& socket, const std::string& path, bool accept);
  Draft draft_of(Unit& socket, Unit* service, const Sockets& at, Way way);
  void write(Draft draft, const std::string& id);
  void check();
  void disable(Pending& one, std::string why);

  const std::vector<std::string>& paths_;
  config::Files& files_;
  config::Names& names_;
  Report report_;
  FileNames file_names_;
  std::map<std::string, bool> taken_;
  std::vector<Pending> pending_;
};

/// The unit that the socket starts: among the files, or where systemd would find it.
std::optional<Unit> Converter::service_of(Unit& socket, const std::string& path, bool accept) {
  const std::string instance = socket.instance();
  std::string name = socket.prefix();
  if (accept)
    name += "@";
  else if (socket.name.find('@') != std::string::npos)
    name += "@" + instance;
  name += ".service";
  if (const Directive* given = socket.last("Socket", "Service")) name = resolved(socket, given->value).value_or(name);
  std::string found = find_unit(files_, path, name);
  for (const std::string& other : paths_)
    if (other.substr(directory_of(other).size()) == name) found = other;
  taken_[found] = true;
  return read_unit(files_, found, report_);
}

Draft Converter::draft_of(Unit& socket, Unit* service, const Sockets& at, Way way) {
  Draft draft;
  draft.entry.name = socket.prefix();
  draft.entry.place = at.all[0].from->place;
  draft.comments.push_back(
      comment_line(fmt::format("Converted from {}, line {}.", draft.entry.place.file, draft.entry.place.line)));
  const auto relay = way == Way::relays ? relay_of(*service) : std::nullopt;
  if (relay) take_relay(*service, *relay, draft, report_);
  take_socket(socket, at, way, files_, draft, report_);
  take_rate(socket, relay ? nullptr : service, way, draft, report_);
  // What a relay sends of its own is not what its peers send.
  take_access(socket, relay ? nullptr : service, at, way, draft, report_);
  if (service && !relay) {
    take_service(*service, way == Way::accepts, files_, draft, report_);
    take_confinement(*service, names_, draft, report_);
    take_protection(*service, files_, draft, report_);
  }
  if (!service) draft.unfit.push_back("the unit that the socket starts could not be read");
  for (Unit* unit : {&socket, service})
    if (unit) take_conditions(*unit, files_, draft, report_);
  return draft;
}

void Converter::convert(const std::string& path) {
  const std::size_t errors = report_.errors().size();
  auto socket = read_unit(files_, path, report_);
  if (!socket) return;
  const bool accept = accepts(*socket, report_);
  const std::vector<Sockets> all = listening(*socket, report_);
  auto service = service_of(*socket, path, accept);
  for (Unit* unit : {&*socket, service ? &*service : nullptr}) {
    if (!unit) continue;
    for (const char* key : {"Description", "Documentation", "DefaultDependencies"}) unit->pass_over("Unit", key);
    unit->pass_over("Install");
  }
  const bool relays = service && !accept && relay_of(*service);
  const Way way = accept ? Way::accepts : relays ? Way::relays : Way::waits;
  std::vector<Draft> drafts;
  for (const Sockets& at : all) {
    drafts.push_back(draft_of(*socket, service ? &*service : nullptr, at, way));
    if (way != Way::waits || (all.size() == 1 && at.all.size() == 1)) continue;
    drafts.back().unfit.push_back("its server needs all sockets of the unit at once");
    report_.loss(drafts.back().entry.place, "a server without Accept=yes gets one socket here: the entry is written disabled");
  }
  std::vector<std::string> unfit = report_unused(*socket, report_);
  for (std::string& why : service ? report_unused(*service, report_) : std::vector<std::string>{})
    unfit.push_back(std::move(why));
  // What was not understood may have protected something.
  for (std::size_t i = errors; i < report_.errors().size(); ++i) unfit.push_back(report_.errors()[i]);
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    drafts[i].unfit.insert(drafts[i].unfit.end(), unfit.begin(), unfit.end());
    const bool same_type = i == 0 || all[i].type == all[i - 1].type;
    write(std::move(drafts[i]), same_type ? socket->prefix() : fmt::format("{}-{}", socket->prefix(), type_word(all[i].type)));
  }
}

void Converter::write(Draft draft, const std::string& id) {
  const std::string name = file_names_.give(id, "_-+", '-');
  if (name != draft.entry.name) draft.set("id", {name}, nullptr);
  if (!draft.unfit.empty()) draft.entry.state = config::Entry::State::disabled;
  std::vector<std::string> said;
  for (const std::string& why : draft.unfit) {
    if (std::find(said.begin(), said.end(), why) != said.end()) continue;
    draft.comments.push_back(comment_line("Disabled: " + why + "."));
    said.push_back(why);
  }
  if (!reads_back(draft.entry))
    return report_.loss(draft.entry.place, "no entry is written: a value is empty or has a blank in it");
  std::string text = entry_text(draft.entry, draft.comments);
  pending_.push_back({std::move(draft), {name, std::move(text)}});
}

void Converter::disable(Pending& one, std::string why) {
  one.draft.entry.state = config::Entry::State::disabled;
  one.draft.comments.push_back(comment_line("Disabled: " + why + "."));
  one.file.text = entry_text(one.draft.entry, one.draft.comments);
}

/// The daemon must take the entries: by their own words, and on this machine.
void Converter::check() {
  AssumedNames assumed(names_, {.ports = true, .hosts = false});
  for (const bool here : {false, true}) {
    std::vector<File> files;
    for (const Pending& one : pending_) files.push_back(one.file);
    const auto refused =
        here ? refused_entries(files, &files_, names_) : refused_entries(files, nullptr, assumed);
    for (Pending& one : pending_) {
      const auto why = refused.find(one.file.name);
      if (why == refused.end()) continue;
      const config::Place& place = one.draft.entry.place;
      if (here)
        report_.loss(place, fmt::format("written disabled, as it would be refused here: {}", why->second));
      else
        report_.error(place, fmt::format("the entry made of it would be refused: {}", why->second));
      disable(one, why->second);
    }
  }
}

}  // namespace

Conversion systemd_to_xinetd(const std::vector<std::string>& paths, config::Files& files, config::Names& names) {
  return Converter(paths, files, names).run();
}

}  // namespace xsuperd::convert
