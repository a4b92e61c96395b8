#!/usr/bin/env python3
"""The file is rotated twice while the daemon stands still or is down, so that it never sees the file between."""
from hazard import config, copytruncate, Daemon, followed, Lines, main, scratch, settled, stalled


def rotate(folder, names=("records.ndjson", "records.ndjson.1", "records.ndjson.2", "records.ndjson.3")):
    for old, new in reversed(list(zip(names, names[1:]))):
        if (folder / old).exists():
            (folder / old).rename(folder / new)


def twice_during_a_stall():
    """by rename: the file that no look saw is found beside the others"""
    with followed() as (folder, daemon, lines):
        log = folder / "records.ndjson"
        lines.append(log, 100)
        settled(daemon, lines)
        with stalled(daemon):
            lines.append(log, 10)
            rotate(folder)
            lines.append(log, 20)
            rotate(folder)
            lines.append(log, 30)
        settled(daemon, lines)


def copied_twice_during_a_stall():
    """by copytruncate: both copies are read"""
    with followed() as (folder, daemon, lines):
        log = folder / "records.ndjson"
        lines.append(log, 100)
        settled(daemon, lines)
        with stalled(daemon):
            lines.append(log, 10)
            copytruncate(log, folder / "records.ndjson.1")
            lines.append(log, 20)
            (folder / "records.ndjson.1").rename(folder / "records.ndjson.2")
            copytruncate(log, folder / "records.ndjson.1")
            lines.append(log, 30)
        settled(daemon, lines)


def while_down():
    """three times by rename while no daemon runs"""
    with scratch() as folder:
        log, lines = folder / "records.ndjson", Lines()
        lines.append(log, 100)
        daemon = Daemon(folder, config()).start()
        settled(daemon, lines)
        daemon.stop()
        for _ in range(3):
            lines.append(log, 10)
            rotate(folder)
        lines.append(log, 10)
        with daemon:
            settled(daemon, lines)


if __name__ == "__main__":
    main(twice_during_a_stall, copied_twice_during_a_stall, while_down)
