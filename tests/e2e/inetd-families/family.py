"""Answers one datagram with the family of the socket."""
import socket

DOMAIN = 39
plain = socket.socket(fileno=0, family=socket.AF_INET, type=socket.SOCK_DGRAM)
family = socket.AddressFamily(plain.getsockopt(socket.SOL_SOCKET, DOMAIN))
own = socket.socket(fileno=plain.detach(), family=family, type=socket.SOCK_DGRAM)
_, peer = own.recvfrom(100)
own.sendto(family.name.encode(), peer)
