"""``Step Functions Execution Status Change`` events.

Source of the shape: Step Functions developer guide, "Automating Step Functions event delivery with EventBridge".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from aws_emulator.compute.states.engine import redrive_refusal
from aws_emulator.compute.states.execution import Execution

DATA_LIMIT = 253_952
"""Input and output are left out of an event that would be larger than 248 KiB with them."""


def status_event(execution: Execution) -> dict[str, Any]:
    """The event entry for an execution's present status."""
    machine = execution.machine
    size = len(execution.input_text.encode()) + len((execution.output or "").encode())
    included = size <= DATA_LIMIT
    refusal = redrive_refusal(execution)
    detail: dict[str, Any] = {
        "executionArn": execution.arn,
        "stateMachineArn": machine.arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": _millis(execution.start_date),
        "stopDate": _millis(execution.stop_date),
        "input": execution.input_text if included else None,
        "output": execution.output if included else None,
        "stateMachineVersionArn": machine.version_arn,
        "stateMachineAliasArn": machine.alias_arn,
        "redriveCount": execution.redrive_count,
        "redriveDate": _millis(execution.redrive_date),
        "redriveStatus": "NOT_REDRIVABLE" if refusal else "REDRIVABLE",
        "redriveStatusReason": refusal,
        "inputDetails": {"included": included},
        "outputDetails": {"included": included} if execution.output is not None else None,
        "error": execution.error,
        "cause": execution.cause,
    }
    return {
        "Source": "aws.states",
        "DetailType": "Step Functions Execution Status Change",
        "Resources": [execution.arn],
        "Detail": detail,
    }


def _millis(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def status_listener(put: Callable[[str, str, Mapping[str, Any]], object]) -> Callable[[Execution], None]:
    """Tells the account's default bus of each status of a standard execution.

    Express executions emit none.
    """

    def tell(execution: Execution) -> None:
        if execution.machine.kind != "EXPRESS":
            put(execution.machine.account, execution.machine.region, status_event(execution))

    return tell
