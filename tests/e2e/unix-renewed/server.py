"""Takes one datagram and answers it."""
import socket

own = socket.socket(fileno=0)
text, sender = own.recvfrom(100)
own.sendto(b"answered " + text, sender)
