# SPDX-License-Identifier: Apache-2.0
"""A peer of coffer-monitor, and a bundle for it to run: what tests/e2e/monitor.bats is written with.

Speaks the protocol of src/monitor/protocol.h. Needs root, COFFER_BIN, and BATS_TEST_TMPDIR to work in.
"""

import atexit
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import struct
import time

PLAN, START, STDIN, RESIZE, SIGNAL, STOP, OWNER = b"P", b"S", b"i", b"w", b"k", b"T", b"o"
CREATED, STARTED, STDOUT, STDERR, ERROR, EXIT = b"C", b"R", b"1", b"2", b"E", b"X"

TIMEOUT = 100
STALL = 10  # MONITOR_PEER_STALL_MS, in seconds


def wait_until(condition, timeout=TIMEOUT):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.01)


def move_up(fd):
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return moved


class Peer:
    """One connection. Output that was received is in out and err, everything in packets."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(TIMEOUT)
        self.out = self.err = b""
        self.packets = []

    def send(self, kind, payload=b""):
        self.sock.send(kind + payload)

    def signal(self, number):
        self.send(SIGNAL, struct.pack("=i", number))

    def stop(self, number=0, timeout_ms=-1, reason=0):
        self.send(STOP, struct.pack("=iii", number, timeout_ms, reason))

    def resize(self, rows, columns):
        self.send(RESIZE, struct.pack("=HH", rows, columns))

    def receive(self):
        """The next packet as (type, payload), or None at the end."""
        data = self.sock.recv(65536)
        if not data:
            return None
        kind, payload = data[:1], data[1:]
        if kind == STDOUT:
            self.out += payload
        elif kind == STDERR:
            self.err += payload
        self.packets.append((kind, payload))
        return kind, payload

    def until(self, *wanted):
        """Receive up to and with a packet of a wanted type; its payload."""
        while packet := self.receive():
            if packet[0] in wanted:
                return packet[1]
        raise AssertionError(f"the connection ended before {wanted}: {self.packets}")

    def until_out(self, text):
        while text not in self.out:
            assert self.receive(), f"the connection ended, output is {self.out}"

    def exit(self):
        """How it ended. EXIT is the last packet."""
        status = json.loads(self.until(EXIT))
        assert self.receive() is None
        return status

    def kinds(self):
        """The types of what was received, output put together: b"CR12X"."""
        kinds = b""
        for kind, _ in self.packets:
            if kind not in (STDOUT, STDERR) or not kinds.endswith(kind):
                kinds += kind
        return kinds

    def close(self):
        self.sock.close()


def have_cgroup(name):
    return [where for where, folders, _ in os.walk("/sys/fs/cgroup") if name in folders]


class Container:
    """A run directory with a busybox bundle. Everything of it is below BATS_TEST_TMPDIR."""

    all = []

    def __init__(self, script="true", *, terminal=False, **plan):
        Container.all.append(self)
        self.pid = 0
        self.id = f"coffer-monitor-{os.environ['BATS_RUN_TMPDIR'][-6:]}-{os.getpid()}-{len(Container.all)}"
        self.top = os.path.join(os.environ["BATS_TEST_TMPDIR"], self.id)
        self.dir = os.path.join(self.top, "run")
        self.log = os.path.join(self.top, "log.json")
        self.cleaned = os.path.join(self.top, "cleaned")
        os.makedirs(self.dir, mode=0o700)
        self.make_rootfs()
        self.plan = {
            "id": self.id,
            "name": "web",
            "runtimeRoot": os.path.join(self.top, "runtime"),
            "log": {"driver": "json-file", "path": self.log},
            "cleanup": ["/usr/bin/touch", self.cleaned],
            **plan,
        }
        self.config = {
            "ociVersion": "1.0.2",
            "process": {
                "terminal": terminal,
                "user": {"uid": 0, "gid": 0},
                "args": ["sh", "-c", script],
                "env": ["PATH=/bin"],
                "cwd": "/",
            },
            "root": {"path": "rootfs"},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
                {
                    "destination": "/dev/pts",
                    "type": "devpts",
                    "source": "devpts",
                    "options": ["newinstance", "ptmxmode=0666", "mode=0620"],
                },
            ],
            "linux": {
                "cgroupsPath": "/" + self.id,
                "namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network", "cgroup")],
                "resources": {},
            },
        }

    def make_rootfs(self):
        root = os.path.join(self.dir, "rootfs")
        for folder in ("bin", "proc", "dev", "sys", "tmp"):
            os.makedirs(os.path.join(root, folder))
        busybox = shutil.which("busybox")
        shutil.copy(busybox, os.path.join(root, "bin/busybox"))
        applets = "sh cat dd echo false grep head kill ls mkdir ps seq sha256sum sleep stat stty tail true wc yes"
        for applet in applets.split():
            os.symlink("busybox", os.path.join(root, "bin", applet))

    def share_host_pids(self):
        section = self.config["linux"]
        section["namespaces"] = [namespace for namespace in section["namespaces"] if namespace["type"] != "pid"]

    def write(self):
        for name, document in (("config.json", self.config), ("monitor.json", self.plan)):
            with open(os.path.join(self.dir, name), "w", encoding="utf-8") as file:
                json.dump(document, file)

    def launch(self, *first, planned=True):
        """Start the monitor as the engine does. Packets of `first` are there before it looks."""
        if planned:
            self.write()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.peer = Peer(ours)
        for kind in (PLAN, *first) if planned else first:
            self.peer.send(kind)
        lock = os.open(os.path.join(self.dir, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Out of the way of the numbers that they are to get.
        theirs, lock = move_up(theirs.detach()), move_up(lock)
        program = os.path.join(os.environ["COFFER_BIN"], "coffer-monitor")
        self.pid = os.posix_spawn(
            program,
            ["coffer-monitor", self.plan["name"], self.dir],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0),
                (os.POSIX_SPAWN_DUP2, 0, 1),
                (os.POSIX_SPAWN_DUP2, 0, 2),
                (os.POSIX_SPAWN_DUP2, theirs, 3),
                (os.POSIX_SPAWN_DUP2, lock, 4),
            ],
            setsid=True,
            setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
        )
        os.close(theirs)
        os.close(lock)
        return self.peer

    def run(self, *first):
        """Launch it, and receive everything up to its end. Returns the status."""
        self.launch(START, *first)
        return self.peer.exit()

    def go(self):
        """Let a script go on that waits for /tmp/go."""
        with open(os.path.join(self.dir, "rootfs/tmp/go"), "x", encoding="ascii"):
            pass

    def wait_for_socket(self):
        wait_until(lambda: os.path.exists(os.path.join(self.dir, "attach")))

    def attach(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        where = os.open(self.dir, os.O_PATH)
        sock.connect(f"/proc/self/fd/{where}/attach")
        os.close(where)
        return Peer(sock)

    def status(self):
        """What the monitor has written down, which it does after it began to listen."""
        path = os.path.join(self.dir, "status.json")
        wait_until(lambda: os.path.exists(path))
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def logged(self, suffix=""):
        """The entries of the log."""
        with open(self.log + suffix, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def monitor_log(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8") as file:
            return file.read()

    def is_locked(self):
        with open(os.path.join(self.dir, "lock"), "r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def wait(self):
        """Until the monitor has ended; its exit status."""
        ready, _, _ = select.select([os.pidfd_open(self.pid)], [], [], TIMEOUT)
        assert ready, "the monitor does not end"
        status = os.waitpid(self.pid, 0)[1]
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def processes(self):
        """Host pids of what runs in its cgroup."""
        found = set()
        for where in have_cgroup(self.id):
            with open(os.path.join(where, self.id, "cgroup.procs"), encoding="ascii") as file:
                found |= set(map(int, file.read().split()))
        return found

    def assert_gone(self):
        """What M1 promises."""
        assert self.status()["state"] == "exited", self.status()
        assert have_cgroup(self.id) == [], have_cgroup(self.id)
        assert not os.path.exists(os.path.join(self.plan["runtimeRoot"], self.id))
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            assert self.top not in file.read()

    def destroy(self):
        """Whatever a failed test, or one that kills the monitor, has left."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_until(lambda: not self.processes(), 5)
        for where in have_cgroup(self.id):
            os.rmdir(os.path.join(where, self.id))


@atexit.register
def leave_nothing():
    for container in Container.all:
        if container.pid:
            os.kill(container.pid, signal.SIGKILL)
            os.waitpid(container.pid, 0)
        container.destroy()
