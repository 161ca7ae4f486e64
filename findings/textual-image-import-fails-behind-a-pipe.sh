#!/usr/bin/env bash
# Importing textual-image talks to the terminal, and fails where standard input is a pipe and standard output a terminal.
#
# Library: textual-image 0.12.0 (the newest that pip gives CPython 3.11). Met on 29 November 2026, Linux.
# Seen: `import textual_image.renderable`, nothing called yet,
#   in a terminal: writes two questions (ESC [c and a graphics query) and waits for answers: half a second where the terminal
#     gives none;
#   behind a pipe, `find . | program` with the output in a terminal: the import raises termios.error (25, 'Inappropriate ioctl
#     for device'), because only standard output was asked whether it is a terminal;
#   with the output in a file: neither.
# A media indexer must: import it only when pictures are really to be drawn, after asking both ends whether they are terminals,
#   and treat any error of the import as "no pictures".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet textual-image==0.12.0
timeout 120 venv/bin/python - <<'PY'
import os
import pty
import select
import subprocess
import sys
import time

CODE = "import textual_image.renderable as r; print('class', r.Image.__module__)"


def run(piped):
    terminal, end = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", CODE], stdin=subprocess.PIPE if piped else end, stdout=end, stderr=subprocess.STDOUT
    )
    os.close(end)
    if piped:
        child.stdin.write(b"one.jpg\ntwo.jpg\n")
        child.stdin.close()
    written, limit = b"", time.monotonic() + 60
    while time.monotonic() < limit:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                part = os.read(terminal, 4096)
            except OSError:
                break
            written += part
        elif child.poll() is not None:
            break
    os.close(terminal)
    return child.wait(10), written.decode()


state, text = run(piped=False)
print("terminal:", state, repr(text))
assert state == 0 and text.startswith("\x1b[c") and "\x1b_G" in text and "halfcell" in text
state, text = run(piped=True)
print("pipe into the program:", state, repr(text[-80:]))
assert state == 1 and "termios.error: (25" in text
done = subprocess.run([sys.executable, "-c", CODE], input=b"one.jpg\n", capture_output=True, check=True)
print("output in a file:", done.stdout)
assert done.stdout == b"class textual_image.renderable.unicode\n"
PY
echo "still so"
