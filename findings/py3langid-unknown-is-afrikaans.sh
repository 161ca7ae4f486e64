#!/usr/bin/env bash
# py3langid 0.4 calls text it knows nothing about Afrikaans, has a label for "no language", and takes a no-break space for another language.
#
# Library: py3langid 0.4.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen (classify): '', 'ok', 'a', '1234', an emoji -> ('af', -3.4028234663852886e+38): the first label of the alphabet, with the least float.
#   After set_languages(['de', 'fr', 'en']) 'ok' is 'de', the first that is left.
#   '4711 !!' -> 'zxx', which is no language but ISO 639's "no linguistic content".
#   A Swedish sentence whose blanks are U+00A0 (as French typography, HTML and word processors put them) -> 'nn' instead of 'sv'.
#   Scores are no probabilities: -149 for a sure answer, 0.55 for an unsure one.
# A media indexer must: take -3.4e38 for "unknown" (normalised, all labels share it), treat 'zxx' as none, and put plain blanks in first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet py3langid==0.4.0 numpy==2.4.6
venv/bin/python - <<'PY'
import py3langid
from py3langid.langid import MODEL_FILE, LanguageIdentifier

LEAST = -3.4028234663852886e38
for text in ("", "ok", "a", "1234", "\U0001f600"):
    print(repr(text), py3langid.classify(text))
    assert py3langid.classify(text) == ("af", LEAST)
print("4711 !!", py3langid.classify("4711 !!"))
assert py3langid.classify("4711 !!")[0] == "zxx"
sentence = "Fyrvaktaren sov under stormen i natt."
plain, hard = py3langid.classify(sentence), py3langid.classify(sentence.replace(" ", "\u00a0"))
print(plain, "with no-break spaces:", hard)
assert plain[0] == "sv" and hard[0] == "nn"
normal = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
print("normalised:", normal.classify("ok"), normal.classify("4711 !!"), normal.classify(sentence))
assert normal.classify("ok")[1] < 0.05
py3langid.set_languages(["de", "fr", "en"])
assert py3langid.classify("ok") == ("de", LEAST)
PY
echo "still so"
