#!/usr/bin/env python3
"""`pilotwatch map`: what becomes of each foreign record of a sample, or why nothing."""
import json

from harness import check, check_equal, main, pilotwatch, scratch

CONFIG = """pilots:
  - name: permits
    task: binary
    features: [{name: pages, kind: numeric}]
    segments: {attributes: [district]}
sources:
  - {name: wire, http: true, pilot: permits}
  - {name: table, file: x.csv, format: csv, separator: ";", pilot: permits}
  - {name: served, http: true, pilot: permits, preset: kserve}
  - {name: traces, otlp: true, pilot: permits}
  - name: own
    file: y.ndjson
    pilot: permits
    map:
      - type: prediction
        when: {at: kind, equals: decisions}
        each: /cases
        fields:
          id: {join: [$/batch, no], with: "-"}
          time: {from: $/at, time: "%d-%m-%Y %H:%M", zone: Europe/Amsterdam}
          prediction: {from: verdict, values: {approve: "1", reject: "0"}}
          latency_ms: {from: took, unit: us}
          features.pages: /in/pages
          segments.district: {from: [wijk, district], default: unknown}
      - type: outcome
        when: {at: kind, equals: result}
        fields: {id: case, time: {from: t, time: unix_ms}, actual: ok}
"""


def run(code, sample, *arguments):
    with scratch() as folder:
        file = folder / "pilotwatch.yml"
        file.write_text(CONFIG, encoding="utf-8")
        done = pilotwatch("map", "--config.file", file, *arguments, input_text=sample)
        check_equal(done.returncode, code, f"exit code of {arguments}, stderr {done.stderr!r}, stdout {done.stdout[:500]!r}")
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def own_rules():
    """a record becomes several; what fits no rule, or is refused behind it, is named"""
    sample = "\n".join((
        '{"kind":"decisions","batch":"b","at":"01-07-2026 10:00","cases":[{"no":1,"verdict":"approve","took":1500,"in":{"pages":3},'
        '"wijk":"N"},{"no":2,"verdict":"SECRET"}]}',
        '{"kind":"result","case":"b-1","t":1767225600000,"ok":1}',
        '{"kind":"result","case":"b-1","t":1767225600000,"ok":7}',
        '{"kind":"other"}', "{broken"))
    lines, told = run(1, sample, "--source", "own")
    check_equal([line["line"] for line in lines], [1, 2, 3, 4, 5], "lines")
    check_equal(lines[0]["records"], [{"record": {
        "type": "prediction", "id": "b-1", "time": "2026-07-01T08:00:00Z", "prediction": "1", "latency_ms": 1.5,
        "features": {"pages": 3}, "segments": {"district": "N"}}, "accepted": True}], "the first")
    check_equal(lines[0]["refused"][0]["reason"], "mapping", "the second case")
    check("SECRET" not in json.dumps(lines), "a value was repeated")
    check(lines[1]["records"][0]["accepted"], "the outcome")
    check_equal(lines[2]["records"][0]["reason"], "unknown_class", "what the wire format says")
    check_equal([lines[i]["refused"][0]["reason"] for i in (3, 4)], ["unmapped", "json"], "the last two")
    check_equal(told, "2 records accepted, 1 refused; 3 foreign records or elements without one, 0 ignored\n", "summary")


def formats():
    """CSV, CloudEvents and OTLP by flag; the wire format as it is"""
    lines, _ = run(0, "id;type;time;prediction;features.pages\n1;prediction;2026-01-01T00:00:00Z;1;12\n", "--source", "table")
    check_equal(lines[0]["records"][0]["record"]["features"], {"pages": 12}, "CSV")
    event = {"specversion": "1.0", "id": "7", "source": "s", "type": "org.kubeflow.serving.inference.request",
             "time": "2026-01-01T00:00:00Z", "data": {"instances": [{"pages": 3}]}}
    lines, _ = run(0, json.dumps(event), "--source", "served", "--content-type", "application/cloudevents+json; charset=utf-8")
    check_equal(lines[0]["records"][0]["record"]["part"], "request", "structured event")
    binary = [f"--header=ce-{name}: {event[name]}" for name in ("specversion", "id", "source", "type", "time")]
    check_equal(run(0, json.dumps(event["data"]), "--source", "served", *binary)[0], lines, "binary event")
    lines, told = run(0, '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"GET /"}]}]}]}', "--source", "traces",
                      "--framing", "otlp-traces-json")
    check_equal((lines, told.endswith(" 1 ignored\n")), ([], True), "a span that is none of ours")
    lines, _ = run(1, '{"type":"outcome","id":1,"time":1767225600,"actual":1}\n{"type":"outcome"}\n', "--source", "wire")
    check_equal([line["records"][0]["accepted"] for line in lines], [True, False], "wire format")


def usage():
    """what cannot be known is asked for"""
    for arguments in (["--source", "nobody"], ["--source", "traces"], ["--source", "wire", "--framing", "xml"],
                      ["--source", "wire", "--content-type", "image/png"], []):
        run(2, "", *arguments)


main(own_rules, formats, usage)
