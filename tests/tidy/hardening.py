# SPDX-License-Identifier: Apache-2.0
"""The built program is hardened: python3 hardening.py PROGRAM. Exit 77 where readelf is not there or the program is built otherwise.

Position independent, its tables of addresses read-only from the start on, a stack that is never executed, stack protectors, and
calls of the C library that know the sizes of buffers.
"""
import re
import shutil
import subprocess
import sys


def readelf(program, *options):
    return subprocess.run(["readelf", "--wide", *options, program], check=True, capture_output=True, text=True).stdout


def problems(program):
    header, segments, dynamic, symbols = (readelf(program, option) for option in
                                          ("--file-header", "--program-headers", "--dynamic", "--dyn-syms"))
    if "Type:" not in header or "DYN" not in header.split("Type:")[1].splitlines()[0]:
        yield "not position independent (PIE)"
    if "GNU_RELRO" not in segments:
        yield "no read-only relocations (relro)"
    if not re.search(r"BIND_NOW|FLAGS.*\bNOW\b", dynamic):
        yield "symbols are bound lazily (now)"
    stack = re.search(r"GNU_STACK.*", segments)
    if not stack or re.search(r"\bRWE\b", stack.group()):
        yield "the stack can be executed"
    if "__stack_chk_fail" not in symbols:
        yield "no stack protector"
    if not re.search(r"__(mem|str|read|recv|[a-z]*printf)\w*_chk", symbols):
        yield "no fortified calls (_FORTIFY_SOURCE)"


def main():
    if not shutil.which("readelf"):
        print("readelf is not there")
        return 77
    if "__asan_init" in readelf(sys.argv[1], "--dyn-syms") or "__tsan_init" in readelf(sys.argv[1], "--dyn-syms"):
        print("built with sanitizers")
        return 77
    found = list(problems(sys.argv[1]))
    for problem in found:
        print(f"{sys.argv[1]}: {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
