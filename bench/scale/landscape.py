"""Who owns and who consumes: grants spread evenly over clusters and roles, as many of these as they need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from streamgov_core.model.command import AccessRequest, Consumer, GrantCommand, Party
from streamgov_core.model.naming import Names
from streamgov_core.model.principal import RoleArn
from streamgov_core.platforms.msk.arns import topic_arn

NAMES = Names()
DOMAIN_ID = "dzd-scale"
DOMAIN_ACCOUNT = "111111111111"
OWNERS_SHARE = 10
"""One account of so many owns clusters; the others consume."""
TOPICS_PER_ROLE = 40
"""Grants that one role holds; docs/capacities.md says how many it could."""
GRANTS_PER_CLUSTER = 40
"""Grants across accounts that one cluster's policy holds; it could hold 55, a role and a topic each."""
BROKERS_PER_CLUSTER = 3
LIFE_DAYS = 90
"""How long a grant lasts; as many are revoked as are made."""
WORKING_HOURS = 8
"""Hours of a day in which requests are approved."""
DAYS_A_MONTH = 30.4


@dataclass(frozen=True)
class Landscape:
    """A domain of some size.

    Args:
        accounts: member accounts.
        grants: that stand.
    """

    accounts: int
    grants: int

    @property
    def owners(self) -> int:
        """Accounts with clusters."""
        return max(1, self.accounts // OWNERS_SHARE)

    @property
    def consumers(self) -> int:
        """Accounts with consumers' roles."""
        return self.accounts - self.owners

    @property
    def roles_each(self) -> int:
        """Consumer roles in each consuming account; each has a project and an environment of its own."""
        return max(1, -(-self.grants // (self.consumers * TOPICS_PER_ROLE)))

    @property
    def clusters_each(self) -> int:
        """Clusters in each owning account."""
        return max(1, -(-self.grants // (self.owners * GRANTS_PER_CLUSTER)))

    @property
    def grants_a_day(self) -> float:
        """Grants that are made, and revoked, in a day."""
        return self.grants / LIFE_DAYS

    def members(self) -> tuple[str, ...]:
        """The accounts: owners first."""
        return tuple(_account(number) for number in range(self.accounts))

    def grant(self, number: int) -> Placed:
        """Where the grant of this number belongs; neighbours belong to different accounts."""
        consumer, owner = number % self.consumers, number % self.owners
        role = (number // self.consumers) % self.roles_each
        cluster = (number // self.owners) % self.clusters_each
        return Placed(number, _account(owner), cluster, _account(self.owners + consumer), role)

    def on_cluster(self) -> int:
        """Grants that stand on one cluster."""
        return self.grants // (self.owners * self.clusters_each)

    def on_role(self) -> int:
        """Grants that one role holds."""
        return self.grants // (self.consumers * self.roles_each)


def _account(number: int) -> str:
    return f"{2 * 10**11 + number:012d}"


@dataclass(frozen=True)
class Placed:
    """One grant's place.

    Args:
        number: of the grant.
        owner: the account with the cluster.
        cluster: its number in that account.
        consumer: the account with the role.
        role: its number in that account.
    """

    number: int
    owner: str
    cluster: int
    consumer: str
    role: int

    @property
    def name(self) -> str:
        """The grant's id."""
        return f"grant{self.number}"

    @property
    def topic(self) -> str:
        """The topic, one for each grant."""
        return f"topic-{self.number:012d}"

    @property
    def cluster_arn(self) -> str:
        """The cluster's ARN."""
        identifier = f"12345678-1234-1234-1234-{self.cluster:012d}-7"
        return f"arn:aws:kafka:{NAMES.region}:{self.owner}:cluster/streaming-prod/{identifier}"

    @property
    def role_arn(self) -> str:
        """The consumer's role."""
        return f"arn:aws:iam::{self.consumer}:role/streaming/r{self.role}"

    @property
    def project(self) -> str:
        """The consumer's project."""
        return f"p{self.consumer[-6:]}r{self.role}"

    def command(self) -> GrantCommand:
        """What a grant of another topic to the same role on the same cluster is as a command."""
        return GrantCommand(
            side="producer",
            request_type="GRANT",
            grant_id=self.name,
            asset_id=f"asset{self.number}",
            generation=1,
            domain_id=DOMAIN_ID,
            platform="msk",
            resource={
                "arn": topic_arn(self.cluster_arn, self.topic),
                "clusterArn": self.cluster_arn,
                "clusterType": "PROVISIONED",
                "topic": self.topic,
            },
            schema=None,
            producer=Party(self.owner, NAMES.region),
            consumer=Consumer(
                self.consumer, NAMES.region, self.project, self.environment, (RoleArn.parse(self.role_arn),)
            ),
            request=AccessRequest("READ"),
            account=self.owner,
        )

    @property
    def environment(self) -> str:
        """The environment of the role's project."""
        return f"env{self.project}"


def standing(landscape: Landscape, placed: Placed, first: int) -> Iterator[Placed]:
    """Grants that stood before on the same role, or on the same cluster, as many as each holds.

    Args:
        landscape: of the domain.
        placed: the grant that is asked for.
        first: a number that no grant has which is asked for.
    """
    for number in range(max(landscape.on_role(), landscape.on_cluster())):
        yield Placed(first + 1_000 * placed.number + number, placed.owner, placed.cluster, placed.consumer, placed.role)
