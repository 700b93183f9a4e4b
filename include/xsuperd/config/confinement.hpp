// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What a server may do once it runs. Values; nothing here changes after the loader has built it.
namespace xsuperd::config {

struct Service;

/// sandbox, ours: what holds for those of the attributes below that are not given.
enum class Sandbox : std::uint8_t {
  none,
  basic,   ///< no new privileges, no capabilities unless the user is root, @service
  strict,  ///< no new privileges, no capabilities, @strict, and a box that has nothing of the host but programs
};

/// system_call_action, ours: what becomes of a system call that is denied.
enum class CallAction : std::uint8_t {
  error,  ///< it fails with EPERM
  kill,   ///< it ends the process
};

/// capabilities, ours: those that a server may have at most.
struct CapabilitySet {
  bool except = true;      ///< all but these, or these only
  std::uint64_t bits = 0;  ///< bit N for the one of number N
  [[nodiscard]] bool is_all() const { return except && bits == 0; }
  [[nodiscard]] std::uint64_t allowed() const { return except ? ~bits : bits; }
  bool operator==(const CapabilitySet&) const = default;
};

/// The names of the kernel, CAP_CHOWN and so on, by their numbers.
[[nodiscard]] std::span<const std::string_view> capability_names();
/// With or without CAP_, upper and lower case alike.
[[nodiscard]] std::optional<unsigned> find_capability(std::string_view name);

/// system_calls, ours.
struct SystemCalls {
  enum class Base : std::uint8_t { all, service, strict };
  Base base = Base::all;
  std::vector<std::string> denied;  ///< names, sorted
  [[nodiscard]] bool is_all() const { return base == Base::all && denied.empty(); }
  bool operator==(const SystemCalls&) const = default;
};

/// tcp_connect, ours: to which ports a server may connect.
struct ConnectPorts {
  bool any = true;
  std::vector<std::uint16_t> ports;  ///< sorted
  bool operator==(const ConnectPorts&) const = default;
};

/// dynamic_uids, ours.
struct UidRange {
  std::uint32_t first = 600'000, last = 665'535;
  bool operator==(const UidRange&) const = default;
};

/// The directories of the host that a server with sandbox = strict sees; those that a host does not have are left out.
inline constexpr std::string_view program_directories[]{"/bin", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/sbin", "/srv", "/usr"};
/// Is the file below one of them?
[[nodiscard]] bool seen_as_program(std::string_view path);

/// How much something may use: the processes of one connection, or those of all connections of a service.
struct Amounts {
  std::optional<std::uint64_t> memory = {}, swap = {};  ///< bytes
  std::optional<std::uint64_t> tasks = {};
  std::optional<std::uint32_t> cpu = {};     ///< percent of one processor
  std::optional<std::uint32_t> weight = {};  ///< of their share of the processors, where all want more
  [[nodiscard]] bool any() const { return memory || swap || tasks || cpu || weight; }
  bool operator==(const Amounts&) const = default;
};

/// What the servers of a service have to themselves, and what they see of the host.
struct BoxSettings {
  enum class Root : std::uint8_t {
    host,       ///< the host's
    programs,   ///< `program_directories` of the host's
    directory,  ///< `directory`
  };
  Root root = Root::host;
  std::string directory = {};
  bool root_read_only = false;
  std::vector<std::string> read_only = {}, read_write = {}, inaccessible = {};  ///< sorted
  bool tmp = false, devices = false, network = false, pids = false, ipc = false;
  bool own_user = false;
  bool reuse = false;
  Amounts each = {}, together = {};  ///< of a connection, and of all connections of the service
  bool tasks_of_preset = false;      ///< each.tasks is not what the service asks for, but what sandbox = strict has by itself

  /// Does the server see other files than the daemon?
  [[nodiscard]] bool has_mounts() const {
    return root != Root::host || tmp || devices || pids || !read_only.empty() || !read_write.empty() || !inaccessible.empty();
  }
  [[nodiscard]] bool needed() const { return has_mounts() || network || ipc || own_user || each.any() || together.any(); }
  bool operator==(const BoxSettings&) const = default;
};

/// What holds for the servers of a service.
struct Confinement {
  bool no_new_privileges = false;
  CapabilitySet capabilities;
  SystemCalls calls;
  CallAction action = CallAction::error;
  ConnectPorts connect;
  BoxSettings box;
  bool user_namespace = false;
  bool operator==(const Confinement&) const = default;
};

/// The attributes of the service over its sandbox; nothing for one that starts no program. Pure.
[[nodiscard]] Confinement confinement_of(const Service& service);
/// The same in words for people, "runs as nobody; in a box with the host's programs and its own /tmp; ..."; empty where
/// nothing confines it.
[[nodiscard]] std::string confinement_text(const Service& service);

}  // namespace xsuperd::config
