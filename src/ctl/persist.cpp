// SPDX-License-Identifier: MIT
#include "ctl/persist.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "xsuperd/base/fd.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::ctl {

namespace {

/// One line of the file: where it begins, and how long it is without its line end.
struct FileLine {
  std::size_t at = 0;
  std::string_view text;
  [[nodiscard]] bool counts() const {
    const auto trimmed = base::trim(text);
    return !trimmed.empty() && trimmed.front() != '#';
  }
};

std::vector<FileLine> lines_of(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  std::vector<FileLine> lines;
  for (std::size_t at = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back({at, text.substr(at, end - at)});
    at = end + 1;
  }
  return lines;
}

/// The name at the beginning of an attribute line.
std::string_view attribute_of(std::string_view line) {
  const std::string_view trimmed = base::trim(line);
  std::size_t end = 0;
  while (end < trimmed.size() && !base::is_space(trimmed[end]) && trimmed[end] != '=') ++end;
  return trimmed.substr(0, end);
}

/// The only value of a line "NAME = VALUE", before a comment; nothing for any other line.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name = "disable") {
  if (!base::iequals(attribute_of(line), name)) return std::nullopt;
  const std::size_t equals = line.find('=');
  if (equals == line.npos || line[equals - 1] == '+' || line[equals - 1] == '-') return std::nullopt;
  const auto words = base::split_words(base::trim(line.substr(equals + 1)));
  const bool one = words.size() == 1 || (words.size() > 1 && words[1].starts_with('#'));
  return one ? std::optional(words[0]) : std::nullopt;
}

/// "\tdisable         = yes": the name and the rest, with blanks and equals sign where `like` has them.
std::string new_line(std::string_view like, std::string_view attribute, std::string_view rest) {
  const std::string plain = fmt::format("\t{} {}", attribute, rest);
  const std::size_t indent = like.find_first_not_of(" \t");
  const std::size_t equals = like.find('=');
  if (indent == like.npos || equals == like.npos) return plain;
  const std::string_view name = attribute_of(like);
  std::string_view between = like.substr(indent + name.size(), equals - indent - name.size());
  if (between.ends_with('+') || between.ends_with('-')) between.remove_suffix(1);
  if (between.find_first_not_of(" \t") != between.npos) return plain;
  const bool tabs = between.find('\t') != between.npos;
  const std::size_t width = std::max(name.size() + between.size(), attribute.size() + 1);
  const std::string blanks = tabs ? std::string(between) : std::string(width - attribute.size(), ' ');
  return fmt::format("{}{}{}{}", like.substr(0, indent), attribute, blanks, rest);
}

struct Entry {
  std::vector<FileLine> body;      ///< between the braces; all lines
  std::size_t inside = 0;      ///< where the first of them begins
};

/// The entry that begins on lines[first], or why there is none.
base::Result<Entry> entry_at(const std::vector<FileLine>& lines, std::size_t first, std::string_view name) {
  const auto words = first < lines.size() ? base::split_words(base::trim(lines[first].text)) : std::vector<std::string_view>{};
  if (words.size() < 2 || !base::iequals(words[0], "service") || !base::iequals(words[1], name))
    return base::Error{0, fmt::format("service {} is no longer there; reload first", name)};
  std::size_t at = first + 1;
  while (at < lines.size() && !lines[at].counts()) ++at;
  if (at >= lines.size() || base::trim(lines[at].text) != "{") return base::Error{0, "the entry has no opening brace"};
  Entry entry;
  while (++at < lines.size() && base::trim(lines[at].text) != "}") entry.body.push_back(lines[at]);
  if (at >= lines.size()) return base::Error{0, "the entry has no closing brace"};
  entry.inside = entry.body.empty() ? lines[at].at : entry.body.front().at;
  return entry;
}

/// Entries of one name are told apart by their ids.
bool has_id(const Entry& entry, std::string_view name, std::string_view id) {
  for (const FileLine& one : entry.body)
    if (one.counts())
      if (const auto value = value_of(one.text, "id")) return base::iequals(*value, id);
  return base::iequals(name, id);
}

