"""Between a daemon and the kernel: a clock that can be moved, writes of the store that fail (shim.c, by LD_PRELOAD)."""
import mmap
import os
import pathlib
import shutil
import struct
import subprocess

from harness import skip

FIELDS = ("clock_ms", "write_errno", "writes_left", "sync_errno", "failures", "kills")


class Shim:
    """Switches, as attributes that can be read and written: FIELDS; `environment` is for the daemon."""

    def __init__(self, folder):
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            skip("no C compiler")
        library, file = pathlib.Path(folder) / "shim.so", pathlib.Path(folder) / "shim.control"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-w", "-o", library, pathlib.Path(__file__).parent / "shim.c",
                        "-ldl"], check=True)
        file.write_bytes(bytes(8 * len(FIELDS)))
        with open(file, "r+b") as opened:
            self.__dict__["_memory"] = mmap.mmap(opened.fileno(), 8 * len(FIELDS))
        asan = os.environ.get("ASAN_OPTIONS", "")   # whose library would have to come first
        self.__dict__["environment"] = {"LD_PRELOAD": str(library), "PILOTWATCH_SHIM": str(file),
                                        "ASAN_OPTIONS": f"{asan}:verify_asan_link_order=0"}

    def __getattr__(self, name):
        return struct.unpack_from("q", self._memory, 8 * FIELDS.index(name))[0]

    def __setattr__(self, name, value):
        struct.pack_into("q", self._memory, 8 * FIELDS.index(name), value)
