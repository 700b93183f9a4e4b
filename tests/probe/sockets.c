// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "probe.h"

static int makes(int family, int type, int protocol) { return answer(socket(family, type | SOCK_CLOEXEC, protocol)); }
static int tcp(void) { return makes(AF_INET, SOCK_STREAM, 0); }
static int udp(void) { return makes(AF_INET, SOCK_DGRAM, 0); }
static int tcp6(void) { return makes(AF_INET6, SOCK_STREAM, 0); }
static int mptcp(void) { return makes(AF_INET, SOCK_STREAM, 262); }
static int sctp(void) { return makes(AF_INET, SOCK_STREAM, 132); }
static int icmp(void) { return makes(AF_INET, SOCK_DGRAM, IPPROTO_ICMP); }
static int raw(void) { return makes(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static int packet(void) { return makes(AF_PACKET, SOCK_RAW, 0); }
static int local(void) { return makes(AF_UNIX, SOCK_STREAM, 0); }
static int route(void) { return makes(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }
static int audit(void) { return makes(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT); }
static int diag(void) { return makes(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG); }
static int uevent(void) { return makes(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT); }
static int netfilter(void) { return makes(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER); }
static int xfrm(void) { return makes(AF_NETLINK, SOCK_RAW, NETLINK_XFRM); }
static int vsock(void) { return makes(AF_VSOCK, SOCK_STREAM, 0); }
static int bluetooth(void) { return makes(31, SOCK_RAW, 1); }
static int alg(void) { return makes(38, SOCK_SEQPACKET, 0); }
static int xdp(void) { return makes(44, SOCK_RAW, 0); }
static int can(void) { return makes(29, SOCK_RAW, 1); }
static int tipc(void) { return makes(30, SOCK_SEQPACKET, 0); }

static struct sockaddr_in loopback(long port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}
static int reach(int type, int protocol) {
  const struct sockaddr_in to = loopback(number_fact("port"));
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, protocol);
  if (fd < 0) return answer(fd);
  return answer(connect(fd, (const struct sockaddr*)&to, sizeof to));
}
static int connect_tcp(void) { return reach(SOCK_STREAM, 0); }
static int send_udp(void) {
  const struct sockaddr_in to = loopback(9);
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return answer(fd);
  return answer(sendto(fd, "x", 1, 0, (const struct sockaddr*)&to, sizeof to));
}
static int fast_open(void) {
  const struct sockaddr_in to = loopback(number_fact("port"));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return answer(fd);
  return answer(sendto(fd, "x", 1, MSG_FASTOPEN | MSG_DONTWAIT, (const struct sockaddr*)&to, sizeof to)) == EINPROGRESS ? ALLOWED : answer(-1);
}
static int binds(long port) {
  const struct sockaddr_in at = loopback(port);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return answer(fd);
  return answer(bind(fd, (const struct sockaddr*)&at, sizeof at));
}
static int bind_high(void) { return binds(0); }
static int bind_low(void) { return binds(number_fact("low_port")); }
static int connect_abstract(void) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  const size_t length = strlen(fact("abstract"));
  memcpy(to.sun_path + 1, fact("abstract"), length);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return answer(fd);
  if (connect(fd, (struct sockaddr*)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) == 0) return ALLOWED;
  return errno == ECONNREFUSED ? ABSENT : answer(-1);
}
static int bind_abstract(void) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return answer(fd);
  return answer(bind(fd, (struct sockaddr*)&at, sizeof(sa_family_t)));
}
static int set_mark(void) { const int one = 1; return answer(setsockopt(0, SOL_SOCKET, SO_MARK, &one, sizeof one)); }
static int buffer_force(void) { const int size = 1 << 16; return answer(setsockopt(0, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size)); }
static int interface_up(void) {
  struct { struct nlmsghdr head; struct { unsigned char family, pad; unsigned short type; int index; unsigned flags, change; } link; } ask = {
      {sizeof ask, 16, NLM_F_REQUEST | NLM_F_ACK, 1, 0}, {AF_UNSPEC, 0, 0, 1, 0, 0}};
  struct { struct nlmsghdr head; int error; char rest[256]; } got;
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return answer(fd);
  if (send(fd, &ask, sizeof ask, 0) < 0 || recv(fd, &got, sizeof got, 0) < 0) return answer(-1);
  errno = -got.error;
  return got.error == 0 ? ALLOWED : answer(-1);
}
static int terminal_input(void) { return got_by(ioctl(0, TIOCSTI, "x"), ENOTTY); }
static int console_paste(void) { return got_by(ioctl(0, TIOCLINUX, "\3"), ENOTTY); }
static int line_discipline(void) { const int n = 0; return got_by(ioctl(0, TIOCSETD, &n), ENOTTY); }

