# SPDX-License-Identifier: MIT
"""Reads a process number, tries what a process of the same user may do to it, and tells what came of it."""
import ctypes
import os
import resource
import signal
import sys

pid = int(sys.stdin.readline())
done = []


def attempt(name, what):
    try:
        what()
    except OSError:
        return
    done.append(name)


def trace():
    if ctypes.CDLL(None, use_errno=True).ptrace(16, pid, None, None) != 0:  # PTRACE_ATTACH
        raise OSError


attempt('signal', lambda: os.kill(pid, 0))
attempt('stop', lambda: os.kill(pid, signal.SIGSTOP))
attempt('continue', lambda: os.kill(pid, signal.SIGCONT))
attempt('limit', lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, (64, 64)))
attempt('renice', lambda: os.setpriority(os.PRIO_PROCESS, pid, 19))
attempt('move', lambda: os.sched_setaffinity(pid, {0}))
attempt('group', lambda: os.setpgid(pid, pid))
attempt('trace', trace)
for file in ('mem', 'environ', 'maps'):
    attempt(file, lambda: open(f'/proc/{pid}/{file}', 'rb').read(1))
attempt('descriptors', lambda: os.listdir(f'/proc/{pid}/fd'))
print(' '.join(done) or 'nothing')
