"""What a review says of a function follows from what its settings write to its environment and its layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.catalog.entry import SyncConfig
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.domain.settings import MEMBER_ACCOUNTS, CollectSettings, ReportSettings
from streamgov_core.member.apply_settings import CLAIMABLE, ApplySettings
from streamgov_core.model.environment_variables import FunctionSettings
from streamgov_core.model.naming import Names
from streamgov_core.model.settings_document import LAYER_PATH
from streamgov_ops.review.access import changed_facts, facts, unknown
from streamgov_ops.review.behaviour import behaviour
from streamgov_ops.review.harm import Harm
from streamgov_ops.review.losses import losses
from streamgov_ops.review.markup import LATER
from streamgov_ops.review.plan import UNKNOWN, Change
from streamgov_ops.review.settings import FUNCTION, LAYER

NAMES, DOMAIN = Names("streamgov", "eu-west-1"), "dzd-4p9n6sw4qt9xgn"
OWN, OTHER = "777788889999", "888899990000"
TOPICS = f"arn:aws:kafka:eu-west-1:{OWN}:topic/orders/1f2e3d4c/public.*"


def said(settings: FunctionSettings) -> set[str]:
    """The facts of a new function with these settings."""
    found = {fact for change in created(settings) for fact in facts(change, change.after)}
    return {f"{fact.who} {fact.what}" for fact in found}


URN = "urn:pulumi:dev::streamgov::{}::any-name"


def inputs_of(settings: FunctionSettings) -> tuple[dict[str, Any], dict[str, Any]]:
    """The inputs of a function and of its layer, as a preview has them."""
    spec = AccountScope(NAMES, OWN).function("f", entry_point="", description="", settings=settings, policy=None)
    layer = {"layerName": spec.layer_name, "code": {"assets": {LAYER_PATH: {"text": spec.settings_text}}}}
    return {"environment": {"variables": spec.environment}}, layer


def created(settings: FunctionSettings) -> list[Change]:
    """A new function with its layer."""
    function, layer = inputs_of(settings)
    return [
        Change("create", URN.format(FUNCTION), after=function, account=OWN),
        Change("create", URN.format(LAYER), after=layer, account=OWN),
    ]


def test_the_function_that_writes_policies() -> None:
    wide = f"arn:aws:iam::{OWN}:role/*"
    settings = ApplySettings(
        NAMES,
        DOMAIN,
        OWN,
        consumer_roles=(f"arn:aws:iam::{OWN}:role/jobs/*", wide),
        require_boundary=False,
        manual_assets={"project1": (TOPICS,)},
        claimable={"orders": (f"{TOPICS}.eu",), "-": (TOPICS,)},
        deliveries={f"arn:aws:iam::{OWN}:role/jobs/esm": "direct", "datazone_usr_role_p_*": "accessRole"},
    )
    where = f"in account `{OWN}`"
    assert said(settings) == {
        f"roles `arn:aws:iam::{OWN}:role/jobs/*` may be given access to streams by grants, {where}",
        f"roles `{wide}` may be given access to streams by grants, {where}; `allowAnyRole` says that every role is "
        "meant",
        f"consumer roles of account `{OWN}` may be given access though they carry no permissions boundary",
        f"roles `arn:aws:iam::{OWN}:role/jobs/esm` receive access by policies on themselves alone (`delivery` of their "
        f"target; account `{OWN}`)",
        "roles `datazone_usr_role_p_*` receive access only by assuming an access role in the account of the topic or "
        f"stream (`delivery` of their target; account `{OWN}`)",
        f"project `project1` assets that it makes by hand may name `{TOPICS}`, so its approvals grant access to that "
        f"(account `{OWN}`)",
        f"data sources of registry `orders` may make assets of `{TOPICS}.eu`, so approvals of those grant access to "
        f"that (account `{OWN}`)",
        f"data sources of topics and streams without schema may make assets of `{TOPICS}`, so approvals of those grant "
        f"access to that (account `{OWN}`)",
    }


def updated(before: FunctionSettings, after: FunctionSettings) -> tuple[Change, Change]:
    """An update of a function and of its layer from these settings to those."""
    (function, layer), (new_function, new_layer) = inputs_of(before), inputs_of(after)
    return (
        Change("update", URN.format(FUNCTION), before=function, after=new_function, account=OWN),
        Change("replace", URN.format(LAYER), before=layer, after=new_layer, account=OWN),
    )


@pytest.mark.parametrize(
    ("resource", "mapping", "said"),
    [
        ("orders", "suffix:-value", "topic mapping `same` → `suffix:-value`"),
        ("blue", "same", "resource `orders` → `blue`"),
        ("orders", "same", None),
    ],
)
def test_a_changed_mapping_or_resource_is_shown_as_what_it_does(resource: str, mapping: str, said: str | None) -> None:
    before = SyncConfig(NAMES, DOMAIN, "orders", "msk", "orders", "same", SyncSettings("project1"), ("*",))
    change, _ = updated(before, replace(before, resource=resource, mapping=mapping))
    found = list(losses(change, [change]))
    assert [item.harm for item in found] == ([Harm.SERVICE_LOST] if said else [])
    assert all(str(said) in item.text and "**new assets**" in item.text for item in found)


def test_fewer_topics_of_a_data_source_are_less_access() -> None:
    wide = ApplySettings(NAMES, DOMAIN, OWN, claimable={"orders": (TOPICS,)})
    function, layer = updated(wide, replace(wide, claimable={"orders": (f"{TOPICS}.eu",)}))
    assert changed_facts(function) == ([], [])
    gained, lost = changed_facts(layer)
    assert gained == []
    assert [fact.pattern for fact in lost] == [TOPICS]


def test_what_changes_in_the_layer_is_told_as_variables_are() -> None:
    before = ApplySettings(NAMES, DOMAIN, OWN)
    function, layer = updated(before, replace(before, protected_roles=("arn:a",)))
    assert behaviour(function) == [], "what identifies the layer's text says nothing by itself"
    assert behaviour(layer) == [
        f'settings `streamgov-f-settings` in `{OWN}`: variable `STREAMGOV_PROTECTED_ROLES` `[]` → `["arn:a"]`'
    ]


def test_settings_that_are_known_only_during_up_are_said_to_be() -> None:
    change = Change("create", URN.format(LAYER), after={"layerName": "f-settings", "code": UNKNOWN}, account=OWN)
    assert facts(change, change.after) == frozenset()
    assert unknown(change) == [f"`code` of `any-name` is {LATER}"]


def test_an_upgrade_from_settings_in_variables_changes_no_access() -> None:
    """Releases before 0.2.0 had all settings in variables, lists of accounts with commas."""
    after = CollectSettings(NAMES, DOMAIN, (OWN, OTHER), ("A",))
    function, layer = inputs_of(after)
    old = {**after.to_environment(), MEMBER_ACCOUNTS: f"{OWN},{OTHER}"}
    change = Change("update", URN.format(FUNCTION), before={"environment": {"variables": old}}, after=function)
    new = Change("create", URN.format(LAYER), after=layer)
    assert set(changed_facts(change)[1]) == set(changed_facts(new)[0]) != set()
    claimed = {CLAIMABLE: '{"orders":["kafka:eu-west-1:777788889999:topic/a/*/b"]}', "STREAMGOV_PARTITION": "aws"}
    (fact,) = facts(change, {"environment": {"variables": claimed}})
    assert fact.pattern == "arn:aws:kafka:eu-west-1:777788889999:topic/a/*/b"


def test_the_functions_of_the_domains_account() -> None:
    member = f"account `{OWN}` takes part in grants as producer or consumer"
    assert said(CollectSettings(NAMES, DOMAIN, (OWN,), ("A",), principal_accounts={OWN: (OTHER,)})) == {
        member,
        f"roles of account `{OTHER}` may be named by targets of account `{OWN}`",
    }
    assert said(CollectSettings(NAMES, DOMAIN, (OWN,), ("A",))) == {member}
    assert said(ReportSettings(NAMES, DOMAIN, (OWN,), ("A",), OWN)) == set(), "each member is told of once"


@pytest.mark.parametrize("publish", [True, False])
def test_a_data_source(publish: bool) -> None:
    settings = SyncConfig(NAMES, DOMAIN, "orders", "msk", "orders", "same", SyncSettings("project1", publish))
    published = (
        "everybody in the domain sees the assets of registry `orders`: the data source publishes them by itself "
        f"(account `{OWN}`)"
    )
    assert said(settings) == ({published} if publish else set())
