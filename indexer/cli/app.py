"""The program `crossmedia`, from its first to its last moment. The commands are those of `program`."""

from __future__ import annotations

import sys

from indexer.cli import signals


def main() -> None:
    """The program. A signal ends it with 128 and its number, also while it is still loading."""
    try:
        signals.install()
        from retrieval.cli import server

        if (code := server.quick(sys.argv[1:])) is not None:
            sys.exit(code)
        from indexer.cli.program import app

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
