// SPDX-License-Identifier: MIT
#include "xsuperd/config/loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "config/complete.hpp"
#include "config/merge.hpp"
#include "config/reader.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

namespace {

/// Without such a line more would be served than was meant.
bool restricts(const std::string& attribute) {
  constexpr std::string_view names[]{"only_from", "no_access", "enabled", "disabled"};
  return std::any_of(std::begin(names), std::end(names), [&](auto name) { return base::iequals(name, attribute); });
}

class Loader {
 public:
  Loader(Files& files, Names& names, Loaded& loaded) : files_(files), names_(names), loaded_(loaded) {}

  void run(const std::string& path) {
    ReadResult read = read_all(files_, path, loaded_.diagnostics);
    if (!read.main_file_read) {
      loaded_.fatal = Loaded::Fatal::unreadable;
      return;
    }
    loaded_.unclear_files = std::move(read.unclear_files);
    config_->path = path;
    for (const Entry& entry : read.entries)
      if (entry.kind == Entry::Kind::defaults) defaults(entry);
    if (loaded_.fatal != Loaded::Fatal::none) return;
    lists_ = inherited_lists(config_->defaults);
    origins_ = std::make_shared<const Origins>(config_->defaults.origins);
    for (const Entry& entry : read.entries)
      if (entry.kind == Entry::Kind::service) service(entry);
    loaded_.config = config_;
  }

 private:
  void defaults(const Entry& entry) {
    const ValueContext context{files_, names_, loaded_.diagnostics, entry, true};
    const bool open = std::any_of(entry.lost.begin(), entry.lost.end(), restricts);
    if (apply(context, config_->defaults) == Applied::good && !open) return;
    loaded_.diagnostics.add(Level::error, entry.place,
                            "A fatal error was encountered while parsing the default section");
    loaded_.fatal = Loaded::Fatal::bad_defaults;
  }

  void absent(const Service& service, Fate fate) {
    config_->absent.push_back({service.name, service.id, service.place, fate});
  }

  void service(const Entry& entry) {
    auto service = std::make_shared<Service>();
    service->name = entry.name;
    service->place = entry.place;
    service->settings = lists_;
    service->settings.origins.inherit(origins_);
    const ValueContext context{files_, names_, loaded_.diagnostics, entry, false};
    const Applied applied = apply(context, service->settings);
    service->id = service->settings.id.value_or(service->name);
    if (entry.state == Entry::State::disabled) return absent(*service, Fate::disabled);
    if (entry.state == Entry::State::broken) return absent(*service, Fate::refused);
    if (!wanted(service->id)) return absent(*service, Fate::disabled_by_defaults);
    if (applied == Applied::bad_value) return absent(*service, Fate::refused);
    if (!complete(*service, config_->defaults, files_, names_, loaded_.diagnostics) || duplicate(*service))
      return absent(*service, Fate::refused);
    config_->services.push_back(std::move(service));
  }

  /// Fact B2.42: by id, and `disabled` wins.
  [[nodiscard]] bool wanted(const std::string& id) const {
    const auto lists = [&](const std::optional<Words>& list) {
      return list && std::any_of(list->begin(), list->end(), [&](const std::string& w) { return base::iequals(w, id); });
    };
    const Settings& defaults = config_->defaults;
    return (!defaults.enabled || lists(defaults.enabled)) && !lists(defaults.disabled);
  }

  /// Fact B2.51: two services that could never both be bound, as far as that shows here.
  bool duplicate(const Service& service) {
    if (service.kind == Kind::tcpmux || service.listen.at.port == 0) return false;
    const ListenSpec& b = service.listen;
    const auto key = static_cast<std::uint64_t>(b.protocol.number) << 16 | b.at.port;
    auto& neighbours = by_port_[key];
    for (const Service* earlier : neighbours) {
      const ListenSpec& a = earlier->listen;
      if (!a.at.address.known()) continue;
      if (b.at.address.known() && b.at.address != a.at.address) continue;
      loaded_.diagnostics.add(
          {Level::error, service.place,
           base::iequals(earlier->id, service.id)
               ? fmt::format("service: {} id: {} not unique or is a duplicate - DISABLING", service.name, service.id)
               : fmt::format("service: {} id: {} is unique but its identical to service: {} id: {} - DISABLING",
                             service.name, service.id, earlier->name, earlier->id),
           {}, 1, fmt::format("the other one is at {}:{}", earlier->place.file, earlier->place.line), service.id});
      return true;
    }
    neighbours.push_back(&service);
    return false;
  }

  Files& files_;
  Names& names_;
  Loaded& loaded_;
  std::shared_ptr<Config> config_ = std::make_shared<Config>();
  Settings lists_;
  std::shared_ptr<const Origins> origins_;  ///< of the defaults
  std::unordered_map<std::uint64_t, std::vector<const Service*>> by_port_;  ///< of those that were taken
};

}  // namespace

Loaded load(Files& files, Names& names, const std::string& path) {
  Loaded loaded;
  Loader(files, names, loaded).run(path);
  return loaded;
}

}  // namespace xsuperd::config
