// SPDX-License-Identifier: MIT
#include "xsuperd/config/origin.hpp"

#include <algorithm>

namespace xsuperd::config {

void Origins::note(std::size_t row, bool changes, const Place& place) {
  // Most files of a configuration have one entry, so the last file is nearly always the one that is meant.
  if (files_.empty() || files_.back() != place.file) files_.push_back(place.file);
  lines_.push_back({static_cast<std::uint8_t>(row), changes, static_cast<std::uint16_t>(files_.size() - 1),
                    static_cast<std::uint32_t>(std::max(place.line, 0))});
}

namespace {

/// The lines about `row`, from the last one that sets it on. `whole`: such a line was among them.
std::vector<Source> lines_about(const Origins& origins, std::size_t row, Source::From from, bool& whole) {
  std::vector<Source> sources;
  whole = false;
  for (const Origins::Line& line : origins.lines()) {
    if (line.row != row) continue;
    // In the defaults every line of a list adds to it (fact B2.43).
    if (!line.changes && from == Source::From::entry) sources.clear();
    whole = whole || !line.changes;
    sources.push_back({from, {origins.file(line), static_cast<int>(line.number), 0}});
  }
  return sources;
}

}  // namespace

std::vector<Source> sources_of(const Service& service, const Attribute& row) {
  const auto index = static_cast<std::size_t>(&row - attributes().data());
  bool whole = false;
  std::vector<Source> own = lines_about(service.settings.origins, index, Source::From::entry, whole);
  if (whole || !service.settings.origins.inherited() || row.where == Where::service) return own.empty() ? std::vector{Source{}} : own;
  bool ignored = false;
  std::vector<Source> sources = lines_about(*service.settings.origins.inherited(), index, Source::From::defaults, ignored);
  sources.insert(sources.end(), own.begin(), own.end());
  return sources.empty() ? std::vector{Source{}} : sources;
}

}  // namespace xsuperd::config
