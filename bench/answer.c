/* SPDX-License-Identifier: MIT */
/* The smallest useful server for wait = yes: sends the datagram that waits on descriptor 0 back, and ends. Linked
   statically, as hello.c. */
#include <netinet/in.h>
#include <sys/socket.h>

int main(void) {
  static char bytes[2048];
  struct sockaddr_storage peer;
  socklen_t length = sizeof peer;
  const ssize_t n = recvfrom(0, bytes, sizeof bytes, 0, (struct sockaddr *)&peer, &length);
  return n >= 0 && sendto(0, bytes, (size_t)n, 0, (struct sockaddr *)&peer, length) == n ? 0 : 1;
}
