"""What the records of an account's registries may claim: from data sources to the function that grants."""

from __future__ import annotations

import pytest

from streamgov_core.deploy.claimable import GovernedSource, claimable_resources
from streamgov_core.deploy.member_deployment import member_account
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.model.arn_pattern import covers
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from tests.unit.deploy.deployed import deployed_variables

OWNER = "222222222222"
NAMES = Names("team-a", "eu-west-1")
UUID = "1f2e3d4c-5b6a-7988-a7b6-c5d4e3f2a1b0-7"
CLUSTER = f"arn:aws:kafka:eu-west-1:{OWNER}:cluster/main/{UUID}"
TOPICS = f"arn:aws:kafka:eu-west-1:{OWNER}:topic"


def test_each_registry_may_claim_what_its_data_sources_name() -> None:
    found = claimable_resources(
        NAMES,
        OWNER,
        [
            GovernedSource("msk", "orders", CLUSTER, ("orders.*", "sales")),
            GovernedSource("msk", "payments", "main", ("pay?",), without_schema=True),
            GovernedSource("kinesis", "clicks", "", without_schema=True),
            GovernedSource("kinesis", "logs", "arn:aws:kinesis:eu-west-1:222222222222:stream/log-*"),
        ],
    )
    assert found == {
        "-": (f"{TOPICS}/main/*/pay?", f"arn:aws:kinesis:eu-west-1:{OWNER}:stream/*"),
        "clicks": (f"arn:aws:kinesis:eu-west-1:{OWNER}:stream/*",),
        "logs": (f"arn:aws:kinesis:eu-west-1:{OWNER}:stream/log-*",),
        "orders": (f"{TOPICS}/main/{UUID}/orders.*", f"{TOPICS}/main/{UUID}/sales"),
        "payments": (f"{TOPICS}/main/*/pay?",),
    }


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        (GovernedSource("msk", "orders", "main"), "must name in 'topics'"),
        (GovernedSource("msk", "orders", "main", ("__*",)), "is not a pattern of topic names"),
        (GovernedSource("msk", "orders", "main", ("a/b",)), "is not a pattern of topic names"),
        (GovernedSource("kinesis", "orders", "", ("a",)), "topics are for MSK"),
    ],
)
def test_a_data_source_that_does_not_say_what_it_speaks_for_is_refused(source: GovernedSource, cause: str) -> None:
    with pytest.raises(ConfigError, match=cause):
        claimable_resources(NAMES, OWNER, [source])


@pytest.mark.parametrize(
    ("pattern", "arn", "covered"),
    [
        (f"{TOPICS}/main/*/orders.*", f"{TOPICS}/main/{UUID}/orders.eu", True),
        (f"{TOPICS}/main/*/orders.*", f"{TOPICS}/main/{UUID}/payroll/orders.eu", False),
        (f"{TOPICS}/main/*/*", f"{TOPICS}/other/{UUID}/orders.eu", False),
        (f"{TOPICS}/main/{UUID}/pay?", f"{TOPICS}/main/{UUID}/payroll", False),
        ("arn:aws:kinesis:eu-west-1:222222222222:stream/*", "arn:aws:kinesis:eu-west-1:222222222222:stream/a", True),
        ("arn:aws:kinesis:eu-west-1:222222222222:stream/*", "arn:aws:kinesis:eu-west-1:333333333333:stream/a", False),
    ],
)
def test_a_wildcard_covers_one_segment(pattern: str, arn: str, covered: bool) -> None:
    assert covers(pattern, arn) is covered


def test_what_a_thousand_data_sources_claim_reaches_the_function() -> None:
    sources = [
        GovernedSource("msk", f"team-{number}-schemas", CLUSTER, (f"team-{number}.*", f"shared-{number}.*"))
        for number in range(1_000)
    ]
    member = member_account(AccountScope(NAMES, OWNER), domain_id="dzd-1", domain_account=OWNER, sources=sources)
    settings = member.apply.settings
    assert isinstance(settings, ApplySettings) and len(settings.claimable) == 1_000
    assert ApplySettings.from_environment(deployed_variables(member.apply)) == settings
