// SPDX-License-Identifier: MIT
#include "xsuperd/box/filter.hpp"

#ifdef XSUPERD_HAVE_SECCOMP
#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string_view>

#include "box/call_sets.hpp"
#include "xsuperd/base/fd.hpp"
#include "xsuperd/base/library.hpp"
#endif

namespace xsuperd::box {

#ifdef XSUPERD_HAVE_SECCOMP

namespace {

/// What is used of libseccomp.
struct Seccomp {
  static constexpr const char* file = XSUPERD_SECCOMP_FILE;
  decltype(&::seccomp_init) init;
  decltype(&::seccomp_rule_add_array) add_rule;
  decltype(&::seccomp_attr_set) set_attribute;
  decltype(&::seccomp_export_bpf) export_bpf;
  decltype(&::seccomp_syscall_resolve_name) number_of;
  decltype(&::seccomp_syscall_resolve_num_arch) name_of;
  decltype(&::seccomp_arch_native) native;
  decltype(&::seccomp_release) release;

  void find(base::Library& in) {
    in.find("seccomp_init", init).find("seccomp_rule_add_array", add_rule).find("seccomp_attr_set", set_attribute);
    in.find("seccomp_export_bpf", export_bpf).find("seccomp_syscall_resolve_name", number_of);
    in.find("seccomp_syscall_resolve_num_arch", name_of).find("seccomp_arch_native", native).find("seccomp_release", release);
  }
};

#ifdef __s390__
constexpr unsigned clone_flags = 1;  // the argument of clone(2) that has them
#else
constexpr unsigned clone_flags = 0;
#endif

constexpr std::uint64_t namespace_flags[]{CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET};

/// Both put characters where a terminal takes its input from.
constexpr std::uint64_t terminal_input[]{TIOCSTI, TIOCLINUX};

/// The requests that @strict leaves.
constexpr std::uint64_t strict_requests[]{TCGETS,     TCSETS,    TCSETSW,   TCSETSF,  TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP, TIOCSPGRP,
                                          TIOCGSID,   FIONREAD,  FIONBIO,   FIOASYNC, FIOCLEX,    FIONCLEX,   TIOCOUTQ,  TIOCGPTN};

constexpr std::uint64_t mptcp = 262;  // IPPROTO_MPTCP, which older headers lack
/// Other sockets whose data goes over TCP, past rules about connect(2): RDS, KCM and SMC, which is a protocol as well.
constexpr std::uint64_t over_tcp[]{21, 41, 43};
constexpr std::uint64_t smc_protocol = 256;

/// Those among the calls of @strict that change a file without writing to it.
constexpr std::string_view attribute_calls[]{"chmod",   "fchmod",   "fchmodat", "fchmodat2", "chown",     "fchown",           "lchown",   "fchownat", "chown32",
                                             "fchown32", "lchown32", "utime",    "utimes",    "utimensat", "utimensat_time64", "futimesat"};

/// What can send data before connect(2), and the argument that has its flags.
constexpr std::pair<std::string_view, unsigned> sending[]{{"sendto", 3}, {"sendmsg", 2}, {"sendmmsg", 3}};

/// An argument of 32 bits; the other half of the register may hold anything, and the kernel does not look at it.
scmp_arg_cmp has(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask & 0xffffffffU, value & 0xffffffffU};
}
scmp_arg_cmp equals(unsigned argument, std::uint64_t value) { return has(argument, 0xffffffffU, value); }

/// The rules of one filter. What fails is remembered, and the rest then has no effect.
class Rules {
 public:
  Rules(const Seccomp& library, const FilterRequest& request)
      : library_(library),
        request_(request),
        refusal_(request.action == FilterRequest::Action::kill ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM)),
        context_(library.init(strict() ? refusal_ : SCMP_ACT_ALLOW), library.release) {
    if (!context_) {
      error_ = ENOMEM;
      return;
    }
    note(library.set_attribute(context_.get(), SCMP_FLTATR_ACT_BADARCH, refusal_));
    // A tree in place of a list: the kernel is quicker to take it, and servers to pass it. Older libraries refuse.
    (void)library.set_attribute(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  }

  void make() {
    for (const std::string& name : request_.denied)
      if (!strict()) add(refusal_, name);
    if (request_.plain_tcp && !strict()) deny_other_tcp();
    if (request_.no_vsock && !strict()) add_unless_denied(refusal_, "socket", {equals(0, AF_VSOCK)});
    if (request_.fixed_attributes && !strict())
      for (const std::string_view name : attribute_calls) add(refusal_, name);
    if (request_.base == FilterRequest::Base::all) return;
    // Its flags are in memory, where no filter sees them; programs then use clone(2).
    add_unless_denied(SCMP_ACT_ERRNO(ENOSYS), "clone3");
    strict() ? allow() : deny();
  }

  /// errno; 0 when all went well.
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] scmp_filter_ctx context() const { return context_.get(); }
  [[nodiscard]] std::uint32_t refusal() const { return refusal_; }

