"""The program `crossmedia`, from its first to its last moment. The commands are those of `program`."""

from __future__ import annotations

import gc
import sys

from indexer.cli import signals


def main() -> None:
    """The program. A signal ends it with 128 and its number, also while it is still loading."""
    try:
        signals.install()
        gc.disable()  # what is loaded makes many objects and no garbage, nor does one question
        from retrieval.cli import quick

        if (code := quick.search(sys.argv[1:])) is not None:
            signals.end(code)  # taking the interpreter's objects apart takes a tenth of the time, and nothing is open
        from indexer.cli.program import app

        gc.enable()
        app(prog_name="crossmedia")
    except signals.Stopped:
        signals.end(signals.exit_code())
    except SystemExit as done:
        signals.ignore()
        if signals.exit_code():
            signals.end(done.code if isinstance(done.code, int) else signals.exit_code())
        raise


if __name__ == "__main__":
    main()
