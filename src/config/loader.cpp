// SPDX-License-Identifier: MIT
#include "xsuperd/config/loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "config/complete.hpp"
#include "config/merge.hpp"
#include "config/once.hpp"
#include "config/reading.hpp"
#include "config/reader.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

namespace {

/// Without such a line more would be served than was meant.
bool restricts(const std::string& attribute) {
  constexpr std::string_view names[]{"only_from", "no_access", "enabled", "disabled", "reload_policy"};
  return std::any_of(std::begin(names), std::end(names), [&](auto name) { return base::iequals(name, attribute); });
}

bool all_addresses(const ListenSpec& spec) {
  return !spec.at.address.known() || spec.at.address == base::Address::ipv4(0) ||
         spec.at.address == base::Address::ipv6({});
}

/// Could the sockets of the two never be open at one time?
bool same_place(const Service& one, const Service& other) {
  using Family = base::Address::Family;
  const ListenSpec& a = one.listen;
  const ListenSpec& b = other.listen;
  const bool listen = one.kind != Kind::tcpmux && other.kind != Kind::tcpmux;
  if (!listen || a.at.port == 0 || a.at.port != b.at.port || a.protocol.number != b.protocol.number) return false;
  const auto share = [&](Family family) { return a.reached_from(family) && b.reached_from(family); };
  if (!share(Family::ipv4) && !share(Family::ipv6)) return false;
  return all_addresses(a) || all_addresses(b) || a.at.address.unmapped() == b.at.address.unmapped();
}

class Loader {
 public:
  /// `before`: what the load before this one has read, if its answers still hold.
  Loader(Files& files, Names& names, Loaded& loaded, const Reading* before)
      : reading_(std::make_shared<Reading>()),
        before_(before),
        system_files_(files),
        files_(files, reading_->answers),
        names_(names, reading_->answers),
        loaded_(loaded),
        environment_(names.environment()) {}

  /// False, with nothing of use done, when `before` turns out to be of no use.
  bool run(const Sources& sources) {
    reading_->answers.environment = names_.environment();
    if (before_ && !before_->answers.hold(names_, files_)) return false;
    std::vector<Entry> entries = given_defaults(sources.defaults);
    if (!read(entries, sources)) {
      loaded_.fatal = Loaded::Fatal::unreadable;
      return true;
    }
    const bool lasting = note_defaults(entries);
    if (before_ && (!lasting || before_->defaults != reading_->defaults)) return false;
    build(entries, sources);
    if (lasting && !hosts_in_defaults_) config_->reading = reading_;
    return true;
  }

 private:
  void build(const std::vector<Entry>& entries, const Sources& sources) {
    config_->path = sources.path();
    for (const Entry& entry : entries)
      if (entry.kind == Entry::Kind::defaults) defaults(entry);
    if (loaded_.fatal != Loaded::Fatal::none) return;
    hosts_in_defaults_ = names_.hosts_asked() > 0;
    lists_ = inherited_lists(config_->defaults);
    origins_ = std::make_shared<const Origins>(config_->defaults.origins);
    for (const Entry& entry : entries)
      if (entry.kind == Entry::Kind::service) service(entry);
    own_services_ = config_->services.size();
    own_absent_ = config_->absent.size();
    for (const Entry& entry : inetd_) service(entry, true);
    loaded_.config = config_;
  }

  /// False when there are no words to go by: something was found in them, or they were read twice.
  bool note_defaults(const std::vector<Entry>& entries) {
    bool lasting = true;
    for (const Entry& entry : entries) {
      if (entry.kind != Entry::Kind::defaults) continue;
      const Reading::File* file = reading_->file(entry.place.file);
      reading_->defaults += fmt::format("{}:{}:{}\n", entry.place.file, entry.place.line, entry.size);
      if (file && !file->twice) reading_->defaults.append(file->text, entry.begin, entry.size);
      lasting = lasting && entry.size > 0 && !(file && file->twice);
    }
    return lasting;
  }

  std::vector<Entry> given_defaults(const std::string& lines) {
    if (lines.empty()) return {};
    return parse("defaults\n{\n" + lines + "\n}\n", "command line", loaded_.diagnostics).entries;
  }

  bool read(std::vector<Entry>& entries, const Sources& sources) {
    ReadResult own;
    Guard guard(system_files_, loaded_.diagnostics);
    own.main_file_read = sources.main.empty();
    if (!sources.main.empty())
      own = read_all(system_files_, sources.main, loaded_.diagnostics, guard, *reading_, before_);
    ReadResult inetd = read_inetd(system_files_, names_, sources.inetd, sources.main.empty(), sources.style,
                                  loaded_.diagnostics, guard);
    loaded_.unguarded = guard.found();
    std::move(own.entries.begin(), own.entries.end(), std::back_inserter(entries));
    inetd_ = std::move(inetd.entries);
    loaded_.unclear_files = std::move(own.unclear_files);
    std::move(inetd.unclear_files.begin(), inetd.unclear_files.end(), std::back_inserter(loaded_.unclear_files));
    return own.main_file_read && (!sources.main.empty() || inetd.main_file_read);
  }

