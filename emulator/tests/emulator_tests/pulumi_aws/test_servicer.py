"""The servicer's own behaviour against the emulator: names, tags, previews, failures, the instance's configuration."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.runtime.proto import provider_pb2

from aws_emulator.pulumi_aws import values
from aws_emulator.pulumi_aws.model import UNKNOWN
from aws_emulator.pulumi_aws.session import Instance

from .conftest import member
from .harness import DOMAIN, PRODUCER, REGION, Aborted, CallContext, Made, Plugin
from .needs import document, trust

if TYPE_CHECKING:
    from ..conftest import EmulatorProcess

pytestmark = pytest.mark.emulator
ROLE, QUEUE, KEY = "aws:iam/role:Role", "aws:sqs/queue:Queue", "aws:kms/key:Key"
LOG_GROUP, ALIAS = "aws:cloudwatch/logGroup:LogGroup", "aws:kms/alias:Alias"
TRUST = {"assumeRolePolicy": trust("lambda.amazonaws.com")}
Keep = Callable[[Plugin, Made], Made]


@pytest.fixture
def keep() -> Iterator[Keep]:
    """Remembers what a test made, and deletes it."""
    made: list[tuple[Plugin, Made]] = []

    def remember(plugin: Plugin, item: Made) -> Made:
        made.append((plugin, item))
        return item

    yield remember
    for plugin, item in reversed(made):
        plugin.delete(item)


@pytest.fixture
def faults(emulator: EmulatorProcess) -> Iterator[Callable[..., Any]]:
    """Arms faults; clears them at the end."""
    yield lambda **fault: emulator.admin("POST", "faults", fault)
    emulator.admin("DELETE", "faults")


# --- names ---
def test_a_missing_name_is_made_up_and_kept(domain_account: Plugin) -> None:
    news, _ = domain_account.check(ROLE, TRUST, name="reader")
    assert news["name"].startswith("reader-")
    assert "name" in news["__defaults"]
    again, _ = domain_account.check(ROLE, TRUST, olds={**news, "name": "reader-0000000"}, name="reader")
    assert again["name"] == "reader-0000000"


def test_a_name_that_the_program_gave_before_is_not_kept(domain_account: Plugin) -> None:
    given, _ = domain_account.check(ROLE, {**TRUST, "name": "mine"}, name="reader")
    news, _ = domain_account.check(ROLE, TRUST, olds=given, name="reader")
    assert news["name"].startswith("reader-")


def test_an_unknown_name_stays_unknown(domain_account: Plugin) -> None:
    news, failures = domain_account.check(ROLE, {**TRUST, "name": UNKNOWN})
    assert (news["name"], failures) == (UNKNOWN, [])


def test_a_given_name_is_taken_so_the_old_goes_first(domain_account: Plugin, keep: Keep) -> None:
    made = keep(domain_account, domain_account.create(ROLE, {**TRUST, "name": "taken"}))
    assert domain_account.diff(made, {**TRUST, "name": "taken", "path": "/x/"}).delete_first
    # What deleting first avoids: the service refuses the same name twice, as it would refuse the real provider.
    with pytest.raises(Aborted, match="EntityAlreadyExists"):
        domain_account.create(ROLE, {**TRUST, "name": "taken", "path": "/x/"})
    unnamed = keep(domain_account, domain_account.create(ROLE, TRUST, name="unnamed"))
    diff = domain_account.diff(unnamed, {**TRUST, "path": "/x/"})
    assert (diff.replaces, diff.delete_first) == (["path"], False)


def test_an_alias_gets_its_prefix(domain_account: Plugin) -> None:
    news, _ = domain_account.check(ALIAS, {"targetKeyId": "k"}, name="mine")
    assert news["name"].startswith("alias/mine-")


# --- tags ---
def test_default_tags_are_set_but_are_not_the_resources_own(aws_environment: Any, client: Any, keep: Keep) -> None:
    tagged = Plugin({"region": REGION, "defaultTags": {"tags": {"team": "streams", "cost": "1"}}}).configure()
    inputs = {"name": "tagged", "tags": {"cost": "2", "own": "x"}}
    made = keep(tagged, tagged.create(QUEUE, inputs))
    assert client("sqs").list_queue_tags(QueueUrl=made.id)["Tags"] == {"team": "streams", "cost": "2", "own": "x"}
    assert made["tags"] == {"cost": "2", "own": "x"}
    assert made["tagsAll"] == {"team": "streams", "cost": "2", "own": "x"}
    seen = tagged.refresh(made)
    assert seen is not None
    assert seen.inputs == made.inputs

    other = Plugin({"region": REGION, "defaultTags": {"tags": {"team": "tables"}}}).configure()
    assert other.diff(made, inputs).names == {"tagsAll"}
    other.update(made, inputs)
    assert client("sqs").list_queue_tags(QueueUrl=made.id)["Tags"] == {"team": "tables", "cost": "2", "own": "x"}


def test_a_tag_set_by_hand_shows(domain_account: Plugin, client: Any, keep: Keep) -> None:
    made = keep(domain_account, domain_account.create(QUEUE, {"name": "untagged"}))
    client("sqs").tag_queue(QueueUrl=made.id, Tags={"by": "hand"})
    seen = domain_account.refresh(made)
    assert seen is not None
    assert seen.inputs["tags"] == {"by": "hand"}
    assert domain_account.diff(seen, {"name": "untagged"}).names == {"tags", "tagsAll"}


# --- previews ---
def test_a_preview_of_a_creation_knows_what_the_program_says_and_nothing_else(domain_account: Plugin) -> None:
    found = domain_account.preview(QUEUE, {"name": "q", "kmsMasterKeyId": UNKNOWN})
    assert found == {
        "name": "q",
        "kmsMasterKeyId": UNKNOWN,
        "messageRetentionSeconds": 345600,
        "delaySeconds": 0,
        "receiveWaitTimeSeconds": 0,
        "visibilityTimeoutSeconds": 30,
        "fifoQueue": False,
        "contentBasedDeduplication": False,
    }


def test_a_preview_of_an_update_changes_nothing(domain_account: Plugin, client: Any, keep: Keep) -> None:
    made = keep(domain_account, domain_account.create(QUEUE, {"name": "previewed"}))
    news = domain_account.checked(QUEUE, {"name": "previewed", "messageRetentionSeconds": 60}, made.inputs)
    request = provider_pb2.UpdateRequest(
        urn=Plugin.urn(QUEUE), id=made.id, olds=values.to_struct(made.state), news=values.to_struct(news), preview=True
    )
    answer = values.from_struct(domain_account.servicer.Update(request, CallContext()).properties)
    assert (answer["messageRetentionSeconds"], answer["arn"]) == (60, made["arn"])
    live = client("sqs").get_queue_attributes(QueueUrl=made.id, AttributeNames=["MessageRetentionPeriod"])
    assert live["Attributes"] == {"MessageRetentionPeriod": "345600"}


def test_an_unknown_value_outside_a_preview_is_refused(domain_account: Plugin) -> None:
    with pytest.raises(Aborted, match="kmsMasterKeyId unknown outside a preview"):
        domain_account.create(QUEUE, {"name": "q", "kmsMasterKeyId": UNKNOWN})


def test_ignored_changes_are_no_difference(domain_account: Plugin, keep: Keep) -> None:
    made = keep(domain_account, domain_account.create(QUEUE, {"name": "ignored", "tags": {"a": "b"}}))
    news = domain_account.checked(
        QUEUE, {"name": "ignored", "messageRetentionSeconds": 60, "tags": {"a": "c"}}, made.inputs
    )
    request = provider_pb2.DiffRequest(
        urn=Plugin.urn(QUEUE), id=made.id, old_inputs=values.to_struct(made.inputs),
        olds=values.to_struct(made.state), news=values.to_struct(news),
        ignoreChanges=["messageRetentionSeconds", "tags.a"],
    )  # fmt: skip
    assert list(domain_account.servicer.Diff(request, CallContext()).diffs) == ["tagsAll"]


# --- secrets ---
def test_what_came_as_a_secret_goes_back_as_one(domain_account: Plugin, keep: Keep) -> None:
    inputs = {"name": "secretive", "tags": {"a": "hush"}}
    news = values.to_struct(domain_account.checked(QUEUE, inputs), frozenset({"tags"}))
    checked = domain_account.servicer.Check(
        provider_pb2.CheckRequest(urn=Plugin.urn(QUEUE), news=values.to_struct(inputs, frozenset({"tags"}))),
        CallContext(),
    )
    assert values.secret_names(checked.inputs) == {"tags", "tagsAll"}
    created = domain_account.servicer.Create(
        provider_pb2.CreateRequest(urn=Plugin.urn(QUEUE), properties=news), CallContext()
    )
    made = Made(QUEUE, created.id, values.from_struct(news), values.from_struct(created.properties))
    keep(domain_account, made)
    assert values.secret_names(created.properties) == {"tags", "tagsAll"}
    read = domain_account.servicer.Read(
        provider_pb2.ReadRequest(urn=Plugin.urn(QUEUE), id=made.id, inputs=news, properties=created.properties),
        CallContext(),
    )
    assert values.secret_names(read.properties) == values.secret_names(read.inputs) == {"tags", "tagsAll"}
    assert values.from_struct(read.inputs)["tags"] == {"a": "hush"}


# --- what is refused ---
def test_an_unknown_type_is_told(domain_account: Plugin) -> None:
    with pytest.raises(Aborted, match=r"aws:sns/topic:Topic is not served by the stand-in for the aws plugin"):
        domain_account.check("aws:sns/topic:Topic", {"name": "t"})


def test_an_unknown_invoke_and_an_unknown_argument_are_told(domain_account: Plugin) -> None:
    with pytest.raises(Aborted, match=r"aws:iam/getRole:getRole is not served"):
        domain_account.invoke("aws:iam/getRole:getRole", {"name": "r"})
    token = "aws:datazone/getEnvironmentBlueprint:getEnvironmentBlueprint"
    _, failures = domain_account.invoke(token, {"domainId": "d", "name": "n", "tags": "x"})
    assert len(failures) == 2
    assert '"tags" is not served' in failures[0]
    assert 'missing required property "managed"' in failures[1]


def test_who_and_where_the_instance_is(producer_account: Plugin) -> None:
    identity, _ = producer_account.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert identity["accountId"] == PRODUCER
    assert identity["arn"].endswith(":assumed-role/Admin/pulumi")
    assert producer_account.invoke("aws:index/getRegion:getRegion", {})[0]["region"] == REGION


def test_a_refusal_of_the_service_is_told_with_its_words(domain_account: Plugin) -> None:
    with pytest.raises(Aborted, match=r"^create bad: .*InvalidParameter") as caught:
        domain_account.create(QUEUE, {"name": "b a d"}, name="bad")
    assert caught.value.trailing is None


def test_an_import_id_of_another_form_is_told(domain_account: Plugin) -> None:
    with pytest.raises(Aborted, match="is not of the form DOMAIN:PROJECT"):
        domain_account.imported("aws:datazone/project:Project", "only-one-part")


def test_an_import_of_nothing_finds_nothing(domain_account: Plugin) -> None:
    assert domain_account.imported(ROLE, "nobody") is None


# --- creation that fails half way ---
def test_what_exists_is_kept_and_finished_by_the_next_update(
    domain_account: Plugin, client: Any, faults: Callable[..., Any], keep: Keep
) -> None:
    inputs = {"description": "half", "enableKeyRotation": True, "deletionWindowInDays": 7}
    faults(service="kms", operation="EnableKeyRotation", kind="access_denied")
    with pytest.raises(Aborted, match="EnableKeyRotation") as caught:
        domain_account.create(KEY, inputs, name="half")
    made = keep(domain_account, domain_account.kept(KEY, caught.value))
    assert client("kms").describe_key(KeyId=made.id)["KeyMetadata"]["Description"] == "half"
    assert made["enableKeyRotation"] is False
    assert made["arn"]

    assert domain_account.diff(made, inputs).paths == {"enableKeyRotation": "update"}
    finished = domain_account.update(made, inputs)
    assert client("kms").get_key_rotation_status(KeyId=made.id)["KeyRotationEnabled"] is True
    assert domain_account.diff(finished, inputs).paths == {}


def test_what_cannot_be_read_after_a_failure_is_kept_all_the_same(
    domain_account: Plugin, client: Any, faults: Callable[..., Any], keep: Keep
) -> None:
    faults(service="logs", operation="PutRetentionPolicy", kind="access_denied")
    faults(service="logs", operation="DescribeLogGroups", kind="access_denied")
    inputs = {"name": "/half/read", "retentionInDays": 7}
    with pytest.raises(Aborted, match="PutRetentionPolicy") as caught:
        domain_account.create(LOG_GROUP, inputs)
    made = keep(domain_account, domain_account.kept(LOG_GROUP, caught.value))
    assert (made.id, made.state) == ("/half/read", {"name": "/half/read", "skipDestroy": False})
    assert domain_account.diff(made, inputs).paths == {"retentionInDays": "update"}
    domain_account.update(made, inputs)
    (group,) = client("logs").describe_log_groups(logGroupNamePrefix="/half/read")["logGroups"]
    assert group["retentionInDays"] == 7


def test_an_environment_that_failed_stays_failed(
    aws_environment: Any, domain_account: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aws_emulator.pulumi_aws.types import datazone_environments

    class Failed:
        def get_environment(self, **_: Any) -> dict[str, Any]:
            return {"status": "CREATE_FAILED", "lastDeployment": {"failureReason": {"message": "no such role"}}}

    context = domain_account.servicer._context()
    monkeypatch.setattr(context, "client", lambda service: Failed())
    same = {"domainIdentifier": "d", "profileIdentifier": "p", "name": "n"}
    with pytest.raises(Exception, match="environment e is CREATE_FAILED: no such role"):
        datazone_environments._update_environment(context, "e", same, same, same)


def test_a_change_that_the_real_provider_cannot_carry_out_is_refused(domain_account: Plugin) -> None:
    inputs = {"domainIdentifier": "dzd_one", "name": "P"}
    made = Made(
        "aws:datazone/project:Project", "p", domain_account.checked("aws:datazone/project:Project", inputs), inputs
    )
    assert domain_account.diff(made, {**inputs, "domainIdentifier": "dzd_two"}).replaces == []
    with pytest.raises(Aborted, match="domainIdentifier cannot be changed in place"):
        domain_account.update(made, {**inputs, "domainIdentifier": "dzd_two"})


# --- the instance ---
def test_another_account_than_allowed_is_refused_at_once(aws_environment: Any) -> None:
    role = {"roleArn": f"arn:aws:iam::{PRODUCER}:role/Admin"}
    wrong = Plugin({"region": REGION, "allowedAccountIds": [DOMAIN], "assumeRoles": [role]})
    with pytest.raises(Aborted, match=f"belong to account {PRODUCER}; this provider allows {DOMAIN} only"):
        wrong.configure()


def test_a_role_that_cannot_be_assumed_is_told(aws_environment: Any) -> None:
    wrong = Plugin({"region": REGION, "assumeRoles": [{"roleArn": f"arn:aws:iam::{PRODUCER}:role/Nobody"}]})
    with pytest.raises(Aborted, match=r"AccessDenied.*role/Nobody"):
        wrong.configure()


def test_roles_are_assumed_one_after_the_other_with_their_external_id(
    aws_environment: Any, producer_account: Plugin, keep: Keep
) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "the-id"}}
    principal = {"AWS": f"arn:aws:iam::{PRODUCER}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}
    role = keep(
        producer_account, producer_account.create(ROLE, {"name": "deployer", "assumeRolePolicy": document(statement)})
    )
    first = {"roleArn": f"arn:aws:iam::{PRODUCER}:role/Admin"}
    second = {"roleArn": role["arn"], "externalId": "the-id", "sessionName": "chained"}
    chained = Plugin({"region": REGION, "allowedAccountIds": [PRODUCER], "assumeRoles": [first, second]}).configure()
    identity, _ = chained.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert identity["arn"] == f"arn:aws:sts::{PRODUCER}:assumed-role/deployer/chained"
    # A deployed role has what its policies say, and this one has none.
    with pytest.raises(Aborted, match="AccessDenied"):
        chained.create(QUEUE, {"name": "not-allowed"})


def test_no_address_but_this_machines(aws_environment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://sqs.us-east-1.amazonaws.com")
    with pytest.raises(Aborted, match="works with the emulator only"):
        Plugin({"region": REGION}).configure()


def test_a_region_is_needed(aws_environment: Any) -> None:
    with pytest.raises(Aborted, match="has no region"):
        Plugin({}).configure()


def test_a_configuration_that_is_not_known_yet_waits(aws_environment: Any) -> None:
    plugin = Plugin({"region": REGION, "allowedAccountIds": UNKNOWN}).configure()
    assert plugin.preview(QUEUE, {"name": "q"})["name"] == "q"
    with pytest.raises(Aborted, match="not known yet"):
        plugin.create(QUEUE, {"name": "q"})


def diff_config(old: dict[str, Any], new: dict[str, Any]) -> Any:
    request = provider_pb2.DiffRequest(old_inputs=values.to_struct(old), news=values.to_struct(new))
    return Plugin().servicer.DiffConfig(request, CallContext())


def test_another_region_replaces_the_provider_and_other_changes_do_not() -> None:
    old = {"region": REGION, "allowedAccountIds": json.dumps([DOMAIN])}
    assert list(diff_config(old, {**old, "region": "eu-west-1"}).replaces) == ["region"]
    answer = diff_config(old, {**old, "allowedAccountIds": json.dumps([PRODUCER])})
    assert (list(answer.diffs), list(answer.replaces)) == (["allowedAccountIds"], [])
    assert diff_config(old, dict(old)).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_one_identity_call_per_instance(aws_environment: Any, emulator: EmulatorProcess, keep: Keep) -> None:
    emulator.admin("DELETE", "calls")
    plugin = member(PRODUCER).configure()
    for number in range(3):
        keep(plugin, plugin.create(QUEUE, {"name": f"counted-{number}"}))
    counted = {
        item["operation"]: item["count"] for item in emulator.admin("GET", "calls")["calls"] if item["service"] == "sts"
    }
    assert counted == {"AssumeRole": 1, "GetCallerIdentity": 1}


def test_credentials_are_renewed_before_they_end(aws_environment: dict[str, str]) -> None:
    now = [0.0]
    role = {"roleArn": f"arn:aws:iam::{PRODUCER}:role/Admin"}
    endpoint = aws_environment["AWS_ENDPOINT_URL"]
    instance = Instance(endpoint, {"region": REGION, "assumeRoles": [role]}, now=lambda: now[0])
    sqs = instance.client("sqs")
    assert instance.client("sqs") is sqs
    now[0] = float(instance._ends or 0) - 60
    renewed = instance.client("sqs")
    assert renewed is not sqs
    assert renewed.list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_the_emulators_answer_decides_the_account(domain_account: Plugin) -> None:
    assert domain_account.servicer._context().account == DOMAIN
