#!/usr/bin/env bash
# An MCP tool that returns NumPy numbers gives two answers: right ones as structured content, an abridged print-out as text.
#
# Libraries: mcp 2.3.0, numpy 2.4.6. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: a tool annotated `-> list[float]` that returns an array of 1,500 numbers raises nothing;
#   structured_content has 1,500 numbers; the text block, which is what most models read, is the string
#   "[0.00000000e+00 1.42857143e-01 2.85714286e-01 ... 2.13857143e+02\n 2.14000000e+02 2.14142857e+02]": six numbers and dots.
#   A tool annotated `-> float` that returns numpy.float32(0.5) gives 0.5 as structure and "0.5" with quotation marks as text.
# A media indexer must: return Python floats and lists (`.item()`, `.tolist()`), and let a test compare the text block, read as
#   JSON, with the structured content for every tool.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet mcp==2.3.0 numpy==2.4.6
cat > server.py <<'PY'
import numpy as np
from mcp.server.mcpserver import MCPServer

server = MCPServer("scores")


@server.tool()
def curve(count: int) -> list[float]:
    return np.arange(count) / np.float32(7)


@server.tool()
def score() -> float:
    return np.float32(0.5)


server.run("stdio")
PY
timeout 120 venv/bin/python - <<'PY'
import asyncio
import json
import sys

from mcp import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client


async def main():
    async with stdio_client(StdioServerParameters(command=sys.executable, args=["server.py"])) as (read, write):
        async with ClientSession(read, write) as session:
            await session.initialize()
            curve, score = await session.call_tool("curve", {"count": 1500}), await session.call_tool("score", {})
    numbers, text = curve.structured_content["result"], json.loads(curve.content[0].text)
    print(len(curve.content), "block, structured", len(numbers), "numbers, text:", text)
    assert len(curve.content) == 1 and len(numbers) == 1500 and isinstance(numbers[3], float)
    assert isinstance(text, str) and " ... " in text and len(text) < 100
    print("score", score.structured_content, score.content[0].text)
    assert score.structured_content == {"result": 0.5} and score.content[0].text == '"0.5"'


asyncio.run(main())
PY
echo "still so"
