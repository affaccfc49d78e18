"""Live policies against the ledger: what counts as access, by which path, and what stays open."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from iam_evaluation import Answer, Source, parse_mapping
from streamgov_core.model.command import AccessRequest
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_core.platforms.access_question import AccessNeed, AccessWay, LiveAccess, LivePolicy
from streamgov_ops.verify.chains import Chains
from streamgov_ops.verify.differences import RULES, compare
from streamgov_ops.verify.evaluation import Accounts, Evaluation, Finding, shortest
from streamgov_ops.verify.inventory import AccountInventory, LivePrincipal, read_inventory
from streamgov_ops.verify.organization import ServiceControl, read_service_control
from streamgov_ops.verify.sarif import as_sarif
from tests.unit.iam_evaluation.statements import allow, deny
from tests.unit.ops.entries import CLUSTER, CONSUMER, NOW, PRODUCER, ROLE, record, topic

OTHER = "444444444444"
READ = "kafka-cluster:ReadData"
CONNECT = "kafka-cluster:Connect"
TOPIC = topic("orders")
NAMES = Names("streamgov", "eu-west-1")


def document(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def role(
    arn: str = ROLE, *statements: Any, trust: Any = None, boundary: Any = None, unread: tuple[str, ...] = (),
    tags: dict[str, str] | None = None,
) -> LivePrincipal:  # fmt: skip
    name = arn.rsplit("/", 1)[1]
    return LivePrincipal(
        arn=arn,
        account=arn.split(":")[4],
        name=name,
        unique_id=f"AROA{name}",
        is_role=True,
        identity=(Source("identity", f"inline policy p of role {name}", parse_mapping(document(*statements))),),
        boundary=() if boundary is None else (Source("boundary", "b", parse_mapping(document(*boundary))),),
        trust=None
        if trust is None
        else Source("resource", f"trust policy of role {name}", parse_mapping(document(trust))),
        unread=unread,
        tags=tags or {},
    )


def accounts(
    *principals: LivePrincipal, control: dict[str, ServiceControl] | None = None, assume: bool = False
) -> Accounts:
    found: dict[str, dict[str, LivePrincipal]] = {PRODUCER: {}, CONSUMER: {}}
    for item in principals:
        found.setdefault(item.account, {})[item.arn] = item
    inventories = {account: AccountInventory(account, known) for account, known in found.items()}
    return Accounts(inventories, control or {}, assume, NOW)


def live(*statements: Any) -> LiveAccess:
    policies = (LivePolicy("cluster policy", document(*statements)),) if statements else ()
    needs = (AccessNeed(CONNECT, CLUSTER), AccessNeed(READ, TOPIC))
    return LiveAccess(TOPIC, (AccessWay("read", "Kafka", needs),), {CLUSTER: policies, TOPIC: policies})


def found(read: Accounts, seen: LiveAccess) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {
        item.principal: (item.verdict.answer.value, item.verdict.depends_on)
        for item in Evaluation(seen, PRODUCER, read).findings()
    }


BOTH = allow([CONNECT, READ], [CLUSTER, TOPIC])
GIVEN = {**BOTH, "Principal": {"AWS": ROLE}, "Sid": "Given"}


def test_across_accounts_both_sides_must_allow() -> None:
    assert found(accounts(role(ROLE, BOTH)), live(GIVEN)) == {ROLE: ("yes", ())}
    assert found(accounts(role(ROLE, BOTH)), live()) == {}
    assert found(accounts(role(ROLE)), live(GIVEN)) == {}


def test_reading_takes_every_need() -> None:
    connect_only = {**allow(CONNECT, CLUSTER), "Principal": {"AWS": ROLE}}
    assert found(accounts(role(ROLE, BOTH)), live(connect_only)) == {}


def test_a_boundary_and_a_service_control_policy_limit() -> None:
    assert found(accounts(role(ROLE, BOTH, boundary=[allow("s3:*")])), live(GIVEN)) == {}
    level = (Source("identity", "scp", parse_mapping(document(allow("*"), deny("kafka-cluster:*")))),)
    control = {CONSUMER: ServiceControl("o-1", (level,))}
    assert found(accounts(role(ROLE, BOTH), control=control), live(GIVEN)) == {}


def test_service_control_policies_that_may_not_be_read_leave_it_open_unless_assumed_away() -> None:
    control = {CONSUMER: ServiceControl("o-1", unread="service control policies of account 333333333333: denied")}
    assert found(accounts(role(ROLE, BOTH), control=control), live(GIVEN))[ROLE] == (
        "not decided", ("service control policies of account 333333333333: denied",),
    )  # fmt: skip
    assert found(accounts(role(ROLE, BOTH), control=control, assume=True), live(GIVEN))[ROLE][0] == "yes"
    assert found(accounts(role(ROLE), control=control), live(GIVEN)) == {}


def test_a_condition_on_where_a_request_comes_from_leaves_it_open() -> None:
    office = {**GIVEN, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    assert found(accounts(role(ROLE, BOTH)), live(office))[ROLE] == (
        "not decided", ("cluster policy/Given (aws:SourceIp)",),
    )  # fmt: skip
    tagged = {**GIVEN, "Condition": {"StringEquals": {"aws:PrincipalTag/Team": "fraud"}}}
    assert found(accounts(role(ROLE, BOTH)), live(tagged)) == {}, "which tags a role has is known"
    assert found(accounts(role(ROLE, BOTH, tags={"team": "fraud"})), live(tagged))[ROLE][0] == "yes"


def test_an_organization_is_known_or_not() -> None:
    org = {**GIVEN, "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}
    inside = {CONSUMER: ServiceControl("o-1"), PRODUCER: ServiceControl("o-1")}
    answers = found(accounts(role(ROLE, BOTH), control=inside), live(org))
    assert answers[ROLE][0] == "yes" and answers["*"][0] == "not decided"
    assert ROLE not in found(accounts(role(ROLE, BOTH), control={CONSUMER: ServiceControl()}), live(org))


def test_principals_that_no_inventory_holds() -> None:
    foreign = f"arn:aws:iam::{OTHER}:role/analytics"
    assert found(accounts(), live({**GIVEN, "Principal": {"AWS": foreign}}))[foreign] == (
        "not decided", (f"policies of account {OTHER}",),
    )  # fmt: skip
    assert found(accounts(), live({**GIVEN, "Principal": {"AWS": OTHER}}))[OTHER][0] == "not decided"
    assert found(accounts(), live({**GIVEN, "Principal": "*"}))["*"][0] == "yes"
    service = {**GIVEN, "Principal": {"Service": "firehose.amazonaws.com"}}
    assert found(accounts(), live(service))["firehose.amazonaws.com"][0] == "yes"
    deleted = {**GIVEN, "Principal": {"AWS": "AROADELETED"}}
    assert found(accounts(), live(deleted)) == {}, "an id names nobody who lives"


def test_a_policy_that_was_not_read_leaves_it_open() -> None:
    unread = role(ROLE, unread=("managed policy x of role fraud-job",))
    assert found(accounts(unread), live(GIVEN))[ROLE] == ("not decided", ("managed policy x of role fraud-job",))
    seen = live()
    seen.unread = {CLUSTER: "kafka:GetClusterPolicy: denied", TOPIC: "kafka:GetClusterPolicy: denied"}
    assert found(accounts(role(ROLE, BOTH)), seen)[ROLE] == ("not decided", ("kafka:GetClusterPolicy: denied",))


def test_a_session_that_a_policy_names_passes_its_boundary() -> None:
    session = f"arn:aws:sts::{PRODUCER}:assumed-role/job/friday"
    own = role(f"arn:aws:iam::{PRODUCER}:role/job", boundary=[allow("s3:*")])
    assert found(accounts(own), live({**GIVEN, "Principal": {"AWS": session}})) == {own.arn: ("yes", ())}


# --- chains -----------------------------------------------------------------------------------------------------------
def trusting(arn: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole", **more}


def test_roles_that_may_be_assumed_are_followed() -> None:
    first, second = f"arn:aws:iam::{CONSUMER}:role/first", f"arn:aws:iam::{CONSUMER}:role/second"
    read = accounts(
        role(ROLE, BOTH, trust=trusting(second)),
        role(second, trust=trusting(first)),
        role(first, trust=trusting(OTHER)),
    )
    direct = list(Evaluation(live(GIVEN), PRODUCER, read).findings())
    through = {item.principal: item for item in Chains(read).through(direct)}
    assert through[second].through == (ROLE,) and through[second].verdict.answer is Answer.YES
    assert through[first].through == (second, ROLE)
    assert through[OTHER].verdict.answer is Answer.NOT_DECIDED
    assert f"policies of account {OTHER}" in through[OTHER].verdict.depends_on


def test_roles_that_assume_each_other_are_no_endless_chain() -> None:
    second = f"arn:aws:iam::{CONSUMER}:role/second"
    read = accounts(role(ROLE, BOTH, trust=trusting(second)), role(second, trust=trusting(ROLE)))
    direct = list(Evaluation(live(GIVEN), PRODUCER, read).findings())
    assert [item.principal for item in Chains(read).through(direct)] == [second]


# --- differences ------------------------------------------------------------------------------------------------------
def differences(read: Accounts, seen: LiveAccess, *records: Any, expected: tuple[str, ...] = ()) -> list[Any]:
    direct = list(Evaluation(seen, PRODUCER, read).findings())
    findings = shortest([*direct, *Chains(read).through(direct)])
    return compare(findings, records, {TOPIC: PRODUCER}, NAMES, expected)


def test_a_grant_explains_its_access_and_nothing_more() -> None:
    assert differences(accounts(role(ROLE, BOTH)), live(GIVEN), record()) == []
    (more,) = differences(accounts(role(ROLE, BOTH)), live(GIVEN), record(state="REVOKED"))
    assert (more.rule, more.level, more.principal, more.ours) == ("accessWithoutGrant", "error", ROLE, False)
    assert more.by == ("inline policy p of role fraud-job/#1", "cluster policy/Given")
    assert differences(accounts(role(ROLE, BOTH)), live(GIVEN), expected=("arn:aws:iam::*:role/streaming/*",)) == []
    (write,) = differences(accounts(role(ROLE, BOTH)), live(GIVEN), record(request=AccessRequest("WRITE")))[1:]
    assert write.rule == "grantWithoutAccess"


def test_a_grant_that_live_policies_do_not_give() -> None:
    (lost,) = differences(accounts(role(ROLE)), live(), record())
    assert (lost.rule, lost.direction) == ("grantWithoutAccess", "read") and "grant g1" in lost.message
    assert differences(accounts(role(ROLE)), live(), record(state="IN_PROGRESS")) == []


def test_whose_statements_they_are_and_whose_account() -> None:
    ours = {**GIVEN, "Sid": f"{NAMES.sid_prefix}abc"}
    mine = {**BOTH, "Sid": f"{NAMES.sid_prefix}def"}
    assert differences(accounts(role(ROLE, mine)), live(ours))[0].ours
    owner = role(f"arn:aws:iam::{PRODUCER}:role/job", BOTH)
    assert [item.rule for item in differences(accounts(owner), live())] == ["ownerAccess"]


def test_sarif_names_each_difference_once_and_for_good() -> None:
    found_now = differences(accounts(role(ROLE, BOTH)), live(GIVEN))
    log = as_sarif(found_now)
    (run,) = log["runs"]
    (result,) = run["results"]
    assert (log["version"], result["ruleId"], result["level"]) == ("2.1.0", "accessWithoutGrant", "error")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "accessWithoutGrant"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(RULES)
    assert result["partialFingerprints"] == as_sarif(found_now)["runs"][0]["results"][0]["partialFingerprints"]
    assert {place["fullyQualifiedName"] for place in result["locations"][0]["logicalLocations"]} == {TOPIC, ROLE}
    json.dumps(log)


def test_of_several_ways_the_decided_and_direct_one_is_told() -> None:
    yes = next(iter(Evaluation(live(GIVEN), PRODUCER, accounts(role(ROLE, BOTH))).findings()))
    chained = Finding(**{**vars(yes), "through": ("x",)})
    assert shortest([chained, yes]) == [yes]


# --- reading ----------------------------------------------------------------------------------------------------------
class Iam:
    """Two pages of GetAccountAuthorizationDetails."""

    def get_paginator(self, operation: str) -> Iam:
        assert operation == "get_account_authorization_details"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        managed = f"arn:aws:iam::{CONSUMER}:policy/m"
        made = {
            "RoleName": "fraud-job", "RoleId": "AROA1", "Arn": ROLE,
            "AssumeRolePolicyDocument": document(trusting(CONSUMER)),
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": document(BOTH)}],
            "AttachedManagedPolicies": [{"PolicyArn": managed}, {"PolicyArn": "arn:aws:iam::aws:policy/Gone"}],
            "PermissionsBoundary": {"PermissionsBoundaryArn": managed}, "Tags": [{"Key": "team", "Value": "fraud"}],
        }  # fmt: skip
        user = {"UserName": "ann", "UserId": "AIDA1", "Arn": f"arn:aws:iam::{CONSUMER}:user/ann", "GroupList": ["team"]}
        group = {"GroupName": "team", "GroupPolicyList": [{"PolicyName": "g", "PolicyDocument": document(BOTH)}]}
        versions = [{"IsDefaultVersion": False}, {"IsDefaultVersion": True, "Document": document(allow("s3:*"))}]
        return [
            {"RoleDetailList": [made], "UserDetailList": [user]},
            {"Policies": [{"Arn": managed, "PolicyVersionList": versions}], "GroupDetailList": [group]},
        ]


def test_an_account_is_read_with_everything_that_bears_on_its_principals() -> None:
    inventory = read_inventory(Iam(), CONSUMER)
    fraud, ann = inventory.principals[ROLE], inventory.principals[f"arn:aws:iam::{CONSUMER}:user/ann"]
    assert [source.name for source in fraud.identity] == [
        "inline policy p of role fraud-job", f"managed policy arn:aws:iam::{CONSUMER}:policy/m of role fraud-job",
    ]  # fmt: skip
    assert len(fraud.boundary) == 1 and fraud.trust is not None and fraud.tags == {"team": "fraud"}
    assert fraud.unread == ("managed policy arn:aws:iam::aws:policy/Gone of role fraud-job",)
    assert [source.name for source in ann.identity] == ["inline policy g of group team"] and not ann.is_role


class Organizations:
    """One account below one unit.

    Args:
        refused: operation to the code it fails with.
    """

    def __init__(self, **refused: str) -> None:
        self.refused = refused

    def _check(self, operation: str) -> None:
        if operation in self.refused:
            raise ClientError({"Error": {"Code": self.refused[operation], "Message": "no"}}, operation)

    def describe_organization(self) -> dict[str, Any]:
        self._check("describe")
        return {"Organization": {"Id": "o-1", "MasterAccountId": PRODUCER}}

    def list_parents(self, ChildId: str) -> dict[str, Any]:
        return {"Parents": [{"Id": "r-1", "Type": "ROOT"} if ChildId == "ou-1" else {"Id": "ou-1", "Type": "OU"}]}

    def get_paginator(self, operation: str) -> Organizations:
        self._check("list")
        return self

    def paginate(self, TargetId: str, Filter: str) -> list[dict[str, Any]]:
        assert Filter == "SERVICE_CONTROL_POLICY"
        return [{"Policies": [{"Id": f"p-{TargetId}", "Name": "FullAWSAccess"}]}]

    def describe_policy(self, PolicyId: str) -> dict[str, Any]:
        return {"Policy": {"Content": json.dumps(document(allow("*")))}}


@pytest.mark.parametrize(
    ("account", "refused", "levels", "unread"),
    [
        (CONSUMER, {}, 3, ""),
        (PRODUCER, {}, 0, ""),
        (CONSUMER, {"describe": "AWSOrganizationsNotInUseException"}, 0, ""),
        (CONSUMER, {"describe": "AccessDeniedException"}, 0, "whether account 333333333333 is in an organization"),
        (CONSUMER, {"list": "AccessDeniedException"}, 0, "service control policies of account 333333333333"),
    ],
)
def test_service_control_policies_of_every_level(
    account: str, refused: dict[str, str], levels: int, unread: str
) -> None:
    api = Organizations(**refused)
    control = read_service_control(api, api, account)
    assert len(control.levels) == levels
    assert control.unread.startswith(unread) and bool(control.unread) is bool(unread)


# --- streams ----------------------------------------------------------------------------------------------------------
STREAM = f"arn:aws:kinesis:eu-west-1:{PRODUCER}:stream/clicks"
KEY = f"arn:aws:kms:eu-west-1:{PRODUCER}:key/k1"
QUEUE = f"arn:aws:kinesis:eu-west-1:{PRODUCER}:queue/q1"


class Pages:
    """A paginator with one page."""

    def __init__(self, **page: Any) -> None:
        self.page = page

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [self.page]


class StreamApi:
    """Kinesis and KMS of a stream with a key, a consumer, a queue and a channel."""

    class exceptions:
        class ResourceNotFoundException(Exception):
            pass

    def client(self, service: str) -> StreamApi:
        return self

    def describe_stream_summary(self, StreamARN: str) -> dict[str, Any]:
        return {"StreamDescriptionSummary": {"KeyId": "alias/clicks"}}

    def describe_key(self, KeyId: str) -> dict[str, Any]:
        assert KeyId == f"arn:aws:kms:eu-west-1:{PRODUCER}:alias/clicks"
        return {"KeyMetadata": {"Arn": KEY}}

    def get_key_policy(self, KeyId: str, PolicyName: str) -> dict[str, Any]:
        return {"Policy": json.dumps(document({**allow("kms:*"), "Principal": {"AWS": PRODUCER}}))}

    def get_paginator(self, operation: str) -> Pages:
        if operation == "list_grants":
            context = {"EncryptionContextSubset": {"aws:kinesis:arn": STREAM}}
            return Pages(Grants=[{"GrantId": "g", "Name": "ours", "GranteePrincipal": ROLE, "Operations": ["Decrypt"],
                                  "Constraints": context}])  # fmt: skip
        return Pages(Consumers=[{"ConsumerName": "app", "ConsumerARN": f"{STREAM}/consumer/app:1"}])

    def list_queues(self, StreamFilter: Any, **token: str) -> dict[str, Any]:
        if token:
            return {"QueueSummaries": [{"QueueName": "q1", "QueueARN": QUEUE}]}
        return {"QueueSummaries": [], "NextToken": "more"}

    def list_channels(self, StreamFilter: Any) -> dict[str, Any]:
        return {"ChannelSummaries": [{"ChannelName": "c", "ChannelARN": "arn:channel"}]}

    def get_resource_policy(self, ResourceARN: str) -> dict[str, Any]:
        if ResourceARN == STREAM:
            actions = ["kinesis:GetShardIterator", "kinesis:GetRecords"]
            return {"Policy": json.dumps(document({**allow(actions, STREAM), "Principal": {"AWS": ROLE}}))}
        if ResourceARN == QUEUE:
            statement = {**allow("kinesis:ReceiveQueueRecords", QUEUE), "Principal": {"AWS": ROLE}}
            return {"Policy": json.dumps(document(statement))}
        raise self.exceptions.ResourceNotFoundException


def test_every_way_to_a_stream() -> None:
    seen = PLATFORMS["kinesis"].live_access(STREAM, StreamApi())
    assert [way.name for way in seen.ways] == [
        "shared reads", "consumer app", "a consumer that it registers", "queue q1", "PutRecord", "PutRecords",
    ]  # fmt: skip
    assert seen.bypasses == ("the channel arn:channel copies the stream elsewhere",) and seen.notes == []
    may = [allow(["kinesis:*", "kms:*"])]
    ways = {item.way for item in Evaluation(seen, PRODUCER, accounts(role(ROLE, *may))).findings()}
    assert ways == {"shared reads", "queue q1"}
    without_key = [allow("kinesis:Get*")]
    assert [item.way for item in Evaluation(seen, PRODUCER, accounts(role(ROLE, *without_key))).findings()] == []