 private:
  using Conditions = std::initializer_list<scmp_arg_cmp>;

  [[nodiscard]] bool strict() const { return request_.base == FilterRequest::Base::strict; }
  [[nodiscard]] bool is_denied(std::string_view name) const {
    return std::ranges::find(request_.denied, name) != request_.denied.end() || (request_.fixed_attributes && std::ranges::find(attribute_calls, name) != std::end(attribute_calls));
  }
  void note(int answer) {
    if (error_ == 0 && answer < 0) error_ = -answer;
  }
  /// Names that this architecture or the library does not have are passed over.
  void add(std::uint32_t action, std::string_view name, Conditions conditions = {}) {
    const int number = error_ == 0 ? library_.number_of(std::string(name).c_str()) : -1;
    if (number >= 0) note(library_.add_rule(context_.get(), action, number, static_cast<unsigned>(conditions.size()), conditions.begin()));
  }
  void add_unless_denied(std::uint32_t action, std::string_view name, Conditions conditions = {}) {
    if (!is_denied(name)) add(action, name, conditions);
  }

  void deny() {
    for (const std::string_view name : needless_calls()) add_unless_denied(refusal_, name);
    for (const std::uint64_t flag : namespace_flags) add_unless_denied(refusal_, "clone", {has(clone_flags, flag, flag)});
    for (const std::uint64_t request : terminal_input) add_unless_denied(refusal_, "ioctl", {equals(1, request)});
    add_unless_denied(refusal_, "personality", {{0, SCMP_CMP_NE, 0, 0}});
  }

  void deny_other_tcp() {
    for (const std::uint64_t protocol : {std::uint64_t{mptcp}, smc_protocol}) add_unless_denied(refusal_, "socket", {equals(2, protocol)});
    for (const std::uint64_t family : over_tcp) add_unless_denied(refusal_, "socket", {equals(0, family)});
    for (const auto& [call, flags] : sending) add_unless_denied(refusal_, call, {has(flags, MSG_FASTOPEN, MSG_FASTOPEN)});
  }

  void allow() {
    for (const std::string_view name : strict_calls()) add_unless_denied(SCMP_ACT_ALLOW, name);
    std::uint64_t all_flags = 0;
    for (const std::uint64_t flag : namespace_flags) all_flags |= flag;
    add_unless_denied(SCMP_ACT_ALLOW, "clone", {has(clone_flags, all_flags, 0)});
    for (const std::uint64_t request : strict_requests) add_unless_denied(SCMP_ACT_ALLOW, "ioctl", {equals(1, request)});
    for (const int family : {AF_INET, AF_INET6})
      for (const unsigned protocol : {0U, unsigned{IPPROTO_TCP}, unsigned{IPPROTO_UDP}})
        add_unless_denied(SCMP_ACT_ALLOW, "socket", {equals(0, static_cast<unsigned>(family)), equals(2, protocol)});
    allow_family("socket", AF_UNIX);
    add_unless_denied(SCMP_ACT_ALLOW, "socket", {equals(0, AF_NETLINK), equals(2, NETLINK_ROUTE)});  // names of interfaces
    allow_family("socketpair", AF_UNIX);
    for (const auto& [call, flags] : sending) add_unless_denied(SCMP_ACT_ALLOW, call, {has(flags, MSG_FASTOPEN, 0)});
    add_unless_denied(SCMP_ACT_ALLOW, "personality", {equals(0, 0)});
  }
  void allow_family(std::string_view call, int family) { add_unless_denied(SCMP_ACT_ALLOW, call, {equals(0, static_cast<unsigned>(family))}); }

  const Seccomp& library_;
  const FilterRequest& request_;
  std::uint32_t refusal_;
  std::unique_ptr<void, void (*)(void*)> context_;
  int error_ = 0;
};

