# SPDX-License-Identifier: Apache-2.0
"""Planted secrets: ids, free text, what is not allow-listed, tokens, passwords and keys come out nowhere they do not belong."""
import base64
import json
import pathlib
import re
import subprocess

from harness import SOURCE, check, check_equal, main, need_programs, pilotwatch, scratch, wait_for
from web_harness import Authority, WebDaemon, basic, bcrypt, client_context

# Nobody's real data: each is a word that could come from nowhere else.
ID, OUTCOME_ID, COMPLAINT_ID = "canary-decision-7f31", "canary-unknown-81aa", "canary-complaint-90bc"
NAME, TEXT, REASON = "Canary Personname", "canary text of a complaint", "canary reason of a review"
FIELD, REJECTED, GARBAGE = "canary-not-allow-listed", "canary-in-a-rejected-line", "canary-in-no-json"
TOKEN, WRONG_TOKEN = "canary-token-1b9f", "canary-token-of-a-stranger"
PASSWORD, WRONG_PASSWORD = "canary-password-52", "canary-password-of-a-stranger"
HOOK_KEY, HOOK_PATH = "canary-webhook-key-0123456789ab", "canary-webhook-path"
HOOK_SECRET = "whsec_" + base64.b64encode(HOOK_KEY.encode()).decode()
OF_PEOPLE = [ID, OUTCOME_ID, COMPLAINT_ID, NAME, TEXT, REASON, FIELD, REJECTED, GARBAGE]
OF_ACCESS = [TOKEN, WRONG_TOKEN, PASSWORD, WRONG_PASSWORD, HOOK_KEY, HOOK_PATH, HOOK_SECRET]

CONFIG = f"""
notify:
  webhooks:
    - {{name: hook, url: "http://127.0.0.1:1/{HOOK_PATH}?k={HOOK_PATH}", secret_files: [hook.secret], allow_networks: [127.0.0.0/8],
       events: [breach, resolved, no_data, state], retries: [10ms]}}
""" + """
ingest: {max_line_bytes: 4KB}
sources: [{name: portal, http: true, token_file: portal.token, pilots: [p], pilot: p}]
pilots:
  - name: p
    task: binary
    windows: [all]
    features: [{name: income, kind: numeric}]
    segments: {attributes: [region], min_n: 1}
    limits: [{name: errors, metric: error_rate, max: 0.5, window: all, evidence: point}]
"""


def records():
    when = {"pilot": "p", "time": "2026-01-05T12:00:00Z"}
    yield {**when, "type": "prediction", "id": ID, "prediction": 1, "score": 0.7, "name": NAME,
           "features": {"income": 1000.5, "surname": FIELD}, "segments": {"region": "north", "street": FIELD}}
    yield {**when, "type": "outcome", "id": ID, "actual": 0}
    yield {**when, "type": "outcome", "id": OUTCOME_ID, "actual": 1}
    yield {**when, "type": "complaint", "id": COMPLAINT_ID, "prediction_id": ID, "text": TEXT, "category": "delay"}
    yield {**when, "type": "review", "prediction_id": ID, "final": 0, "reason": REASON}
    # Rejected, each for another reason.
    yield {**when, "type": "prediction", "id": REJECTED, "prediction": 1, "score": REJECTED}
    yield {**when, "type": "prediction", "id": {"is": REJECTED}}
    yield {**when, "type": REJECTED, "id": REJECTED}
    yield {**when, "time": REJECTED, "type": "outcome", "id": REJECTED, "actual": REJECTED}
    yield {**when, "type": "prediction", "id": REJECTED, "text": REJECTED * 400}


def every_answer(daemon):
    """(what, text) of everything that can be read, and of every refusal."""
    readme = (SOURCE / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"`(/(?:api/|version|metrics|-/)[^`?]*)`", readme)
    paths = {"/", "/pilots/p", "/no/such/path", *(re.sub(r"{pilot}", "p", path).replace("{source}", "portal") for path in listed)}
    for path in sorted(paths):
        answer = daemon.get(path)
        yield f"GET {path} ({answer.status})", answer.text + json.dumps(answer.headers)
    for what, headers in (("no token", {}), ("a wrong token", {"Authorization": "Bearer " + WRONG_TOKEN}),
                          ("a wrong password", basic("alice", WRONG_PASSWORD))):
        for method, path in (("POST", "/v1/records"), ("GET", "/metrics"), ("GET", f"/?q={WRONG_TOKEN}")):
            answer = daemon.ask(method, path, b"x" if method == "POST" else None, headers)
            if WRONG_TOKEN not in path:
                yield f"{method} {path} with {what}", answer.text + json.dumps(answer.headers)


