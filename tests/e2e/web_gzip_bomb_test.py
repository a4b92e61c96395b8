# SPDX-License-Identifier: Apache-2.0
"""Bodies that unpack to far more than they are: 413, a counter, bounded memory, and clients beside them do not notice."""
import gzip
import pathlib
import subprocess
import threading

from harness import check, check_equal, main, scratch
from web_harness import MAX_BODY, WebDaemon, prediction

BOMBS = 40


def bombs():
    """By encoding: some hundred KB that would become 300 MB."""
    out = {"gzip": gzip.compress(bytes(300 << 20), 9)}
    try:
        zeros = subprocess.Popen(["head", "-c", str(300 << 20), "/dev/zero"], stdout=subprocess.PIPE)
        out["zstd"] = subprocess.run(["zstd", "-q", "-c"], stdin=zeros.stdout, capture_output=True, check=True).stdout
    except FileNotFoundError:
        print("    no zstd here: gzip only")
    return out


def peak_resident(process):
    pid = process._child.pid
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) << 10
    raise AssertionError("no VmHWM")


def bombs_are_refused_and_others_served():
    with scratch() as folder, WebDaemon(folder) as daemon:
        check_equal(daemon.post(prediction(0)).status, 200, "a record before")
        before = peak_resident(daemon.process)
        statuses, lock = [], threading.Lock()

        def throw(encoding, bomb, times):
            for _ in range(times):
                answer = daemon.post(bomb, headers={"Content-Encoding": encoding})
                with lock:
                    statuses.append(answer.status)
                if answer.status == 413:
                    check(str(MAX_BODY) in answer.json["detail"], answer.text)

        packed = bombs()
        threads = [threading.Thread(target=throw, args=(encoding, bomb, BOMBS // 4)) for encoding, bomb in packed.items() for _ in range(4)]
        for thread in threads:
            thread.start()
        good = 0
        while any(thread.is_alive() for thread in threads):
            answer = daemon.post(prediction(good + 1))
            check(answer.status in (200, 429), f"HTTP {answer.status} beside the bombs")
            good += answer.status == 200
        for thread in threads:
            thread.join()
        check(set(statuses) <= {413, 429}, f"answers to bombs: {sorted(set(statuses))}")
        check(statuses.count(413) > 0, "no bomb was looked at")
        metrics = daemon.metrics()
        check_equal(metrics.one("pilotwatch_ingest_refused_requests_total", reason="unpacked_too_large"), statuses.count(413), "counter")
        check_equal(metrics.sum("pilotwatch_ingest_records_total", source="http"), good + 1, "received: the good ones only")
        check_equal(metrics.sum("pilotwatch_ingest_accepted_records_total", source="http"), good + 1, "accepted")
        grown = peak_resident(daemon.process) - before
        check(grown < 64 << 20, f"memory grew by {grown >> 20} MB")
        print(f"    {len(statuses)} bombs, {good} records beside them, memory grew by {grown >> 20} MB")


main(bombs_are_refused_and_others_served)
