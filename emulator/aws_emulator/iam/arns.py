"""Amazon Resource Names, taken apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arn:
    """The six components of an ARN."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    def with_resource(self, resource: str) -> str:
        """The ARN of another resource of the same service, region and account."""
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{resource}"


def split(text: str) -> Arn | None:
    """Take an ARN apart; None for what is no ARN."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        return None
    return Arn(parts[1], parts[2], parts[3], parts[4], parts[5])


def assumed_role(arn: str) -> tuple[str, str, str] | None:
    """Answer (account, role name, session name) of an assumed-role session's ARN, else None."""
    parsed = split(arn)
    if parsed is None or parsed.service != "sts":
        return None
    kind, _, rest = parsed.resource.partition("/")
    name, _, session = rest.partition("/")
    return (parsed.account, name, session) if kind == "assumed-role" and name and session else None
