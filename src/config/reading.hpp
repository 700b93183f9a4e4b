// SPDX-License-Identifier: MIT
// What one load has read and asked, for the next one. Internal to config.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/once.hpp"
#include "xsuperd/config/model.hpp"
#include "xsuperd/config/parser.hpp"

namespace xsuperd::config {

/// Never changes once the load that made it is over.
class Reading {
 public:
  Reading() = default;
  Reading(const Reading&) = delete;  // the entries look into the texts
  Reading& operator=(const Reading&) = delete;

  struct File {
    std::string text;
    bool twice = false;  ///< it was read more than once, perhaps not in the same words: nothing is known of it
    std::vector<KnownEntry> entries;  ///< in the text, by line; kept apart from services for the parser
    std::vector<std::shared_ptr<const Service>> services;  ///< of the entries
  };

  [[nodiscard]] const File* file(const std::string& path) const {
    const auto found = files_.find(path);
    return found == files_.end() ? nullptr : &found->second;
  }
  void add_file(const std::string& path, std::string text) {
    const auto [file, fresh] = files_.try_emplace(path);
    if (fresh)
      file->second.text = std::move(text);
    else
      file->second.twice = true;
  }

  /// An entry of a file that was added, whole and without a finding.
  void add(const Entry& entry, std::shared_ptr<const Service> service) {
    const auto found = files_.find(entry.place.file);
    if (found == files_.end() || found->second.twice || entry.size == 0) return;
    File& file = found->second;
    const std::string_view text = std::string_view(file.text).substr(entry.begin, entry.size);
    file.entries.push_back({text, entry.place.line, entry.last_line});
    file.services.push_back(std::move(service));
  }

  std::string defaults;  ///< all entries of this kind, in their own words, and where they stand
  Answers answers;

 private:
  std::unordered_map<std::string, File> files_;
};

}  // namespace xsuperd::config
