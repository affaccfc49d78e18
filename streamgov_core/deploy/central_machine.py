"""The central state machine, as a plain dictionary.

Amazon States Language with JSONPath. A path that does not resolve cannot be caught, so states read only members that a
function always returns, or that a ``Catch`` with a ``ResultPath`` has just written. Every task has a time-out, jittered
retries and a catch of everything. What a machine cannot catch itself (its own time-out, an abort) reaches the settle
rule, which starts the same machine with action ``settle``.
"""

from __future__ import annotations

from streamgov_core.deploy.member_stages import undo_stage, whole_stage
from streamgov_core.deploy.reconcile_branch import reconcile_states
from streamgov_core.deploy.task_states import State, catch_all, catch_no_room, function_retries, function_task
from streamgov_core.domain.workflow_input import CENTRAL_TIMEOUT
from streamgov_core.model.command import ACCESS_MAY_REMAIN
from streamgov_core.model.naming import Names

THROTTLED_PAUSE = 60
"""Seconds until a function is asked again that DataZone's rates, or the account's concurrency, left no room for."""
UNDO_PAUSE = 60
"""Seconds until the settle rule may undo again: most outages are over by then."""


def central_definition(names: Names, domain_account: str) -> State:
    """The central machine: collect, then each asset on its own: grant or revoke, undo on failure, report.

    The input is a DataZone event, or ``{"action": "settle" | "redrive", …}``; it is a hint that ``collect`` checks.
    With ``{"action": "reconcile", …}`` the machine takes the branch of ``reconcile_branch``.
    """
    collect = names.function_arn(domain_account, "collect")
    report = names.function_arn(domain_account, "report")
    # What the accounts of principals and owner say goes to each further step with its command.
    prepared = {"prepared.$": "$.told.prepared"}
    # What the first stage makes, such as a fan-out consumer, reaches the second one's commands with its answers.
    answered = {**prepared, "answers.$": "$.firstDone.answers"}
    second = [{"Variable": "$.do.second[0]", "IsPresent": True, "Next": "Second"}]
    to_report: State = {"Default": "Report"}
    asset_states = {
        **whole_stage("Prepare", "$.do.prepare", "$.told", {"Default": "First"}, "Report", kept="prepared"),
        **whole_stage(
            "First", "$.do.first", "$.firstDone", {"Choices": second, **to_report}, "UndoFirst", told=prepared
        ),
        **whole_stage("Second", "$.do.second", "$.secondDone", to_report, "UndoFirst", told=answered),
        "UndoFirst": undo_stage("UndoFirst", "$.undo.first", "$.undoFirstDone", "UndoSecond", told=prepared),
        "UndoSecond": undo_stage("UndoSecond", "$.undo.second", "$.undoSecondDone", "Report", told=prepared),
        "Report": {
            **function_task(report, {"kind": "outcome", "item.$": "$"}, timeout=120),
            "ResultSelector": {"reported.$": "$.Payload"},
            "Retry": function_retries("RetryableGrantError", "RemoteError", attempts=6, interval=3, ceiling=60),
            "Catch": [catch_no_room("WaitToReport"), *catch_all("NotReported")],
            "End": True,
        },
        "WaitToReport": {"Type": "Wait", "Seconds": THROTTLED_PAUSE, "Next": "Report"},
        "NotReported": {
            "Type": "Fail",
            "Error": "NotReported",
            "Cause": "The outcome could not be reported to DataZone: the settle rule starts again from the ledger",
        },
    }
    return {
        "Comment": "Carries a DataZone subscription grant out in the accounts of producer and consumer",
        "TimeoutSeconds": CENTRAL_TIMEOUT,
        "StartAt": "ChooseAction",
        "States": {
            "ChooseAction": {
                "Type": "Choice",
                "Choices": [
                    {
                        "And": [
                            {"Variable": "$.action", "IsPresent": True},
                            {"Variable": "$.action", "StringEquals": "reconcile"},
                        ],
                        "Next": "ReconcileBegin",
                    }
                ],
                "Default": "Collect",
            },
            **reconcile_states(names, domain_account),
            "Collect": {
                **function_task(
                    collect,
                    {"event.$": "$", "execution.$": "$$.Execution.Id", "startedAt.$": "$$.Execution.StartTime"},
                    timeout=120,
                ),
                "ResultSelector": {"items.$": "$.Payload.items"},
                "ResultPath": "$.plan",
                "Retry": function_retries("RetryableGrantError", "RemoteError", attempts=5, interval=2, ceiling=30),
                "Catch": [
                    catch_no_room("WaitForCalls"),
                    *catch_all("ReportCollectFailure", "$.failure"),
                ],
                "Next": "Assets",
            },
            # A burst of requests is no failure: it waits, as long as an execution may take, and then starts again.
            "WaitForCalls": {"Type": "Wait", "Seconds": THROTTLED_PAUSE, "Next": "Collect"},
            "Assets": {
                "Type": "Map",
                "ItemsPath": "$.plan.items",
                "MaxConcurrency": 10,
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "INLINE"},
                    "StartAt": "Prepare",
                    "States": asset_states,
                },
                "ResultPath": "$.reported",
                "Catch": catch_all("Unfinished", "$.failure"),
                "Next": "SummarizeReports",
            },
            # The reports as text: a Choice cannot look into a list.
            "SummarizeReports": {
                "Type": "Pass",
                "Parameters": {"reported.$": "$.reported", "text.$": "States.JsonToString($.reported)"},
                "Next": "CheckAccessRemains",
            },
            "CheckAccessRemains": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.text", "StringMatches": f'*"{ACCESS_MAY_REMAIN}"*', "Next": "WaitBeforeRetry"}
                ],
                "Default": "Succeeded",
            },
            "Succeeded": {"Type": "Succeed"},
            "WaitBeforeRetry": {"Type": "Wait", "Seconds": UNDO_PAUSE, "Next": "AccessMayRemain"},
            "AccessMayRemain": {
                "Type": "Fail",
                "Error": "AccessMayRemain",
                "Cause": "A failed grant could not be undone everywhere: the settle rule starts the undoing again",
            },
            "ReportCollectFailure": {
                **function_task(
                    report,
                    {"kind": "collect-failure", "event.$": "$", "execution.$": "$$.Execution.Id"},
                    timeout=120,
                ),
                "ResultSelector": {"cause.$": "$.Payload.cause"},
                "ResultPath": "$.reported",
                "Retry": function_retries("RetryableGrantError", "RemoteError", attempts=6, interval=3, ceiling=60),
                "Catch": [catch_no_room("WaitToReportFailure"), *catch_all("Unfinished", "$.failure")],
                "Next": "NotCollected",
            },
            "WaitToReportFailure": {"Type": "Wait", "Seconds": THROTTLED_PAUSE, "Next": "ReportCollectFailure"},
            "NotCollected": {"Type": "Fail", "Error": "NotCollected", "CausePath": "$.reported.cause"},
            "Unfinished": {
                "Type": "Fail",
                "Error": "Unfinished",
                "Cause": "At least one asset was not reported: the settle rule starts again from the ledger",
            },
        },
    }
