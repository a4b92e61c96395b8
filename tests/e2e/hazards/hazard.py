"""What the hazard tests share: a pilot's log whose lines are counted, a daemon that follows it, and conservation:
lines written = accepted + duplicate + rejected + lost."""
import contextlib
import json
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from harness import Daemon, check, check_equal, main, need_programs, scratch, skip, wait_for  # noqa: E402,F401

SOURCE_NAME = "log"


def config(file="records.ndjson", poll="20ms", **keys):
    """One pilot and one source; `keys` are keys of the source."""
    more = "".join(f", {key}: {value}" for key, value in keys.items())
    return f"""
storage: {{checkpoint_interval: 100ms}}
sources:
  - {{name: {SOURCE_NAME}, file: {file}, pilot: p, poll_interval: {poll}{more}}}
pilots:
  - {{name: p, task: binary, windows: [all], clock: event}}
"""


class Lines:
    """Predictions with ids that are never used twice, in all files of a test."""

    def __init__(self):
        self.written = 0

    def make(self, count):
        out = []
        for _ in range(count):
            out.append(json.dumps({"type": "prediction", "id": f"{self.written:08d}", "time": 1767225600 + self.written,
                                   "prediction": 1}) + "\n")
            self.written += 1
        return "".join(out)

    def append(self, path, count):
        """As a program that logs does: opens, writes, closes. Returns the bytes written."""
        text = self.make(count)
        with open(path, "a", encoding="utf-8") as out:
            out.write(text)
        return len(text)


def counts(daemon):
    metrics = daemon.metrics()
    return {what: int(metrics.sum(f"pilotwatch_ingest_{what}_records_total", source=SOURCE_NAME))
            for what in ("accepted", "duplicate", "rejected")}


def tail(daemon, name, **labels):
    return int(daemon.metrics().sum(f"pilotwatch_tail_{name}", source=SOURCE_NAME, **labels))


def settled(daemon, lines, lost_lines=0, lost_bytes=0, duplicate=0, rejected=0):
    """Waits until all that was written is accounted for, and checks that it is, line by line and byte by byte."""
    accepted = lines.written - lost_lines

    def all_there():
        have = counts(daemon)
        return (have["accepted"] >= accepted and have["rejected"] >= rejected and tail(daemon, "unread_bytes") == 0
                and tail(daemon, "lost_bytes_total") >= lost_bytes)

    try:
        wait_for(f"{accepted} lines accepted, {lost_bytes} bytes lost", all_there)
    finally:
        print("   ", counts(daemon), {name: tail(daemon, name) for name in (
            "lost_bytes_total", "unread_bytes", "rotations_total", "copied_bytes_total", "read_errors_total", "active_files")},
            flush=True)
    check_equal(counts(daemon), {"accepted": accepted, "duplicate": duplicate, "rejected": rejected}, "counts")
    check_equal(tail(daemon, "lost_bytes_total"), lost_bytes, "bytes lost")
    check_equal(int(daemon.metrics().sum("pilotwatch_predictions_total", pilot="p")), accepted, "predictions")


@contextlib.contextmanager
def stalled(daemon):
    """The daemon does not run meanwhile: as on a machine that swaps, or is suspended."""
    pid = daemon.process._child.pid
    os.kill(pid, signal.SIGSTOP)
    wait_for("the daemon to stand still", lambda: pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T")
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def followed(configuration=None, **keys):
    """(folder, daemon, lines), the daemon running; its log is records.ndjson unless the keys say otherwise."""
    with scratch() as folder:
        with Daemon(folder, configuration or config(**keys)) as daemon:
            yield folder, daemon, Lines()


def copytruncate(path, copy):
    copy.write_bytes(path.read_bytes())
    os.truncate(path, 0)
