#!/usr/bin/env bash
# Over MCP's stdio an answer twice as long costs the client four times as much: 8 MB took seconds, 20 MB most of a minute.
#
# Library: mcp 2.3.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, processor time of the Python client for one answer (two busy cores; the ratios matter):
#   1 MB 0.06 s, 2 MB 0.19 s, 4 MB 0.70 s, 8 MB 2.28 s; 20 MB took 52 s of wall time.
#   The client keeps what it has read of an unfinished line as one string, appends each chunk and splits all of it again.
# A media indexer must: keep answers under about a megabyte, thumbnails instead of pictures, and give a path or a resource link
#   for anything that is a file; base64 of one photo of 6 MB is already 8 MB.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet mcp==2.3.0
cat > server.py <<'PY'
from mcp.server.mcpserver import MCPServer

server = MCPServer("pictures")


@server.tool()
def picture(size: int) -> str:
    return "x" * size


server.run("stdio")
PY
timeout 300 venv/bin/python - <<'PY'
import asyncio
import sys
import time

from mcp import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client


async def main():
    seconds = {}
    async with stdio_client(StdioServerParameters(command=sys.executable, args=["server.py"])) as (read, write):
        async with ClientSession(read, write) as session:
            await session.initialize()
            for size in (1_000_000, 2_000_000, 8_000_000):
                start = time.process_time()
                answer = await session.call_tool("picture", {"size": size})
                seconds[size] = time.process_time() - start
                assert len(answer.content[0].text) == size
                print(f"{size / 1e6:.0f} MB: {seconds[size]:.2f} s of processor time")
    growth = seconds[8_000_000] / seconds[2_000_000]
    print(f"four times the length costs {growth:.1f} times as much")
    assert growth > 6


asyncio.run(main())
PY
echo "still so"
