// SPDX-License-Identifier: MIT
#include "supervisor/hand_over_config.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::supervisor {

namespace {

/// One file, in memory, and those about TLS that it names. All else is as it was when the service was accepted: that is not
/// asked again.
class OneText final : public config::Files {
 public:
  explicit OneText(const std::string& text, const std::vector<HandOver::Service::File>& files = {}) : text_(text), files_(files) {}
  base::Result<std::string> read(const std::string& path) override {
    const auto file = std::ranges::find(files_, path, &HandOver::Service::File::path);
    return file != files_.end() ? file->text : text_;
  }
  base::Result<std::vector<std::string>> list(const std::string& path) override {
    return base::system_error(ENOTDIR, path);
  }
  base::Result<Kind> kind(const std::string&) override { return Kind::regular; }
  base::Result<Status> status(const std::string&) override { return Status{}; }
  bool executable(const std::string&) override { return true; }

 private:
  const std::string& text_;
  const std::vector<HandOver::Service::File> files_;
};

/// What OneText's file is called; no message names it.
const config::Sources in_memory{.main = "handed over", .accepted = true};

/// The first error, or what there is to say when there is none.
base::Error why_not(const config::Loaded& loaded, std::string_view what) {
  for (const config::Diagnostic& d : loaded.diagnostics.all())
    if (d.level <= config::Level::error) return {0, fmt::format("{} cannot be taken over: {}", what, d.sentence)};
  return {0, fmt::format("{} cannot be taken over", what)};
}

std::string place_text(const HandOver::Service& service) { return fmt::format("the service at {}:{}", service.file, service.line); }

void set_place(std::optional<std::vector<config::AddressPattern>>& list, const config::Place& place) {
  if (!list) return;
  for (config::AddressPattern& pattern : *list) pattern.place = place;
}

std::vector<HandOver::Origin> inherited_origins(const config::Origins& origins) {
  std::vector<HandOver::Origin> all;
  for (const config::Origins::Line& line : origins.lines())
    all.push_back({.attribute = std::string(config::attributes()[line.row].name),
                   .changes = line.changes,
                   .file = origins.file(line),
                   .line = static_cast<int>(line.number)});
  return all;
}

/// An attribute that this image does not know has no place to be told.
config::Origins restored_origins(const std::vector<HandOver::Origin>& inherited) {
  config::Origins origins;
  for (const HandOver::Origin& line : inherited)
    if (const config::Attribute* row = config::find_attribute(line.attribute))
      origins.note(static_cast<std::size_t>(row - config::attributes().data()), line.changes, {line.file, line.line, 0});
  return origins;
}

/// What its options are made from.
config::ListenSpec ip_place(const config::Service& service, const std::vector<config::ListenSpec>& written) {
  using Kind = config::ListenSpec::Kind;
  if (service.listen.kind == Kind::ip) return service.listen;
  const auto found = std::find_if(written.begin(), written.end(), [](const auto& one) { return one.kind == Kind::ip; });
  return found != written.end() ? *found : service.listen;
}

std::vector<config::ListenSpec> restored_places(const config::Service& service, const HandOver::Service& inherited) {
  std::vector<config::ListenSpec> places;
  const auto written = config::element_places(service);
  for (const HandOver::Service::Place& one : inherited.places) {
    const auto element = std::find_if(written.begin(), written.end(), [&one](const auto& other) {
      return !one.element.empty() && config::element_text(other) == one.element;
    });
    config::ListenSpec place = element != written.end() ? *element : ip_place(service, written);
    place.at = one.at;
    place.ipv6 = one.ipv6;
    place.v6only = one.v6only;
    place.beside = one.beside;
    if (inherited.places.size() > 1 && place.kind == config::ListenSpec::Kind::ip) place.fallback_to_ipv4 = false;
    places.push_back(std::move(place));
  }
  return places;
}

/// A version without further places had a single one, however many addresses a name has.
void place_as_before(config::Service& service, const HandOver::Service& inherited) {
  if (service.kind == config::Kind::tcpmux || service.also.empty()) return;
  service.also.clear();
  auto place = config::places_at(service, {&inherited.at.address, 1});
  if (inherited.waits_for.empty() && !place.empty()) config::place(service, std::move(place));
}

std::vector<HandOver::Service::Place> inherited_places(const config::Service& service) {
  std::vector<HandOver::Service::Place> places;
  for (const config::ListenSpec& one : service.places())
    places.push_back({.at = one.at,
                      .ipv6 = one.ipv6,
                      .v6only = one.v6only,
                      .beside = one.beside,
                      .element = one.kind == config::ListenSpec::Kind::ip ? std::string() : config::element_text(one)});
  return places;
}

std::vector<HandOver::Service::File> inherited_files(const config::Service& service) {
  std::vector<HandOver::Service::File> files;
  const config::Settings& s = service.settings;
  if (service.target_offer.value && s.redirect_tls->kind == config::RedirectTls::Kind::verify)
    files.push_back({s.redirect_tls->authorities.empty() ? std::string(config::usual_authorities) : s.redirect_tls->authorities,
                     service.target_offer.value->client_ca});
  if (!service.offer.value) return files;
  const tls::Offer& offer = *service.offer.value;
  const auto add = [&](const std::optional<std::string>& path, const std::string& text) {
    if (path && !path->empty()) files.push_back({*path, text});
  };
  add(s.tls_cert, offer.identities.front().chain);
  add(s.tls_key, offer.identities.front().key);
  for (std::size_t i = 1; i < offer.identities.size(); ++i) {
    add((*s.tls_sni)[i - 1].cert, offer.identities[i].chain);
    add((*s.tls_sni)[i - 1].key, offer.identities[i].key);
  }
  if (offer.client_certificate == tls::ClientCertificate::no) return files;
  add(s.tls_client_ca, offer.client_ca);
  add(s.tls_client_crl, offer.client_crl);
  return files;
}

base::Result<std::shared_ptr<const config::Service>> restore_service(
    const HandOver::Service& inherited, const std::shared_ptr<const config::Origins>& defaults, config::Names& names) {
  OneText files(inherited.text, inherited.files);
  const config::Loaded loaded = config::load(files, names, in_memory);
  if (!loaded.config || loaded.config->services.size() != 1) return why_not(loaded, place_text(inherited));
  auto service = std::make_shared<config::Service>(*loaded.config->services[0]);
  service->place = {inherited.file, inherited.line, 1};
  service->common_log = inherited.common_log;
  if (service->settings.server) service->settings.server = inherited.server;
  if (service->settings.server_args) service->settings.server_args = inherited.server_args;
  service->argv = inherited.argv;
  if (service->settings.expand.value_or(false)) config::expand_arguments(*service);
  if (inherited.places.empty()) place_as_before(*service, inherited);
  if (inherited.v6only) *service = config::for_ipv6_alone(*service);
  service->of_inetd = inherited.of_inetd;
  service->listen.at = inherited.at;
  if (!inherited.places.empty()) config::place(*service, restored_places(*service, inherited));
  service->waits_for = inherited.waits_for;
  service->settings.origins = restored_origins(inherited.origins);
  service->settings.origins.inherit(defaults);
  service->offer.not_renewed = inherited.not_renewed;
  set_place(service->settings.only_from, service->place);
  set_place(service->settings.no_access, service->place);
  return std::shared_ptr<const config::Service>(std::move(service));
}

}  // namespace

