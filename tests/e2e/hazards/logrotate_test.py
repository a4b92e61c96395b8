#!/usr/bin/env python3
"""Debian's logrotate, unmodified, with create, copytruncate, compress and delaycompress, driven while lines are written."""
import subprocess
import time

from hazard import config, Daemon, Lines, main, need_programs, scratch, settled, stalled, wait_for

WAYS = {
    "create": "create",
    "copytruncate": "copytruncate",
    "create_compress": "create\n  compress",
    "create_delaycompress": "create\n  compress\n  delaycompress",
    "copytruncate_compress": "copytruncate\n  compress",
    "create_dateext": "create\n  dateext\n  dateformat -%Y%m%d-%s",
}


class Rotation:
    def __init__(self, folder, log, way):
        self.state, self.file = folder / "logrotate.state", folder / "logrotate.conf"
        self.file.write_text(f"su root root\n{log} {{\n  rotate 50\n  missingok\n  {way}\n}}\n", encoding="utf-8")
        self.file.chmod(0o644)
        self.dated, self.second = "dateformat" in way, 0

    def rotate(self):
        if self.dated:   # two of one second would have one name; time(2) may be a tick behind
            wait_for("the next second", lambda: time.time() > self.second + 1.1)
        done = subprocess.run(["logrotate", "--force", "--state", self.state, self.file], capture_output=True, text=True, check=False)
        self.second = int(time.time())
        assert done.returncode == 0, done.stdout + done.stderr


def every_way():
    """a running daemon, one that stands still for two rotations, one that is down for two, and a pattern that matches all"""
    for name, way in WAYS.items():
        for pattern in ("records.ndjson", '"records.ndjson*"'):
            print(f"    {name}, {pattern}", flush=True)
            with scratch() as folder:
                drive(folder, way, pattern)


def drive(folder, way, pattern):
    folder.chmod(0o755)
    log, lines = folder / "records.ndjson", Lines()
    rotation = Rotation(folder, log, way)
    daemon = Daemon(folder, config(file=pattern)).start()

    def rotations(count):
        for _ in range(count):
            lines.append(log, 20)
            rotation.rotate()
        lines.append(log, 20)

    lines.append(log, 50)
    settled(daemon, lines)
    rotations(2)
    settled(daemon, lines)
    with stalled(daemon):
        rotations(2)
    settled(daemon, lines)
    daemon.stop()
    rotations(2)
    daemon.start()
    settled(daemon, lines)
    daemon.kill()
    rotations(1)
    daemon.start()
    settled(daemon, lines)
    daemon.stop()


if __name__ == "__main__":
    need_programs("logrotate")
    main(every_way)
