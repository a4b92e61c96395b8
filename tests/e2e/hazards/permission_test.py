#!/usr/bin/env python3
"""The daemon may not read the file for a while, then it may again. Root may read everything: the daemon runs as nobody."""
import os
import shutil

from hazard import check_equal, config, Daemon, Lines, main, need_programs, scratch, settled, skip, tail, wait_for
import harness


class UnprivilegedDaemon(Daemon):
    """The same program under another user, who owns its folder."""

    def __init__(self, folder, text):
        super().__init__(folder, text, prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])

    def start(self, wait_ready=True):
        binary = harness.BINARY
        try:
            harness.BINARY = self.folder / "pilotwatch"   # the build folder may be closed to others
            return super().start(wait_ready)
        finally:
            harness.BINARY = binary


def own(path):
    os.chown(path, 65534, 65534)


def folder_of_nobody(folder):
    shutil.copy(harness.BINARY, folder / "pilotwatch")
    (folder / "logs").mkdir(mode=0o755)
    (folder / "data").mkdir(mode=0o700)
    for path in (folder, folder / "data", folder / "pilotwatch"):
        own(path)


def file_closed_and_opened():
    """over a restart, as an open descriptor goes on reading"""
    with scratch() as folder:
        folder_of_nobody(folder)
        log, lines = folder / "logs/records.ndjson", Lines()
        lines.append(log, 100)
        daemon = UnprivilegedDaemon(folder, config(file="logs/records.ndjson")).start()
        settled(daemon, lines)
        log.chmod(0)
        lines.append(log, 10)
        settled(daemon, lines)   # it is open already
        daemon.stop()
        lines.append(log, 20)
        with daemon:
            wait_for("a read error", lambda: tail(daemon, "read_errors_total") > 0)
            log.chmod(0o644)
            settled(daemon, lines)


def folder_closed_and_opened():
    """files that cannot be seen are not taken for deleted"""
    with scratch() as folder:
        folder_of_nobody(folder)
        logs, lines = folder / "logs", Lines()
        for number in range(20):
            lines.append(logs / f"{number}.ndjson", 10)
        with UnprivilegedDaemon(folder, config(file='"logs/*.ndjson"', max_open_files=4)) as daemon:
            settled(daemon, lines)
            logs.chmod(0)
            before = tail(daemon, "read_errors_total")
            for number in range(20):
                lines.append(logs / f"{number}.ndjson", 10)
            wait_for("read errors at many looks", lambda: tail(daemon, "read_errors_total") > before + 20)
            logs.chmod(0o755)
            settled(daemon, lines)


def folder_that_cannot_be_listed():
    """files with known names need no list of their folder; what was renamed in it is not taken for deleted"""
    with scratch() as folder:
        folder_of_nobody(folder)
        logs, lines = folder / "logs", Lines()
        logs.chmod(0o711)
        names = [f"{number}.ndjson" for number in range(20)]
        for name in names:
            lines.append(logs / name, 10)
        files = "[" + ", ".join(f"logs/{name}" for name in names) + "]"
        with UnprivilegedDaemon(folder, config(file=files, max_open_files=4)) as daemon:
            settled(daemon, lines)
            for name in names:
                lines.append(logs / name, 10)
            settled(daemon, lines)
            before = tail(daemon, "read_errors_total")
            for name in names:
                lines.append(logs / name, 10)
                (logs / name).rename(logs / f"renamed-{name}")
                lines.append(logs / name, 10)
            wait_for("read errors at many looks", lambda: tail(daemon, "read_errors_total") > before + 100)
            check_equal(tail(daemon, "lost_bytes_total"), 0, "bytes lost")
            logs.chmod(0o755)
            settled(daemon, lines)


if __name__ == "__main__":
    if os.geteuid() != 0:
        skip("needs root, to run the daemon as another user")
    need_programs("setpriv")
    main(file_closed_and_opened, folder_closed_and_opened, folder_that_cannot_be_listed)
