#!/usr/bin/env python3
"""The file is truncated while no daemon runs; at its start it is smaller, as large or larger than before."""
import os

from hazard import config, copytruncate, Daemon, Lines, main, scratch, settled


def truncated(lines_after, with_copy):
    with scratch() as folder:
        log, lines = folder / "records.ndjson", Lines()
        lines.append(log, 100)
        daemon = Daemon(folder, config()).start()
        settled(daemon, lines)
        daemon.stop()
        if with_copy:
            lines.append(log, 7)
            copytruncate(log, folder / "records.ndjson.1")
        else:
            os.truncate(log, 0)
        lines.append(log, lines_after)
        with daemon:
            settled(daemon, lines)


def smaller():
    """less than the offset"""
    truncated(10, with_copy=False)


def as_large():
    """exactly the offset: only the marker tells"""
    truncated(100, with_copy=False)


def larger():
    """more than the offset"""
    truncated(150, with_copy=False)


def unread_in_the_copy():
    """lines that were written after the stop and before the truncation are read from the copy"""
    for lines_after in (10, 100, 150):
        truncated(lines_after, with_copy=True)


if __name__ == "__main__":
    main(smaller, as_large, larger, unread_in_the_copy)