/// The library writes it to a descriptor only.
base::Result<FilterProgram> exported(const Seccomp& library, const Rules& rules) {
  const base::Fd file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file) return base::system_error(errno, "making a system call filter: memfd_create failed");
  if (const int answer = library.export_bpf(rules.context(), file.get()); answer < 0)
    return base::system_error(-answer, "making a system call filter failed");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || status.st_size == 0) return base::system_error(EIO, "making a system call filter failed");
  const auto size = static_cast<std::size_t>(status.st_size);
  void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (bytes == MAP_FAILED) return base::system_error(errno, "making a system call filter: mmap failed");
  FilterProgram program(size / sizeof(sock_filter));
  std::memcpy(program.data(), bytes, program.size() * sizeof(sock_filter));
  ::munmap(bytes, size);
  return program;
}

/// The greatest number of a system call that the library has a name for.
std::uint32_t last_known_call(const Seccomp& library) {
  const int first = library.number_of("read");  // some architectures do not begin at 0
  int last = first;
  for (int number = first; number < first + 1000; ++number)
    if (char* name = library.name_of(library.native(), number)) {
      last = number;
      std::free(name);
    }
  return static_cast<std::uint32_t>(last);
}

/// Calls that are newer than the library are not there: neither may one get by a list of what is denied, nor a program
/// that would do without it be told that it is forbidden.
void deny_newer(const Seccomp& library, FilterProgram& program) {
  // On x86-64 the calls of x32 have numbers of their own, which are denied as a whole; elsewhere those from here on are an
  // architecture's own, such as set_tls on ARM, without which no program starts.
#ifdef __x86_64__
  constexpr std::uint32_t apart = 0x40000000;
#else
  constexpr std::uint32_t apart = 0x000f0000;
#endif
  const std::uint8_t to_program = 4;
  const sock_filter checks[]{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
                             BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, library.native(), 0, to_program),
                             BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                             BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last_known_call(library), 0, 2),
                             BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, apart, 1, 0),
                             BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)};
  program.insert(program.begin(), std::begin(checks), std::end(checks));
}

base::Result<FilterProgram> compiled(const Seccomp& library, const FilterRequest& request) {
  for (const std::string& name : request.denied)
    if (library.number_of(name.c_str()) == __NR_SCMP_ERROR)
      return base::Error{ENOSYS, fmt::format("making a system call filter: unknown system call {}", name)};
  Rules rules(library, request);
  rules.make();
  if (rules.error() != 0) return base::system_error(rules.error(), "making a system call filter failed");
  auto program = exported(library, rules);
  if (program && request.base != FilterRequest::Base::all) deny_newer(library, *program);
  return program;
}

}  // namespace

FilterAbility filter_ability() {
  if (::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 && errno == EINVAL) return FilterAbility::not_in_kernel;
  return base::loaded_functions<Seccomp>() ? FilterAbility::usable : FilterAbility::not_loaded;
}

std::optional<bool> is_system_call(const std::string& name) {
  const auto library = base::loaded_functions<Seccomp>();
  if (!library) return std::nullopt;
  return (*library)->number_of(name.c_str()) != __NR_SCMP_ERROR;
}

std::string call_name(std::uint32_t architecture, int number) {
  if (const auto library = base::loaded_functions<Seccomp>())
    if (char* found = (*library)->name_of(architecture, number)) {
      std::string name = found;
      std::free(found);
      return name;
    }
  return fmt::format("call {}", number);
}

base::Result<std::shared_ptr<const FilterProgram>> make_filter(const FilterRequest& request) {
  static std::mutex mutex;
  static std::map<FilterRequest, std::weak_ptr<const FilterProgram>> made;
  const auto library = base::loaded_functions<Seccomp>();
  if (!library) return base::Error{ELIBACC, library.error().sentence};
  const std::lock_guard lock(mutex);
  if (const auto found = made.find(request); found != made.end())
    if (auto program = found->second.lock()) return program;
  std::erase_if(made, [](const auto& one) { return one.second.expired(); });
  auto program = compiled(**library, request);
  if (!program) return program.error();
  auto shared = std::make_shared<const FilterProgram>(std::move(*program));
  made[request] = shared;
  return shared;
}

#else

FilterAbility filter_ability() { return FilterAbility::not_built; }
std::optional<bool> is_system_call(const std::string&) { return std::nullopt; }
std::string call_name(std::uint32_t, int number) { return "call " + std::to_string(number); }
base::Result<std::shared_ptr<const FilterProgram>> make_filter(const FilterRequest&) {
  return base::Error{ENOSYS, "xsuperd was built without libseccomp"};
}

#endif

}  // namespace xsuperd::box
