"""What to do: for every alarm, every way in which a request can fail, every end of an execution, every finding.

`streamgov explain` and `status` quote it, `docs/runbook.md` is generated from it. A test holds it against the deploy
specs, the error tree, the machines' definitions and the reconciler's kinds, so that none is missing.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """Advice for one thing that goes wrong.

    Attributes:
        means: what has happened.
        do: what a person does about it.
    """

    means: str
    do: str


REGRANT = (
    "mend the cause, then end the failed grant and make it again (`aws datazone delete-subscription-grant`, "
    "`create-subscription-grant`); DataZone does not ask again by itself"
)
REDRIVE = "`streamgov explain <grant>` shows the step that failed; mend it, then start the request again (redrive)"

ALARMS: Mapping[str, Advice] = {
    "central-executions-failed": Advice(
        "an execution of the central machine ended in a way that nothing in it could handle; the settle rule has "
        "started "
        "the next one by itself",
        "`streamgov status` names grants that hang; if the execution that settled has succeeded, nothing is left "
        "to do. "
        "Otherwise `streamgov explain <grant>`",
    ),
    "central-executions-timed-out": Advice(
        "an execution of the central machine took longer than three hours; the settle rule undoes or completes it",
        "look for member machines that do not answer (member-executions alarms), then `streamgov explain <grant>`",
    ),
    "member-executions-failed": Advice(
        "a member account could not carry out its side; the central machine undoes the other side and reports "
        "the cause",
        "`streamgov explain <grant>` names the account and the call; " + REDRIVE,
    ),
    "member-executions-timed-out": Advice(
        "a member machine did not end in time, usually because its function is throttled or its policies deny it",
        "look at the apply function's log group in that account, then redrive the grant",
    ),
    "collect-errors": Advice(
        "the function that reads a grant in DataZone raised an error; the machine tries it again",
        "a single one is throttling. Repeated: its log group names the call; AccessDenied means that its role is not a "
        "member of the project",
    ),
    "report-errors": Advice(
        "the function that reports an outcome to DataZone raised an error; the machine tries it again",
        "a single one is throttling. Repeated: the outcome stands in the grant ledger but not in DataZone; the "
        "reconciler "
        "finishes it",
    ),
    "reconcile-errors": Advice(
        "the reconciler raised an error: expiry, missed events and drift wait for its next run",
        "its log group names the call; `streamgov reconcile` starts a dry run by hand",
    ),
    "apply-errors": Advice(
        "the function that writes policies raised an error; the machine tries it again",
        "its log group names the document and the call; a single one is contention or throttling",
    ),
    "sync-*-errors": Advice(
        "a data source's function raised an error: of a schema that an event told of, or of a full run",
        "`streamgov sync --run` runs it by hand; its answer names the schemas that failed",
    ),
    "sync-*-executions-failed": Advice(
        "a full run of a data source has come to its end and schemas have failed, also when they were tried once more, "
        "or it could not begin",
        "the cause of the latest execution names them (`streamgov status`, or Step Functions' console). When that is "
        "mended: redrive the execution, `streamgov sync --run`, or wait for the next run",
    ),
    "sync-*-executions-timed-out": Advice(
        "a full run of a data source took longer than four hours",
        "`streamgov status` says how far it came, the map run which shards hang: usually DataZone throttles, or the "
        "account's concurrency is used up. The next run finds what is done unchanged",
    ),
    "sync-*-heartbeat": Advice(
        "no full run of a data source has come to its end for a while: it is not started, or does not end",
        "look at the schedule's rule, at the data source's dead letters and at the latest executions of its machine. "
        "`streamgov sync --run` starts one by hand. After a first deployment: wait for the first run",
    ),
    "dead-letters-depth": Advice(
        "an event could not start the central machine",
        "read a message for its cause (`aws sqs receive-message`); the reconciler finds the grant, or redrive it",
    ),
    "sync-*-dead-letters-depth": Advice(
        "an event could not be delivered to a data source, or all its attempts failed",
        "read a message for its cause, mend it, and `streamgov sync --run`; a full run makes up for every missed event",
    ),
    "reconcile-open": Advice(
        "the reconciler found something that it could not or would not put right",
        "`streamgov reconcile` lists each finding with its account and document; this page says what to do about "
        "each kind",
    ),
    "reconcile-heartbeat": Advice(
        "no scheduled run of the reconciler has come to its end for a while: it is not started, or does not end",
        "look at the schedule's rule, at dead-letters-depth and at the latest executions of the central machine: a "
        "stage that goes on shows its shards in the map run. `streamgov reconcile` starts one by hand. After a first "
        "deployment: wait for the first run",
    ),
}
"""By the end of the alarm's name, after the namespace; ``*`` stands for a data source's key."""

CAUSES: Mapping[str, Advice] = {
    "StreamgovError": Advice(
        "the base of all; none is raised as such", "read the text: it says what, where and what to do"
    ),
    "ConfigError": Advice("a configuration value is wrong", "correct what the text names, `pulumi up`, then redrive"),
    "NameTooLongError": Advice(
        "a derived name passes a limit of AWS", "shorten the namespace or the key that the text names"
    ),
    "SchemaError": Advice(
        "a schema of the registry cannot be turned into columns",
        "correct the schema that the text names and register a new version; other schemas are not held up",
    ),
    "UnsupportedSchemaError": Advice(
        "the schema's data format is none of AVRO, JSON and PROTOBUF",
        "register it in one of them, or leave it out of this registry",
    ),
    "CatalogError": Advice(
        "a data source cannot bring a schema into the catalogue",
        "the text names the schema and why; correct it and `streamgov sync --schema <name> --run`",
    ),
    "NotGovernedError": Advice(
        "a schema or name leads to no topic or stream that the data source may speak for",
        "if it should, widen the data source's `topics` (or `resource`); otherwise nothing: it is skipped and remarked",
    ),
    "SyncFailedError": Advice(
        "a full run of a data source has come to its end, and schemas have failed",
        "the text names them with their causes; then redrive the execution, or `streamgov sync --run`",
    ),
    "CatalogBusyError": Advice(
        "something is changing, such as an asset that moves to another project", "nothing: the next run does it"
    ),
    "GrantError": Advice("a grant cannot be carried out", "the text says why; " + REGRANT),
    "RetryableGrantError": Advice(
        "contention, throttling or propagation, in spite of all retries",
        "nothing is wrong with the grant: make it again (or redrive a revoke). If it repeats, look for a "
        "throttled account",
    ),
    "WaitingGrantError": Advice(
        "another command held the document, or a service was still making something, for longer than is waited",
        "make the grant again (or redrive a revoke); if it repeats, `streamgov status` names what hangs",
    ),
    "ThrottledError": Advice(
        "a service's rate was used up for longer than is waited",
        "nothing is wrong with the grant: make it again. Raise the quota if bursts of that size are usual",
    ),
    "PermanentGrantError": Advice("it fails again until a person changes something", REGRANT),
    "ClaimRefusedError": Advice(
        "the asset's form names a resource that the data source did not record for this asset",
        "let the data source run (`streamgov sync --run`) and publish the asset anew; if it stays, somebody edited the "
        "form: compare it with the record that the text names",
    ),
    "EventRefusedError": Advice(
        "the event or message does not match what DataZone says",
        "after a redrive by hand: correct its input. Otherwise deploy the same release in all accounts",
    ),
    "PrincipalRefusedError": Advice(
        "a role of the subscription target may not receive access",
        "name roles of the environment's account that `consumerRoles` covers and that carry the consumer boundary",
    ),
    "DocumentFullError": Advice(
        "the policy document has no room for this grant within AWS's limit",
        "end grants on that cluster, stream or role that nobody needs (`streamgov recertify`), or use another role",
    ),
    "ResourceExistsError": Advice(
        "an object that was to be created exists already", "take it over with `adoptExisting`, or rename it"
    ),
    "ResourceInUseError": Advice(
        "an object that was to be deleted is still used", "end what the text lists, or set `onDestroy: cascade`"
    ),
    "RemoteError": Advice(
        "an AWS API answered with an error that nothing above explains",
        "the text holds the API's own sentence and code; after an outage of AWS make the grant again or redrive",
    ),
    "StatusRefusedError": Advice(
        "DataZone keeps the status that the asset of the grant has",
        "end the grant and make it again, with the two commands that the text holds",
    ),
    "Refused": Advice(
        "the collector found a reason against the grant: nothing was begun", "do what the cause says; " + REGRANT
    ),
    "Rejected": Advice(
        "a member account could not get the grant into a document: no room, no such role, no boundary",
        "the cause names the document; " + REGRANT,
    ),
    "States.Timeout": Advice(
        "an account did not answer in time",
        "look at that account's member machine and apply function: throttled, or without permission to answer",
    ),
    "States.HeartbeatTimeout": Advice("an account stopped answering", "as for States.Timeout"),
    "Other": Advice("a cause that names no class", "`streamgov explain <grant>`: the history holds the whole text"),
}
"""By the class of the error, as the metric's dimension `Cause` counts them."""

