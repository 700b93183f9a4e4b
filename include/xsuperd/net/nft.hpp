// SPDX-License-Identifier: MIT
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "xsuperd/base/error.hpp"
#include "xsuperd/base/fd.hpp"

namespace boost::asio {
class io_context;
}

/// Commands for nftables, as nft(8) reads them. libnftables runs them in a process of its own: it blocks on the kernel, and
/// ends its process when it finds no memory, no descriptor, or no nftables.
namespace xsuperd::net {

/// Was xsuperd built with libnftables?
[[nodiscard]] bool nft_built();
/// Can bans be given to the firewall? `not_permitted`: this process has no CAP_NET_ADMIN.
enum class NftAbility : std::uint8_t { usable, not_permitted, not_in_kernel, not_built, not_loaded };
/// Loads the library, until that has been possible once, and unloads it. Blocks on files; thread safe.
[[nodiscard]] NftAbility nft_ability();

/// Who runs commands. Loop thread.
class Nft {
 public:
  /// Gives a piece of the commands, by adding it to what it gets; false: that was the last one. Asked for when there is room, so
  /// that long ones are never in memory as a whole, and once a turn of the loop.
  using Text = std::function<bool(std::string&)>;
  /// Gets what the commands have printed, or the first line of what is wrong: then none of them has had an effect.
  using Done = std::function<void(const base::Result<std::string>&)>;
  virtual ~Nft() = default;
  /// One at a time: not to be called again before `done` is. That is called from the loop, and never from inside of this.
  virtual void run(Text text, Done done) = 0;
};

/// argv[0] under which the daemon's own program is executed to run them.
constexpr std::string_view nft_program_name = "xsuperd-nft";
/// The whole life of that process, with its socket as descriptor `socket`; returns its exit status. It stays root, with no
/// capability but CAP_NET_ADMIN, has no other descriptors, and ends when the daemon closes the other end. Nothing comes to it
/// but commands that the daemon has made of addresses, numbers and names of the configuration.
[[nodiscard]] int run_nft_helper(int socket);

/// As the daemon has it.
struct NftHelper {
  base::Fd socket;   ///< AF_UNIX, SEQPACKET
  base::Fd process;  ///< pidfd; whoever holds it must reap it, which NftProcess does
};

/// The real one: starts the process when there is something to run, and another after one has ended.
class NftProcess final : public Nft {
 public:
  struct Options {
    std::function<base::Result<NftHelper>()> start = {};
    /// One that does not get on for so long is killed.
    std::chrono::milliseconds patience = std::chrono::seconds(60);
  };
  /// The loop outlives it.
  NftProcess(boost::asio::io_context& loop, Options options);
  /// Ends the process. What runs then comes to an end or does not; nobody is told.
  ~NftProcess() override;
  NftProcess(const NftProcess&) = delete;
  NftProcess& operator=(const NftProcess&) = delete;

  void run(Text text, Done done) override;
  /// The number of its pidfd, or -1: an upgrade leaves it to those who reap. It stays ours.
  [[nodiscard]] int helper_pidfd() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace xsuperd::net
