"""What a destroy meets is what the deployment's specs make, and what a deploying role may delete."""

from __future__ import annotations

import pytest

from streamgov_core.deploy.destruction import SIDES, destruction
from streamgov_core.deploy.domain_deployment import domain_account
from streamgov_core.deploy.member_deployment import member_account
from streamgov_core.deploy.schema_trail import schema_trail
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import TableSpec
from streamgov_core.documents.compiler import many
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_ops.deployer.policy import statements
from streamgov_ops.deployer.resources import SIDES as TYPES
from streamgov_ops.review.patterns import covers

NAMES, ACCOUNT = Names("team-a", "eu-west-1"), "111122223333"


@pytest.mark.parametrize("side", SIDES)
def test_each_deletion_is_allowed_by_the_generated_policy(side: str) -> None:
    """Or a role that holds just that policy would be refused a destroy that it may do."""
    allowed = statements(TYPES[side], NAMES, ACCOUNT)
    for resource, actions in destruction(NAMES, ACCOUNT, side).deletions.items():
        for action in actions:
            patterns = [p for s in allowed if action in s["Action"] for p in many(s["Resource"])]
            assert any(covers(pattern, resource) for pattern in patterns), (action, resource, patterns)


def test_names() -> None:
    found = {side: destruction(NAMES, ACCOUNT, side) for side in SIDES}
    assert {side: item.tables for side, item in found.items()} == {
        "domain": ("team-a-grants", "team-a-runs"),
        "member": ("team-a-documents", "team-a-records"),
    }
    assert {item.bucket for item in found.values()} == {schema_trail(AccountScope(NAMES, ACCOUNT)).bucket}
    with pytest.raises(ConfigError, match="side must be one of domain, member, got 'sandbox'"):
        destruction(NAMES, ACCOUNT, "sandbox")


def test_no_table_of_a_deployment_is_left_out() -> None:
    """Nothing that a deployment makes may be protected without the guard's knowing of it."""
    scope = AccountScope(NAMES, ACCOUNT)
    made = {
        "domain": domain_account(scope, domain_id="dzd-1", members=[ACCOUNT], asset_types=["T"]),
        "member": member_account(scope, domain_id="dzd-1", domain_account=ACCOUNT),
    }
    for side, deployment in made.items():
        tables = {part.name for part in vars(deployment).values() if isinstance(part, TableSpec)}
        assert tables == {*destruction(NAMES, ACCOUNT, side).tables}