// System V and POSIX objects: of the host by the keys and names that the driver gave them, and new ones.
static int shm_host(void) { return answer(shmget((key_t)number_fact("shm_key"), 1, 0)); }
static int msg_host(void) { return answer(msgget((key_t)number_fact("msg_key"), 0)); }
static int sem_host(void) { return answer(semget((key_t)number_fact("sem_key"), 1, 0)); }
static int shm_new(void) {
  const int id = shmget(IPC_PRIVATE, 4096, 0600);
  const int result = answer(id);
  if (id >= 0) shmctl(id, IPC_RMID, NULL);
  return result;
}
static int msg_new(void) {
  const int id = msgget(IPC_PRIVATE, 0600);
  const int result = answer(id);
  if (id >= 0) msgctl(id, IPC_RMID, NULL);
  return result;
}
static int sem_new(void) {
  const int id = semget(IPC_PRIVATE, 1, 0600);
  const int result = answer(id);
  if (id >= 0) semctl(id, 0, IPC_RMID);
  return result;
}
static int queue_new(void) {
  const mqd_t queue = mq_open("/xsuperd-probe", O_CREAT | O_RDWR, 0600, NULL);
  const int result = answer(queue);
  if (queue >= 0) mq_unlink("/xsuperd-probe");
  return result;
}
static int queue_host(void) { return answer(mq_open("/xsuperd-host", O_RDONLY)); }
static int memfd(void) { return answer(syscall(SYS_memfd_create, "probe", 1)); }

const struct attempt socket_attempts[] = {
    {"socket-tcp", tcp}, {"socket-udp", udp}, {"socket-tcp6", tcp6}, {"socket-unix", local}, {"socket-mptcp", mptcp}, {"socket-sctp", sctp},
    {"socket-ping", icmp}, {"socket-raw", raw}, {"socket-packet", packet}, {"socket-netlink-route", route}, {"socket-netlink-audit", audit},
    {"socket-netlink-diag", diag}, {"socket-netlink-uevent", uevent}, {"socket-netlink-netfilter", netfilter}, {"socket-netlink-xfrm", xfrm},
    {"socket-vsock", vsock}, {"socket-bluetooth", bluetooth}, {"socket-alg", alg}, {"socket-xdp", xdp}, {"socket-can", can}, {"socket-tipc", tipc},
    {"connect-host-port", connect_tcp}, {"send-udp-loopback", send_udp}, {"tcp-fast-open", fast_open}, {"bind-free-port", bind_high},
    {"bind-low-port", bind_low}, {"connect-abstract-host", connect_abstract}, {"bind-abstract", bind_abstract}, {"socket-mark", set_mark},
    {"socket-buffer-force", buffer_force}, {"change-interface", interface_up}, {"ioctl-tiocsti", terminal_input},
    {"ioctl-tioclinux", console_paste}, {"ioctl-tiocsetd", line_discipline}, {"shm-of-host", shm_host}, {"msg-of-host", msg_host},
    {"sem-of-host", sem_host}, {"shm-new", shm_new}, {"msg-new", msg_new}, {"sem-new", sem_new}, {"mq-new", queue_new},
    {"mq-of-host", queue_host}, {"memfd", memfd}, {NULL, NULL}};
