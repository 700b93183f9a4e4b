# SPDX-License-Identifier: MIT
"""What bench/relay and bench/echo share: contenders that serve the same in turn, their CPU time, medians."""
import contextlib
import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
LOADER = importlib.machinery.SourceFileLoader("spawn_rate", str(ROOT / "bench" / "spawn-rate"))
common = importlib.util.module_from_spec(importlib.util.spec_from_loader("spawn_rate", LOADER))
LOADER.exec_module(common)

DEFAULTS = """defaults
{
	log_on_success	=
	log_on_failure	=
	bind		= 127.0.0.1
	cps		= 0 0
	instances	= UNLIMITED
}
"""


def helpers(folder, *names):
    """Compiled helpers; built first when they are not there or older than their source."""
    paths = [folder / "bench" / f"bench_{name}" for name in names]
    sources = [ROOT / "bench" / f"{name}.cpp" for name in names]
    if not all(path.exists() and path.stat().st_mtime >= source.stat().st_mtime
               for path, source in zip(paths, sources)):
        print(f"building the helpers in {folder}", file=sys.stderr)
        settings = ["-DXSUPERD_BENCH=ON", "-DXSUPERD_TESTS=OFF", "-DCMAKE_BUILD_TYPE=Release"]
        subprocess.run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", folder, *settings], check=True, stdout=sys.stderr)
        subprocess.run(["cmake", "--build", folder, "--target", *(path.name for path in paths)], check=True,
                       stdout=sys.stderr)
    return paths


def cpu_seconds(pid):
    """CPU time of the process, of all its children that it has waited for, and of those that live, and of theirs."""
    with contextlib.suppress(OSError):
        return common.cpu_seconds(pid) + sum(cpu_seconds(int(child)) for child in common.children(pid))
    return 0.0


def accepts(port):
    with contextlib.suppress(OSError):
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    return False


@contextlib.contextmanager
def running(command, port):
    """The pid of a server that accepts connections on the port, until the end of the block."""
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        common.wait_for(f"start of {command[0]}", lambda: accepts(port), process)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def super_server(program, text, folder):
    """The command for xsuperd or xinetd with these services."""
    path = pathlib.Path(folder) / "xinetd.conf"
    path.write_text(DEFAULTS + text)
    return [program, "-dontfork", "-f", path, "-filelog", f"{folder}/daemon.log", "-pidfile", f"{folder}/pid"]


def load(command, pid):
    """Runs a load generator: its numbers, and the CPU time that the server spent on it."""
    before = cpu_seconds(pid) if pid else 0
    output = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    time.sleep(0.2)  # what ends with the load, as a process of xinetd's, has ended and is accounted for
    return [float(word) for word in output.split()], (cpu_seconds(pid) if pid else 0) - before


def rounds(contenders, number, measure):
    """Measures all contenders in turn, so often. For each the median of every column, but the sum of `errors`."""
    results = {name: [] for name in contenders}
    for done in range(number):
        for name in contenders:
            print(f"round {done + 1} of {number}: {name}", file=sys.stderr)
            with tempfile.TemporaryDirectory(prefix="xsuperd-bench.") as folder:
                os.chmod(folder, 0o755)
                results[name].append(measure(name, folder))

    def joined(column, values):
        if column == "errors":
            return sum(values)
        return None if None in values else statistics.median(values)

    return {name: {column: joined(column, [one[column] for one in all_rounds]) for column in all_rounds[0]}
            for name, all_rounds in results.items()}


def print_table(rows):
    """Columns as the first row has them; of "8 streams / MB/s" the title is what follows " / ". No number is a dash."""
    columns = list(next(iter(rows.values())))
    titles = [column.rpartition(" / ")[2] for column in columns]
    widths = [max(len(title), 9) for title in titles]
    print(" ".join([" " * 16] + [f"{title:>{width}}" for title, width in zip(titles, widths)]))
    for name, row in rows.items():
        cells = ["-" if row[column] is None else f"{row[column]:.{1 if row[column] < 100 else 0}f}" for column in columns]
        print(" ".join([f"{name:16}"] + [f"{cell:>{width}}" for cell, width in zip(cells, widths)]))


def add_options(parser, seconds):
    parser.add_argument("--xsuperd", default=ROOT / "build" / "xsuperd", type=pathlib.Path, metavar="PATH")
    parser.add_argument("--xinetd", default="/usr/sbin/xinetd", type=pathlib.Path, metavar="PATH")
    parser.add_argument("--seconds", default=seconds, type=int, metavar="S", help=f"length of each load ({seconds})")
    parser.add_argument("--rounds", default=3, type=int, metavar="R", help="rounds of each contender (3)")
    parser.add_argument("--helpers", default=ROOT / "build-bench", type=pathlib.Path, metavar="FOLDER",
                        help="build folder of the helpers (build-bench)")


def present(paths):
    """The contenders whose program is there; says which are not."""
    found = {}
    for name, path in paths.items():
        program = shutil.which(str(path))
        if program:
            found[name] = pathlib.Path(program).resolve()
        else:
            print(f"{name}: {path} is not there; bench/README.md says where to get it", file=sys.stderr)
    return found
