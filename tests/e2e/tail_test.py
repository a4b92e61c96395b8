#!/usr/bin/env python3
"""The file source: what is written while the daemon runs, is stopped, is killed or the file rotates arrives exactly once."""
import json

from harness import Daemon, check_equal, main, scratch, wait_for

CONFIG = """
storage: {checkpoint_interval: 100ms}
sources:
  - {name: log, file: records.ndjson, pilot: p, poll_interval: 20ms}
pilots:
  - name: p
    task: binary
    windows: [all]
    clock: event
"""


class Log:
    """The pilot's own log, with lines that are written in two halves."""

    def __init__(self, path):
        self.path, self.lines = path, 0

    def append(self, count):
        with open(self.path, "a", encoding="utf-8") as out:
            for _ in range(count):
                line = json.dumps({"type": "prediction", "id": str(self.lines), "time": 1767225600 + self.lines, "prediction": 1})
                out.write(line[:20])
                out.flush()
                out.write(line[20:] + "\n")
                self.lines += 1

    def rotate(self):
        self.path.rename(self.path.with_suffix(".1"))


def arrived(daemon, log):
    wait_for(f"{log.lines} lines", lambda: daemon.metrics().sum("pilotwatch_predictions_total", pilot="p") >= log.lines)
    metrics = daemon.metrics()
    labels = {"source": "log", "stream": "predictions"}
    counts = [metrics.sum(f"pilotwatch_ingest_{what}records_total", **labels) for what in ("", "accepted_", "duplicate_", "rejected_")]
    check_equal(counts, [log.lines, log.lines, 0, 0], "received, accepted, duplicate, rejected")
    check_equal(metrics.sum("pilotwatch_predictions_total", pilot="p"), log.lines, "predictions")
    check_equal(metrics.sum("pilotwatch_tail_lost_bytes_total", source="log"), 0, "bytes lost")


def exactly_once_from_a_file():
    """no loss and no duplicates over stop, kill -9 and rotation"""
    with scratch() as folder:
        log = Log(folder / "records.ndjson")
        log.append(500)
        daemon = Daemon(folder, CONFIG).start()
        arrived(daemon, log)
        log.append(300)
        arrived(daemon, log)
        daemon.stop()
        log.append(400)
        daemon.start()
        arrived(daemon, log)
        for _ in range(5):
            log.append(100)
            daemon.kill()
            log.append(50)
            daemon.start()
            arrived(daemon, log)
        log.append(10)
        log.rotate()
        log.append(200)
        arrived(daemon, log)
        check_equal(daemon.metrics().sum("pilotwatch_tail_rotations_total", source="log", kind="rename"), 1, "rotations seen")
        daemon.stop()


if __name__ == "__main__":
    main(exactly_once_from_a_file)
