"""What a program may pass: an Output for every argument that does not name things, one sentence for everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin, is_typeddict

import pulumi
import pytest
from pulumi.resource import DependencyResource

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.arguments.inputs import check_arguments, unwrapped
from streamgov_pulumi.components.data_source import SchemaRegistryDataSourceArgs
from streamgov_samples.plugin import offered
from tests.unit.components.graph import Graph, run

ACCOUNT, OTHER = "777788889999", "444455556666"
REGION = "eu-west-1"
STACK = "urn:pulumi:test::test::pulumi:pulumi:Stack::test-test"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/jobs/reader"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"
CLUSTER = f"arn:aws:kafka:{REGION}:{OTHER}:cluster/orders/1f2e3d4c-5b6a-7988-a7b6-c5d4e3f2a1b0-7"
PLAIN = {
    "account_id", "region", "namespace", "partition", "platform", "key", "trail", "membership", "target_name", "use",
    "reconcile_schedule", "schedule", "account", "deploy", "share", "within_organization", "allow_any_role",
    "permissions_boundary_name", "deletion_protection", "on_destroy", "application", "dashboards",
    "delivery", "check_references", "snap_start",
}  # fmt: skip
"""Arguments on which names, or the number of resources, hang; lists and maps of sections are counted as their items."""
VALUES: Mapping[str, Any] = {
    "account_id": ACCOUNT, "account": ACCOUNT, "region": REGION, "namespace": "streamgov", "partition": "aws",
    "assume_role_arn": f"arn:aws:iam::{ACCOUNT}:role/deploy", "external_id": "x-1", "profile": "p",
    "log_retention_days": 30, "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/b", "tags": {"team": "fraud"},
    "alarm_topics": [f"arn:aws:sns:{REGION}:{ACCOUNT}:t"], "domain_id": "dzd-4p9n6sw4qt9xgn",
    "domain_arn": f"arn:aws:datazone:{REGION}:{ACCOUNT}:domain/dzd-4p9n6sw4qt9xgn", "member_accounts": [OTHER],
    "platforms": ["msk"], "platform": "msk", "organization_id": "o-a1b2c3d4e5", "request_form": "required",
    "principal_accounts": {ACCOUNT: [OTHER]}, "member_projects": {"one": "project1"},
    "reconcile_schedule": "rate(1 hour)", "kms_key_arn": KEY, "domain_account": OTHER, "consumer_roles": [ROLE],
    "boundary_extra_actions": ["s3:GetObject"], "extra_actions": ["s3:GetObject"], "protected_roles": [ROLE],
    "boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary", "manual_assets": {"project1": [CLUSTER]},
    "project_id": "project1", "registry_name": "orders", "resource": "orders", "key": "orders",
    "schedule": "rate(1 day)", "trail": "none", "trail_arn": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/t",
    "topic_mapping": "same", "environment_id": "environment1", "principals": [ROLE], "target_name": "mine",
    "grant_creation_mode": "MANUAL", "owning_project_id": "project0", "usable_in_domain_unit": "unit1",
    "use": "required", "asset_types": ["MskTopicAssetType"], "domain_unit_id": "unit1", "permission_arn": "arn:p",
    "share_arn": "arn:share", "cluster_arn": CLUSTER, "vpc_id": "vpc-1", "client_subnets": ["subnet-a", "subnet-b"],
    "security_groups": ["sg-1"], "authentication": "SASL_IAM", "types_project_id": "project0",
    "role_arn": ROLE, "permissions_boundary_name": "corp/b", "on_destroy": "refuse",
    "bucket_arn": "arn:aws:s3:::jobs", "object_version": "v1", "application": "totals", "property_group_id": "group",
    "property_map": {"topic": "orders"}, "description": "words", "runtime": "FLINK-2_2", "parallelism": 2,
    "parallelism_per_kpu": 1, "max_kpus": 8, "checkpoint_interval_ms": 60_000, "log_level": "INFO",
    "min_pause_between_checkpoints_ms": 5_000, "metrics_level": "TASK", "subnets": ["subnet-a"],
    "role_path": "/jobs/",
    "accept_share_arn": "arn:share", "topics": ["orders"], "connection_roles": [ROLE], "apply_concurrency": 5,
    "collect_concurrency": 5,
    "domain_version": "V1", "longest_grant": "90d", "default_grant": "30d", "longest": "90d", "default": "30d",
    "resource_keys": ["alias/streams-*"], "delivery": "direct", "deliveries": {ROLE: "direct"},
    "check_references": "warn",
}  # fmt: skip
"""A right value of each argument; flags are true."""


def passed(declared: Any, key: str, change: Callable[[Any], Any], late: bool = False) -> Any:
    """A value of a declared type, each part of it that takes an Output changed by ``change``."""
    kind, takes_output = unwrapped(declared)
    if is_typeddict(kind):
        value: Any = {name: passed(inner, name, change) for name, inner in kind.__annotations__.items()}
        if {"environment_id", "project_id"} <= value.keys():
            del value["project_id"]  # one of the two says whose the target is
    elif get_origin(kind) in (list, Sequence) and is_typeddict(unwrapped(get_args(kind)[0])[0]):
        value = [passed(get_args(kind)[0], key, change)]
    elif get_origin(kind) is Mapping and is_typeddict(unwrapped(get_args(kind)[1])[0]):
        value = {"one": passed(get_args(kind)[1], key, change)}
    else:
        value = VALUES.get(key, True if kind is bool else None)
        assert value is not None, f"no value for {key}"
        if isinstance(value, Mapping) and not takes_output:
            value = {name: change(item) for name, item in value.items()}
        elif isinstance(value, list) and not takes_output and unwrapped(get_args(kind)[0])[1]:
            value = [change(item) for item in value]
    return change(value) if takes_output else value


def leaves(declared: type, path: str = "") -> Iterator[tuple[str, str, bool]]:
    """Path, name and whether an Output may be given, of each argument."""
    for key, annotation in declared.__annotations__.items():
        yield from _leaves(annotation, key, f"{path}.{key}".strip("."))


def _leaves(annotation: Any, key: str, path: str) -> Iterator[tuple[str, str, bool]]:
    kind, takes_output = unwrapped(annotation)
    if is_typeddict(kind):
        yield from leaves(kind, path)
    elif not takes_output and get_origin(kind) in (list, Sequence, Mapping):
        yield from _leaves(get_args(kind)[-1], key, f"{path}[]")
    else:
        yield path, key, takes_output


def arguments_type(component: type) -> type:
    found: type = vars(component)["__init__"].__annotations__["args"]
    return found


COMPONENTS = {component.__name__: component for component in offered()}


def registered(
    component: type, change: Callable[[Any], Any], *, preview: bool = False, of_plugin: bool = False
) -> Graph:
    def program() -> dict[str, Any]:
        opts = None
        if of_plugin:
            # As the SDK's server makes a component's options from the engine's request.
            opts = pulumi.ResourceOptions(parent=DependencyResource(STACK), protect=False, providers={}, depends_on=[])
        component("made", passed(arguments_type(component), "", change), opts)
        return {}

    return run(program, preview=preview)


def documents(graph: Graph) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {
        (item.type, item.name): {key: _plain(value) for key, value in item.inputs.items()} for item in graph.resources
    }


def _plain(value: Any) -> Any:
    """What an archive holds or where it lies; anything else as it is."""
    if isinstance(value, pulumi.AssetArchive):
        return {name: getattr(asset, "text", asset) for name, asset in value.assets.items()}
    return getattr(value, "path", value)


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_argument_takes_an_output_and_means_the_same(name: str) -> None:
    """With Outputs, with secrets, and with plain values the same is registered."""
    plain = documents(registered(COMPONENTS[name], lambda value: value))
    assert len(plain) >= 1
    assert documents(registered(COMPONENTS[name], pulumi.Output.from_input)) == plain


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_component_can_be_made_by_the_plugin(name: str) -> None:
    """There the owner is only a URN: nothing but the engine can be asked of it."""
    by_program = documents(registered(COMPONENTS[name], lambda value: value))
    assert set(documents(registered(COMPONENTS[name], lambda value: value, of_plugin=True))) == set(by_program)


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_argument_may_be_unknown_at_a_preview(name: str) -> None:
    def unknown(value: Any) -> pulumi.Output[Any]:
        known = pulumi.Output.from_input(False).future()
        return pulumi.Output(set(), pulumi.Output.from_input(value).future(), known)  # type: ignore[arg-type]

    known = documents(registered(COMPONENTS[name], lambda value: value, preview=True))
    assert set(documents(registered(COMPONENTS[name], unknown, preview=True))) == set(known)


@pytest.mark.parametrize("name", COMPONENTS)
def test_arguments_that_are_plain_are_those_on_which_names_hang(name: str) -> None:
    found = {key for _, key, takes_output in leaves(arguments_type(COMPONENTS[name])) if not takes_output}
    if name in ("DomainAssociation", "CentralAuthorizer", "StreamGovernance"):
        found -= {"member_accounts", "platforms"}  # lists of which each item makes a resource
    assert found <= PLAIN


def test_an_output_where_none_can_be_is_one_sentence() -> None:
    def program() -> dict[str, Any]:
        args = passed(SchemaRegistryDataSourceArgs, "", lambda value: value)
        args["account"]["region"] = pulumi.Output.secret(REGION)
        check_arguments("SchemaRegistryDataSource", args, SchemaRegistryDataSourceArgs)
        return {}

    with pytest.raises(ConfigError) as refused:
        run(program)
    assert str(refused.value) == (
        "SchemaRegistryDataSource: account.region must be known when the program runs, got an Output: names of "
        "resources, or how many there are, hang on it. Write its value, or take it from the stack's configuration"
    )


@pytest.mark.parametrize(("change", "sentence"), [
    ({"regsitry_name": "x"}, "regsitry_name is no argument; did you mean 'registry_name'?"),
    ({"account": {"account_id": ACCOUNT, "region": REGION, "namspace": "x"}},
     "account.namspace is no argument; did you mean 'namespace'?"),
    ({"account": {"region": REGION}}, "account.account_id is missing"),
    ({"account": {"account_id": 777788889999, "region": REGION}},
     "account.account_id must be text, got int; digits stand in quotes (pulumi config set --path --type string)"),
    ({"publish": "yes"}, "publish must be true or false, got str"),
    ({"schedule": None}, "schedule is None: leave the argument out, or give it a value"),
    ({"account": {"account_id": ACCOUNT, "region": REGION, "alarm_topics": "arn:t"}},
     "account.alarm_topics must be a list, got str"),
    ({"account": {"account_id": ACCOUNT, "region": REGION, "log_retention_days": 1.5}},
     "account.log_retention_days must be a whole number, got float"),
])  # fmt: skip
def test_mistakes_name_the_argument(change: dict[str, Any], sentence: str) -> None:
    args = {**passed(SchemaRegistryDataSourceArgs, "", lambda value: value), **change}
    with pytest.raises(ConfigError) as refused:
        check_arguments("C", args, SchemaRegistryDataSourceArgs)
    assert str(refused.value) == f"C: {sentence}"


def test_no_value_is_shown_in_a_mistake() -> None:
    args = {**passed(SchemaRegistryDataSourceArgs, "", lambda value: value), "publish": "s3cret"}
    with pytest.raises(ConfigError) as refused:
        check_arguments("C", args, SchemaRegistryDataSourceArgs)
    assert "s3cret" not in str(refused.value)