/// Since the daemon has read the file, lines may have moved: then it is the only entry of that name and id.
std::size_t moved_to(const std::vector<FileLine>& lines, std::size_t first, std::string_view name, std::string_view id) {
  const auto there = entry_at(lines, first, name);
  if (there && has_id(*there, name, id)) return first;
  std::vector<std::size_t> found;
  for (std::size_t at = 0; at < lines.size(); ++at)
    if (const auto entry = entry_at(lines, at, name); entry && has_id(*entry, name, id)) found.push_back(at);
  return found.size() == 1 ? found[0] : first;
}

/// The entry that is meant, wherever it is by now.
base::Result<Entry> entry_of(const std::vector<FileLine>& lines, int line, std::string_view name, std::string_view id) {
  auto entry = entry_at(lines, moved_to(lines, static_cast<std::size_t>(std::max(line, 1)) - 1, name, id), name);
  if (entry && !has_id(*entry, name, id)) return base::Error{0, fmt::format("the entry there is no longer that of {}; reload first", id)};
  return entry;
}

/// As the first line of the entry, laid out like the next one.
void add_first(std::string& text, const Entry& entry, std::string_view attribute, std::string_view rest) {
  std::string_view like;
  for (const FileLine& one : entry.body)
    if (like.empty() && one.counts()) like = one.text;
  const bool carriage_return = like.ends_with('\r');
  text.insert(entry.inside, new_line(like, attribute, rest) + (carriage_return ? "\r\n" : "\n"));
}

/// Without the sign of an operator.
std::string_view attribute_named(std::string_view before_equals) {
  if (before_equals.ends_with('+') || before_equals.ends_with('-')) before_equals.remove_suffix(1);
  return base::trim(before_equals);
}

}  // namespace

base::Result<std::string> with_disable(std::string_view text, int line, std::string_view name, std::string_view id,
                                       bool disable) {
  const auto entry = entry_of(lines_of(text), line, name, id);
  if (!entry) return entry.error();
  std::string result(text);
  const std::string_view wanted = disable ? "yes" : "no";
  bool found = false;
  // From the back, so that what comes before keeps its place.
  for (auto one = entry->body.rbegin(); one != entry->body.rend(); ++one) {
    if (!one->counts()) continue;
    const auto value = value_of(one->text);
    if (!value) {
      if (base::iequals(attribute_of(one->text), "disable"))
        return base::Error{0, fmt::format("its line '{}' is not of the form 'disable = VALUE'", base::escaped(base::trim(one->text), 200))};
      continue;
    }
    found = true;
    if (!base::iequals(*value, wanted))
      result.replace(static_cast<std::size_t>(value->data() - text.data()), value->size(), wanted);
  }
  if (found || !disable) return result;
  add_first(result, *entry, "disable", "= yes");
  return result;
}

base::Result<std::string> with_setting(std::string_view text, int line, std::string_view name, std::string_view id,
                                       std::string_view setting) {
  const auto entry = entry_of(lines_of(text), line, name, id);
  if (!entry) return entry.error();
  const std::size_t equals = setting.find('=');
  if (equals == setting.npos) return base::Error{0, fmt::format("'{}' is not of the form ATTRIBUTE=VALUES", base::escaped(setting, 200))};
  const std::string_view attribute = attribute_named(setting.substr(0, equals));
  const bool whole = attribute.size() == base::trim(setting.substr(0, equals)).size();
  const std::string rest = fmt::format("{} {}", whole ? "=" : setting.substr(equals - 1, 2), fmt::join(base::split_words(setting.substr(equals + 1)), " "));
  std::vector<FileLine> own;
  for (const FileLine& one : entry->body)
    if (one.counts() && base::iequals(attribute_named(attribute_of(one.text)), attribute)) own.push_back(one);
  std::string result(text);
  if (own.empty()) return add_first(result, *entry, attribute, rest), result;
  const std::string made = new_line(own.back().text, attribute, rest) + (own.back().text.ends_with('\r') ? "\r" : "");
  if (!whole) return result.insert(own.back().at + own.back().text.size(), "\n" + made), result;
  for (std::size_t i = own.size(); i-- > 1;) result.erase(own[i].at, own[i].text.size() + 1);
  return result.replace(own[0].at, own[0].text.size(), made), result;
}

