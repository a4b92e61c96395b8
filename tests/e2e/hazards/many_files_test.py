#!/usr/bin/env python3
"""10,000 files match one pattern; few are open at a time, all are read, none starves."""
import os
import pathlib
import resource

from hazard import config, Daemon, Lines, main, scratch, settled, tail, wait_for

FILES = 10_000


def open_descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process._child.pid}/fd"))


def ten_thousand():
    """and new lines in some of them, a rename, a deletion"""
    with scratch() as folder:
        logs, lines = folder / "logs", Lines()
        logs.mkdir()
        for number in range(FILES):
            lines.append(logs / f"{number:05d}.ndjson", 2)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        with Daemon(folder, config(file='"logs/*.ndjson"', max_open_files=64)) as daemon:
            settled(daemon, lines)
            for number in range(0, FILES, 7):
                lines.append(logs / f"{number:05d}.ndjson", 1)
            settled(daemon, lines)
            (logs / "00001.ndjson").rename(logs / "00001.ndjson.1")
            lines.append(logs / "00001.ndjson", 3)
            (logs / "00002.ndjson").unlink()
            settled(daemon, lines)
            descriptors = open_descriptors(daemon)
            assert descriptors < 64 + 64, f"{descriptors} descriptors"
            assert tail(daemon, "open_files") <= 64
            rss = next(line for line in pathlib.Path(f"/proc/{daemon.process._child.pid}/status").read_text().splitlines()
                       if line.startswith("VmRSS"))
            print("   ", descriptors, "descriptors;", rss)
        print("    user seconds", round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, 1))


def a_busy_file_does_not_starve_others():
    """a line in a small file arrives while a large one is being read"""
    with scratch() as folder:
        lines = Lines()
        big = folder / "big.ndjson"
        lines.append(big, 100_000)
        with Daemon(folder, config(file='"*.ndjson"')) as daemon:
            lines.append(folder / "small.ndjson", 1)
            wait_for("the small file", lambda: tail(daemon, "active_files") == 2)
            settled(daemon, lines)


if __name__ == "__main__":
    main(ten_thousand, a_busy_file_does_not_starve_others)