HandOver::Service inherited_service(const config::Service& service) {
  config::Settings plain = service.settings;
  if (plain.server) plain.server = "/handed/over";
  if (plain.server_args) plain.server_args = {"-"};
  return {.text = fmt::format("service {}\n{{\n{}}}\n", service.name, config::dump(plain)),
          .file = service.place.file,
          .line = service.place.line,
          .common_log = service.common_log,
          .origins = inherited_origins(service.settings.origins),
          .server = service.settings.server.value_or(""),
          .server_args = service.settings.server_args.value_or(config::Words{}),
          .argv = service.argv,
          .at = service.listen.at,
          .v6only = service.listen.v6only,
          .waits_for = service.waits_for,
          .places = inherited_places(service),
          .of_inetd = service.of_inetd,
          .files = inherited_files(service),
          .not_renewed = service.offer.not_renewed};
}

void hand_over_configuration(const config::Config& config, HandOver& state) {
  state.defaults = fmt::format("defaults\n{{\n{}}}\n", config::dump(config.defaults));
  state.default_origins = inherited_origins(config.defaults.origins);
  for (const auto& service : config.services) state.services.push_back(inherited_service(*service));
  state.configured = state.services.size();
  for (const config::Absent& a : config.absent)
    state.absent.push_back({.name = a.name, .id = a.id, .file = a.place.file, .line = a.place.line, .fate = a.fate});
}

base::Result<RestoredConfiguration> restore_configuration(const HandOver& state, config::Names& names) {
  OneText files(state.defaults);
  const config::Loaded loaded = config::load(files, names, in_memory);
  if (!loaded.config) return why_not(loaded, "the defaults");
  auto config = std::make_shared<config::Config>(*loaded.config);
  config->path = state.daemon.invocation.config_path;
  config->defaults.origins = restored_origins(state.default_origins);
  const auto defaults = std::make_shared<const config::Origins>(config->defaults.origins);
  RestoredConfiguration all;
  for (const HandOver::Service& inherited : state.services) {
    auto service = restore_service(inherited, defaults, names);
    if (!service) return service.error();
    all.services.push_back(std::move(*service));
  }
  config->services.assign(all.services.begin(), all.services.begin() + static_cast<std::ptrdiff_t>(state.configured));
  for (const HandOver::Absent& a : state.absent)
    config->absent.push_back({a.name, a.id, {a.file, a.line, 1}, a.fate});
  all.config = std::move(config);
  return all;
}

}  // namespace xsuperd::supervisor
