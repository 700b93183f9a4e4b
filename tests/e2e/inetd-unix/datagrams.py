"""Answers one datagram to the path that it came from."""
import socket

own = socket.socket(fileno=0)
text, sender = own.recvfrom(100)
own.sendto(b"answered " + text, sender)
