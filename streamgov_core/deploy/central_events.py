"""Event patterns and inputs of the rules that start the central machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from streamgov_core.model.naming import Names

EventPattern = dict[str, Any]

FINAL_ERRORS = frozenset({"NotCollected", "ReconcileFailed"})
"""Errors of central executions that leave nothing to settle: every asset is reported, or nothing was begun."""

SETTLE_INPUT_PATHS = {"execution": "$.detail.executionArn", "status": "$.detail.status"}
SETTLE_INPUT_TEMPLATE = '{"version":1,"action":"settle","executionArn":<execution>,"status":<status>}'
"""Input of the settle rule: which execution ended, and how. ``collect`` reads its input by DescribeExecution."""


def grant_event_pattern(names: Names, domain_id: str, asset_types: Sequence[str]) -> EventPattern:
    """The EventBridge pattern of grant events of these asset types.

    UNVERIFIED[dz-product-grant-event]: what ``asset.typeName`` says in the event of a data product's grant. So events
    without a type and those of data products pass as well; the collector asks DataZone which of their assets have such
    a type.
    """
    return {
        "source": ["aws.datazone"],
        "detail-type": ["Subscription Grant Requested", "Subscription Grant Revoke Requested"],
        "detail": {
            "metadata": {"domain": [domain_id]},
            "data": {
                "asset": {
                    "typeName": [
                        *sorted(asset_types),
                        {"exists": False},
                        {"prefix": "DataProduct"},
                        {"prefix": "amazon.datazone.DataProduct"},
                    ]
                }
            },
        },
    }


def settle_event_pattern(names: Names, domain_account: str) -> EventPattern:
    """The EventBridge pattern of central executions that ended in a way that nothing in them could handle.

    Those that have said all there is to say are not started again. Whether the event of a failed execution carries its
    error is not in the documented example (UNVERIFIED[sfn-failed-event]): without it every failure passes, and
    ``collect`` finds out.
    """
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [names.central_machine_arn(domain_account)],
            "$or": [
                {"status": ["TIMED_OUT", "ABORTED"]},
                {"status": ["FAILED"], "error": [{"anything-but": sorted(FINAL_ERRORS)}]},
                {"status": ["FAILED"], "error": [None]},
                {"status": ["FAILED"], "error": [{"exists": False}]},
            ],
        },
    }


def reconcile_input(*, dry_run: bool) -> str:
    """Input with which the schedule starts the central machine."""
    return json.dumps({"version": 1, "action": "reconcile", "dryRun": dry_run})
