#!/usr/bin/env python3
"""A new file gets the inode of an old one: it is read from its beginning, not from where the old one stood."""
import os

from hazard import config, Daemon, Lines, main, scratch, settled, skip


def recreate_with_inode(path, inode, content, attempts=200):
    """Deletes the file and creates it anew until the file system gives the old number out again."""
    path.unlink()
    others = []
    for number in range(attempts):
        path.write_text(content, encoding="utf-8")
        if path.stat().st_ino == inode:
            for other in others:
                other.unlink()
            return True
        others.append(path.rename(path.with_name(f"other-{number}")))
    return False


def reused():
    """over a restart, with more bytes than the old file had"""
    with scratch() as folder:
        log, lines = folder / "records.ndjson", Lines()
        lines.append(log, 100)
        daemon = Daemon(folder, config()).start()
        settled(daemon, lines)
        daemon.stop()
        inode = log.stat().st_ino
        if not recreate_with_inode(log, inode, lines.make(300)):
            # The same for the daemon, on file systems that do not give numbers out again: the same inode, other bytes.
            print("    the file system gives out new inodes; written over in place instead")
            text = (folder / "other-0").read_text(encoding="utf-8")
            with open(log, "w", encoding="utf-8") as out:
                inode = os.fstat(out.fileno()).st_ino
                out.write(text)
            if inode != log.stat().st_ino:
                skip("inodes cannot be kept here")
        with daemon:
            settled(daemon, lines)


def reused_by_another_name():
    """one file goes, another takes its inode while the daemon runs and holds no descriptor"""
    with scratch() as folder:
        lines = Lines()
        for number in range(20):
            lines.append(folder / f"{number}.ndjson", 20)
        with Daemon(folder, config(file='"*.ndjson"', max_open_files=4)) as daemon:
            settled(daemon, lines)
            for number in range(20):
                (folder / f"{number}.ndjson").unlink()
                lines.append(folder / f"new-{number}.ndjson", 30)
            settled(daemon, lines)


if __name__ == "__main__":
    main(reused, reused_by_another_name)
