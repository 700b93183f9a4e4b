// SPDX-License-Identifier: MIT
#include "xsuperd/net/service_manager.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>

#include "net/spec_words.hpp"
#include "xsuperd/base/text.hpp"

#ifdef XSUPERD_HAVE_SYSTEMD
#include "net/systemd.hpp"
#endif

namespace xsuperd::net {

namespace {

constexpr std::string_view prefix = "xsuperd/";
constexpr std::string_view refusing = "/refused";
constexpr std::size_t longest_name = 255;  // FDNAME_MAX of systemd

/// FNV-1a, which is the same in every build: another version of the program is to find the name again.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// Leaves room for what marks the second socket.
std::string shortened(std::string name) {
  constexpr std::size_t most = longest_name - refusing.size();
  if (name.size() <= most) return name;
  const std::string end = fmt::format("~{:016x}", hash_of(base::to_lower(name)));
  name.resize(most - end.size());
  return name + end;
}

/// What cannot stand in the name of a descriptor is written \xNN.
std::string plain(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool may = c > ' ' && c < 127 && c != ':' && c != '/' && c != '\\';
    name += may ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return name;
}

/// Which peers it is for.
std::string address_word(const config::ListenSpec& spec) {
  const base::Address& a = spec.at.address;
  if (every_address(a)) return !spec.ipv6 ? "ipv4" : spec.v6only ? "ipv6" : "*";
  std::string text = a.unmapped().text();
  std::replace(text.begin(), text.end(), ':', '-');
  return plain(text);
}

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value && *value;
}

#ifdef XSUPERD_HAVE_SYSTEMD

class SystemdManager final : public ServiceManager {
 public:
  explicit SystemdManager(const Systemd& systemd) : systemd_(systemd) {}
  base::Result<void> tell(const std::string& lines) override { return answer(systemd_.notify(0, lines.c_str())); }
  base::Result<void> store(int fd, const std::string& name) override {
    return answer(systemd_.notify_with_fds(0, 0, ("FDSTORE=1\nFDNAME=" + name).c_str(), &fd, 1));
  }
  base::Result<void> forget(const std::string& name) override { return tell("FDSTOREREMOVE=1\nFDNAME=" + name); }

 private:
  static base::Result<void> answer(int result) {
    if (result >= 0) return {};
    return base::system_error(-result, "talking to the service manager");
  }

  const Systemd& systemd_;
};

/// Null when it cannot be loaded, which expected_in_vain() says.
const Systemd* loaded_functions_of_systemd() {
  const auto systemd = base::loaded_functions<Systemd>();
  return systemd ? *systemd : nullptr;
}

/// Why it cannot be talked to; empty when it can, or when there is none.
std::string why_not() {
  if (!is_set("NOTIFY_SOCKET") && !is_set("LISTEN_FDS")) return {};
  const auto systemd = base::loaded_functions<Systemd>();
  return systemd ? std::string{} : systemd.error().sentence;
}

/// The list of names, and the names, are malloc'd.
std::vector<std::string> taken(char** names) {
  std::vector<std::string> all;
  for (char** name = names; name && *name; ++name) {
    all.emplace_back(*name);
    std::free(*name);
  }
  std::free(names);
  return all;
}

#else

std::string why_not() { return "it was built without libsystemd"; }

#endif

}  // namespace

std::string descriptor_name(std::string_view id) {
  std::string name = plain(id);
  return name.size() > longest_name ? std::string{} : name;
}

std::string stored_name(std::string_view id, const config::ListenSpec& spec) {
  if (spec.kind != config::ListenSpec::Kind::ip) return shortened(fmt::format("{}{}/{}", prefix, plain(id), plain(config::element_text(spec))));
  return shortened(fmt::format("{}{}/{}/{}/{}", prefix, plain(id), plain(spec.protocol.name), address_word(spec),
                               spec.at.port));
}

std::string stored_refusing_name(std::string_view id, const config::ListenSpec& spec) {
  return stored_name(id, spec) + std::string(refusing);
}

bool is_stored_name(std::string_view name) { return name.starts_with(prefix); }

#ifdef XSUPERD_HAVE_SYSTEMD

bool service_manager_available() { return true; }

std::unique_ptr<ServiceManager> make_service_manager() {
  const auto systemd = is_set("NOTIFY_SOCKET") ? loaded_functions_of_systemd() : nullptr;
  return systemd ? std::make_unique<SystemdManager>(*systemd) : nullptr;
}

std::optional<std::chrono::microseconds> watchdog_period() {
  const auto systemd = is_set("WATCHDOG_USEC") ? loaded_functions_of_systemd() : nullptr;
  std::uint64_t microseconds = 0;
  if (!systemd || systemd->watchdog(0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

base::Result<std::vector<ActivatedSocket>> take_activated_sockets(int first_number) {
  if (!is_set("LISTEN_FDS")) return std::vector<ActivatedSocket>{};
  const auto systemd = base::loaded_functions<Systemd>();
  if (!systemd) return systemd.error();
  char** list = nullptr;
  const int count = (*systemd)->listen_fds(1, &list);
  const std::vector<std::string> names = taken(count > 0 ? list : nullptr);
  if (count < 0) return base::system_error(-count, "the sockets passed by the service manager cannot be taken");
  std::vector<ActivatedSocket> sockets;
  for (int i = 0; i < count; ++i) {
    base::Fd copy(::fcntl(SD_LISTEN_FDS_START + i, F_DUPFD_CLOEXEC, first_number));
    if (!copy) return base::system_error(errno, "the sockets passed by the service manager cannot be taken");
    sockets.push_back({names.at(static_cast<std::size_t>(i)), std::move(copy)});
  }
  // Only now: a duplicate must not get the number of one that is still to be taken.
  for (int i = 0; i < count; ++i) ::close(SD_LISTEN_FDS_START + i);
  return sockets;
}

#else

bool service_manager_available() { return false; }
std::unique_ptr<ServiceManager> make_service_manager() { return nullptr; }
std::optional<std::chrono::microseconds> watchdog_period() { return std::nullopt; }
base::Result<std::vector<ActivatedSocket>> take_activated_sockets(int) { return std::vector<ActivatedSocket>{}; }

#endif

std::optional<std::size_t> store_room() {
  const char* const said = std::getenv("FDSTORE");
  const std::string_view text = said ? said : "";
  std::size_t room = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), room);
  if (text.empty() || wrong != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return room;
}

std::string expected_in_vain() {
  const std::string why = why_not();
  std::vector<std::string> expected;
  if (is_set("NOTIFY_SOCKET")) expected.emplace_back("notify it");
  if (is_set("LISTEN_FDS")) expected.emplace_back("take its sockets");
  if (expected.empty() || why.empty()) return {};
  return fmt::format("the service manager expects the daemon to {}, and {}", base::join(expected, " and "), why);
}

}  // namespace xsuperd::net
