// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "convert/comments.hpp"
#include "convert/entry_text.hpp"
#include "convert/report.hpp"
#include "convert/seams.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::convert {

namespace {

using config::Entry;
using config::Place;

/// Where the result stands while the loader compares it with the input.
constexpr char staged_main[] = "/converted.conf";
constexpr char staged_directory[] = "/converted";
constexpr char left_over[] = "README.inetd";

/// What an entry of xinetd's says cannot be a socket for each family: it has one for both (decision B15.33).
void have_one_socket(config::Service& service) {
  if (service.of_inetd && service.also.size() == 1 && !service.settings.bind) {
    service.listen = service.also[0];
    service.listen.v6only = false;
    service.listen.fallback_to_ipv4 = true;
    service.also.clear();
  }
  service.of_inetd = service.listen.beside = false;
}

bool same(config::Service a, config::Service b) {
  a.place = b.place = {};
  have_one_socket(a);
  have_one_socket(b);
  return a == b;
}

/// One service to write.
struct Written {
  Entry entry;
  std::vector<std::string> comments;
  std::string file;
};

class InetdConverter {
 public:
  InetdConverter(const std::vector<Source>& sources, config::Names& names, config::Files* files)
      : sources_(sources), real_names_(names), names_(names, {.ports = true, .hosts = false}), files_(files) {}

  Conversion run() {
    read();
    for (const Entry& entry : entries_) place(entry);
    compare();
    check_here();
    Conversion result;
    for (const Written& one : written_) result.files.push_back({one.file, entry_text(one.entry, one.comments)});
    if (std::string text = left_text(); !text.empty()) result.files.push_back({left_over, std::move(text)});
    result.findings = report_.findings();
    return result;
  }

 private:
  void read();
  void place(const Entry& entry);
  void keep_line(const Entry& entry);
  void compare();
  void check_here();
  void disable(Written& one, const config::Diagnostics& why, const Place& line);
  [[nodiscard]] std::string left_text() const;
  [[nodiscard]] config::Loaded load_input();
  [[nodiscard]] config::Loaded load_result();
  [[nodiscard]] const Entry* entry_at(const Place& place) const;
  [[nodiscard]] bool is_off(const Place& place) const;

  const std::vector<Source>& sources_;
  config::Names& real_names_;
  AssumedNames names_;
  config::Files* files_;
  Report report_;
  std::vector<Entry> entries_;
  std::map<std::string, std::set<int>> starts_;  ///< by file: lines on which services begin
  std::map<std::string, Comments> comments_;
  std::vector<Written> written_;
  std::set<std::pair<std::string, int>> lost_;  ///< lines whose services are not written
  FileNames file_names_;
};

/// The service that begins in that line.
const Entry* InetdConverter::entry_at(const Place& place) const {
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) {
    return e.place.file == place.file && e.place.line == place.line;
  });
  return at == entries_.end() ? nullptr : &*at;
}

/// Has update-inetd turned it off?
bool InetdConverter::is_off(const Place& place) const {
  const Entry* entry = entry_at(place);
  return entry && base::trim(entry->line_text).starts_with("#");
}

void InetdConverter::read() {
  config::Diagnostics diagnostics;
  std::vector<config::InetdText> texts;
  for (const Source& one : sources_) texts.push_back({one.file, one.text});
  config::InetdStyle style;
  style.off_lines = true;
  entries_ = config::parse_inetd(texts, style, names_, diagnostics).entries;
  for (const Entry& entry : entries_) starts_[entry.place.file].insert(entry.place.line);
  for (const Source& one : sources_) comments_[one.file] = comments_of(one.text, starts_[one.file]);
  for (const config::Diagnostic& one : diagnostics.all()) {
    const bool off = is_off(one.place);
    if (off && entry_at(one.place)->state == Entry::State::broken)
      report_.note(one.place, fmt::format("this commented-out line is kept as it is: {}", one.sentence));
    else if (off || one.level == config::Level::info)
      report_.note(one.place, one.sentence);
    else
      report_.take(one);
  }
}

/// A line without a file is kept as it was.
void InetdConverter::keep_line(const Entry& entry) {
  const auto source =
      std::find_if(sources_.begin(), sources_.end(), [&](const Source& s) { return s.file == entry.place.file; });
  Comments& comments = comments_[entry.place.file];
  int number = entry.place.line;
  auto lines = lines_of_service(source->text, starts_[source->file], number);
  const auto inside = [&](const std::string& comment) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const auto& line) { return line.second.find(comment) != std::string::npos; });
  };
  std::string above;
  for (const std::string& comment : comments.of[number])
    if (!inside(comment)) above += comment + "\n\t";
  if (!lines.empty()) lines.begin()->second.insert(0, above);
  comments.left.merge(lines);
  lost_.emplace(entry.place.file, number);
}

