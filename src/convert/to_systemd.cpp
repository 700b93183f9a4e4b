// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "convert/seams.hpp"
#include "convert/units.hpp"
#include "xsuperd/base/text.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/loader.hpp"

namespace xsuperd::convert {

namespace {

using config::Entry;

constexpr char main_file[] = "the command line";
/// What else may be called like our units.
constexpr std::string_view unit_directories[]{"/usr/lib/systemd/system", "/lib/systemd/system"};

/// The text with every entry enabled: lines that disable are blank.
std::string enabled(const std::string& text, const std::string& file) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  config::Diagnostics ignored;
  for (const Entry& entry : config::parse(text, file, ignored).entries)
    for (const config::Assignment& a : entry.assignments) {
      const auto* row = config::find_attribute(a.name);
      const bool disables = row && (row->name == "disable" || row->name == "disabled" || row->name == "enabled");
      if (disables) lines[static_cast<std::size_t>(a.line) - 1].clear();
    }
  return base::join(lines, "\n") + "\n";
}

/// Has a file of libwrap any rule?
bool has_rules(config::Files& files, const std::string& path) {
  const auto text = files.read(path);
  if (!text) return false;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const std::string_view line = base::trim(std::string_view(*text).substr(at, end - at));
    if (!line.empty() && line.front() != '#') return true;
    at = end + 1;
  }
  return false;
}

class Converter {
 public:
  Converter(config::Files& files, config::Names& names, const SystemdOptions& options)
      : real_(files),
        real_names_(names),
        staged_(&files),
        names_(names, {.ports = false, .hosts = !options.of_inetd}),
        options_(options) {}

  Conversion run(const std::vector<std::string>& paths) {
    config::Loaded loaded = load(paths);
    if (assume_variables()) loaded = load(paths);
    for (const config::Diagnostic& one : loaded.diagnostics.all()) report_.take(one);
    if (!loaded.config) return {{}, report_.findings()};
    std::set<std::pair<std::string, int>> disabled;
    for (const config::Absent& one : loaded.config->absent) {
      if (one.fate == config::Fate::refused) continue;
      disabled.emplace(one.place.file, one.place.line);
      const char* what = one.fate == config::Fate::superseded ? "another entry serves it" : "it is disabled";
      report_.note(one.place,
                   fmt::format("service {}: {}{}", one.id, what, options_.disabled ? "" : ", and not converted"));
    }
    if (options_.disabled && !disabled.empty()) {
      // Lines keep their numbers.
      staged_.texts.clear();
      staged_.revise = enabled;
      loaded = load(paths);
      for (const config::Diagnostic& one : loaded.diagnostics.all()) report_.take(one);
      if (!loaded.config) return {{}, report_.findings()};
    }
    return units(*loaded.config, disabled);
  }

 private:
  config::Loaded load(const std::vector<std::string>& paths) {
    config::Sources sources;
    if (options_.of_inetd) {
      sources.inetd = paths;
      // It does under systemd what it did under inetd.
      sources.style.replaces_tcpd = false;
      return config::load(staged_, names_, sources);
    }
    std::string text;
    for (const std::string& path : paths) {
      const auto kind = real_.kind(path);
      text += fmt::format("{} {}\n", kind && *kind == config::Files::Kind::directory ? "includedir" : "include", path);
    }
    staged_.texts[main_file] = text;
    return config::load(staged_, names_, main_file);
  }

  /// What passenv names the daemon may have, though whoever converts does not. Are there any?
  bool assume_variables() {
    config::Diagnostics ignored;
    bool any = false;
    for (const auto& [file, text] : staged_.texts)
      for (const Entry& entry : config::parse(text, file, ignored).entries)
        for (const config::Assignment& a : entry.assignments)
          if (const auto* row = config::find_attribute(a.name); row && row->name == "passenv")
            for (const config::Value& value : a.values) {
              names_.assume_variable(value.text);
              any = true;
            }
    return any;
  }

  Conversion units(const config::Config& config, const std::set<std::pair<std::string, int>>& disabled) {
    const bool wraps = has_rules(real_, "/etc/hosts.allow") || has_rules(real_, "/etc/hosts.deny");
    for (const auto& service : config.services) {
      const bool install = !disabled.contains({service->place.file, service->place.line});
      std::vector<std::string> unprotected;
      add({*service, real_names_, report_, unprotected, wraps, install});
    }
    return {std::move(files_), report_.findings()};
  }

  void add(const UnitContext& c) {
    const config::Service& s = c.service;
    if (const std::string why = no_units(s); !why.empty())
      return c.report.loss(s.place, fmt::format("service {} is not converted: {}", s.id, why));
    if (const auto& bind = s.settings.bind; bind && !base::Address::parse(*bind) && real_names_.host(*bind).empty())
      return c.report.error(c.place("bind"), fmt::format("bind: {} has no address here", base::escaped(*bind, 100)));
    const std::string name = unit_names_.give(s.id, ":_-.", '_');
    report_lacking(c);
    std::string server = service_unit(c);
    files_.push_back({name + ".socket", socket_unit(c)});
    files_.push_back({name + (systemd_accepts(s) ? "@.service" : ".service"), std::move(server)});
    for (const std::string_view directory : unit_directories)
      for (const char* suffix : {".socket", ".service", "@.service"}) {
        const std::string other = fmt::format("{}/{}{}", directory, name, suffix);
        if (const auto kind = real_.kind(other); kind && *kind == config::Files::Kind::regular)
          return c.report.note(s.place,
                               fmt::format("{} already exists, and a unit of that name would hide it", other));
      }
  }

  config::Files& real_;
  config::Names& real_names_;
  StagedFiles staged_;
  AssumedNames names_;
  const SystemdOptions options_;
  Report report_;
  FileNames unit_names_;
  std::vector<File> files_;
};

}  // namespace

Conversion to_systemd(const std::vector<std::string>& paths, config::Files& files, config::Names& names,
                      const SystemdOptions& options) {
  return Converter(files, names, options).run(paths);
}

}  // namespace xsuperd::convert
