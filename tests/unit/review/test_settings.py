"""What a review says of a function follows from what the function's settings write to its environment."""

from __future__ import annotations

import pytest

from streamgov_core.catalog.asset_writer import SyncSettings
from streamgov_core.catalog.entry import SyncConfig
from streamgov_core.domain.settings import CollectSettings, ReportSettings
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.model.environment_variables import FunctionSettings
from streamgov_core.model.naming import Names
from streamgov_ops.review.access import facts
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
    )
    where = f"in account `{OWN}`"
    assert said(settings) == {
        f"roles `arn:aws:iam::{OWN}:role/jobs/*` may be given access to streams by grants, {where}",
        f"roles `{wide}` may be given access to streams by grants, {where}; `allowAnyRole` says that every role is "
        "meant",
        f"consumer roles of account `{OWN}` may be given access though they carry no permissions boundary",
        f"project `project1` assets that it makes by hand may name `{TOPICS}`, so its approvals grant access to that "
        f"(account `{OWN}`)",
    }


def test_the_functions_of_the_domains_account() -> None:
    member = f"account `{OWN}` takes part in grants as producer or consumer"
    assert said(CollectSettings(NAMES, DOMAIN, (OWN,), ("A",), principal_accounts={OWN: (OTHER,)})) == {
        member,
        f"roles of account `{OTHER}` may be named by targets of account `{OWN}`",
    }
    assert said(CollectSettings(NAMES, DOMAIN, (OWN,), ("A",))) == {member}
    assert said(ReportSettings(NAMES, DOMAIN, (OWN,), ("A",))) == set(), "each member is told of once"


@pytest.mark.parametrize("publish", [True, False])
def test_a_data_source(publish: bool) -> None:
    settings = SyncConfig(NAMES, DOMAIN, "orders", "msk", "orders", "same", SyncSettings("project1", publish))
    published = (
        "everybody in the domain sees the assets of registry `orders`: the data source publishes them by itself "
        f"(account `{OWN}`)"
    )
    assert said(settings) == ({published} if publish else set())
