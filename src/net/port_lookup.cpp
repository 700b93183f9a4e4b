// SPDX-License-Identifier: MIT
#include "xsuperd/net/port_lookup.hpp"

#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "net/lookup_program.hpp"

namespace xsuperd::net {

namespace {

std::uint64_t address_of(const void* what) { return reinterpret_cast<std::uintptr_t>(what); }

int bpf(bpf_cmd command, bpf_attr& arguments) {
  return static_cast<int>(::syscall(SYS_bpf, command, &arguments, sizeof arguments));
}

/// `missing`: the error that means that the kernel does not know the thing at all.
base::Error failed(std::string_view what, int missing = ENOSYS) {
  const int error = errno;
  if (error == EPERM)
    return {error, "a range of ports needs the capabilities CAP_NET_ADMIN and CAP_BPF"};
  if (error == ENOSYS || error == missing)
    return {error, "a range of ports needs Linux 5.9 or later, with BPF programs that look up sockets"};
  return base::system_error(error, fmt::format("{} for a range of ports", what));
}

base::Result<base::Fd> new_map(bpf_map_type type, std::uint32_t value_size) {
  bpf_attr arguments{};
  arguments.map_type = type;
  arguments.key_size = sizeof(std::uint32_t);
  arguments.value_size = value_size;
  arguments.max_entries = 1;
  base::Fd map(bpf(BPF_MAP_CREATE, arguments));  // close-on-exec, as all descriptors of bpf(2)
  if (!map) return failed("creating a map", EINVAL);
  return map;
}

/// Both kinds of maps have one entry, 0.
base::Result<void> put(int map, const void* value) {
  const std::uint32_t key = 0;
  bpf_attr arguments{};
  arguments.map_fd = static_cast<std::uint32_t>(map);
  arguments.key = address_of(&key);
  arguments.value = address_of(value);
  if (bpf(BPF_MAP_UPDATE_ELEM, arguments) == 0) return {};
  return failed("writing to a map");
}

base::Result<base::Fd> load(const std::vector<bpf_insn>& code) {
  // No helper that is called here is for programs under the GPL only.
  static constexpr char license[] = "MIT";
  bpf_attr arguments{};
  arguments.prog_type = BPF_PROG_TYPE_SK_LOOKUP;
  arguments.expected_attach_type = BPF_SK_LOOKUP;
  arguments.insns = address_of(code.data());
  arguments.insn_cnt = static_cast<std::uint32_t>(code.size());
  arguments.license = address_of(license);
  base::Fd program(bpf(BPF_PROG_LOAD, arguments));
  if (!program) return failed("loading a program", EINVAL);
  return program;
}

/// The link ends with its last descriptor, and the program then is where no connection comes.
base::Result<base::Fd> attach(int program, int listening) {
  const base::Fd network(::ioctl(listening, SIOCGSKNS));  // close-on-exec
  if (!network) return failed("finding the network");
  bpf_attr arguments{};
  arguments.link_create.prog_fd = static_cast<std::uint32_t>(program);
  arguments.link_create.target_fd = static_cast<std::uint32_t>(network.get());
  arguments.link_create.attach_type = BPF_SK_LOOKUP;
  base::Fd link(bpf(BPF_LINK_CREATE, arguments));
  if (!link) return failed("attaching a program");
  return link;
}

/// What the kernel says of a descriptor that bpf(2) has made.
template <typename Info>
bool info_of(int fd, Info& info) {
  bpf_attr arguments{};
  arguments.info.bpf_fd = static_cast<std::uint32_t>(fd);
  arguments.info.info_len = sizeof info;
  arguments.info.info = address_of(&info);
  return bpf(BPF_OBJ_GET_INFO_BY_FD, arguments) == 0;
}

bool is_lookup_link(int fd) {
  bpf_link_info info{};
  return info_of(fd, info) && info.type == BPF_LINK_TYPE_NETNS && info.netns.attach_type == BPF_SK_LOOKUP;
}

bool is_map_of_ports(int fd) {
  bpf_map_info info{};
  return info_of(fd, info) && info.type == BPF_MAP_TYPE_ARRAY && info.value_size == PortSet::size_in_bytes &&
         info.max_entries == 1;
}

}  // namespace

PortLookup::PortLookup(base::Fd link, base::Fd ports, const PortSet& left_alone)
    : link_(std::move(link)), ports_(std::move(ports)), left_alone_(left_alone) {}

base::Result<PortLookup> PortLookup::open(int listening, const config::PortRange& range, const std::string& device) {
  const unsigned interface = device.empty() ? 0 : ::if_nametoindex(device.c_str());
  if (interface == 0 && !device.empty()) return base::system_error(errno, fmt::format("finding the interface {}", device));
  auto socket = new_map(BPF_MAP_TYPE_SOCKMAP, sizeof(std::uint32_t));
  if (!socket) return socket.error();
  auto ports = new_map(BPF_MAP_TYPE_ARRAY, PortSet::size_in_bytes);
  if (!ports) return ports.error();
  const PortSet all = PortSet::all();
  if (auto written = put(ports->get(), all.bytes().data()); !written) return written.error();
  if (auto written = put(socket->get(), &listening); !written) return written.error();
  const auto program = load(lookup_program(range, interface, {socket->get(), ports->get()}));
  if (!program) return program.error();
  auto link = attach(program->get(), listening);
  if (!link) return link.error();
  return PortLookup(std::move(*link), std::move(*ports), all);
}

base::Result<PortLookup> PortLookup::adopt(base::Fd link, base::Fd ports) {
  if (!is_lookup_link(link.get()) || !is_map_of_ports(ports.get()))
    return base::Error{EINVAL, "the descriptors are not those of a range of ports"};
  const std::uint32_t key = 0;
  PortSet::Bytes bytes{};
  bpf_attr arguments{};
  arguments.map_fd = static_cast<std::uint32_t>(ports.get());
  arguments.key = address_of(&key);
  arguments.value = address_of(bytes.data());
  if (bpf(BPF_MAP_LOOKUP_ELEM, arguments) != 0) return failed("reading a map");
  return PortLookup(std::move(link), std::move(ports), PortSet::of(bytes));
}

/// The kernel copies the whole, but bits that are the same before and after have no other value in between.
base::Result<void> PortLookup::leave_alone(const PortSet& ports) {
  if (ports == left_alone_) return {};
  if (auto written = put(ports_.get(), ports.bytes().data()); !written) return written;
  left_alone_ = ports;
  return {};
}

/// A child that is about to execute a server may still have a duplicate.
void PortLookup::end() {
  bpf_attr arguments{};
  arguments.link_detach.link_fd = static_cast<std::uint32_t>(link_.get());
  (void)bpf(BPF_LINK_DETACH, arguments);
}

LookupAbility lookup_ability() {
  const auto program = load(empty_program());
  if (program) return LookupAbility::usable;
  const int error = program.error().code;
  return error == ENOSYS || error == EINVAL ? LookupAbility::not_in_kernel : LookupAbility::not_permitted;
}

}  // namespace xsuperd::net
