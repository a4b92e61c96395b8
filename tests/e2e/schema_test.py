# SPDX-License-Identifier: Apache-2.0
"""config/pilotwatch.schema.json and the reader know the same keys, choices and required keys.

A configuration with an unknown key in every map is given to `check config`; what its messages list as known must be
what the schema lists. JSON is YAML, so no YAML library is needed."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

UNKNOWN = "zzz_unknown"
binary, root = sys.argv[1], pathlib.Path(sys.argv[2])
schema = json.loads((root / "config" / "pilotwatch.schema.json").read_text())
failures = []


def resolve(node):
    if "$ref" not in node:
        return node
    return schema["$defs"][node["$ref"].rsplit("/", 1)[1]] | {key: value for key, value in node.items() if key != "$ref"}


def is_map(node):
    return node.get("type") == "object"


def variants(node):
    return [resolve(variant) for variant in node.get("oneOf", [])]


def named(node):
    """What a map holds whose keys are the user's, by a key that it takes."""
    return {"time": child for child in map(resolve, node["patternProperties"].values()) if any(map(is_map, variants(child)))}


def maps(node, path=""):
    """Every map of the schema whose keys are ours, with the path the reader gives it when each list has one element."""
    node = resolve(node)
    for variant in variants(node):
        if is_map(variant):
            yield from maps(variant, path)
    if node.get("type") == "array":
        yield from maps(node["items"], path + "[0]")
    if not is_map(node):
        return
    if node.get("additionalProperties") is not False:
        failures.append(f"{path or 'root'}: additionalProperties must be false")
    if "patternProperties" in node:   # external_labels, fields: the keys are the user's
        for key, child in named(node).items():
            yield from maps(child, f"{path}.{key}")
        return
    yield path, node
    for key, child in node["properties"].items():
        yield from maps(child, f"{path}.{key}" if path else key)


def example(node, fill):
    """A document that reaches every map; `fill` gives the leaves and adds to the maps."""
    node = resolve(node)
    for variant in variants(node):
        if is_map(variant):
            return example(variant, fill)
    if node.get("type") == "array":
        return [example(node["items"], fill)]
    if is_map(node) and "patternProperties" not in node:
        return fill(node, {key: example(child, fill) for key, child in node["properties"].items()})
    return {key: example(child, fill) for key, child in named(node).items()} if is_map(node) else fill(node, None)


def check(document):
    """(path, message) of everything the reader complains about."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "generated.yml"
        file.write_text(json.dumps(document))
        run = subprocess.run([binary, "check", "config", f"--config.file={file}"], capture_output=True, text=True, timeout=60)
        if run.returncode != 2:
            sys.exit(f"check config answered {run.returncode} instead of 2:\n{run.stdout}{run.stderr}")
        lines = [line.removeprefix(f"{file}:") for line in run.stderr.splitlines()]
    return [re.fullmatch(r"\d+:\d+: (?:([\w.\[\]]+): )?(.*)", line).groups() for line in lines]


def compare(what, path, ours, readers):
    if set(ours) != set(readers):
        failures.append(f"{path or 'root'}: {what} differ: only in the schema {sorted(set(ours) - set(readers))}, "
                        f"only in the reader {sorted(set(readers) - set(ours))}")


# Keys: an unknown one everywhere.
document = example(schema, lambda node, value: {**value, UNKNOWN: 1} if value is not None else "x")
known = {}
for path, message in check(document):
    found = re.fullmatch(r"unknown key; (?:did you mean .*\? )?known: (.*)", message)
    if found:
        known[path.removesuffix(UNKNOWN).removesuffix(".")] = found[1].split(", ")
sections = dict(maps(schema))
compare("sections", "", sections, known)
for path, node in sections.items():
    compare("keys", path, node["properties"], known.get(path, []))
    for key, child in node["properties"].items():
        if not resolve(child).get("description"):
            failures.append(f"{path}.{key}: has no description")

# Choices: a wrong one everywhere (the same document).
readers = {path: re.fullmatch(r"must be one of (.*), got .*", message)[1].split(", ")
           for path, message in check(document) if message.startswith("must be one of ")}


def choices_of(node, path):
    """Of a key that takes other texts too, only what the reader names."""
    return node.get("enum") or next((v["enum"] for v in variants(node) if "enum" in v and path in readers), None)


paths = {f"{path}.{key}" if path else key: resolve(child) for path, node in sections.items() for key, child in node["properties"].items()}
paths |= {f"{path}[0]": resolve(child["items"]) for path, child in paths.items() if child.get("type") == "array"}
choices = {path: choices_of(node, path) for path, node in paths.items() if choices_of(node, path)}
compare("choices", "", choices, readers)
for path, values in choices.items():
    compare("choices", path, values, readers.get(path, []))

# Required keys: maps and lists are there, all else is left out.
def is_branch(value):
    return isinstance(value, (dict, list))


def leaves_out(node, value):
    return {key: child for key, child in value.items() if is_branch(child)} if value is not None else "x"


hollow = example(schema, leaves_out)


def required(node):
    """Of several ways the first: it is the one without a preset."""
    return node.get("required", []) + node.get("anyOf", [{}])[0].get("required", [])


ours = {f"{path}.{key}" if path else key for path, node in sections.items() for key in required(node)
        if not is_branch(example(node["properties"][key], leaves_out))}
compare("required keys", "", ours, {path for path, message in check(hollow) if message == "is required"})

print("\n".join(failures) or f"{len(sections)} maps, {sum(len(n['properties']) for n in sections.values())} keys, {len(choices)} choices agree")
sys.exit(bool(failures))
