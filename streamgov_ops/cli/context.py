"""The options that every subcommand shares, and what they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import boto3
import typer
from botocore.exceptions import UnknownRegionError

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import DEFAULT_NAMESPACE, Names
from streamgov_ops.accounts import Accounts
from streamgov_ops.session import SessionSettings, client, region_of

VALUE_OPTIONS = ("--profile", "--region", "--namespace", "--endpoint-url", "--member-role")
"""The global options; each takes a value, and they may stand before or after the subcommand."""


@dataclass(frozen=True)
class Context:
    """The global options as they were given; '' is what was not.

    Attributes:
        profile: a profile of the shared AWS configuration.
        region: the deployment's region.
        namespace: the deployment's namespace.
        endpoint_url: another address of every AWS service.
        member_role: the role to assume in accounts other than the caller's.
    """

    profile: str = ""
    region: str = ""
    namespace: str = ""
    endpoint_url: str = ""
    member_role: str = ""

    def names(self, partition: str = "aws") -> Names:
        """The names of the deployment.

        Raises:
            ConfigError: nothing names a region, or the namespace or region is malformed.
        """
        region = self.region or region_of(self.profile)
        if not region:
            raise ConfigError("no region: name the deployment's --region, or set AWS_REGION")
        return Names(self.namespace or DEFAULT_NAMESPACE, region, partition)

    def override(self, names: Names, partition: str = "") -> Names:
        """Names of a stack's file, with what the options say instead."""
        return Names(self.namespace or names.namespace, self.region or names.region, partition or names.partition)

    def session(self, settings: SessionSettings | None = None) -> SessionSettings:
        """Settings of a session; those of a stack's file keep their own profile.

        Raises:
            ConfigError: nothing names a region.
        """
        found = settings or SessionSettings(self.names().region)
        return replace(found, profile=found.profile or self.profile, endpoint_url=self.endpoint_url)

    def accounts(self) -> Accounts:
        """The accounts of the deployment, in the partition of its region.

        Raises:
            ConfigError: nothing names a region, or the namespace or region is malformed.
        """
        names = self.names()
        try:
            partition = str(boto3.Session().get_partition_for_region(names.region))
        except UnknownRegionError as error:
            raise ConfigError(
                f"AWS has no region {names.region!r}: check --region, AWS_REGION and the profile"
            ) from error
        return Accounts(self.names(partition), self.session(), self.member_role, client)


def given(context: typer.Context) -> Context:
    """The global options of a running command."""
    found = context.obj
    return found if isinstance(found, Context) else Context()


def hoisted(arguments: Sequence[str]) -> list[str]:
    """The arguments with the global options first, wherever they stood.

    What follows ``--`` stays as it is.
    """
    first: list[str] = []
    rest: list[str] = []
    items: Iterator[str] = iter(arguments)
    for item in items:
        if item == "--":
            rest += [item, *items]
        elif item in VALUE_OPTIONS:
            first += [item, *([value] if (value := next(items, None)) is not None else [])]
        elif item.split("=", 1)[0] in VALUE_OPTIONS:
            first.append(item)
        else:
            rest.append(item)
    return first + rest
