#!/usr/bin/env python3
"""Builds the fuzz targets by clang, in .build/fuzz, and runs each: run.py SOURCE SECONDS [TARGET...]. Exit 77 = no clang.

SECONDS are for all targets together. What libFuzzer finds stays in .build/fuzz/found."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

source, seconds = pathlib.Path(sys.argv[1]), int(sys.argv[2])
if not shutil.which("clang++"):
    print("skipped: no clang++ (packaging/install.sh --test)")
    sys.exit(77)

build = source / ".build" / "fuzz"
found = build / "found"
for command in (["cmake", "--preset", "fuzz"], ["cmake", "--build", str(build), "--target", "fuzz"]):
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout[-4000:], done.stderr[-4000:])
        sys.exit(1)
found.mkdir(exist_ok=True)
targets = sys.argv[3:] or sorted(path.name for path in (source / "tests" / "fuzz" / "corpus").iterdir())
failed = []
for target in targets:
    with tempfile.TemporaryDirectory() as grown:   # the corpus of the repository stays as it is
        corpus = source / "tests" / "fuzz" / "corpus" / target
        run = subprocess.run(
            [str(build / "tests" / "fuzz" / f"fuzz_{target}"), f"-max_total_time={max(1, seconds // len(targets))}", "-max_len=20000",
             "-timeout=10", "-rss_limit_mb=1024", f"-artifact_prefix={found}/{target}-", "-print_final_stats=1", grown, str(corpus)],
            capture_output=True, text=True, errors="replace", check=False)
    executed = [line.split()[-1] for line in run.stderr.splitlines() if line.startswith("stat::number_of_executed_units")]
    seed = [line.split()[-1] for line in run.stderr.splitlines() if line.startswith("INFO: Seed")]
    print(f"{target}: {'ok' if run.returncode == 0 else 'FAILED'}, {' '.join(executed) or '?'} inputs, seed {' '.join(seed)}", flush=True)
    if run.returncode != 0:
        failed.append(target)
        print(run.stderr[-6000:])
sys.exit(bool(failed))
