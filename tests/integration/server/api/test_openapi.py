"""Let schemathesis call every operation of the OpenAPI document with good and bad input."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from server.bench.process import running_broker
from tests.long_form import times

pytestmark = [pytest.mark.integration]

EXAMPLES = times(8, 300, "OPERATOR_EXAMPLES")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


PHASES = {
    "assistant": "examples,coverage,fuzzing",
    "operator": "examples,fuzzing",
    "administrator": "examples,coverage,fuzzing",
}
"""What is tried as whom: an administrator may do all that an operator may, so every shape of input is tried once."""


@pytest.mark.parametrize("who", PHASES)
async def test_every_operation_answers_as_the_document_says(who: str, tmp_path: Path) -> None:
    async with running_broker() as broker:
        admin = (broker.data_dir / "admin.token").read_text().strip()
        token = {"assistant": broker.key, "operator": broker.operator, "administrator": admin}[who]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{broker.url}/schema/openapi.json"),
            *("--header", f"Authorization: Bearer {token}", "--checks", CHECKS, "--no-color"),
            *("--max-examples", str(EXAMPLES), "--generation-deterministic", "--phases", PHASES[who]),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out = (await process.communicate())[0].decode()
        print(out[-1500:])
        assert process.returncode == 0, out[-6000:]
        tested = re.search(r"Operations:\s+(\d+) selected / (\d+) total", out)
        assert tested is not None, out[-3000:]
        assert tested.group(1) == tested.group(2), "an operation was left out"
