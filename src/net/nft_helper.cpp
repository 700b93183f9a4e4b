// SPDX-License-Identifier: MIT
// The process that calls libnftables: one thread, no loop library.
#include "xsuperd/net/nft.hpp"

#ifdef XSUPERD_HAVE_NFTABLES
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <memory>

#include "net/nftables.hpp"
#include "xsuperd/base/daemon_socket.hpp"

namespace xsuperd::net {

namespace {

constexpr unsigned net_admin = 1U << CAP_NET_ADMIN;

bool has_net_admin() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  return ::syscall(SYS_capget, &header, data) == 0 && (data[0].effective & net_admin) != 0;
}

/// Where it has that one; without it the library says what is not permitted. False when it has kept more.
bool keep_net_admin_only() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  if (has_net_admin()) data[0] = {.effective = net_admin, .permitted = net_admin, .inheritable = 0};
  __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capset, &header, data) != 0 || ::syscall(SYS_capget, &header, kept) != 0) return false;
  const auto same = [](const __user_cap_data_struct& a, const __user_cap_data_struct& b) {
    return a.effective == b.effective && a.permitted == b.permitted && a.inheritable == b.inheritable;
  };
  return std::equal(std::begin(data), std::end(data), std::begin(kept), same);
}

void ignore_signals() {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
}

std::string first_line(std::string_view text) {
  if (const auto end = text.find('\n'); end != text.npos) text = text.substr(0, end);
  constexpr std::string_view prefix = "Error: ";
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  return std::string(text);
}

/// Is nobody there any more? What a daemon that has been killed has asked for is not wanted by the one after it.
bool orphaned() {
  pollfd other{base::daemon_socket, POLLIN, 0};
  return ::poll(&other, 1, 0) > 0 && (other.revents & POLLHUP) != 0;
}

/// All packets of a command; false: there is no daemon any more.
bool receive(std::string& commands) {
  const auto packet = std::make_unique<char[]>(nft_packet::longest);
  while (true) {
    const ssize_t count = ::recv(base::daemon_socket, packet.get(), nft_packet::longest, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    commands.append(packet.get() + 1, static_cast<std::size_t>(count) - 1);
    if (commands.size() > nft_packet::most_text) return false;
    if (packet[0] == nft_packet::end) return !orphaned();
  }
}

bool answer(const base::Result<std::string>& outcome) {
  if (outcome && outcome->size() >= nft_packet::longest_answer)
    return answer(base::Error{0, "there is so much in the table that it cannot be looked at"});
  std::string packet(1, outcome ? nft_packet::done : nft_packet::failed);
  packet += outcome ? *outcome : outcome.error().sentence.substr(0, nft_packet::longest_answer - 1);
  return ::send(base::daemon_socket, packet.data(), packet.size(), MSG_NOSIGNAL) >= 0;
}

}  // namespace

base::Result<std::string> run_commands(const Nftables& library, const std::string& commands) {
  // A new one each time: it remembers what there was, and others change that.
  const std::unique_ptr<nft_ctx, decltype(library.free_context)> context(library.new_context(NFT_CTX_DEFAULT), library.free_context);
  if (!context) return base::Error{0, "libnftables cannot be used"};
  library.set_flags(context.get(), NFT_CTX_OUTPUT_HANDLE | NFT_CTX_OUTPUT_TERSE);
  library.buffer_output(context.get());
  library.buffer_errors(context.get());
  if (library.run(context.get(), commands.c_str()) == 0) return std::string(library.output(context.get()));
  std::string why = first_line(library.errors(context.get()));
  return base::Error{0, why.empty() ? "libnftables gives no reason" : why};
}

int run_nft_helper(int socket) {
  ignore_signals();
  const auto kept = base::keep_only(socket);
  if (!kept) return 1;
  ::prctl(PR_SET_NAME, nft_program_name.data());
  (void)::setsid();
  if (::chdir("/") != 0 || !keep_net_admin_only()) return 1;
  const auto library = base::loaded_functions<Nftables>();
  while (true) {
    std::string commands;
    if (!receive(commands)) return 0;
    if (!answer(library ? run_commands(**library, commands) : library.error())) return 0;
  }
}

bool nft_built() { return true; }

NftAbility nft_ability() {
  static std::atomic<bool> loadable = false;
  if (!loadable) {
    auto library = base::Library::load(Nftables::file);
    if (!library || !base::find_functions<Nftables>(*library)) return NftAbility::not_loaded;
    loadable = true;
  }
  const base::Fd kernel(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (!kernel && errno == EPROTONOSUPPORT) return NftAbility::not_in_kernel;
  return has_net_admin() ? NftAbility::usable : NftAbility::not_permitted;
}

}  // namespace xsuperd::net

#else

namespace xsuperd::net {

bool nft_built() { return false; }
NftAbility nft_ability() { return NftAbility::not_built; }
int run_nft_helper(int) { return 1; }

}  // namespace xsuperd::net

#endif
