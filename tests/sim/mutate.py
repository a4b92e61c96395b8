#!/usr/bin/env python3
"""Plants each error of mutations.py in a copy of its source file, builds the simulation with it, and requires that the
simulation fails. Prints which seed found which.

    mutate.py BUILD [--seeds 300] [--only WORDS]

BUILD: a build folder in which daemon_simulation is built; nothing in it is changed but BUILD/mutations.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import time

from mutations import MUTATIONS

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = "tests/daemon_simulation"


def mutated(file, old, new):
    text = (SOURCE / file).read_text(encoding="utf-8")
    if text.count(old) != 1:
        sys.exit(f"{file} holds this {text.count(old)} times, not once; mend mutations.py:\n{old}")
    return text.replace(old, new)


def compile_command(build, file, source, target):
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        if pathlib.Path(entry["file"]) == SOURCE / file:
            command = re.sub(r" -o \S+", f" -o {target}", entry["command"])
            return re.sub(r" -c \S+", f" -c {source}", command)
    sys.exit(f"{build} does not compile {file}")


def link_command(build, item, program):
    """With the object before the libraries, so that theirs of the same symbols is left where it is."""
    commands = subprocess.run(["ninja", "-C", str(build), "-t", "commands", PROGRAM], check=True, capture_output=True, text=True)
    link = commands.stdout.strip().splitlines()[-1]
    return link.replace(f"-o {PROGRAM}", f"{item} -o {program}", 1)


def build_with(build, folder, file, text):
    source, item, program = folder / pathlib.Path(file).name, folder / "mutated.o", folder / "daemon_simulation"
    source.write_text(text, encoding="utf-8")
    for command in (compile_command(build, file, source, item), link_command(build, item, program)):
        done = subprocess.run(command, shell=True, cwd=build, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{file} cannot be built with the error in it:\n{done.stdout}{done.stderr}")
    return program


def hunt(program, seeds):
    """The seed that found it and what was said; None where none did."""
    done = subprocess.run([str(program), "--seeds", f"1..{seeds}"], capture_output=True, text=True, timeout=3600)
    failed = re.search(r"^FAILED: (.*)\nagain: .*--seed (\d+)", done.stdout, re.MULTILINE)
    return (failed[2], failed[1]) if done.returncode == 1 and failed else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    build = args.build.resolve()
    folder = build / "mutations"
    folder.mkdir(exist_ok=True)
    chosen = [(*m[:2], mutated(*m[1:])) for m in MUTATIONS if args.only in m[0]]
    missed = 0
    print(f"{'planted':50} {'seed':>5} {'s':>5}  what was said")
    for name, file, text in chosen:
        program = build_with(build, folder, file, text)
        began = time.monotonic()
        found = hunt(program, args.seeds)
        missed += found is None
        seed, said = found or ("-", "NOT FOUND")
        print(f"{name:50} {seed:>5} {time.monotonic() - began:5.1f}  {said[:100]}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} found within {args.seeds} seeds")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
