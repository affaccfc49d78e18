"""What a review says of a function follows from what the function's settings write to its environment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.catalog.entry import SyncConfig
from streamgov_core.domain.settings import CollectSettings, ReportSettings
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.model.environment_variables import FunctionSettings
from streamgov_core.model.naming import Names
from streamgov_ops.review.access import changed_facts, facts
from streamgov_ops.review.harm import Harm
from streamgov_ops.review.losses import losses
from streamgov_ops.review.plan import Change

NAMES, DOMAIN = Names("streamgov", "eu-west-1"), "dzd-4p9n6sw4qt9xgn"
OWN, OTHER = "777788889999", "888899990000"
TOPICS = f"arn:aws:kafka:eu-west-1:{OWN}:topic/orders/1f2e3d4c/public.*"


def said(settings: FunctionSettings) -> set[str]:
    """The facts of a new function with these settings."""
    inputs = {"environment": {"variables": settings.to_environment()}}
    urn = "urn:pulumi:dev::streamgov::aws:lambda/function:Function::any-name"
    change = Change("create", urn, after=inputs, account=OWN)
    return {f"{fact.who} {fact.what}" for fact in facts(change, inputs)}


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


def updated(before: FunctionSettings, after: FunctionSettings) -> Change:
    """An update of a function from these settings to those."""
    urn = "urn:pulumi:dev::streamgov::aws:lambda/function:Function::any-name"
    old, new = ({"environment": {"variables": item.to_environment()}} for item in (before, after))
    return Change("update", urn, before=old, after=new, account=OWN)


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
    change = updated(before, replace(before, resource=resource, mapping=mapping))
    found = list(losses(change, [change]))
    assert [item.harm for item in found] == ([Harm.SERVICE_LOST] if said else [])
    assert all(str(said) in item.text and "**new assets**" in item.text for item in found)


def test_fewer_topics_of_a_data_source_are_less_access() -> None:
    wide = ApplySettings(NAMES, DOMAIN, OWN, claimable={"orders": (TOPICS,)})
    gained, lost = changed_facts(updated(wide, replace(wide, claimable={"orders": (f"{TOPICS}.eu",)})))
    assert gained == []
    assert [fact.pattern for fact in lost] == [TOPICS]


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
