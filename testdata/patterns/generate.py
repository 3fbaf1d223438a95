#!/usr/bin/env python3
"""Writes python-re.json: what CPython's re does with pattern/text pairs, and the
matches in presets.json.

Run it with Python 3.11 or 3.12 in this directory. Each entry of "cases" is a
pattern with its flags and, for each text (an index into "texts"), the spans of
all groups of all matches of finditer, in bytes of UTF-8. Each entry of "refused"
is a pattern that re.compile refuses, with the position it names (-1 for none)."""
import json
import re
import sys
import warnings

warnings.simplefilter("ignore")

TEXTS = [
    "", "a", "ab", "aab", "abc", "aaa", "abab", "abcabc", "foo bar", "foo\nbar", "foo\n", "\n", "\n\n", "a\nb\nc\n",
    "123 abc", "a1b22c333", "user.name@example.org", "mail bob@example.com, ann@sub.example.net now",
    "The The quick  brown brown fox", "key=value; other=\"quoted, text\"; x=1", "2024-01-31 23:59:59 and 1999-12-01 00:00:00",
    "http://www.example.com/path?q=1&r=(x) ftp.host.org", "<b>bold</b> <i>it</i> <br/>", "((a)(b))c", "{x} {1,2} a{2}",
    "\\d \\w [x] ^$ .*", "tab\there\vvt\ffeed\x1cfs\x1dgs\x85nel\xa0nbsp", "name ex\u00e4mple", "M\u00fcller stra\u00dfe STRASSE \u00c4\u00d6\u00dc",
    "user.name@ex\u00e4mple.org", "\u0130\u0131Ii \u212a K k \u017f s S \u03c3\u03c2\u03a3 \u00b5\u03bc\u039c",
    "\u2460\u2461 x\u00b2 \u0663\u0664 \u4e09\u767e \u216b", "caf\u00e9 cafe\u0301 na\u00efve", "\U0001f600 a\U0001f600b \U00010400\U00010428",
    "\u043f\u0440\u0438\u0432\u0435\u0442 \u041c\u0418\u0420", "a\u200db a\u200cb a_b a\u203fb", "\u1e9e \u00df \ufb05\ufb06 \u01c4\u01c5\u01c6", "  lead and trail  ",
    "filename: a.pdf,,filename: b c.zip,,", "x" * 14, "aXbXc", "no match here!",
]

