"""Every document that is deployed has a size that does not depend on how much a deployment has, and fits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streamgov_core.deploy.document_sizes import check_sizes, document_sizes, fitted, how_many_fit
from streamgov_core.deploy.domain_deployment import domain_account, members_that_fit
from streamgov_core.deploy.iam_statements import Document, document
from streamgov_core.deploy.member_deployment import boundary_policy, member_account
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import PolicySpec
from streamgov_core.documents.compiler import size
from streamgov_core.model.errors import ConfigError
from tools.docs import limits

pytestmark = pytest.mark.slow

SCOPE = AccountScope(limits.NAMES, limits.account_id(0))


def test_every_document_of_a_thousand_accounts_and_two_thousand_projects_fits() -> None:
    found = limits.sizes(limits.LARGE)
    assert [str(item) for item in found.values() if not item.fits] == []
    units = {name.split()[0] for name in found}
    assert units == {"definition", "pattern", "permissions", "policy", "settings", "trust", "variables"}


def test_no_document_grows_but_the_settings() -> None:
    larger = limits.sizes(replace(limits.LARGE, accounts=1_100, projects=2_100))
    grown = {name for name, item in limits.sizes(limits.LARGE).items() if item.size != larger[name].size}
    assert grown and all(name.startswith("settings of function ") for name in grown)


def test_every_part_with_a_document_is_counted() -> None:
    """A role, policy, key, queue, bucket, function, machine or rule of which nothing is said would be forgotten."""
    counted = " ".join(item.document for item in document_sizes(limits.parts(limits.SMALL)))
    kinds = (
        "trust of role", "permissions of role", "policy of key", "policy of queue", "policy of bucket",
        "variables of function", "settings of function", "definition of machine", "pattern of rule",
    )  # fmt: skip
    assert all(kind in counted for kind in kinds)
    for boundary in ("access-boundary", "consumer-boundary", "reader-boundary"):
        assert f"policy {limits.NAMES.iam_name(boundary, 128)}" in counted


def test_the_page_is_current() -> None:
    assert limits.OUT.read_text() == limits.page(), "run python -m tools.docs.limits"


def domain(count: int, **more: Any) -> object:
    members = [limits.account_id(number) for number in range(count)]
    return domain_account(SCOPE, domain_id=limits.DOMAIN_ID, members=members, asset_types=[], **more)


def test_without_an_organisation_a_preview_says_how_many_accounts_fit() -> None:
    fit = members_that_fit(limits.NAMES, SCOPE.account)
    assert 30 < fit < 60
    domain(fit)
    with pytest.raises(ConfigError) as refused:
        domain(fit + 1)
    assert str(refused.value).startswith("the trust policy of the callback role would have ")
    assert f" of 2,048 characters with {fit + 1} member accounts; {fit} fit: name their organisation" in str(
        refused.value
    )
    domain(fit + 1, organization_id="o-a1b2c3d4e5")


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        (
            {"resource_keys": [f"arn:aws:kms:us-east-1:111111111111:key/{n:036}" for n in range(99)]},
            r"with 99 keys; \d+ fit: name keys by a pattern of their aliases",
        ),
        (
            {"boundary_extra_actions": [f"service{n}:SomeFurtherAction" for n in range(500)]},
            r"the permissions boundary of consumer roles would have [\d,]+ of 6,144 characters with 500 further "
            r"actions; \d+ fit",
        ),
        ({"connection_roles": True}, r"with 200 connection roles; \d+ fit: name fewer"),
    ],
)
def test_other_lists_that_a_document_must_hold_are_counted(changes: dict[str, Any], cause: str) -> None:
    roles = [limits.role(SCOPE.account, number) for number in range(200)]
    if "connection_roles" in changes:
        changes = {"connection_roles": roles}
    with pytest.raises(ConfigError, match=cause):
        member_account(SCOPE, domain_id=limits.DOMAIN_ID, domain_account=SCOPE.account, consumer_roles=roles, **changes)


def words(items: Any) -> Document:
    return document({"Sid": "A", "Effect": "Allow", "Action": list(items), "Resource": "*"})


def test_how_many_fit_is_exact_and_the_error_says_it() -> None:
    items = [f"a:B{number:03}" for number in range(100)]
    for limit in (0, size(words(items[:1])), size(words(items[:17])), size(words(items[:17])) + 1, 10**6):
        fit = how_many_fit(words, items, limit)
        assert fit == max((n for n in range(101) if n == 0 or size(words(items[:n])) <= limit), default=0)
    assert fitted(words, items[:3], 10**6, document="d", noun="n", advice="x") == words(items[:3])
    with pytest.raises(ConfigError, match=r"^d would have 993 of 500 characters with 100 n; 45 fit: x$"):
        fitted(words, items, 500, document="d", noun="n", advice="x")


def test_a_document_that_nothing_else_counts_is_refused_all_the_same() -> None:
    policy = boundary_policy(SCOPE)
    long = PolicySpec("k", "n", "/", "arn", "d", words([f"a:B{number:04}" for number in range(1_000)]))
    check_sizes((policy, policy))
    with pytest.raises(ConfigError, match=r"AWS has no room for .*: policy n: 10,093 of 6,144 characters$"):
        check_sizes((policy, long))