def stored(folder):
    """Every byte in the daemon's folder, and every compressed blob unpacked."""
    for file in sorted(folder.rglob("*")):
        if not file.is_file():
            continue
        raw = file.read_bytes()
        yield str(file.relative_to(folder)), raw
        for found in re.finditer(re.escape(b"\x28\xb5\x2f\xfd"), raw):  # where zstd frames begin
            done = subprocess.run(["zstd", "-dc"], input=raw[found.start():found.start() + (1 << 20)], capture_output=True, check=False)
            yield f"{file.name}, unpacked at {found.start()}", done.stdout


def absent(words, what, text):
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    for word in words:
        for form in (word.encode(), base64.b64encode(word.encode()).rstrip(b"="), word.encode().hex().encode()):
            check(form not in data, f"{word!r} is in {what}")


def secrets_stay_where_they_are():
    need_programs("zstd")
    with scratch() as folder:
        authority = Authority(folder)
        certificate, key = authority.issue("server")
        web = (f"tls_server_config: {{cert_file: {certificate}, key_file: {key}}}\n"
               f"basic_auth_users: {{alice: {bcrypt(PASSWORD)}}}\n")
        daemon = WebDaemon(folder, web, client_context(authority), basic("alice", PASSWORD), ["--log.level=debug"])
        daemon.config_file.write_text(CONFIG, encoding="utf-8")
        (folder / "portal.token").write_text(TOKEN + "\n", encoding="utf-8")
        (folder / "hook.secret").write_text(HOOK_SECRET + "\n", encoding="utf-8")
        (folder / "hook.secret").chmod(0o600)
        with daemon:
            bearer = {"Authorization": "Bearer " + TOKEN}
            lines = [json.dumps(record) for record in records()] + ["{" + GARBAGE, '"' + GARBAGE + '"']
            answer = daemon.post("\n".join(lines) + "\n", headers=bearer)
            check_equal(answer.status, 200, "records with canaries")
            check_equal((answer.json["accepted"], answer.json["rejected"]), (5, 7), "accepted and rejected")
            wait_for("a webhook to fail", lambda: b'pilotwatch_webhook_failures_total{webhook="hook",reason="unreachable"} 0' not in daemon.get("/metrics").body)
            # The sender is told what was wrong with its own lines: details may quote them, and nobody else sees them.
            seen = list(every_answer(daemon))
            answered = [what for what, _ in seen if what.endswith("(200)")]
            check(len(answered) >= 14, f"too few answers to look at: {answered}")
            for what, text in seen:
                absent(OF_PEOPLE + OF_ACCESS, what, text)
            log = "\n".join(daemon.process.lines)
        absent(OF_PEOPLE + OF_ACCESS, "the log", log + "\n".join(daemon.process.lines))
        id_key = (folder / "data" / "id.key").read_bytes()
        private = key.read_text(encoding="utf-8").splitlines()[1]
        for what, text in [*seen, ("the log", log)]:
            absent([private, bcrypt(PASSWORD)], what, text)
            check(id_key.strip() not in text.encode() and id_key.hex() not in text, f"the id key is in {what}")
        for arguments in (("config", "show"), ("check", "config")):
            done = pilotwatch(*arguments, "--config.file", daemon.config_file)
            absent(OF_ACCESS, " ".join(arguments), done.stdout + done.stderr)
        done = pilotwatch("backup", "--storage.path", folder / "data", "--to", folder / "copy")
        check_equal(done.returncode, 0, f"backup: {done.stderr}")
        looked, found = 0, set()
        for place in ("data", "copy"):
            for what, data in stored(folder / place):
                looked += 1
                found |= {word for word in (b"north", b"income", b"delay") if word in data}
                absent(OF_PEOPLE + OF_ACCESS, f"{place}/{what}", data)
                if pathlib.Path(what).name != "id.key":
                    check(id_key.strip() not in data, f"the id key is in {place}/{what}")
        check(looked > 6 and len(found) == 3, f"what is stored could not be read: {looked} places, {found}")


main(secrets_stay_where_they_are)
