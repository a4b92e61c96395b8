#!/usr/bin/env python3
"""`pilotwatch top`: once for scripts, and on a pseudo-terminal that is resized, quit, killed and suspended."""
import fcntl
import os
import pty
import re
import shlex
import signal
import struct
import subprocess
import termios
import threading
import time

from explain_test import CONFIG, ESCAPE, records
from harness import BINARY, DEADLINE_S, Daemon, Failure, check, check_equal, main, pilotwatch, scratch, wait_for

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?25h\x1b[?1049l"


class Screen:
    """`top` on a pseudo-terminal of its own, of which it is the controlling one."""

    def __init__(self, *arguments, columns=80, rows=24):
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.usual = termios.tcgetattr(slave)
        self.slave = slave   # kept open, so that what is left behind can be looked at
        self.process = subprocess.Popen([str(BINARY), "top", "--interval", "200ms", *arguments], stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                        env={**os.environ, "TERM": "xterm"})
        self.seen = b""
        self.lock = threading.Lock()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while True:
            try:
                some = os.read(self.master, 65536)
            except OSError:
                return
            with self.lock:
                self.seen += some

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def text(self, since=0):
        with self.lock:
            return self.seen[since:]

    def wait_for(self, wanted, since=0):
        try:
            wait_for(f"{wanted!r} on the screen", lambda: wanted in self.text(since))
        except Failure:
            print(self.text(since)[-3000:])
            raise
        return self

    def frames(self, since=0):
        """Drawn screens, each as lines without escape codes; only whole ones."""
        out = []
        for part in self.text(since).split(b"\x1b[H")[1:]:
            if b"\x1b[J" in part:
                plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", part.split(b"\x1b[J")[0])
                out.append(plain.decode().replace("\r", "").split("\n"))
        return out

    def press(self, keys):
        os.write(self.master, keys)

    def restored(self, code):
        """It ends with this exit code, and the terminal is as it was."""
        check_equal(self.process.wait(DEADLINE_S), code, "exit code")
        check_equal(termios.tcgetattr(self.slave), self.usual, "settings of the terminal")
        wait_for("as many screens left as entered", lambda: 0 < self.text().count(ENTER) == self.text().count(LEAVE))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        self.reader.join(DEADLINE_S)   # the last slave is closed: it reads no more
        os.close(self.master)


def url(daemon):
    return ("--url", f"http://127.0.0.1:{daemon.port}")


def once(daemon):
    """--once: two looks, no escape codes, the width of $COLUMNS"""
    for width in ("80", "120"):
        done = pilotwatch("top", "--once", "--interval=100ms", *url(daemon), environment={"COLUMNS": width})
        check_equal((done.returncode, done.stderr), (0, ""), "top --once")
        check("\x1b" not in done.stdout, f"escape codes: {done.stdout!r}")
        for line in done.stdout.splitlines():
            check(len(line) <= int(width) and line.isprintable(), f"{width} columns: {line!r}")
        check(re.search(r"^breach +routing +error-rate +0\.52 +0\.2 ", done.stdout, re.MULTILINE), done.stdout)
        check(re.search(r"^Records  0/s accepted, 0/s rejected; 1\.6k accepted", done.stdout, re.MULTILINE), done.stdout)
        check("Alerts" in done.stdout and "127.0.0.1:1:" in done.stdout, done.stdout)
    done = pilotwatch("top", "--once", "--interval=0", *url(daemon))
    check(done.returncode == 0 and "-/s accepted" in done.stdout, f"one look has no rates: {done}")


def example_of_help(daemon):
    """the example of --help does what it says"""
    example = re.search(r"Example: pilotwatch (.*)", " ".join(pilotwatch("top", "--help").stdout.split()))[1]
    done = pilotwatch(*shlex.split(example.replace("9464", str(daemon.port))))
    check(done.returncode == 0 and done.stdout.startswith("pilotwatch top"), f"{example}: {done}")


def errors(daemon):
    """no terminal, no daemon, no interval"""
    done = pilotwatch("top", *url(daemon))
    check(done.returncode == 1 and "must be a terminal" in done.stderr and not done.stdout, f"without a terminal: {done}")
    done = pilotwatch("top", "--once", "--url", "http://127.0.0.1:1")
    check(done.returncode == 1 and "127.0.0.1:1" in done.stderr, f"without a daemon: {done}")
    for interval in ("soon", "0", "10ms"):
        check_equal(pilotwatch("top", "--interval", interval, *url(daemon)).returncode, 2, f"--interval {interval}")


def resized_and_quit(daemon):
    """it fills the screen, follows its size, and q leaves everything as it was"""
    with Screen(*url(daemon)) as screen:
        screen.wait_for(ENTER).wait_for(b"error-rate").wait_for(b"q quits")
        for frame in screen.frames():
            check_equal((len(frame), max(map(len, frame)) <= 80), (24, True), "size of 24 x 80")
        check(ESCAPE.encode() not in screen.text().replace(b"\x1b[H", b""), "an escape sequence of a record")
        before = len(screen.text())
        screen.resize(120, 12)
        wait_for("a screen of 12 x 120", lambda: any(len(f) == 12 and len(f[0]) == 120 for f in screen.frames(before)))
        now = len(screen.text())
        screen.press(b"\x1b[B\x1b[Bjj")
        wait_for("the list to scroll", lambda: any(len(f) == 12 and "PILOT" not in f[6] for f in screen.frames(now)))
        screen.press(b"q")
        screen.restored(0)


def signals(daemon):
    """whatever ends it, the terminal is as it was; Ctrl-Z gives it back meanwhile"""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGABRT):
        with Screen(*url(daemon)) as screen:
            screen.wait_for(b"q quits")
            screen.process.send_signal(number)
            screen.restored(-number)
    with Screen(*url(daemon)) as screen:
        screen.wait_for(b"q quits")
        screen.press(b"\x03")   # Ctrl-C, by way of the terminal
        screen.restored(-signal.SIGINT)
    with Screen(*url(daemon)) as screen:
        screen.wait_for(b"q quits")
        screen.process.send_signal(signal.SIGTSTP)
        screen.wait_for(LEAVE)
        check_equal(os.waitid(os.P_PID, screen.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT).si_code, os.CLD_STOPPED, "stopped")
        check_equal(termios.tcgetattr(screen.slave), screen.usual, "settings while stopped")
        before = len(screen.text())
        screen.process.send_signal(signal.SIGCONT)
        screen.wait_for(ENTER, before).wait_for(b"q quits", before)
        screen.press(b"q")
        screen.restored(0)


def unreachable(daemon):
    """a daemon that goes away is said to be away, and found again"""
    with Screen(*url(daemon)) as screen:
        screen.wait_for(b"error-rate")
        daemon.stop()
        before = len(screen.text())
        screen.wait_for(b"unreachable, trying again", before)
        check("error-rate" in str(screen.frames(before)[-1]), "what was seen last stays")
        daemon.start()
        before = len(screen.text())
        wait_for("the daemon again", lambda: any("unreachable" not in str(f) and "routing" in str(f) for f in screen.frames(before)))
        screen.press(b"q")
        screen.restored(0)


def all_of_it():
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        daemon.send(list(records()))
        for test in (once, example_of_help, errors, resized_and_quit, signals, unreachable):
            started = time.monotonic()
            test(daemon)
            print(f"    {test.__name__}: {test.__doc__}, {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main(all_of_it)
