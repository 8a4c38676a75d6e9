# SPDX-License-Identifier: Apache-2.0
"""Run a command on a terminal of its own, type into it, and see what comes.

    on-terminal.py STEP... -- COMMAND...

    expect:TEXT      wait until the terminal has shown TEXT since the last step of this kind
    send:TEXT        type it
    resize:ROWSxCOLUMNS
    resizing:ROWSxCOLUMNS
                     the same, and the command is told of it every second from then on: for one that listens for
                     changes only some time after it asked for the size (docker)
    signal:NAME      send a signal to the command
    modes            print whether the terminal is raw or cooked
    wait             until the command has ended; its exit status is printed
    hangup           close the terminal

TEXT may hold escapes such as \\r and \\x10. What the terminal shows goes to standard output. It has 31 rows and 97
columns. Exits with 1 if something does not come within a minute, else with 0.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 60


class Terminal:
    def __init__(self, command):
        self.shown = b""
        self.seen = 0
        self.next_notice = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            time.sleep(0.1)  # the size comes first
            os.execvp(command[0], command)
        self.resize("31x97")

    def resize(self, size):
        rows, columns = map(int, size.split("x"))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resizing(self, size):
        self.resize(size)
        self.next_notice = time.monotonic() + 1

    def give_notice(self):
        if self.next_notice and time.monotonic() > self.next_notice:
            os.kill(self.pid, signal.SIGWINCH)
            self.next_notice = time.monotonic() + 1

    def read(self, seconds):
        """Whether something came."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        try:
            data = os.read(self.fd, 65536) if ready else b""
        except OSError:  # nobody has it open on the other side
            time.sleep(seconds)
            return False
        self.shown += data
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return bool(data)

    def expect(self, text):
        end = time.monotonic() + PATIENCE
        while text not in self.shown[self.seen:]:
            if time.monotonic() > end:
                sys.exit(f"on-terminal: {text!r} did not come")
            self.give_notice()
            self.read(0.1)
        self.seen = self.shown.index(text, self.seen) + len(text)

    def send(self, text):
        os.write(self.fd, text)

    def modes(self):
        cooked = termios.tcgetattr(self.fd)[3] & termios.ICANON
        print("[cooked]" if cooked else "[raw]", flush=True)

    def wait(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.fd >= 0 and self.read(0):  # its last words
                    pass
                print(f"[exit {os.waitstatus_to_exitcode(status)}]", flush=True)
                return
            self.give_notice()
            if self.fd >= 0:
                self.read(0.05)
        os.kill(self.pid, signal.SIGKILL)
        sys.exit("on-terminal: the command did not end")

    def hangup(self):
        os.close(self.fd)
        self.fd = -1


def unescape(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


def main():
    split = sys.argv.index("--")
    terminal = Terminal(sys.argv[split + 1:])
    for step in sys.argv[1:split]:
        verb, _, argument = step.partition(":")
        if verb in ("expect", "send"):
            getattr(terminal, verb)(unescape(argument))
        elif verb in ("resize", "resizing"):
            getattr(terminal, verb)(argument)
        elif verb == "signal":
            os.kill(terminal.pid, getattr(signal, "SIG" + argument))
        elif verb in ("modes", "wait", "hangup"):
            getattr(terminal, verb)()
        else:
            sys.exit(f"on-terminal: what is {step}?")


main()
