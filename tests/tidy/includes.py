#!/usr/bin/env python3
"""Checks that includes run one way through the rooms of daemon/. This table is the architecture."""
import pathlib
import re
import sys

MAY_INCLUDE = {
    "base": "",
    "record": "base",
    "settings": "base",
    "stats": "base",
    "runtime": "base",
    "mapping": "base record settings",
    "decode": "base record settings",
    "journal": "base record",
    "engine": "base record settings stats",
    "judge": "base record settings stats engine",
    "sources": "base record settings mapping runtime",
    "sinks": "base record settings stats engine judge runtime",
    "app": "base record settings stats mapping decode journal engine judge runtime sources sinks",
    "main.cc": "app",
}
# Library headers that only the rooms named may see.
ONLY_IN = {
    r"boost/(asio|beast)": "runtime",
    r"openssl/(ssl|x509|pem)": "runtime",
    r"crypt\.h": "runtime",
    r"sqlite3\.h": "journal",
    r"simdjson": "decode",
    r"yaml-cpp": "settings",
    r"CLI/": "app",
    r"curl/": "sinks app",
    r"spdlog": "runtime sinks app",
    r"prometheus/": "sinks",
    r"google/protobuf": "mapping",
}


def problems(root):
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        room = path.relative_to(root).parts[0]
        if room not in MAY_INCLUDE:
            yield f"{path}: unknown room {room}/; add it to the table"
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            own = re.match(r'#include "(\w+)/', line)
            if own and own[1] != room and own[1] not in MAY_INCLUDE[room].split():
                yield f"{path}:{number}: {room}/ must not include {own[1]}/"
            foreign = re.match(r"#include <(.+)>", line)
            for pattern, rooms in ONLY_IN.items():
                if foreign and re.match(pattern, foreign[1]) and room not in rooms.split():
                    yield f"{path}:{number}: <{foreign[1]}> belongs in {rooms} only"


def main():
    found = list(problems(pathlib.Path(sys.argv[1])))
    print("\n".join(found) if found else "includes run one way")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