# pattern, flags (a string of i, m, s), and the texts by index; None: all of them
CASES = [(p, "") for p in r"""
a
ab|a
a|ab
(a|ab)(c|bcd)?
a*
a+
a?
a*?
a+?
a??
(a)
(a)(b)?
(a)|(b)
((a)(b))c
(?:a|b)+
(a|b)*
(?:(a)|b)+
(?:(a)|(b))*
(a*)*
(a*)+
(a+)+
(?:a?)*?b
|a
a|
(?:)
x*
[a-c]
[^a-c]
[abc]+
[^abc\n]+
[]a]
[^]a]
[a\]b]
[-a]
[a-]
[\d-]
[a\-c]
[\w.-]+@[\w.-]+
[\w]+
[^\w]+
[\W]+
[^\W\d_]+
[\W\d]+
[\D]+
[^\D]+
[\s\d]+
[\S]+
[^\S\n]+
[\w\s]+
[\W_]+
[^\d\W]
\d+
\D+
\w+
\W+
\s+
\S+
\b\w
\w\b
\b
\B
\b\w+\b
\Bo\B
^
$
^a
a$
^$
\A
\Z
\Aa
c\Z
\n\Z
o$
^\w+
\w+$
(?m)^\w
(?m)\w$
(?m)^$
(?m)$
(?m)^
(?s)a.b
a.b
.+
(?s).+
.*
.*?
(?i)foo
(?i)ABC
(?i)[a-c]+
(?i)[^a-c]+
(?i)k
(?i)K
(?i)s
(?i)i
(?i)straSSe
(?i)[k-s]+
(?i)\u00b5
(?i)\u03c3
(?i)\u00e4
(?i)[\u00e0-\u00f6]+
(?i)\u1e9e
(?i)\ufb05
(?i)\u01c5
(?i)\u0131
(?i)\u0130
(?i)[i]
(?i)[^i]
(?i)[\u0130]
(?i)\U00010400
(?i)мир
(?ai)k
(?ai)\u00e4
(?a)\w+
(?a)\d+
(?a)\s+
(?a)\b\w
(?a)\W+
(?a)[^\W\d]+
(?a:\w+)\w
(?i:a)b
(?i:A)B|c
(?s:.)a
(?m:^)\w
(?-i:a)
(?i)a(?-i:B)
(?i)(?-i:a)b
(?x) a  b # comment
(?x) [ ] a
(?x: a b )c
(?x)a\ b
(?xi) F o  O
(?#comment)a
a(?#comment)*
a{2}
a{2,}
a{,2}
a{0}
a{1,2}
a{1,2}?
a{2,}?
a{,}
a{,}?
x{2,5}
(?:ab){2}
(ab){1,2}
a{
a{}
a{a}
a{1
a{1,
a{,a
{
}
{,1|a
]
a]
(a)\1
(a)(b)\2\1
(\w)\1
\b(\w+) \1\b
(\w+)\s+\1
(?i)(\w+)\s+\1
(?P<n>a)(?P=n)
(?P<first>\w)(?P<second>\w)
(?P<word>\w+)=(?P<value>\w+|"[^"]*")
(a)?\1
(?:(a)|b)\1
(a)?b(?(1)c|d)
(a)?b(?(1)c)
(<)?\w+(?(1)>)
(?P<q>")?\w+(?(q)")
(?(1)a|b)(c)?
a(?=b)
a(?!b)
(?<=a)b
(?<!a)b
(?<=^)\w
(?<=\n)\w
(?<!\w)\w+
\w+(?!\w)
(?=(a))
(?=(\w+))\w
(?<=(a))b
(?<=a|b)c
(?<=ab|cd)c
(?<=(?=a)a)b
(?!)
(?!a)
(?!)|a
(?=)
(?<!)
(?<=)
\w+(?=@)
(?<=@)[\w.]+
(?<=\d)[a-z]
(?<!\d)\d(?!\d)
(?=a)*b
(?>a+)b
(?>a|ab)c
(?>a*)a
a++b
a*+a
a?+a
a{1,2}+a
\w++@
(?:a|ab)++c
\.
\-
\ 
\@
\/
\"
\_
\#
\x41
\x61
\u0061
\U00000061
\0
\07
\141
\101
\t|\v|\f
[\x61-\x63]+
[\b]
[\141-\143]+
[\0-\x1f]+
[\t\n]
\\
[\\]
[$^.*]+
\^\$
\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}
([0-9]+(?:\.[0-9]+){3})
\b[0-9a-f]{3}\b
filename: (.*?),,
(?i)(?:https?|ftp)://[^\s<>"]+|www\.\S+
<(\w+)>(.*?)</\1>
<[^>]+>
"([^"]*)"
(\w+)=("[^"]*"|\w+)
(?:^|\s)(\w)
(\d+)|([a-z]+)
((\d)(\d))?
([a-z]+)(\d*)
(.)(.)(.)
(.)\b(.)
(?:(?:a)(?:b))+
((a)|b)+
(a(b)?)+
(?:a(b)?)+
(a|(b))+
(?:(a)(b)?)+?
a(?:b|c(?:d|e))?
\w(?<=b)
.(?<!a)
(?<=\b)\w
\b(?=\w)
ä
[ä-ü]+
é
\w+é?
[^\x00-\x7f]+
[\u4e00-\u9fff]+
[\U0001f600-\U0001f64f]
😀
.😀
^.$
\S+@\S+
x+x+y
(x+x+)+y
(?:x|xx)+$
(a|aa)+$
^(\w+\s?)*$
(?m)^(.*)$
(?m)(^)(.*)($)
(?s)(.*)\n(.*)
(\s*)(\S+)
\s*\Z
\s*$
\w*
\d*
(?=.)
[a-z]*?
(?:\d|\w)+
[\s\S]
[\d\D]+
[^\s\S]
[^\d\D]
(?i)[\W]
(?i)[^\W]+
(?i)\w
(?i)[A-Z\d]+
(?i)[^A-Z\s]+
(?u)\w+
[a&&b]+
[a||b]+
[[a]+
[.-.]
(?:x*+)?x
(?:a?+){2,}b
(?:(?:x)*+(?:))?x
(?:(?>x*)){0,2}x
(?:(?>x*))*?x
(?:x++)*x
[\W\ud800]+
[\ud800-\udfff]
\ud800|a
[^\ud800]
[a\udfff]
[^\W\S]
[^\W\D]+
[\W\D]+
[\S\D]+
[^\S\D]
(?i)[^\Wa-f]+
(?i)[\Wa-f]+
(?a)[^\Wa]+
(?a)[\W\d]+
[^\W\W]+
[^\W-]+
[\W-]+
[^\W\]]+
(?<=[^\W\d_])\d
(?<![\W\d])\w
(?i)[\u0080-\U0010ffff]+
(?ai)[\x41-\U0010ffff]+
(?:\s+){2,}+
(?:(\d)|(\w)){2,}+
(?:c)??(?:(?:^|[^\W\d]){1,2}|\d)
(?:(?(1)a|(?=([^\W\d])))){1,2}?
(|a)+
(a|)+
(|a)*
(?:|a)*b
(?:|a)+?b
(a*)+?
(\b|a)*
(?:(a)|b*)*
(?:(a)|b*)+c
(a?)*?b
(a?b?)*c
(?:a*?)*b
(a|b|)*c
((a)|(b)|)*
(?=(a|))\w
(?:(\d)|(\w))*?$
(?:a|(b))(?:c|\1)
(?i)(\w)\1
(?:\w\b)+
(?:^|,)([^,]*)
(?:(?=(\w))\w)+
a|b|c|
""".strip("\n").split("\n")] + [(p, f) for p, f in [
    ("FOO", "i"), ("^b", "m"), ("a.b", "s"), ("^.+$", "m"), ("^.+$", "s"), ("^.+$", "ms"), ("O$", "im"), ("[f-o]+", "i"),
    ("(?-i:a)B", "i"), ("\u00c4|\u00fc", "i"), ("\\w+$", "m"), ("B", "i"), ("$", "m"), ("(?P<a>f)(?P<b>O)", "i"),
    ("a\nb", ""), ("(?x)a\n# no\nb", ""), ("\t", ""), ("[\n]", ""), ("\u212a", "i"), ("\u017f", "i"),
]]

