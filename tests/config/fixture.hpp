// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <string>

#include "fakes/fake_files.hpp"
#include "fakes/fake_names.hpp"
#include "xsuperd/config/attribute.hpp"
#include "xsuperd/config/loader.hpp"

/// A configuration from text, and questions that tests ask about it.
namespace xsuperd::config::test {

inline constexpr char main_file[] = "/etc/xinetd.conf";
inline constexpr char inetd_file[] = "/etc/inetd.conf";

/// The lines that a plain TCP service cannot do without.
inline constexpr char plain[] =
    "type = UNLISTED\nport = 9000\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server\n";

inline std::string entry(const std::string& name, const std::string& lines) {
  return "service " + name + "\n{\n" + lines + "\n}\n";
}
/// A plain service on its own port with further lines.
inline std::string service(const std::string& name, int port, const std::string& lines = "") {
  return entry(name, "type = UNLISTED\nport = " + std::to_string(port) +
                         "\nsocket_type = stream\nwait = no\nuser = root\nserver = /bin/server\n" + lines);
}
inline std::string defaults(const std::string& lines) { return "defaults\n{\n" + lines + "\n}\n"; }

struct World {
  fakes::FakeFiles files;
  fakes::FakeNames names;
  Loaded loaded;

  World() = default;
  explicit World(const std::string& text) { read(text); }

  World& read(const std::string& text) {
    files.texts[main_file] = text;
    loaded = load(files, names, main_file);
    return *this;
  }

  /// The lines of inetd.conf, and before them a main file if there is text for one.
  World& read_inetd(const std::string& lines, const std::string& main = "", Sources sources = {}) {
    files.texts[inetd_file] = lines;
    if (!main.empty()) files.texts[sources.main = main_file] = main;
    sources.inetd = {inetd_file};
    loaded = load(files, names, sources);
    return *this;
  }

  [[nodiscard]] std::shared_ptr<const Service> find(const std::string& id) const {
    if (!loaded.config) return nullptr;
    for (const auto& one : loaded.config->services)
      if (one->id == id) return one;
    return nullptr;
  }
  [[nodiscard]] bool up(const std::string& id) const { return find(id) != nullptr; }
  [[nodiscard]] const Service& at(const std::string& id) const {
    const auto found = find(id);
    if (!found) throw std::runtime_error("no service " + id + ":\n" + log());
    return *found;
  }
  [[nodiscard]] std::optional<Fate> fate(const std::string& id) const {
    for (const Absent& one : loaded.config->absent)
      if (one.id == id) return one.fate;
    return std::nullopt;
  }
  [[nodiscard]] bool refused(const std::string& id) const { return !up(id) && fate(id) == Fate::refused; }

  /// All findings that are more than notes, one a line.
  [[nodiscard]] std::string log() const {
    std::string text;
    for (const Diagnostic& one : loaded.diagnostics.all())
      if (one.level <= Level::notice) text += log_line(one) + "\n";
    return text;
  }
  [[nodiscard]] const Diagnostic* finding(const std::string& part) const {
    for (const Diagnostic& one : loaded.diagnostics.all())
      if (one.sentence.find(part) != std::string::npos) return &one;
    return nullptr;
  }
  [[nodiscard]] bool said(const std::string& part) const { return finding(part) != nullptr; }
};

/// The configuration of one plain service x with these lines more.
inline World with(const std::string& lines) { return World(service("x", 9000, lines)); }
inline bool accepted(const std::string& lines) { return with(lines).up("x"); }
/// The value of an attribute of that service as a dump writes it; "refused" when it is not among the
/// services.
inline std::string value(const std::string& attribute, const std::string& lines) {
  const World w = with(lines);
  return w.up("x") ? find_attribute(attribute)->print(w.at("x").settings) : "refused";
}

/// The service as an entry of xinetd's makes it, which has one socket for both families.
inline Service with_one_socket(Service service) {
  const bool each_family = service.also.size() == 1 && !service.listen.ipv6 && service.also[0].v6only;
  if (each_family) {
    service.listen = service.also[0];
    service.listen.v6only = false;
    service.listen.fallback_to_ipv4 = true;
    service.also.clear();
  }
  service.of_inetd = service.listen.beside = false;
  return service;
}

/// Equal in all but the place where they were written.
inline bool same(Service a, Service b) {
  a = with_one_socket(std::move(a));
  b = with_one_socket(std::move(b));
  a.place = b.place = {};
  return a == b;
}

}  // namespace xsuperd::config::test
