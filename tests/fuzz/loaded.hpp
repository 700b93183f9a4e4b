// SPDX-License-Identifier: MIT
#pragma once
#include "fakes/fake_files.hpp"
#include "fakes/fake_names.hpp"
#include "fuzz/target.hpp"
#include "xsuperd/config/lint.hpp"
#include "xsuperd/config/loader.hpp"

/// What must hold of every configuration, whatever the bytes that it came from.
namespace xsuperd::fuzz {

inline config::Loaded load(const std::string& text, const config::Sources& sources) {
  fakes::FakeFiles files;
  fakes::FakeNames names;
  names.ports[{"tcpmux", "tcp"}] = 1;
  files.programs.insert({"/usr/sbin/tcpd", "/usr/sbin/in.ftpd"});
  files.texts[sources.path()] = text;
  return config::load(files, names, sources);
}

/// A finding points into the text.
inline void check(const config::Diagnostic& found, std::size_t lines) {
  must(!found.sentence.empty());
  must(found.place.line >= 0 && static_cast<std::size_t>(found.place.line) <= lines);
  must(found.place.column >= 0);
  if (!found.line_text.empty()) must(static_cast<std::size_t>(found.place.column) <= found.line_text.size() + 1);
  must(!config::log_line(found).empty() && !config::explained(found).empty());
}

/// A service can be started as it is.
inline void check(const config::Service& service) {
  must(!service.id.empty() && service.settings.socket_type && service.settings.wait);
  if (service.kind == config::Kind::program) {
    must(service.settings.server && service.settings.user && !service.argv.empty());
    must(!service.datagrams() || service.wait);
  }
  if (service.kind == config::Kind::program && !service.is(config::Type::rpc))
    must(service.settings.port.has_value() || !service.is(config::Type::unlisted));
}

inline void check(const config::Loaded& loaded, const std::string& text) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const config::Diagnostic& found : loaded.diagnostics.all()) check(found, lines);
  must((loaded.fatal == config::Loaded::Fatal::none) == (loaded.config != nullptr));
  if (!loaded.config) return;
  for (const auto& service : loaded.config->services) check(*service);
  for (const config::Diagnostic& found : config::lints(*loaded.config)) check(found, lines);
  must(!config::dump(*loaded.config).empty());
  must(config::diff(*loaded.config, *loaded.config).stop.empty());
}

}  // namespace xsuperd::fuzz
