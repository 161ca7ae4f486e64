"""The program `crossmedia`, from its first to its last moment. The commands are those of `program`."""

from __future__ import annotations

import gc
import os
import sys

from indexer.cli import signals


def main() -> None:
    """The program. A signal ends it with 128 and its number, also while it is still loading."""
    try:
        signals.install()
        _open_closed_streams()
        gc.disable()  # what is loaded makes many objects and no garbage, nor does one question
        from retrieval.cli import quick

        if (code := quick.search(sys.argv[1:])) is not None:
            signals.end(code)  # taking the interpreter's objects apart takes a tenth of the time, and nothing is open
        from indexer.cli.program import app

        gc.freeze()  # what was loaded stays
        gc.enable()
        app(prog_name="crossmedia")
    except signals.Stopped:
        signals.end(signals.exit_code())
    except SystemExit as done:
        signals.ignore()
        if signals.exit_code():
            signals.end(done.code if isinstance(done.code, int) else signals.exit_code())
        raise


def _open_closed_streams() -> None:
    """Output and errors lead nowhere where the caller has closed them: Python has None there, and the next file that is
    opened would take their place."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  open to the end


if __name__ == "__main__":
    main()
