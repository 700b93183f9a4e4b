# SPDX-License-Identifier: MIT
"""A server that is asked to try something: one line, and one line as the answer."""
import ctypes, errno, os, resource, socket, sys

libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {'x86_64': {'ptrace': 101, 'getppid': 110, 'personality': 135, 'msgget': 68, 'unshare': 272},
           'aarch64': {'ptrace': 117, 'getppid': 173, 'personality': 92, 'msgget': 186, 'unshare': 97}}


def answer_of(result):
    return 'ok' if result != -1 else errno.errorcode[ctypes.get_errno()]


def status(name):
    with open('/proc/self/status') as lines:
        return next(line.split()[1] for line in lines if line.startswith(name + ':'))


def call(name, *words):
    number = NUMBERS[os.uname().machine][name]
    return answer_of(libc.syscall(*[ctypes.c_long(word) for word in [number] + [int(word, 0) for word in words]]))


def tiocsti():
    """On a socket, which has no terminal's input: ENOTTY, unless a filter comes first."""
    return answer_of(libc.ioctl(0, ctypes.c_ulong(0xFFFFFFFF00005412), ctypes.c_char_p(b'x')))


def connect(port):
    with socket.socket() as one:
        try:
            one.connect(('127.0.0.1', int(port)))
        except OSError as error:
            return errno.errorcode[error.errno]
    return 'ok'


def limit(number):
    return '%d %d' % resource.getrlimit(int(number))


def reads(path):
    try:
        with open(path):
            return 'ok'
    except OSError as error:
        return errno.errorcode[error.errno]


name, *words = sys.stdin.readline().split()
print({'status': status, 'call': call, 'tiocsti': tiocsti, 'connect': connect, 'limit': limit, 'reads': reads}[name](*words))
