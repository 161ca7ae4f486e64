"""The OpenAPI document is kept: schemathesis asks all that is in it, right and wrong, and sees nothing that is not named.

    pip install schemathesis                    # 4.32 or later; an environment of its own will do
    python -m benchmarks.contract [--library FOLDER] [--program schemathesis] [--examples 6]

The service answers from this process, over a socket; its jobs fail at once, so that nothing asked here touches a file of the
machine. Names in addresses are those of one asset of the library. What the document allows may still be refused by 400, 404
or 422: a question that cannot be read, a file that is no medium. Without a library the samples are indexed first. Prints
what schemathesis prints, and ends with its exit code.
"""

from __future__ import annotations

import argparse
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from benchmarks.report import report
from indexer import demo
from retrieval import Library
from retrieval.service.app import create_app
from retrieval.service.guard import Rules

CONFIG = """
parameters = {{ "path.name" = "{asset}" }}
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "400", "404", "422"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "413", "415", "422"]
"""
OPTIONS = (
    "--phases=examples,coverage,fuzzing", "--generation-deterministic", "--suppress-health-check=all",
    "--request-timeout=600", "--workers=1", "--no-color",
)  # fmt: skip


@contextmanager
def serving(library: Library) -> Iterator[str]:
    """A service of this process, at the address that is given."""
    rules = Rules(frozenset({"127.0.0.1"}), rate=1e6, burst=1_000_000, wait_s=600.0, work_s=600.0)
    server = uvicorn.Server(uvicorn.Config(create_app(library, rules, ("false",)), log_level="error", lifespan="on"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def main() -> None:
    """Asks and reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--program", default="schemathesis")
    parser.add_argument("--examples", type=int, default=6)
    parser.add_argument("--only", default="", metavar="REGEX", help="operations whose path holds that")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.library or Path(folder) / "library"
        if given.library is None:
            demo.fill(home, lambda event: None)
        with Library.open(home) as library, serving(library) as address:
            asset = next(name for name, each in library.seen().items() if each.medium == "video")
            config = Path(folder) / "schemathesis.toml"
            config.write_text(CONFIG.format(asset=asset))
            program = shutil.which(given.program) or given.program
            command = [program, f"--config-file={config}", "run", f"{address}/openapi.json", *OPTIONS]
            command += [
                f"--max-examples={given.examples}",
                *([f"--include-path-regex={given.only}"] if given.only else []),
            ]
            done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    print("\n".join(line[:500] for line in done.stdout.splitlines()), file=sys.stderr)
    named = {"cases": r"(\d+) generated", "operations": r"Tested: (\d+)", "failures": r"(\d+) unique failure"}
    found = {name: re.search(form, done.stdout) for name, form in named.items()}
    figures: dict[str, float | str] = {name: float(each[1]) if each else 0.0 for name, each in found.items()}
    report("contract", figures | {"exit_code": float(done.returncode)}, given.out)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
