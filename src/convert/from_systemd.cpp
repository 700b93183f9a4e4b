// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "convert/entry_text.hpp"
#include "convert/from_units.hpp"
#include "convert/seams.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::convert {

namespace {

constexpr char staged[] = "/converted.conf";

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string{} : path.substr(0, slash + 1);
}

class Converter {
 public:
  Converter(const std::vector<std::string>& paths, config::Files& files, config::Names& names)
      : paths_(paths), files_(files), names_(names, {.ports = true, .hosts = false}) {}

  Conversion run() {
    bool any = false;
    for (const std::string& path : paths_) {
      if (!path.ends_with(".socket")) continue;
      any = true;
      if (auto unit = read(path)) convert(*unit, path);
    }
    if (!any) report_.error({paths_.front(), 0, 0}, "there is no .socket unit among the files");
    for (const std::string& path : paths_)
      if (!path.ends_with(".socket") && !taken_.contains(path))
        report_.note({path, 0, 0}, "no .socket unit among the files starts this unit");
    return {std::move(result_), report_.findings()};
  }

 private:
  std::optional<Unit> read(const std::string& path);
  std::optional<Unit> service_of(Unit& socket, const std::string& path, bool accept);
  void convert(Unit& socket, const std::string& path);
  void write(Draft draft, const std::string& id);
  void check(const Draft& draft);

  const std::vector<std::string>& paths_;
  config::Files& files_;
  AssumedNames names_;
  Report report_;
  FileNames file_names_;
  std::map<std::string, bool> taken_;
  std::vector<File> result_;
};

std::optional<Unit> Converter::read(const std::string& path) {
  const auto text = files_.read(path);
  if (!text) return report_.error({path, 0, 0}, text.error().sentence), std::nullopt;
  Unit unit;
  unit.name = path.substr(directory_of(path).size());
  unit.place = {path, 0, 0};
  unit.add(*text, path, report_);
  auto drop_ins = files_.list(path + ".d");
  if (!drop_ins) return unit;
  std::sort(drop_ins->begin(), drop_ins->end());
  for (const std::string& name : *drop_ins) {
    if (!name.ends_with(".conf")) continue;
    const std::string file = fmt::format("{}.d/{}", path, name);
    if (const auto more = files_.read(file))
      unit.add(*more, file, report_);
    else
      report_.error({file, 0, 0}, more.error().sentence);
  }
  return unit;
}

/// The unit that the socket starts: among the files, or beside it.
std::optional<Unit> Converter::service_of(Unit& socket, const std::string& path, bool accept) {
  std::string name = socket.prefix() + (accept ? "@.service" : ".service");
  if (const Directive* given = socket.last("Socket", "Service")) name = given->value;
  std::string found = directory_of(path) + name;
  for (const std::string& other : paths_)
    if (other.substr(directory_of(other).size()) == name) found = other;
  taken_[found] = true;
  return read(found);
}

void Converter::convert(Unit& socket, const std::string& path) {
  const bool accept = accepts(socket, report_);
  const std::vector<Listening> all = listening(socket, report_);
  auto service = service_of(socket, path, accept);
  for (Unit* unit : {&socket, service ? &*service : nullptr}) {
    if (!unit) continue;
    for (const char* key : {"Description", "Documentation", "DefaultDependencies"}) unit->pass_over("Unit", key);
    unit->pass_over("Install");
  }
  for (const Listening& at : all) {
    Draft draft;
    draft.entry.name = socket.prefix();
    draft.entry.place = at.from->place;
    draft.comments.push_back(
        comment_line(fmt::format("Converted from {}, line {}.", at.from->place.file, at.from->place.line)));
    const auto relay = service && !accept ? relay_of(*service) : std::nullopt;
    if (relay) take_relay(*service, *relay, draft, report_);
    take_socket(socket, at, accept || relay, draft, report_);
    if (service && !relay) take_service(*service, accept, draft, report_);
    if (!service) draft.unfit.push_back("the unit that the socket starts could not be read");
    if (!accept && !relay && all.size() > 1) {
      draft.unfit.push_back("its server wants all sockets of the unit at once");
      report_.loss(at.from->place, "a server without Accept=yes gets one socket here: the entry is written disabled");
    }
    write(std::move(draft), socket.prefix());
  }
  report_unused(socket, report_);
  if (service) report_unused(*service, report_);
}

void Converter::write(Draft draft, const std::string& id) {
  const std::string name = file_names_.give(id, "_-+", '-');
  if (name != draft.entry.name) draft.set("id", {name}, nullptr);
  if (!draft.unfit.empty()) draft.entry.state = config::Entry::State::disabled;
  for (const std::string& why : draft.unfit) draft.comments.push_back(comment_line("Disabled: " + why + "."));
  if (!reads_back(draft.entry))
    return report_.loss(draft.entry.place, "no entry is written: a value is empty or has a blank in it");
  if (draft.unfit.empty()) check(draft);
  result_.push_back({name, entry_text(draft.entry, draft.comments)});
}

/// The daemon must take the entry.
void Converter::check(const Draft& draft) {
  StagedFiles files;
  files.texts[staged] = entry_text(draft.entry, {});
  const config::Loaded loaded = config::load(files, names_, staged);
  for (const config::Diagnostic& one : loaded.diagnostics.all()) {
    if (one.level > config::Level::error) continue;
    report_.error(draft.entry.place, fmt::format("the entry made of it would be refused: {}", one.sentence));
  }
}

}  // namespace

Conversion systemd_to_xinetd(const std::vector<std::string>& paths, config::Files& files, config::Names& names) {
  return Converter(paths, files, names).run();
}

}  // namespace xsuperd::convert