REFUSED = r"""
[a--b]
{1}|a
(
(unclosed
a)
)
*
+a
?
a**
a*{2}
a+*
a{2}{3}
a{3,2}
a{1}*
|*
(*)
(?:*)
^*
\b+
$?
[
[a
[]
[^]
[z-a]
[a-\d]
[\d-z]
[\w-\d]
\
a\
\q
\y
\K
\G
\z
\R
\X
\Q
\p{L}
\h
\c
\e
\g
\E
[\q]
[\Z]
[\A]
[\B]
[\8]
\x4
\x
\u12
\U1234
\U00110000
[\x4]
\1
(a)\2
(a\1)
\8
\99
\400
[\400]
(?
(?P
(?P<
(?P<n
(?P<>a)
(?P<1a>a)
(?P<a-b>a)
(?P<n>a)(?P<n>b)
(?P=n)
(?P=
(?P=1)
(?P>n)
(?Px)
(?<n>a)
(?<
(?<a
(?'n'a)
(?|a)
(?R)
(?1)
(?&n)
(?+1)
(?=a
(?!a
(?<=a*)b
(?<=a+)b
(?<=a?)b
(?<=a|bc)d
(?<!a{1,2})b
(?<=(a)\1)
(?<=(?P<n>a)(?P=n))
(?<=(a)(?(1)b|c))d
(?(1)a|b)
(?(0)a)
(?(n)a)
(?(1)a|b|c)(d)
(a)(?(1)b|c|d)
(?(
(?(1
(?()a)
(?(-1)a)
(?z)
(?i
(?i-
(?i-)
(?i-m
(?i-z:a)
(?iz)
(?i-i:a)
(?-
(?-)
(?-:a)
(?-a:b)
(?au)a
(?L)a
(?L:a)
(?au:a)
a(?i)b
(a)(?i)
a|(?i)b
(?:(?i)a)
(?#
(?#a
(?>a
(a|b
(?i:a
(?x)(a # )
[a-
[a-b-
[[:alpha:
(?P<é1 >a)
a{5000000000}
\N{nothing}
\N
[\N]
""".strip("\n").split("\n")


def flags(letters):
    value = 0
    for letter in letters:
        value |= {"i": re.I, "m": re.M, "s": re.S}[letter]
    return value


def spans(match, offsets):
    out = []
    for group in range(match.re.groups + 1):
        start, end = match.span(group)
        out += [-1, -1] if start < 0 else [offsets[start], offsets[end]]
    return out


def offsets(text):
    out = [0]
    for char in text:
        out.append(out[-1] + len(char.encode()))
    return out


def presets():
    """Fills in what the vendor's presets find in page.txt: presets.json has their patterns."""
    with open("presets.json", encoding="utf-8") as file:
        table = json.load(file)
    with open("page.txt", encoding="utf-8") as file:
        page = file.read()
    for name, preset in table.items():
        group = 1 if name == "email_attachments_filename" else 0
        preset["matches"] = [m.group(group) for m in re.finditer(preset["pattern"], page)]
    with open("presets.json", "w", encoding="utf-8") as file:
        json.dump(table, file, indent=1, ensure_ascii=False)
        file.write("\n")


def main():
    cases, pairs = [], 0
    for pattern, letters in CASES:
        try:
            compiled = re.compile(pattern, flags(letters))
        except re.error as err:
            print("refused, not taken:", pattern, err, file=sys.stderr)
            continue
        results = {}
        for index, text in enumerate(TEXTS):
            at = offsets(text)
            results[index] = [spans(m, at) for m in compiled.finditer(text)]
        pairs += len(results)
        cases.append({"pattern": pattern, "flags": letters, "results": [results[i] for i in range(len(TEXTS))]})
    refused = []
    for pattern in REFUSED:
        try:
            re.compile(pattern)
        except re.error as err:
            refused.append({"pattern": pattern, "pos": -1 if err.pos is None else err.pos, "message": err.msg})
        except OverflowError as err:
            refused.append({"pattern": pattern, "pos": -1, "message": str(err)})  # re names no position here
        else:
            print("taken, not refused:", pattern, file=sys.stderr)
    with open("python-re.json", "w", encoding="utf-8") as out:
        out.write('{"python": %s,\n"texts": %s,\n"cases": [\n' % (json.dumps(sys.version.split()[0]), json.dumps(TEXTS)))
        out.write(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
        out.write('\n],\n"refused": [\n')
        out.write(",\n".join(json.dumps(c) for c in refused))
        out.write("\n]}\n")
    presets()
    print(len(cases), "patterns,", pairs, "pairs,", len(refused), "refused")


main()