void InetdConverter::place(const Entry& entry) {
  if (entry.state == Entry::State::broken) return keep_line(entry);
  if (!reads_back(entry)) {
    report_.loss(entry.place,
                 fmt::format("service {} is not written: one of its arguments is empty or has a blank in it, "
                             "which xinetd's syntax cannot express",
                             entry.name));
    return keep_line(entry);
  }
  Written one{entry, comments_[entry.place.file].of[entry.place.line], {}};
  one.comments.push_back(comment_line(fmt::format("Converted from {}, line {}.", entry.place.file, entry.place.line)));
  std::string id = entry.name;
  for (const config::Assignment& a : entry.assignments)
    if (a.name == "id") id = a.values[0].text;
  // A dot would hide the file from includedir.
  one.file = file_names_.give(id, "_-+", '-');
  written_.push_back(std::move(one));
}

config::Loaded InetdConverter::load_input() {
  StagedFiles files;
  config::Sources sources;
  for (const Source& one : sources_) {
    files.texts[one.file] = one.text;
    sources.inetd.push_back(one.file);
  }
  return config::load(files, names_, sources);
}

config::Loaded InetdConverter::load_result() {
  StagedFiles files;
  files.texts[staged_main] = fmt::format("includedir {}\n", staged_directory);
  for (const Written& one : written_)
    files.texts[fmt::format("{}/{}", staged_directory, one.file)] = entry_text(one.entry, {});
  return config::load(files, names_, staged_main);
}

/// What the daemon makes of the result must be what it makes of the input.
void InetdConverter::compare() {
  const config::Loaded before = load_input();
  const config::Loaded after = load_result();
  for (const config::Diagnostic& one : before.diagnostics.all())
    if (!is_off(one.place)) report_.take(one);
  if (!before.config || !after.config) return;
  const auto like = [](const config::Config& in, const config::Service& wanted) {
    return std::any_of(in.services.begin(), in.services.end(), [&](const auto& one) { return same(*one, wanted); });
  };
  const auto disable_at = [&](const Place& place) {
    for (Written& one : written_)
      if (place.file == fmt::format("{}/{}", staged_directory, one.file)) disable(one, before.diagnostics, one.entry.place);
  };
  for (const auto& service : after.config->services)
    if (!like(*before.config, *service)) disable_at(service->place);
  for (const config::Absent& refused : after.config->absent)
    if (refused.fate == config::Fate::refused) disable_at(refused.place);
  for (const auto& service : before.config->services)
    if (!like(*after.config, *service) && !lost_.contains({service->place.file, service->place.line}))
      report_.loss(service->place, fmt::format("service {} does not come out the same", service->id));
}

/// The daemon does not serve that line, for what stands in other lines.
void InetdConverter::disable(Written& one, const config::Diagnostics& why, const Place& line) {
  one.entry.state = Entry::State::disabled;
  std::string reason = "it would not be the same service";
  for (const config::Diagnostic& d : why.all())
    if (d.level <= config::Level::error && d.place.file == line.file && d.place.line == line.line) reason = d.sentence;
  one.comments.push_back(comment_line("Disabled: " + reason + "."));
  report_.loss(line, fmt::format("written disabled: {}", reason));
}

/// What this machine lacks keeps a service from being served, and a reload from passing: names of ports, RPC programs
/// and users, programs.
void InetdConverter::check_here() {
  std::vector<File> entries;
  for (const Written& one : written_) entries.push_back({one.file, entry_text(one.entry, {})});
  const auto refused = refused_entries(entries, files_, real_names_);
  for (Written& one : written_) {
    const auto why = refused.find(one.file);
    if (why == refused.end() || one.entry.state == Entry::State::disabled) continue;
    one.entry.state = Entry::State::disabled;
    one.comments.push_back(comment_line("Disabled: " + why->second + "."));
    report_.loss(one.entry.place, fmt::format("written disabled, as it would be refused here: {}", why->second));
  }
}

std::string InetdConverter::left_text() const {
  std::string text;
  for (const Source& source : sources_) {
    const auto comments = comments_.find(source.file);
    if (comments == comments_.end() || comments->second.left.empty()) continue;
    text += fmt::format("What {} contained besides the services that were converted, with line numbers.\n\n",
                        source.file);
    for (const auto& [number, line] : comments->second.left) text += fmt::format("{}:\t{}\n", number, line);
    text += "\n";
  }
  return text;
}

}  // namespace

Conversion inetd_to_xinetd(const std::vector<Source>& sources, config::Names& names, config::Files* files) {
  return InetdConverter(sources, names, files).run();
}

}  // namespace xsuperd::convert
