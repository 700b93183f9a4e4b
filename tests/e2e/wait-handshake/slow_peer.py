# SPDX-License-Identifier: MIT
"""A peer far away: plays a host behind a tunnel that takes its time with the handshake. Its only argument is the port."""
import fcntl, os, select, socket, struct, subprocess, sys, time

PORT = int(sys.argv[1])
HERE, THERE = socket.inet_aton("10.99.0.1"), socket.inet_aton("10.99.0.2")
SYN, RST, PSH, ACK = 2, 4, 8, 16


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def packet(flags, sequence, acknowledged, data=b""):
    tcp = struct.pack("!HHLLBBHHH", 40000, PORT, sequence, acknowledged, 5 << 4, flags, 65535, 0, 0) + data
    pseudo = THERE + HERE + struct.pack("!BBH", 0, 6, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, THERE, HERE)
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp


def answer(tunnel, wanted, patience=5):
    """The first packet of TCP for us whose flags or data are wanted: sequence, flags, data."""
    end = time.monotonic() + patience
    while select.select([tunnel], [], [], max(0, end - time.monotonic()))[0]:
        got = os.read(tunnel, 2000)
        if got[0] >> 4 != 4 or got[9] != 6:
            continue
        tcp = got[20:struct.unpack("!H", got[2:4])[0]]
        sequence, flags, data = struct.unpack("!L", tcp[4:8])[0], tcp[13], tcp[(tcp[12] >> 4) * 4:]
        if wanted(flags, data):
            return sequence, flags, data
    return 0, 0, b"(nothing)"


tunnel = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tunnel, 0x400454CA, struct.pack("16sH", b"far", 0x1001))  # TUNSETIFF: IFF_TUN, IFF_NO_PI
subprocess.run(["ip", "address", "add", "10.99.0.1/24", "dev", "far"], check=True)
subprocess.run(["ip", "link", "set", "far", "up"], check=True)
# A server comes and goes; the handshake of the other peer is on its way all the time.
with socket.create_connection(("127.0.0.1", PORT), timeout=10) as near:
    os.write(tunnel, packet(SYN, 1000, 0))
    theirs, _, _ = answer(tunnel, lambda flags, data: flags & SYN)
    near.sendall(b"x")
    print("near:", near.recv(100).decode())
time.sleep(0.7)
os.write(tunnel, packet(ACK, 1001, theirs + 1))
os.write(tunnel, packet(ACK | PSH, 1001, theirs + 1, b"x"))
_, flags, data = answer(tunnel, lambda flags, data: flags & RST or data)
print("far:", "reset" if flags & RST else data.decode())
