#!/usr/bin/env python3
"""The store in trouble: backups of a running daemon, damage that is found at a start, a second daemon on one store."""
import errno
import pathlib
import random
import shutil
import signal
import threading

from harness import Daemon, check, check_equal, main, pilotwatch, scratch
from shim import Shim

SEED = 20261126
CONFIG = """
storage: {checkpoint_interval: 1h}
pilots:
  - name: p
    task: binary
    clock: event
    windows: [day]
"""
FIRST_DAY = 1767225600   # 2026-01-01


def prediction(number):
    return {"type": "prediction", "pilot": "p", "id": f"case {number}", "time": FIRST_DAY + number, "prediction": number % 2}


def predictions_of(daemon):
    return int(daemon.metrics().sum("pilotwatch_predictions_total"))


def send_one_by_one(daemon, numbers, body=20):
    """Many small entries of the journal."""
    numbers = list(numbers)
    for at in range(0, len(numbers), body):
        daemon.send([prediction(number) for number in numbers[at:at + body]])


def a_backup_of_a_running_daemon_is_a_store():
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        send_one_by_one(daemon, range(2000))
        finish, sent = threading.Event(), [2000]

        def load():
            while not finish.is_set():
                daemon.send([prediction(n) for n in range(sent[0], sent[0] + 10)])
                sent[0] += 10

        loader = threading.Thread(target=load)
        loader.start()
        copies = []
        for i in range(3):
            before = sent[0]
            copy = pathlib.Path(folder) / f"copy {i}"
            done = pilotwatch("backup", "--storage.path", daemon.folder / "data", "--to", copy)
            check_equal(done.returncode, 0, f"the backup's exit code ({done.stderr})")
            copies.append((copy, before, sent[0] + 10))
        finish.set()
        loader.join()
        again = pilotwatch("backup", "--storage.path", daemon.folder / "data", "--to", copies[0][0])
        check_equal(again.returncode, 1, "a backup over another one")
        check("not empty" in again.stderr, again.stderr)
        for copy, at_least, at_most in copies:
            restored = pathlib.Path(folder) / f"restored {copy.name}"
            restored.mkdir()
            shutil.copytree(copy, restored / "data")
            with Daemon(restored, CONFIG) as other:
                known = predictions_of(other)
                check(at_least <= known <= at_most, f"{known} predictions in the backup, not {at_least} to {at_most}")
                accepted, duplicate = other.send([prediction(n) for n in range(sent[0])])
                check_equal((duplicate, accepted), (known, sent[0] - known), "the same records sent to the backup")


def an_interrupted_backup_leaves_nothing_that_looks_like_one():
    """killed at any write: there is a whole backup or none, and the next one to the same folder is whole"""
    chance, many = random.Random(SEED), 1 << 40
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        daemon.send([prediction(number) for number in range(50_000)])
        shim = Shim(folder)

        def backup(copy, writes):
            """so many writes before it is killed"""
            shim.writes_left = writes
            return pilotwatch("backup", "--storage.path", daemon.folder / "data", "--to", copy, environment=shim.environment)

        shim.kills, shim.write_errno = 1, errno.EIO
        check_equal(backup(pathlib.Path(folder) / "whole", many).returncode, 0, "a backup that is left alone")
        writes = many - shim.writes_left
        check(writes > 100, f"{writes} writes")
        for i, at in enumerate([0, writes - 1, *(chance.randrange(writes) for _ in range(10))]):
            copy = pathlib.Path(folder) / f"copy {i}"
            check_equal(backup(copy, at).returncode, -signal.SIGKILL, f"killed at write {at} of {writes}")
            check(not (copy / "pilotwatch.db").exists(), f"a backup that was killed at write {at} of {writes} looks whole")
            done = backup(copy, many)
            check_equal((done.returncode, done.stderr), (0, ""), "a backup where an interrupted one was")
            names = sorted(file.name for file in copy.iterdir())
            check_equal(names, ["id.key", "pilotwatch.db"], "what is in the folder")
        restored = pathlib.Path(folder) / "restored"
        restored.mkdir()
        shutil.copytree(copy, restored / "data")
        with Daemon(restored, CONFIG) as other:
            check_equal(predictions_of(other), 50_000, "predictions in the last one")


def damage_is_set_aside_and_the_rest_goes_on():
    chance = random.Random(SEED)
    with scratch() as folder:
        daemon = Daemon(folder, CONFIG)
        with daemon:
            send_one_by_one(daemon, range(20000), body=50)
        database = daemon.folder / "data" / "pilotwatch.db"
        with open(database, "r+b") as file:
            for place in range(1, 8):
                file.seek(database.stat().st_size * place // 8)
                file.write(chance.randbytes(3000))
        # Another window: every figure is built anew from the journal, so all of it is read.
        daemon.config_file.write_text(CONFIG.replace("[day]", "[day, week]"), encoding="utf-8")
        with daemon:
            metrics = daemon.metrics()
            lost = int(metrics.one("pilotwatch_store_lost_entries"))
            check(lost > 0, "no entry was lost, says the daemon; the damage was in none")
            check_equal(metrics.one("pilotwatch_store_set_aside"), 1, "damaged stores")
            known = predictions_of(daemon)
            check(0 < known < 20000, f"{known} predictions were saved of 20000")
            check(any("set aside" in line for line in daemon.process.tail(1000).splitlines()), "the log does not say it")
            check("The store was damaged" in daemon.get("/").text, "the page does not say it")
            accepted, duplicate = daemon.send([prediction(n) for n in range(20000)])
            check_equal((accepted, duplicate), (20000 - known, known), "all records sent again")
        with daemon:
            check_equal(predictions_of(daemon), 20000, "predictions after another start")
            check_equal(daemon.metrics().one("pilotwatch_store_lost_entries"), lost, "lost entries after another start")
            for file in list((daemon.folder / "data").glob("pilotwatch.db.damaged-*")):   # its write-ahead log, too
                file.unlink()
            check_equal(daemon.metrics().one("pilotwatch_store_set_aside"), 0, "damaged stores once it was moved away")


def what_is_no_database_is_set_aside():
    with scratch() as folder:
        daemon = Daemon(folder, CONFIG)
        with daemon:
            send_one_by_one(daemon, range(100))
        database = daemon.folder / "data" / "pilotwatch.db"
        for name in ("pilotwatch.db-wal", "pilotwatch.db-shm"):
            (daemon.folder / "data" / name).unlink(missing_ok=True)
        database.write_bytes(b"nothing of this is a database" * 1000)
        with daemon:
            check_equal(predictions_of(daemon), 0, "predictions")
            check_equal(daemon.metrics().one("pilotwatch_store_set_aside"), 1, "damaged stores")
            daemon.send([prediction(1)])
            check_equal(predictions_of(daemon), 1, "predictions")


def a_second_daemon_is_refused():
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        daemon.send([prediction(1)])
        second = pilotwatch("serve", "--config.file", daemon.config_file, "--web.listen-address", "127.0.0.1:0",
                            "--storage.path", daemon.folder / "data")
        check_equal(second.returncode, 1, "its exit code")
        check("in use by another pilotwatch" in second.stdout + second.stderr, second.stdout + second.stderr)
        check_equal(daemon.send([prediction(2)]), (1, 0), "the first one goes on")


main(a_backup_of_a_running_daemon_is_a_store, an_interrupted_backup_leaves_nothing_that_looks_like_one,
     damage_is_set_aside_and_the_rest_goes_on, what_is_no_database_is_set_aside, a_second_daemon_is_refused)