  void defaults(const Entry& entry) {
    const ValueContext context{files_, names_, loaded_.diagnostics, entry, true};
    loaded_.defaults_broken = loaded_.defaults_broken || entry.state == Entry::State::broken;
    const bool open = std::any_of(entry.lost.begin(), entry.lost.end(), restricts);
    if (apply(context, config_->defaults) == Applied::good && !open) return;
    loaded_.diagnostics.add(Level::error, entry.place,
                            "A fatal error was encountered while parsing the default section");
    loaded_.fatal = Loaded::Fatal::bad_defaults;
  }

  void absent(const Service& service, Fate fate) {
    config_->absent.push_back({service.name, service.id, service.place, fate});
  }

  /// One that is what it was: only what depends on other services is looked at again.
  void known_service(const Entry& entry) {
    const auto& service = before_->file(entry.place.file)->services[*entry.known];
    if (duplicate(*service)) return absent(*service, Fate::refused);
    config_->services.push_back(service);
    reading_->add(entry, service);
  }

  void service(const Entry& entry, bool of_inetd = false) {
    if (entry.known) return known_service(entry);
    const std::size_t findings = loaded_.diagnostics.all().size();
    const std::size_t hosts = names_.hosts_asked();
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
    if (of_inetd && served_elsewhere(*service)) return absent(*service, Fate::superseded);
    if (!complete(*service, config_->defaults, environment_, names_, loaded_.diagnostics))
      return absent(*service, Fate::refused);
    if (of_inetd) {
      if (const auto fate = clashes(*service)) return absent(*service, *fate);
      loaded_.diagnostics.add(Level::debug, service->place, fmt::format("added service {}", service->name));
    } else if (duplicate(*service)) {
      return absent(*service, Fate::refused);
    }
    const bool lasting = loaded_.diagnostics.all().size() == findings && names_.hosts_asked() == hosts;
    if (lasting && !of_inetd) reading_->add(entry, service);
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

  void superseded(const Service& service, const Place& by) {
    loaded_.diagnostics.add({Level::info, service.place,
                             fmt::format("service {} is that of {}:{}, which goes first", service.id, by.file, by.line),
                             {}, 1, {}, service.id});
  }

  /// The entries of xinetd go first, also one with an error: it may be what keeps strangers out. One that is disabled
  /// hides nothing (fact B11.12).
  bool served_elsewhere(const Service& service) {
    const auto protocol = service.settings.protocol.value_or(Protocol{}).number;
    for (std::size_t i = 0; i < own_services_; ++i) {
      const Service& own = *config_->services[i];
      if (base::iequals(own.id, service.id) && own.listen.protocol.number == protocol)
        return superseded(service, own.place), true;
    }
    for (std::size_t i = 0; i < own_absent_; ++i) {
      const Absent& own = config_->absent[i];
      if (own.fate == Fate::refused && base::iequals(own.id, service.id)) return superseded(service, own.place), true;
    }
    return false;
  }

  /// Another service has this one's socket: a line of inetd.conf gives way to an entry of xinetd's, and is wrong beside
  /// another line.
  std::optional<Fate> clashes(const Service& service) {
    for (std::size_t i = 0; i < config_->services.size(); ++i) {
      const Service& earlier = *config_->services[i];
      if (!same_place(earlier, service)) continue;
      if (i < own_services_) return superseded(service, earlier.place), Fate::superseded;
      loaded_.diagnostics.add({Level::error, service.place,
                               fmt::format("the port of {} is that of service {} already", service.name, earlier.id), {}, 1,
                               fmt::format("that one is at {}:{}", earlier.place.file, earlier.place.line), service.id});
      return Fate::refused;
    }
    return std::nullopt;
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

  std::shared_ptr<Reading> reading_;
  const Reading* before_;
  Files& system_files_;  ///< for files of the configuration: one that comes or goes changes no other
  FilesOnce files_;
  NamesOnce names_;
  Loaded& loaded_;
  SharedWords environment_;  ///< the daemon's
  bool hosts_in_defaults_ = false;  ///< whose addresses all services have then
  std::shared_ptr<Config> config_ = std::make_shared<Config>();
  Settings lists_;
  std::shared_ptr<const Origins> origins_;  ///< of the defaults
  std::unordered_map<std::uint64_t, std::vector<const Service*>> by_port_;  ///< of those that were taken
  std::vector<Entry> inetd_;
  std::size_t own_services_ = 0;  ///< how many of the services, and of the absent ones, are not of inetd_
  std::size_t own_absent_ = 0;
};

}  // namespace

Loaded load(Files& files, Names& names, const Sources& sources) {
  Loaded loaded;
  (void)Loader(files, names, loaded, nullptr).run(sources);
  return loaded;
}

Loaded load(Files& files, Names& names, const Sources& sources, const Config& before) {
  Loaded loaded;
  if (before.reading && Loader(files, names, loaded, before.reading.get()).run(sources)) return loaded;
  return load(files, names, sources);
}

Loaded load(Files& files, Names& names, const std::string& path) { return load(files, names, Sources{.main = path}); }

}  // namespace xsuperd::config
