// SPDX-License-Identifier: MIT
#include "xsuperd/config/loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "config/complete.hpp"
#include "config/endpoints.hpp"
#include "config/merge.hpp"
#include "config/once.hpp"
#include "config/reading.hpp"
#include "config/reader.hpp"
#include "config/tls_offer.hpp"
#include "xsuperd/base/text.hpp"

namespace xsuperd::config {

namespace {

/// Would more be served than was meant without that line?
bool is_restriction(const std::string& attribute) {
  const Attribute* row = find_attribute(attribute);
  return row ? restricts(*row) : misspelt_restriction(attribute) != nullptr;
}

/// For what is switched off: no look-up is worth waiting for.
class NoHosts final : public Names {
 public:
  explicit NoHosts(Names& real) : real_(real) {}
  std::optional<UserEntry> user(const std::string& name) override { return real_.user(name); }
  std::optional<UserEntry> user(uid_t uid) override { return real_.user(uid); }
  std::optional<gid_t> group(const std::string& name) override { return real_.group(name); }
  std::vector<gid_t> groups_of(const std::string& user, gid_t gid) override { return real_.groups_of(user, gid); }
  std::optional<std::uint16_t> service_port(const std::string& name, const std::string& protocol) override {
    return real_.service_port(name, protocol);
  }
  std::optional<int> protocol(const std::string& name) override { return real_.protocol(name); }
  std::optional<std::uint32_t> rpc_number(const std::string& name) override { return real_.rpc_number(name); }
  std::optional<std::uint32_t> network(const std::string& name) override { return real_.network(name); }
  bool system_call(const std::string& name) override { return real_.system_call(name); }
  std::vector<base::Address> host(const std::string&) override { return {base::Address::ipv4(0x7f000001)}; }
  std::vector<tls::Fault> tls_faults(const tls::Offer& offer) override { return real_.tls_faults(offer); }
  const std::vector<std::string>& environment() override { return real_.environment(); }

 private:
  Names& real_;
};

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

  /// False, with nothing of use done, when `before` turns out to be useless.
  bool run(const Sources& sources) {
    accepted_ = sources.accepted;
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
      if (entry.kind == Entry::Kind::defaults) {
        defaults(entry);
        defaults_.push_back(&entry);
      }
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
    const bool open = std::ranges::any_of(entry.lost, is_restriction) || std::ranges::any_of(entry.behind, is_restriction);
    if (apply(context, config_->defaults) == Applied::good && !open) return;
    // What it was is an error by itself.
    loaded_.diagnostics.add({Level::notice, entry.place, "A fatal error was encountered while parsing the default section",
                             entry.line_text, 8, "nothing is served without the restrictions in the defaults", {}});
    loaded_.fatal = Loaded::Fatal::bad_defaults;
  }

  void absent(const Service& service, Fate fate) {
    config_->absent.push_back({service.name, service.id, service.place, fate});
  }

  /// One that is what it was: only what depends on other services is looked at again.
  void known_service(const Entry& entry) {
    const auto& service = before_->file(entry.place.file)->services[*entry.known];
    if (cut_short(entry) || !take(service)) return absent(*service, Fate::refused);
    reading_->add(entry, service);
  }

  /// A line that restricts stands behind its closing brace.
  [[nodiscard]] static bool cut_short(const Entry& entry) { return std::ranges::any_of(entry.behind, is_restriction); }

  /// What is wrong in an entry that is switched off is a note (decision B15.28).
  void switched_off(const Entry& entry, const Service& service, Fate fate, std::size_t findings) {
    loaded_.diagnostics.demote(entry.first_finding, entry.end_of_findings);
    loaded_.diagnostics.demote(findings, loaded_.diagnostics.size());
    absent(service, fate);
  }

