"""Reads file names from standard input, one a line, and prints what Python's
email package (policy.default) sees in each mail, one JSON object a line."""
import email
import email.policy
import email.utils
import hashlib
import json
import sys
from datetime import timezone


def guarded(f):
    try:
        return f()
    except Exception as err:  # policy.default raises on some headers; that is a class of its own
        return "!" + type(err).__name__


def addresses(m, name):
    out = []
    for h in m.get_all(name, []):
        out += [a.addr_spec for a in h.addresses]
    return out


def date(m):
    t = m["date"].datetime
    return "" if t is None or t.tzinfo is None else t.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def leaves(m):
    for p in m.walk():
        if not p.is_multipart():
            yield p


def text(value):
    return str(value).encode("utf-8", "replace").decode() if value is not None else ""


def look(path):
    with open(path, "rb") as f:
        m = email.message_from_bytes(f.read(), policy=email.policy.default)
    return {
        "from": guarded(lambda: addresses(m, "from")),
        "to": guarded(lambda: addresses(m, "to")),
        "subject": guarded(lambda: " ".join(text(m["subject"]).split())),
        "date": guarded(lambda: date(m) if m["date"] else ""),
        "message_id": guarded(lambda: text(m["message-id"]).strip().strip("<>").strip()),
        "leaf_types": guarded(lambda: sorted(p.get_content_type() for p in leaves(m))),
        "file_names": guarded(lambda: sorted(text(p.get_filename()) for p in leaves(m) if p.get_filename())),
        "digests": guarded(lambda: sorted(hashlib.sha256(p.get_payload(decode=True) or b"").hexdigest()
                                          for p in leaves(m) if p.get_content_maintype() != "text")),
    }


for line in sys.stdin:
    path = line.rstrip("\n")
    print(json.dumps(guarded(lambda: look(path))), flush=True)
