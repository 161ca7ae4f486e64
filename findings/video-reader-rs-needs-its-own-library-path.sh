#!/usr/bin/env bash
# The wheel of video-reader-rs carries a library that it cannot find: the import fails unless the loader is told of its folder.
#
# Library: video-reader-rs 0.4.5 (numpy 2.4.6). Met on 29 November 2026, CPython 3.11, Linux x86-64 (glibc 2.36).
# Seen: `import video_reader`: ImportError: libsharpyuv-48a062bd.so.0: cannot open shared object file. The file lies in
#   video_reader_rs.libs of the same wheel; with LD_LIBRARY_PATH at that folder the import works.
# A media indexer must: take "installed" for nothing: import each optional decoder once in a child and say which library
#   of it is missing, or leave it out.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet video-reader-rs==0.4.5 numpy==2.4.6
libraries=$(echo "$work"/venv/lib/python3*/site-packages/video_reader_rs.libs)
ls "$libraries" | grep sharpyuv
if venv/bin/python -c 'import video_reader' 2>error; then
  echo "the import works now" >&2
  exit 1
fi
tail -1 error
grep -q 'libsharpyuv.*cannot open shared object file' error
LD_LIBRARY_PATH=$libraries venv/bin/python -c 'import video_reader; print("imported with LD_LIBRARY_PATH")'
echo "still so"