  void service(const Entry& entry, bool of_inetd = false) {
    if (entry.known) return known_service(entry);
    const std::size_t findings = loaded_.diagnostics.size();
    const std::size_t hosts = names_.hosts_asked();
    auto service = std::make_shared<Service>();
    service->name = entry.name;
    service->of_inetd = of_inetd;
    service->place = entry.place;
    service->settings = lists_;
    service->settings.origins.inherit(origins_);
    const bool off = entry.state == Entry::State::disabled;
    NoHosts no_hosts(names_);
    const ValueContext context{files_, off ? static_cast<Names&>(no_hosts) : names_, loaded_.diagnostics, entry, false};
    const Applied applied = apply(context, service->settings);
    service->id = service->settings.id.value_or(service->name);
    if (off) return switched_off(entry, *service, Fate::disabled, findings);
    if (!wanted(service->id)) return switched_off(entry, *service, Fate::disabled_by_defaults, findings);
    if (entry.state == Entry::State::broken || applied == Applied::bad_value || cut_short(entry))
      return absent(*service, Fate::refused);
    if (of_inetd && served_elsewhere(*service)) return absent(*service, Fate::superseded);
    const Written written(entry, defaults_);
    if (!complete(*service, written, config_->defaults, environment_, names_, loaded_.diagnostics))
      return absent(*service, Fate::refused);
    if (of_inetd && given_way(*service)) return absent(*service, Fate::superseded);
    if (!read_offer(*service, written, files_, accepted_ ? nullptr : &names_, loaded_.diagnostics)) return absent(*service, Fate::refused);
    // The files of TLS may say something else tomorrow.
    const bool lasting = loaded_.diagnostics.size() == findings && names_.hosts_asked() == hosts && !service->tls() && !calls_with_tls(*service);
    if (!take(service)) return absent(*service, Fate::refused);
    if (of_inetd) loaded_.diagnostics.add(Level::debug, service->place, fmt::format("added service {}", service->name));
    if (lasting && !of_inetd) reading_->add(entry, service);
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
                             fmt::format("service {} comes from {}:{}, which takes precedence",
                                         service.id, by.file, by.line),
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

  /// A line of inetd.conf gives way to an entry of xinetd's that has its socket.
  bool given_way(const Service& service) {
    const auto of_xinetd = [&](const Service* one) {
      const auto end = config_->services.begin() + static_cast<std::ptrdiff_t>(own_services_);
      return std::any_of(config_->services.begin(), end, [&](const auto& own) { return own.get() == one; });
    };
    const Endpoints::Claim claim = endpoints_.claim(service);
    for (const Service* one : {claim.owner, claim.beside})
      if (one && of_xinetd(one)) return superseded(service, one->place), true;
    for (const Service* one : claim.yielding)
      if (of_xinetd(one)) return superseded(service, one->place), true;
    return false;
  }

  /// Takes the service among those that are served, unless one before it has its endpoint (decision B15.25).
  bool take(std::shared_ptr<const Service> service) {
    const Endpoints::Claim claim = endpoints_.claim(*service);
    if (claim.owner) return told_apart(*service, *claim.owner), false;
    for (const Service* earlier : claim.yielding) yield(*earlier, *service);
    for (const Service* earlier : claim.neighbours) replace(*earlier, for_neighbours(*earlier));
    if (claim.beside) {
      tell_of_yielding(*service, *claim.beside);
      service = std::make_shared<const Service>(for_ipv6_alone(*service));
    }
    if (!claim.neighbours.empty()) service = std::make_shared<const Service>(for_neighbours(*service));
    endpoints_.add(*service);
    config_->services.push_back(std::move(service));
    return true;
  }

  void told_apart(const Service& service, const Service& owner) {
    const std::string point = meeting_point(owner, service);
    const bool one_id = base::iequals(service.id, owner.id);
    loaded_.diagnostics.add(
        {Level::error, service.place,
         one_id ? fmt::format("service: {} id: {} not unique or is a duplicate - DISABLING: another one has {}", service.name,
                              service.id, point)
                : fmt::format("Service {} is refused: service {} has {}", service.id, owner.id, point),
         {}, 1, fmt::format("that one is at {}:{} and is read first", owner.place.file, owner.place.line), service.id});
  }

  void yield(const Service& earlier, const Service& service) {
    tell_of_yielding(earlier, service);
    replace(earlier, for_ipv6_alone(earlier));
  }

  void replace(const Service& earlier, Service changed) {
    const auto place = std::ranges::find_if(config_->services, [&](const auto& one) { return one.get() == &earlier; });
    auto other = std::make_shared<const Service>(std::move(changed));
    endpoints_.remove(earlier);
    endpoints_.add(*other);
    *place = std::move(other);
  }

  void tell_of_yielding(const Service& service, const Service& of_ipv4) {
    loaded_.diagnostics.add({Level::info, service.place,
                             fmt::format("Service {} is opened for IPv6 peers alone, as with v6only = yes: service {} has those of IPv4",
                                         service.id, of_ipv4.id),
                             {}, 1, fmt::format("that one is at {}:{}", of_ipv4.place.file, of_ipv4.place.line), service.id});
  }

  std::shared_ptr<Reading> reading_;
  const Reading* before_;
  Files& system_files_;  ///< for files of the configuration: one that comes or goes changes no other
  FilesOnce files_;
  NamesOnce names_;
  Loaded& loaded_;
  SharedWords environment_;  ///< the daemon's
  bool accepted_ = false;
  bool hosts_in_defaults_ = false;  ///< whose addresses all services have then
  std::shared_ptr<Config> config_ = std::make_shared<Config>();
  Settings lists_;
  std::shared_ptr<const Origins> origins_;  ///< of the defaults
  std::vector<const Entry*> defaults_;  ///< the entries
  Endpoints endpoints_;                 ///< of those that were taken
  std::vector<Entry> inetd_;
  std::size_t own_services_ = 0;  ///< how many of the services, and of the absent ones, are not of inetd_
  std::size_t own_absent_ = 0;
};

}  // namespace

bool Loaded::is_unclear(const std::string& file) const {
  return std::ranges::any_of(unclear_files, [&](const std::string& unclear) {
    return unclear.ends_with('/') ? file.starts_with(unclear) : file == unclear;
  });
}

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
