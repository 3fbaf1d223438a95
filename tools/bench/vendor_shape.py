"""What a plain Python integration does with a mailbox: imaplib and email, one
mail after the other: fetch, parse, digest, store. The peer of the benchmarks.

    vendor_shape.py HOST PORT USER PASSWORD CAFILE STORE [poll]
"""
import email
import email.policy
import hashlib
import imaplib
import json
import sqlite3
import ssl
import sys

imaplib._MAXLINE = 50_000_000


def record(raw):
    m = email.message_from_bytes(raw, policy=email.policy.default)
    text, html, files = [], [], []
    for p in m.walk():
        if p.is_multipart():
            continue
        data = p.get_payload(decode=True) or b""
        name = p.get_filename()
        if not name and p.get_content_type() in ("text/plain", "text/html"):
            body = data.decode(p.get_content_charset() or "utf-8", "replace")
            (html if p.get_content_type() == "text/html" else text).append(body)
        else:
            files.append({"filename": name or "", "size": len(data), "md5": hashlib.md5(data).hexdigest(),
                          "sha1": hashlib.sha1(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest()})
    return {"subject": str(m["subject"]), "from": str(m["from"]), "to": str(m["to"]), "date": str(m["date"]),
            "message_id": str(m["message-id"]), "headers": [[k, str(v)] for k, v in m.items()],
            "body_text": "\n".join(text)[:65536], "body_html": "\n".join(html)[:65536], "attachments": files,
            "sha256": hashlib.sha256(raw).hexdigest()}


def main():
    host, port, user, password, ca, store = sys.argv[1:7]
    box = imaplib.IMAP4_SSL(host, int(port), ssl_context=ssl.create_default_context(cafile=ca))
    box.login(user, password)
    box.select("INBOX", readonly=True)
    found = box.uid("SEARCH", "UNSEEN")[1][0].split()
    if not found:
        print("[]")
        box.logout()
        return
    db = sqlite3.connect(store)
    db.execute("create table mails(id integer primary key, record text, raw blob)")
    out = []
    for uid in found:
        data = box.uid("FETCH", uid.decode(), "(UID FLAGS INTERNALDATE BODY.PEEK[])")[1]
        raw = data[0][1]
        r = record(raw)
        db.execute("insert into mails(record, raw) values(?, ?)", (json.dumps(r), raw))
        out.append(r)
    db.commit()
    json.dump(out, sys.stdout)
    box.logout()


main()
