// SPDX-License-Identifier: MIT
#include "xsuperd/net/steering.hpp"

#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "xsuperd/net/waiting_peers.hpp"

namespace xsuperd::net {

namespace {

/// What a program returns.
struct Verdicts {
  std::uint32_t admitted = 0;
  std::uint32_t refused = 0;
};
/// Of a group: the indexes of the two sockets, in the order in which they were bound.
constexpr Verdicts choosing{0, 1};
/// Of a filter: how much of the packet is kept.
constexpr Verdicts dropping{~std::uint32_t{0}, 0};
constexpr std::uint32_t net_header = static_cast<std::uint32_t>(SKF_NET_OFF);
constexpr std::uint32_t source_v4 = net_header + 12;
constexpr std::uint32_t source_v6 = net_header + 8;

/// The rules of one family in a row; jumps of classic BPF reach 255 instructions, so each rule ends in its own verdict.
class Program {
 public:
  explicit Program(Verdicts verdicts) : verdicts_(verdicts) {}
  /// The version of IP, which is the same nibble in both headers.
  void load_version() {
    add(BPF_LD | BPF_B | BPF_ABS, net_header);
    add(BPF_ALU | BPF_RSH | BPF_K, 4);
  }
  void verdict(bool admit) { add(BPF_RET | BPF_K, admit ? verdicts_.admitted : verdicts_.refused); }

  void rule(const SteeringRule& rule, std::uint32_t source) {
    const auto& bytes = rule.network.bytes();
    const int words = (rule.prefix + 31) / 32;
    for (int i = 0; i < words; ++i) {
      const int bits = std::min(32, rule.prefix - 32 * i);
      const std::uint32_t mask = ~std::uint32_t{0} << (32 - bits);
      const std::uint32_t value = std::uint32_t{bytes[4 * i]} << 24 | std::uint32_t{bytes[4 * i + 1]} << 16 |
                                  std::uint32_t{bytes[4 * i + 2]} << 8 | bytes[4 * i + 3];
      add(BPF_LD | BPF_W | BPF_ABS, source + 4 * static_cast<std::uint32_t>(i));
      if (bits < 32) add(BPF_ALU | BPF_AND | BPF_K, mask);
      misses_.push_back(code_.size());
      add(BPF_JMP | BPF_JEQ | BPF_K, value & mask);
    }
    verdict(rule.admit);
    for (const std::size_t at : misses_) code_[at].jf = static_cast<__u8>(code_.size() - at - 1);
    misses_.clear();
  }

  [[nodiscard]] std::size_t size() const { return code_.size(); }
  void append(const Program& other) { code_.insert(code_.end(), other.code_.begin(), other.code_.end()); }
  /// Goes on at `target` unless the accumulator holds `value`.
  void jump_unless(std::uint32_t value, std::size_t distance) {
    // JEQ over a long jump: JA has the only wide offset.
    code_.push_back({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, value});
    add(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(distance));
  }
  [[nodiscard]] sock_filter* code() { return code_.data(); }

 private:
  void add(int code, std::uint32_t k) { code_.push_back({static_cast<__u16>(code), 0, 0, k}); }

  Verdicts verdicts_;
  std::vector<sock_filter> code_;
  std::vector<std::size_t> misses_;
};

Program for_family(const std::vector<SteeringRule>& rules, base::Address::Family family, std::uint32_t source,
                   bool otherwise, Verdicts verdicts) {
  Program program(verdicts);
  for (const SteeringRule& rule : rules)
    if (rule.network.family() == family) program.rule(rule, source);
  program.verdict(otherwise);
  return program;
}

Program program_of(const std::vector<SteeringRule>& rules, bool otherwise, Verdicts verdicts) {
  const Program v4 = for_family(rules, base::Address::Family::ipv4, source_v4, otherwise, verdicts);
  const Program v6 = for_family(rules, base::Address::Family::ipv6, source_v6, otherwise, verdicts);
  Program all(verdicts);
  all.load_version();
  all.jump_unless(4, v4.size());
  all.append(v4);
  all.append(v6);
  return all;
}

base::Result<void> attach(int fd, int option, Program program) {
  if (program.size() > BPF_MAXINSNS)
    return base::Error{E2BIG, "the access lists are too long for the kernel to steer by"};
  const sock_fprog code{static_cast<unsigned short>(program.size()), program.code()};
  if (::setsockopt(fd, SOL_SOCKET, option, &code, sizeof code) == 0) return {};
  if (option == SO_ATTACH_FILTER && errno == ENOMEM) {
    // With an old filter there the kernel wants room for both; and one that stayed would refuse new friends.
    unguard(fd);
    if (::setsockopt(fd, SOL_SOCKET, option, &code, sizeof code) == 0) return {};
  }
  return base::system_error(errno, "steering by access lists");
}

}  // namespace

base::Result<void> steer(int fd, const std::vector<SteeringRule>& rules, bool otherwise) {
  auto steered = attach(fd, SO_ATTACH_REUSEPORT_CBPF, program_of(rules, otherwise, choosing));
  if (!steered && steered.error().code == EINVAL) return base::Error{EINVAL, "another program shares the port"};
  return steered;
}

base::Result<void> guard(int fd, const std::vector<SteeringRule>& rules, bool otherwise) {
  return attach(fd, SO_ATTACH_FILTER, program_of(rules, otherwise, dropping));
}

namespace {
bool lies_in(const base::Address& address, const SteeringRule& rule) {
  if (address.family() != rule.network.family()) return false;
  for (int bit = 0; bit < rule.prefix; bit += 8) {
    const int mask = 0xff << std::max(0, 8 - (rule.prefix - bit)) & 0xff;
    const auto at = static_cast<std::size_t>(bit / 8);
    if (((address.bytes()[at] ^ rule.network.bytes()[at]) & mask) != 0) return false;
  }
  return true;
}
}  // namespace

bool lock_guard(int fd, const std::vector<SteeringRule>& rules, bool otherwise) {
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) != 0) return false;
  Program wanted = program_of(rules, otherwise, dropping);
  std::vector<sock_filter> there(BPF_MAXINSNS);
  // The length counts instructions, and what comes back is how many there are.
  socklen_t length = static_cast<socklen_t>(there.size());
  if (::getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, there.data(), &length) != 0 || length != wanted.size()) return false;
  return std::equal(wanted.code(), wanted.code() + wanted.size(), there.begin(), [](const sock_filter& a, const sock_filter& b) {
    return a.code == b.code && a.jt == b.jt && a.jf == b.jf && a.k == b.k;
  });
}

bool admits(const std::vector<SteeringRule>& rules, bool otherwise, const base::Address& peer) {
  const base::Address address = peer.unmapped();
  for (const SteeringRule& rule : rules)
    if (lies_in(address, rule)) return rule.admit;
  return otherwise;
}

void shut_off(int fd) { (void)guard(fd, {}, false); }

void unguard(int fd) {
  const int unused = 0;
  (void)::setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
}

}  // namespace xsuperd::net