ENDS: Mapping[str, Advice] = {
    "NotReported": Advice(
        "the outcome could not be reported to DataZone", "the settle rule starts again; then look at report-errors"
    ),
    "AccessMayRemain": Advice(
        "a failed grant could not be undone everywhere",
        "the settle rule undoes again three times, then the reconciler; the cause says where. `streamgov audit "
        "--verify` "
        "says whether access is left",
    ),
    "NotCollected": Advice(
        "the grant could not be begun, or its input can never succeed",
        "do what the execution's cause says; nothing was changed",
    ),
    "Unfinished": Advice("at least one asset was not reported", "the settle rule starts again from the ledger"),
    "StepFailed": Advice(
        "a member machine's step failed in spite of its retries",
        "the cause says which call; the central machine undoes",
    ),
    "NotApplied": Advice(
        "a member account could not carry out its side", "the cause names the document or call; " + REDRIVE
    ),
    "AnswerLost": Advice(
        "a member machine did its work and could not answer the central machine",
        "the central machine times out and settles; look at the callback role's trust if it repeats",
    ),
    "ReconcileFailed": Advice(
        "a reconcile run ended early", "the next one starts anew; `streamgov reconcile` starts one by hand"
    ),
    "ShardFailed": Advice(
        "a part of a reconcile run could not be finished, the others were",
        "the run's result names it as Unchecked, its child execution in the map run says why; the next run begins it "
        "anew",
    ),
}
"""By the error with which an execution of one of the machines ends."""

