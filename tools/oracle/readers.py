"""What five other readers show of the emails in a folder: Python's email, notmuch
(GMime), munpack, ripmime and mailparser of npm. Writes readers.json into it.

    python3 tools/oracle/readers.py testdata/hidden [folder with node_modules/mailparser]

A file is its name and the first 16 digits of the SHA-256 of its bytes; "from" is the sender as shown.
"""

import email
import email.policy
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

folder = pathlib.Path(sys.argv[1])
modules = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ".")
mailparser = pathlib.Path(__file__).with_name("mailparser.mjs")


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def shown(name, data, kind=""):
    return {"name": name or "", "sha256": digest(data), "text": kind.startswith("text/")}


def python(path):
    """email with its default policy; the older one where that raises."""
    for policy in (email.policy.default, email.policy.compat32):
        try:
            message = email.message_from_bytes(path.read_bytes(), policy=policy)
            files = [shown(p.get_filename(), p.get_payload(decode=True) or b"", p.get_content_type())
                     for p in message.walk() if not p.is_multipart()]
            return {"files": files, "from": str(message.get("From", ""))}
        except Exception:
            continue
    return {"files": [], "from": ""}


def unpacked(command, path):
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([*command, out, str(path.resolve())] if command[0] == "munpack" else [*command, str(path.resolve()), "-d", out],
                       cwd=out, capture_output=True, timeout=20)
        files = [shown(p.name, p.read_bytes()) for p in sorted(pathlib.Path(out).rglob("*")) if p.is_file()]
    return {"files": files, "from": ""}


def munpack(path):
    return unpacked(["munpack", "-q", "-t", "-C"], path)


def ripmime(path):
    return unpacked(["ripmime", "-i"], path)


def notmuch(path):
    """GMime, by way of notmuch: each part by its number."""
    with tempfile.TemporaryDirectory() as home:
        box = pathlib.Path(home, "mail", "cur")
        box.mkdir(parents=True)
        (box / "1:2,").write_bytes(path.read_bytes())
        config = pathlib.Path(home, "config")
        config.write_text(f"[database]\npath={home}/mail\n[user]\nname=a\nprimary_email=a@b.example\n[new]\ntags=new\n")
        env = {**os.environ, "NOTMUCH_CONFIG": str(config)}
        run = lambda *args: subprocess.run(["notmuch", *args], env=env, capture_output=True, timeout=20)
        run("new", "--quiet")
        found = run("show", "--format=json", "--include-html", "*")
        try:
            top = json.loads(found.stdout)[0][0][0]
        except (ValueError, IndexError, TypeError):
            return {"files": [], "from": ""}
        files = []

        def walk(part):
            inside = part.get("content")
            if isinstance(inside, list):
                for p in inside:
                    walk(p if "content-type" in p or "id" in p else {})
                    for b in p.get("body", []) if isinstance(p, dict) else []:
                        walk(b)
                return
            if "id" in part:
                raw = run("show", "--format=raw", f"--part={part['id']}", "*").stdout
                files.append(shown(part.get("filename"), raw, part.get("content-type", "")))

        for part in top.get("body", []):
            walk(part)
        return {"files": files, "from": top.get("headers", {}).get("From", "")}


def npm(path):
    found = subprocess.run(["node", str(mailparser.resolve()), str(path.resolve())], cwd=modules, capture_output=True, timeout=30)
    try:
        return json.loads(found.stdout)
    except ValueError:
        return {"files": [], "from": ""}


def main():
    readers = {"python": python, "notmuch": notmuch, "munpack": munpack, "ripmime": ripmime, "mailparser": npm}
    result = {}
    for path in sorted(folder.glob("*.eml")):
        result[path.stem] = {name: read(path) for name, read in readers.items()}
    lines = [json.dumps(name) + ": " + json.dumps(result[name], sort_keys=True) for name in sorted(result)]
    (folder / "readers.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(len(result), "emails")


main()
