#!/usr/bin/env python3
"""Rotated files are compressed: with bytes not read yet, or matched by the pattern."""
import gzip
import subprocess

from hazard import check_equal, config, counts, Daemon, followed, Lines, main, need_programs, scratch, settled, stalled, tail, wait_for


def compressed_while_down():
    """the position is found in what comes out of the gzip file"""
    with scratch() as folder:
        log, lines = folder / "records.ndjson", Lines()
        lines.append(log, 100)
        daemon = Daemon(folder, config()).start()
        settled(daemon, lines)
        daemon.stop()
        lines.append(log, 500)
        log.rename(folder / "records.ndjson.1")
        subprocess.run(["gzip", folder / "records.ndjson.1"], check=True)
        lines.append(log, 10)
        with daemon:
            settled(daemon, lines)
            wait_for("one gzip file", lambda: tail(daemon, "compressed_files_total") == 1)


def compressed_during_a_stall():
    """rotated, compressed and rotated again, while the daemon stands still"""
    with followed() as (folder, daemon, lines):
        log = folder / "records.ndjson"
        lines.append(log, 100)
        settled(daemon, lines)
        with stalled(daemon):
            lines.append(log, 10)
            log.rename(folder / "records.ndjson.2")
            subprocess.run(["gzip", folder / "records.ndjson.2"], check=True)
            lines.append(log, 20)
            log.rename(folder / "records.ndjson.1")
            subprocess.run(["gzip", folder / "records.ndjson.1"], check=True)
            lines.append(log, 30)
        settled(daemon, lines)


def matched_by_the_pattern():
    """a gzip file of what was read brings nothing, another one is read once as a whole, over restarts too"""
    with scratch() as folder:
        log, lines = folder / "records.ndjson", Lines()
        lines.append(log, 100)
        (folder / "records.ndjson.9.gz").write_bytes(gzip.compress(lines.make(1000).encode()) + gzip.compress(lines.make(7).encode()))
        daemon = Daemon(folder, config(file='"records.ndjson*"')).start()
        settled(daemon, lines)
        log.rename(folder / "records.ndjson.1")
        lines.append(log, 10)
        settled(daemon, lines)
        subprocess.run(["gzip", folder / "records.ndjson.1"], check=True)
        lines.append(log, 10)
        settled(daemon, lines)
        wait_for("two gzip files", lambda: tail(daemon, "compressed_files_total") == 2)
        (folder / "records.ndjson.1.gz").rename(folder / "records.ndjson.2.gz")
        lines.append(log, 10)
        settled(daemon, lines)
        for _ in range(2):
            daemon.stop()
            lines.append(log, 10)
            daemon.start()
            settled(daemon, lines)
        daemon.stop()


def still_being_written():
    """a gzip file without its end is waited for"""
    with followed(file='"*.gz"') as (folder, daemon, lines):
        packed = gzip.compress(lines.make(2000).encode())
        with open(folder / "a.gz", "wb") as out:
            out.write(packed[:len(packed) // 2])
            out.flush()
            wait_for("the file to be seen", lambda: tail(daemon, "active_files") == 1)
            out.write(packed[len(packed) // 2:])
        settled(daemon, lines)


def cut_off_for_good():
    """of a gzip file that stays without its end, what comes out is read, and the rest is counted with its reason"""
    with followed(file='"*.gz"') as (folder, daemon, lines):
        text = lines.make(2000)
        packed = gzip.compress(text.encode())
        (folder / "a.gz").write_bytes(packed[:-8])
        wait_for("all lines and the loss", lambda: counts(daemon)["accepted"] == 2000 and tail(daemon, "lost_bytes_total") > 0)
        check_equal(tail(daemon, "lost_bytes_total", reason="damaged"), 1, "bytes lost")
        lines.append(folder / "plain", 10)
        subprocess.run(["gzip", folder / "plain"], check=True)
        settled(daemon, lines, lost_bytes=1)
        daemon.stop()
        daemon.start()
        lines.append(folder / "other", 10)
        subprocess.run(["gzip", folder / "other"], check=True)
        settled(daemon, lines)   # and not counted again


if __name__ == "__main__":
    need_programs("gzip")
    main(compressed_while_down, compressed_during_a_stall, matched_by_the_pattern, still_being_written, cut_off_for_good)