FINDINGS: Mapping[str, Advice] = {
    "MissedEvent": Advice("", "nothing: the reconciler starts an execution. Many at once: look at dead-letters-depth"),
    "Stuck": Advice("", "nothing: the reconciler settles it. If it returns, `streamgov explain <grant>`"),
    "Expired": Advice(
        "", "nothing: the reconciler revokes. If it stays open, DataZone refuses: `streamgov revoke <grant>`"
    ),
    "PrincipalsChanged": Advice(
        "", "nothing: removed roles lose their access and added ones get it. If it stays, the text says what refuses it"
    ),
    "AssetChanged": Advice(
        "", "nothing where it is the same topic or stream. Otherwise redrive the grant if that is meant, or revoke it"
    ),
    "UnusableEnvironment": Advice(
        "", "bring the environment back, or `streamgov revoke <grant>`: its roles still have access"
    ),
    "NoMember": Advice("", "add the account to `memberAccounts` again, revoke its grants, and only then take it out"),
    "Orphaned": Advice(
        "", "nothing: the reconciler revokes, unless suspiciously much is gone; then look, and use `--force`"
    ),
    "StatusMismatch": Advice("", "`streamgov explain <grant>`; then redrive, or end the grant and make it again"),
    "GrantFailed": Advice("", REGRANT),
    "EndNotShown": Advice("", "nobody has access; delete the grant (`aws datazone delete-subscription-grant`)"),
    "Retained": Advice("", "intended by whoever ended the subscription; `streamgov recertify` lists it for its owner"),
    "UnrecordedGrant": Advice(
        "", "the ledger lost it, or another deployment granted it: end it in DataZone or redrive it"
    ),
    "UnrecordedContribution": Advice("", "nothing: it is revoked in the member account"),
    "Unreadable": Advice("", "let the functions' roles read what the text names (project membership)"),
    "RevokeFailed": Advice("", "access remains: `streamgov explain <grant>`, mend the cause, then redrive the REVOKE"),
    "MissingContribution": Advice("", "nothing: it is granted again in the member account"),
    "StaleContribution": Advice("", "nothing: it is revoked in the member account"),
    "DriftAdded": Advice("", "nothing: the statement is removed. Ask who wrote under our prefix"),
    "DriftRemoved": Advice("", "nothing: the statement is written again"),
    "DriftAltered": Advice("", "nothing: the statement is written again. Ask who altered it (CloudTrail)"),
    "ForeignStatement": Advice(
        "", "`streamgov audit --verify` says whom it lets in; remove it, or move it to a policy of its own"
    ),
    "ForeignOrphan": Advice("", "remove the statement that names a deleted principal: it allows nobody anything"),
    "DeletedRole": Advice(
        "", "end the grants of the role, or make them again for the new one: it gets nothing by its name"
    ),
    "Rejected": Advice("", "the text names the document and AWS's sentence; mend the document, then reconcile"),
    "Unchecked": Advice("", "nothing: the next run begins with them"),
}
"""By kind of finding; what each means stands in `streamgov_core.model.findings`."""


def alarm_advice(name: str, namespace: str) -> Advice | None:
    """Advice for an alarm by its physical name; None for an alarm that is not of the deployment."""
    if not name.startswith(f"{namespace}-"):
        return None
    ending = name.removeprefix(f"{namespace}-")
    exact = ALARMS.get(ending)
    if exact is not None:
        return exact
    return next((advice for pattern, advice in ALARMS.items() if fnmatch.fnmatchcase(ending, pattern)), None)
