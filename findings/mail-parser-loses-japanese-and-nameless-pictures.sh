#!/usr/bin/env bash
# mail-parser leaves Japanese mail in its escape codes, puts the bytes of a picture without a name into the text and names others by chance.
#
# Libraries: mail-parser 4.8.0; Python's own email package reads the same messages rightly. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen:
#   body in iso-2022-jp sent as 7bit, as Japanese mail has been since the 1990s: "\x1b$BEl5~$N<L??\x1b(B" instead of 東京の写真 (one
#     character is lost for good); iso-2022-kr and hz the same. In base64, and in shift_jis or euc-jp, it is right, and so is the subject.
#   part image/png with neither name nor Content-ID nor "attachment": no attachment; its bytes stand in .body and .text_not_managed
#   the same with "Content-Disposition: attachment": a name of ten chance letters and ".txt", another one at each reading
# A media indexer must: read mail with Python's email package (policy default), and give nameless parts names by their place.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet mail-parser==4.8.0
venv/bin/python - 2>/dev/null <<'PY'
import base64
import email
import email.policy

import mailparser

HEAD = b"From: a@example.org\r\nDate: Sun, 14 Jul 2019 10:11:12 +0900\r\nMIME-Version: 1.0\r\nSubject: =?iso-2022-jp?B?GyRCRWw1fhsoQg==?=\r\n"
PNG = base64.encodebytes(b"\x89PNG\x00\x01\x02\x03").replace(b"\n", b"\r\n")


def plain(text, charset, encoding):
    body = text.encode(charset)
    body = base64.encodebytes(body) if encoding == "base64" else body
    return HEAD + f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body


def with_picture(header):
    return (
        HEAD + b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nhello\r\n--B\r\nContent-Type: image/png\r\n"
        + header + b"Content-Transfer-Encoding: base64\r\n\r\n" + PNG + b"--B--\r\n"
    )


def right(message):
    return email.message_from_bytes(message, policy=email.policy.default)


seen = {}
for text, charset, encoding in (
    ("東京の写真", "iso-2022-jp", "7bit"), ("東京の写真", "iso-2022-jp", "base64"), ("東京の写真", "shift_jis", "8bit"), ("한국", "iso-2022-kr", "7bit"),
    ("中文词", "hz", "7bit"),
):
    message = plain(text, charset, encoding)
    parsed = mailparser.parse_from_bytes(message)
    seen[charset, encoding] = parsed.body.strip()
    print(charset, encoding, repr(parsed.body.strip()), "subject", parsed.subject)
    assert right(message).get_content().strip() == text and parsed.subject == right(message)["subject"] == "東京"
assert seen["iso-2022-jp", "base64"] == seen["shift_jis", "8bit"] == "東京の写真"
assert seen["iso-2022-jp", "7bit"] == "\x1b$BEl5~$N<L??\x1b(B"
assert seen["iso-2022-kr", "7bit"].startswith("\x1b$)C") and seen["hz", "7bit"] == "~{VPND4J~}"

nameless = mailparser.parse_from_bytes(with_picture(b""))
print("nameless picture: attachments", nameless.attachments, "body", repr(nameless.body))
assert nameless.attachments == [] and "PNG\x00\x01\x02\x03" in nameless.body
names = {mailparser.parse_from_bytes(with_picture(b"Content-Disposition: attachment\r\n")).attachments[0]["filename"] for _ in range(5)}
print("attached picture, read five times:", sorted(names))
assert len(names) == 5 and all(name.endswith(".txt") for name in names)
assert [part.get_content_type() for part in right(with_picture(b"")).iter_attachments()] == ["image/png"]
PY
echo "still so"
