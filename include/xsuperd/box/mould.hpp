// SPDX-License-Identifier: MIT
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xsuperd::box {

/// What is the same for all boxes of a service, and for those of every service with equal settings: which namespaces a box
/// has, and what its servers see of the host's files. A value, computed when the configuration is loaded. Paths are absolute
/// and normal.
struct Mould {
  enum class Root : std::uint8_t {
    host,       ///< the host's
    selection,  ///< an empty one in memory, read only, with `trees` of the host's
    directory,  ///< `directory`
  };
  enum class Own : std::uint8_t {
    none,
    lent,  ///< from box to box, because its servers can leave nothing in it
    fresh,
  };
  Root root = Root::host;
  std::string directory = {};
  bool directory_read_only = false;
  std::vector<std::string> trees = {};         ///< read only; one that the host does not have is left out
  std::vector<std::string> read_only = {};
  std::vector<std::string> read_write = {};
  std::vector<std::string> inaccessible = {};
  bool tmp = false;      ///< /tmp and /var/tmp of its own
  bool devices = false;  ///< /dev of its own
  bool pids = false;     ///< a process namespace, and the /proc of it
  Own network = Own::none;
  Own ipc = Own::none;
  bool reuse = false;  ///< a box that looks as new is lent again
  /// The keeper of a box shares no memory with the process that makes boxes: servers may be able to trace it.
  bool apart = false;

  /// How much the processes of a box may use, and those of all boxes of the service together: by control groups.
  struct Amounts {
    static constexpr std::uint64_t unlimited = ~std::uint64_t{0};
    std::uint64_t memory = unlimited, swap = unlimited;  ///< bytes
    std::uint64_t tasks = unlimited;
    std::uint64_t cpu = unlimited;     ///< percent of one processor
    std::uint64_t weight = unlimited;  ///< 1 to 10000
    [[nodiscard]] bool any() const { return *this != Amounts{}; }
    bool operator==(const Amounts&) const = default;
    auto operator<=>(const Amounts&) const = default;
  };
  Amounts each = {}, together = {};
  std::string service = {};  ///< with `together`: whose control group it is
  [[nodiscard]] bool has_group() const { return each.any() || together.any(); }
  /// Could the kernel end processes of a box because it has used up its memory?
  [[nodiscard]] bool limits_memory() const { return each.memory != Amounts::unlimited || together.memory != Amounts::unlimited; }
  [[nodiscard]] bool limits_cpu() const { return each.cpu != Amounts::unlimited || together.cpu != Amounts::unlimited; }

  /// With `pids`: the options of the /proc that belongs to a box. Where the root is read only, settings of the kernel must
  /// be, too: to write many of them takes user 0, and no capability.
  [[nodiscard]] const char* proc_options() const {
    return root == Root::selection || directory_read_only ? "subset=pid,hidepid=invisible" : "";
  }
  [[nodiscard]] bool has_mounts() const {
    return root != Root::host || tmp || devices || pids || !read_only.empty() || !read_write.empty() || !inaccessible.empty();
  }
  bool operator==(const Mould&) const = default;
  auto operator<=>(const Mould&) const = default;
};

/// The mould as bytes, for the process that makes boxes; and back, nothing for bytes that are none.
[[nodiscard]] std::string encode(const Mould& mould);
[[nodiscard]] std::optional<Mould> decode_mould(std::string_view bytes);

/// The greatest size of an encoded mould that can be asked for.
inline constexpr std::size_t most_mould_bytes = 60'000;

}  // namespace xsuperd::box