base::Result<std::string> read_file(const std::string& path) {
  const base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return base::system_error(errno, path);
  std::string text;
  char buffer[65536];
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::system_error(errno, path);
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

namespace {

base::Result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno != EINTR) return base::system_error(errno, "write");
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

namespace {

using Attributes = std::map<std::string, std::string>;

/// Extended attributes: access lists, security labels and capabilities are among them (xattr(7)). A file system that has
/// none has nothing to keep.
base::Result<Attributes> attributes_of(int fd, const std::string& path) {
  const auto failed = [&path] { return base::system_error(errno, "extended attributes of " + path); };
  constexpr std::size_t most = 65536;  // XATTR_LIST_MAX and XATTR_SIZE_MAX
  std::string names(most, '\0');
  const ssize_t size = ::flistxattr(fd, names.data(), names.size());
  if (size < 0) return errno == ENOTSUP ? base::Result<Attributes>(Attributes{}) : failed();
  names.resize(static_cast<std::size_t>(size));
  Attributes all;
  for (std::size_t at = 0; at < names.size(); at += std::strlen(names.c_str() + at) + 1) {
    const char* name = names.c_str() + at;
    std::string value(most, '\0');
    const ssize_t length = ::fgetxattr(fd, name, value.data(), value.size());
    if (length < 0) return failed();
    value.resize(static_cast<std::size_t>(length));
    all.emplace(name, std::move(value));
  }
  return all;
}

/// Owner and mode before the access list, which is kept in the mode, too. What a new file gets by itself and the old
/// one does not have goes: the folder's default access list, say. Then it is checked that everything is as it was.
base::Result<void> give_facts(int to, const struct stat& status, const Attributes& wanted, const std::string& path) {
  if (::fchown(to, status.st_uid, status.st_gid) != 0 || ::fchmod(to, status.st_mode & 07777) != 0)
    return base::system_error(errno, "owner and mode of " + path + " cannot be preserved");
  auto given = attributes_of(to, path);
  if (!given) return given.error();
  for (const auto& [name, value] : *given)
    if (!wanted.contains(name) && ::fremovexattr(to, name.c_str()) != 0)
      return base::system_error(errno, "removing " + name + " from the new " + path);
  for (const auto& [name, value] : wanted)
    if (const auto has = given->find(name); has == given->end() || has->second != value)
      if (::fsetxattr(to, name.c_str(), value.data(), value.size(), 0) != 0)
        return base::system_error(errno, name + " of " + path + " cannot be preserved");
  struct stat now {};
  given = attributes_of(to, path);
  const bool same = ::fstat(to, &now) == 0 && now.st_uid == status.st_uid && now.st_gid == status.st_gid &&
                    now.st_mode == status.st_mode && given && *given == wanted;
  if (!same) return base::Error{0, "owner, mode or extended attributes of " + path + " cannot be preserved"};
  return {};
}

/// So that a crash leaves the old file or the new one.
base::Result<void> sync_folder(const std::string& file) {
  const std::string folder = file.substr(0, file.rfind('/') + 1);
  const base::Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return base::system_error(errno, file + " is changed, but syncing " + folder);
  return {};
}

}  // namespace

base::Result<void> replace_file(const std::string& path, const std::string& before, const std::string& after) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free);
  if (!real) return base::system_error(errno, path);
  const std::string target = real.get();
  const base::Fd old(::open(target.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  if (!old || ::fstat(old.get(), &status) != 0) return base::system_error(errno, path);
  const auto attributes = attributes_of(old.get(), path);
  if (!attributes) return attributes.error();
  // A name with a dot, which no includedir takes for an entry.
  const std::string fresh = fmt::format("{}.xsuperctl.{}", target, ::getpid());
  const base::Fd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return base::system_error(errno, fresh);
  const auto give_up = [&](base::Error why) {
    ::unlink(fresh.c_str());
    return why;
  };
  if (const auto written = write_all(fd.get(), after); !written) return give_up(written.error());
  // Afterwards: writing takes some of them away, a capability say.
  if (const auto given = give_facts(fd.get(), status, *attributes, path); !given) return give_up(given.error());
  if (::fsync(fd.get()) != 0) return give_up(base::system_error(errno, "fsync " + path));
  const auto now = read_file(target);
  if (!now || *now != before) return give_up({0, path + " was changed by somebody else in the meantime"});
  if (::rename(fresh.c_str(), target.c_str()) != 0) return give_up(base::system_error(errno, "rename " + path));
  return sync_folder(target);
}

}  // namespace xsuperd::ctl
