// SPDX-License-Identifier: MIT
#include "config/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <set>
#include <utility>

#include "config/inetd_entries.hpp"
#include "config/reading.hpp"

namespace xsuperd::config {

namespace {

/// Deeper than any real configuration; xinetd recurses until it crashes (B12.11).
constexpr std::size_t greatest_depth = 32;
/// Files that include each other could otherwise be read in every order there is.
constexpr std::size_t greatest_count = 20'000;
/// Names that a directory passes over, before the rest of them is only counted.
constexpr std::size_t told_singly = 10;

/// Why a directory passes over the name of a file; empty when it does not (fact B2.35, decision B15.28).
std::string_view passed_over(std::string_view name) {
  if (name.ends_with('~')) return "its name ends in a tilde";
  if (name.find('.') != name.npos) return "its name has a dot";
  return {};
}

bool is_directory(Files& files, const std::string& path) {
  const auto kind = files.kind(path);
  return kind && *kind == Files::Kind::directory;
}

/// Reports what is skipped in one directory.
class PassedOver {
 public:
  PassedOver(Diagnostics& diagnostics, const Entry* at) : diagnostics_(diagnostics), at_(at) {}
  void tell(const std::string& path, std::string_view why) {
    if (++count_ > told_singly) return;
    add(fmt::format("{} is not read: {}", path, why));
  }
  void finish(const std::string& directory) {
    if (count_ > told_singly) add(fmt::format("{} more files in {} are skipped in this way", count_ - told_singly, directory));
  }

 private:
  void add(std::string sentence);
  Diagnostics& diagnostics_;
  const Entry* at_;
  std::size_t count_ = 0;
};

/// About the path that an include line names; null: about the command line.
Diagnostic about(const Entry* at, std::string sentence, Level level) {
  if (!at) return {level, {}, std::move(sentence), {}, 1, {}, {}};
  Diagnostic found{level, at->place, std::move(sentence), at->line_text, 1, {}, {}};
  const std::size_t keyword = at->line_text.find_first_not_of(" \t");
  const std::size_t path = at->line_text.find(at->name, std::min(at->line_text.find_first_of(" \t", keyword), at->line_text.size()));
  if (path == std::string::npos) return found;
  found.place.column = static_cast<int>(path) + 1;
  found.width = static_cast<int>(at->name.size());
  return found;
}

void PassedOver::add(std::string sentence) { diagnostics_.add(about(at_, std::move(sentence), Level::info)); }

class Reader {
 public:
  Reader(Files& files, Diagnostics& diagnostics, Guard& guard, ReadResult& result, Reading& now, const Reading* before)
      : files_(files), diagnostics_(diagnostics), guard_(guard), result_(result), now_(now), before_(before) {}

  void take(std::string text, const std::string& file) {
    guard_.file(file);
    open_.push_back(file);
    // Of a file that is read again each entry is an entry of its own.
    const Reading::File* before = before_ && !now_.file(file) ? before_->file(file) : nullptr;
    const auto known = before ? std::span(before->entries) : std::span<const KnownEntry>();
    ParsedFile parsed = parse(text, file, diagnostics_, known);
    now_.add_file(file, std::move(text));
    if (parsed.unclear) result_.unclear_files.push_back(file);
    for (Entry& entry : parsed.entries) {
      if (entry.kind == Entry::Kind::include)
        include(entry.name, &entry);
      else if (entry.kind == Entry::Kind::includedir)
        include_directory(entry);
      else
        result_.entries.push_back(std::move(entry));
    }
    open_.pop_back();
  }

 private:
  void report(const Entry* at, std::string sentence, Level level = Level::error) {
    diagnostics_.add(about(at, std::move(sentence), level));
  }

  /// It counts as an empty file, which is not what was meant.
  void tell_of_directory(const Entry* at, const std::string& path) {
    Diagnostic found = about(at, fmt::format("{} is a directory; nothing in it is read", path), Level::warning);
    found.suggestion = "'includedir' reads the files in it";
    diagnostics_.add(std::move(found));
    result_.unclear_files.push_back(path);
  }

  void include(const std::string& file, const Entry* at) {
    if (std::find(open_.begin(), open_.end(), file) != open_.end()) {
      if (looping_.insert(file).second) report(at, fmt::format("{} includes itself: it is not read again", file));
      return;
    }
    if (open_.size() >= greatest_depth)
      return report(at, fmt::format("{} is included too deeply: {} files are open already", file, open_.size()));
    if (count_ == greatest_count) return too_many(at, file);
    ++count_;
    auto text = files_.read(file);
    if (!text) result_.unclear_files.push_back(file);
    if (!text)
      return report(at, fmt::format("Unable to open included configuration file: {} ({})", file,
                                    text.error().sentence));
    if (text->empty() && is_directory(files_, file)) return tell_of_directory(at, file);
    report(nullptr, fmt::format("Reading included configuration file: {}", file), Level::debug);
    take(std::move(*text), file);
  }

  void too_many(const Entry* at, const std::string& file) {
    if (std::exchange(told_, true)) return;
    report(at, fmt::format("{} and all further files are not read: {} files have been included", file, count_));
  }

