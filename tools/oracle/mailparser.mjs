// What mailparser of npm shows of one email; called by readers.py.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { simpleParser } = createRequire(process.cwd() + "/")("mailparser");
const sha256 = (data) => createHash("sha256").update(data).digest("hex").slice(0, 16);
const mail = await simpleParser(readFileSync(process.argv[2]));
const files = mail.attachments.map((a) => ({ name: a.filename || "", sha256: sha256(a.content), text: false }));
if (mail.text) files.push({ name: "", sha256: sha256(Buffer.from(mail.text)), text: true });
console.log(JSON.stringify({ files, from: mail.from ? mail.from.text : "" }));
