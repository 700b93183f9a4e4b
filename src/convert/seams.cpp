// SPDX-License-Identifier: MIT
#include "convert/seams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "xsuperd/base/text.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::convert {

namespace {
/// Numbers that no machine is likely to have given.
constexpr std::uint32_t first_invented = 0x7000'0000;

bool is_number(const std::string& name) { return base::parse_number(name).has_value(); }
}  // namespace

base::Result<std::string> StagedFiles::read(const std::string& path) {
  if (const auto staged = texts.find(path); staged != texts.end()) return staged->second;
  if (!behind_) return base::system_error(ENOENT, "open( " + path + " ) failed");
  auto text = behind_->read(path);
  if (!text) return text;
  return texts[path] = revise ? revise(*text, path) : *text;
}

base::Result<std::vector<std::string>> StagedFiles::list(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& [file, text] : texts)
    if (file.starts_with(path + "/")) names.push_back(file.substr(path.size() + 1));
  if (!names.empty() || !behind_) return names;
  return behind_->list(path);
}

base::Result<config::Files::Kind> StagedFiles::kind(const std::string& path) {
  if (texts.contains(path)) return Kind::regular;
  const auto there = behind_ ? behind_->kind(path) : Kind::regular;
  if (!there && !programs_exist) return there;
  return there ? *there : Kind::regular;
}

base::Result<config::Files::Status> StagedFiles::status(const std::string& path) {
  if (programs_exist || !behind_ || texts.contains(path)) return Status{};
  return behind_->status(path);
}

bool StagedFiles::executable(const std::string& path) { return programs_exist || !behind_ || behind_->executable(path); }

base::Result<std::string> WatchedFiles::read(const std::string& path) {
  constexpr unsigned readable_for_all = 04;
  auto text = real_.read(path);
  const auto status = real_.status(path);
  if (text && status && (status->mode & readable_for_all) == 0 && secret_.empty()) secret_ = path;
  return text;
}

std::uint32_t AssumedNames::invented(char kind, const std::string& name) {
  return invented_.try_emplace({kind, name}, first_invented + static_cast<std::uint32_t>(invented_.size()))
      .first->second;
}

std::optional<config::Names::UserEntry> AssumedNames::user(const std::string& name) {
  if (auto real = real_.user(name)) return real;
  if (name.find('.') != std::string::npos || is_number(name)) return std::nullopt;
  const std::uint32_t number = invented('u', name);
  return UserEntry{name, number, number};
}

std::optional<config::Names::UserEntry> AssumedNames::user(uid_t uid) {
  if (auto real = real_.user(uid)) return real;
  for (const auto& [key, number] : invented_)
    if (key.first == 'u' && number == uid) return UserEntry{key.second, uid, uid};
  return std::nullopt;
}

std::optional<gid_t> AssumedNames::group(const std::string& name) {
  if (auto real = real_.group(name)) return real;
  if (is_number(name)) return std::nullopt;
  return invented('g', name);
}

std::vector<gid_t> AssumedNames::groups_of(const std::string& user, gid_t gid) {
  return real_.user(user) ? real_.groups_of(user, gid) : std::vector<gid_t>{gid};
}

std::optional<std::uint16_t> AssumedNames::service_port(const std::string& name, const std::string& protocol) {
  if (auto real = real_.service_port(name, protocol)) return real;
  if (!options_.ports) return std::nullopt;
  return static_cast<std::uint16_t>(0xffff - (invented('p', name) - first_invented) % 0x3fff);
}

std::vector<base::Address> AssumedNames::host(const std::string& name) {
  auto real = real_.host(name);
  if (real.empty() && options_.hosts) real.push_back(base::Address::ipv4(0xc000'0201));  // of RFC 5737
  return real;
}

void AssumedNames::assume_variable(const std::string& name) {
  if (!environment_) environment_ = real_.environment();
  environment_->push_back(name + "=");
}

std::optional<std::uint32_t> AssumedNames::rpc_number(const std::string& name) {
  if (auto real = real_.rpc_number(name)) return real;
  return options_.ports ? std::optional(invented('r', name)) : std::nullopt;
}

std::map<std::string, std::string> refused_entries(const std::vector<File>& entries, config::Files* files,
                                                   config::Names& names) {
  constexpr char main_file[] = "/converted.conf";
  constexpr char directory[] = "/converted";
  StagedFiles staged(files);
  staged.programs_exist = files == nullptr;
  staged.texts[main_file] = fmt::format("includedir {}\n", directory);
  for (const File& one : entries) staged.texts[fmt::format("{}/{}", directory, one.name)] = one.text;
  const config::Loaded loaded = config::load(staged, names, main_file);
  std::map<std::string, std::string> refused;
  const auto add = [&](const config::Place& place, const std::string& why) {
    for (const File& one : entries)
      if (place.file == fmt::format("{}/{}", directory, one.name)) refused.try_emplace(one.name, why);
  };
  for (const config::Diagnostic& one : loaded.diagnostics.all())
    if (one.level <= config::Level::error) add(one.place, one.sentence);
  if (!loaded.config) return refused;
  for (const config::Absent& one : loaded.config->absent)
    if (one.fate == config::Fate::refused) add(one.place, "the daemon would refuse it");
  return refused;
}

}  // namespace xsuperd::convert