  void include_directory(const Entry& entry) {
    auto names = files_.list(entry.name);
    if (!names) result_.unclear_files.push_back(entry.name + "/");
    if (!names)
      return report(&entry, fmt::format("Unable to read included directory: {} ({})", entry.name,
                                        names.error().sentence));
    guard_.folder(entry.name);
    // Order by bytes (fact B2.35).
    std::sort(names->begin(), names->end(), [](const std::string& a, const std::string& b) {
      return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                          [](unsigned char x, unsigned char y) { return x < y; });
    });
    PassedOver passed(diagnostics_, &entry);
    for (const std::string& name : *names) {
      const std::string path = entry.name + "/" + name;
      if (const auto why = passed_over(name); !why.empty())
        passed.tell(path, why);
      else
        include_found(path, entry, passed);
    }
    passed.finish(entry.name);
  }

  void include_found(const std::string& path, const Entry& entry, PassedOver& passed) {
    const auto kind = files_.kind(path);
    if (!kind && kind.error().code != ENOENT) result_.unclear_files.push_back(path);  // it may be there all the same
    if (!kind)
      report(&entry, fmt::format("Unable to stat includedir file {} ({})", path, kind.error().sentence));
    else if (*kind == Files::Kind::directory)
      passed.tell(path, "it is a directory");
    else if (*kind != Files::Kind::regular)
      report(&entry, fmt::format("{} is not a regular file. It is being skipped.", path));
    else
      include(path, &entry);
  }

  Files& files_;
  Diagnostics& diagnostics_;
  Guard& guard_;
  ReadResult& result_;
  Reading& now_;
  const Reading* before_;
  std::vector<std::string> open_;
  std::set<std::string> looping_;  ///< files for which that was reported
  std::size_t count_ = 0;
  bool told_ = false;
};

}  // namespace

ReadResult read_all(Files& files, const std::string& path, Diagnostics& diagnostics, Guard& guard, Reading& now,
                    const Reading* before) {
  ReadResult result;
  auto text = files.read(path);
  if (!text) {
    diagnostics.add(Level::error, {}, text.error().sentence);
    return result;
  }
  result.main_file_read = true;
  if (text->empty() && is_directory(files, path))
    diagnostics.add(Level::warning, {path, 0, 0}, fmt::format("{} is a directory; nothing in it is read", path));
  Reader(files, diagnostics, guard, result, now, before).take(std::move(*text), path);
  return result;
}

namespace {

/// Readable text of one file, or of every file of a directory in the order of their names.
class InetdFiles {
 public:
  InetdFiles(Files& files, Diagnostics& diagnostics, Guard& guard, ReadResult& result)
      : files_(files), diagnostics_(diagnostics), guard_(guard), result_(result) {}

  void take(const std::string& path, bool required) {
    const auto kind = files_.kind(path);
    if (kind && *kind == Files::Kind::directory) return take_directory(path);
    if (!kind && !required && kind.error().code == ENOENT) return;
    const auto text = files_.read(path);
    if (!text) return failed(path, text.error().sentence);
    result_.main_file_read = true;
    guard_.file(path);
    texts_.emplace_back(path, *text);
  }

  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& texts() const { return texts_; }

 private:
  void failed(std::string path, std::string sentence) {
    diagnostics_.add(Level::error, {}, std::move(sentence));
    result_.unclear_files.push_back(std::move(path));
  }

  void take_directory(const std::string& path) {
    auto names = files_.list(path);
    if (!names) return failed(path + "/", names.error().sentence);
    result_.main_file_read = true;
    guard_.folder(path);
    std::sort(names->begin(), names->end());
    PassedOver passed(diagnostics_, nullptr);
    for (const std::string& name : *names) {
      const std::string file = path + "/" + name;
      const auto kind = files_.kind(file);
      if (name.front() == '.' || name.back() == '~')
        passed.tell(file, name.front() == '.' ? "its name begins with a dot" : "its name ends in a tilde");
      else if (!kind && kind.error().code != ENOENT)
        failed(file, kind.error().sentence);
      else if (kind && *kind == Files::Kind::regular)
        take(file, true);
      else
        passed.tell(file, kind && *kind == Files::Kind::directory ? "it is a directory" : "it is not a regular file");
    }
    passed.finish(path);
  }

  Files& files_;
  Diagnostics& diagnostics_;
  Guard& guard_;
  ReadResult& result_;
  std::vector<std::pair<std::string, std::string>> texts_;
};

}  // namespace

ReadResult read_inetd(Files& files, Names& names, const std::vector<std::string>& paths, bool required,
                      const InetdStyle& style, Diagnostics& diagnostics, Guard& guard) {
  ReadResult result;
  InetdFiles found(files, diagnostics, guard, result);
  for (const std::string& path : paths) found.take(path, required);
  std::vector<inetd::Definition> all;
  for (const auto& [path, text] : found.texts()) {
    inetd::Definitions one = inetd::read_definitions(text, path, style, diagnostics);
    if (one.unclear) result.unclear_files.push_back(path);
    std::move(one.all.begin(), one.all.end(), std::back_inserter(all));
  }
  result.entries = inetd::translate_all(all, style, names);
  return result;
}

}  // namespace xsuperd::config
