"""What only two places of a stack file together can say: it must fit to itself.

Each check looks at what is left of the file when wrong values are taken out, so one mistake is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from streamgov_core.domain.grant_ends import GrantEnds
from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_pulumi.arguments.regions import known_regions
from streamgov_pulumi.arguments.rules import Text
from streamgov_pulumi.arguments.vocabulary import COVERS_EVERY_ROLE, covers_every_role
from streamgov_pulumi.config.reader import Mistake, Path, dotted, values_of, without
from streamgov_pulumi.config.stack_file import MODES

Raw = Mapping[str, Any]
NO_ACCOUNT = "000000000000"
ONE_REGION = "a deployment has one region, Step Functions makes no calls across regions"


def check_all(mode: str, raw: Raw) -> list[Mistake]:
    """Every mistake that the checks find."""
    checks: tuple[Callable[[str, Raw], Iterator[Mistake]], ...] = (
        _partition,
        _places,
        _arns,
        _accounts,
        _consumer_roles,
        _data_sources,
        _principals,
        _targets,
        _request_form,
        _grants,
    )
    found: list[Mistake] = []
    for check in checks:
        mistakes = list(check(mode, raw))
        raw = without(raw, {mistake.path for mistake in mistakes})
        found += mistakes
    return found


def partition_of(raw: Raw) -> str:
    """The partition of the deployment: the region's, or what is said; empty if neither is right."""
    return str(known_regions().get(raw.get("region", "")) or raw.get("partition", ""))


def _partition(mode: str, raw: Raw) -> Iterator[Mistake]:
    region = raw.get("region", "")
    actual = known_regions().get(region)
    if actual and raw.get("partition", actual) != actual:
        yield Mistake(("partition",), f"must be {actual}, the partition of region {region!r}, got {raw['partition']!r}")


def _sections(raw: Raw) -> Iterator[tuple[Path, Raw]]:
    """The sections that describe an account, by their path."""
    if raw.get("domain"):
        yield ("domain",), raw["domain"]
    yield from _members(raw)


def _members(raw: Raw) -> Iterator[tuple[Path, Raw]]:
    if raw.get("member"):
        yield ("member",), raw["member"]
    for index, member in enumerate(raw.get("members") or []):
        if member:
            yield ("members", index), member


def _places(mode: str, raw: Raw) -> Iterator[Mistake]:
    region = raw.get("region")
    for path, section in _sections(raw):
        named = section.get("region")
        if region and named and named != region:
            yield Mistake((*path, "region"), f"must be {region}, as 'region' says: {ONE_REGION}, got {named!r}")


def _arns(mode: str, raw: Raw) -> Iterator[Mistake]:
    """Each ARN is of the deployment's partition and region, and of the account that it is written for."""
    region, partition = raw.get("region"), partition_of(raw)
    for found in values_of(MODES[mode].shape, raw):
        if not isinstance(found.rule, Text) or not str(found.value).startswith("arn:"):
            continue
        parts = str(found.value).split(":")
        if len(parts) < 6:
            continue
        got = f"got {found.value!r}"
        if partition and parts[1] != partition:
            yield Mistake(found.path, f"must be of partition {partition}, the partition of 'region' ({region}), {got}")
        elif region and parts[3] not in ("", region) and not found.rule.any_region:
            yield Mistake(found.path, f"must be of {region}, as 'region' says: {ONE_REGION}, {got}")
        elif found.account and parts[4] != found.account and found.rule.own_account:
            yield Mistake(found.path, f"must be of account {found.account}, {got}")


def _accounts(mode: str, raw: Raw) -> Iterator[Mistake]:
    named: list[tuple[Path, str]] = [(path, str(member.get("account", ""))) for path, member in _members(raw)]
    named += [(("memberAccounts", index), account) for index, account in enumerate(raw.get("memberAccounts") or [])]
    seen: dict[str, Path] = {}
    for path, account in named:
        if account and account in seen:
            yield Mistake(path, f"account {account} occurs twice (the first is {dotted(seen[account])})")
        seen.setdefault(account, path)
    used = [section.get("account") for section in (raw.get("accounts") or {}).values() if section]
    if len(set(used)) != len(used):
        yield Mistake(("accounts",), "the sandbox needs three different accounts")


def _consumer_roles(mode: str, raw: Raw) -> Iterator[Mistake]:
    for path, member in _members(raw):
        if member.get("allowAnyRole"):
            continue
        for index, pattern in enumerate(member.get("consumerRoles") or []):
            if pattern and covers_every_role(pattern):
                yield Mistake(
                    (*path, "consumerRoles", index),
                    f"{COVERS_EVERY_ROLE}. Name a path, such as role/streaming/*, or say allowAnyRole: true beside it, "
                    f"got {pattern!r}",
                )


def _data_sources(mode: str, raw: Raw) -> Iterator[Mistake]:
    """Each data source says for which topics or streams it may speak."""
    for path, member in _members(raw):
        for word, source in (member.get("dataSources") or {}).items():
            platform = PLATFORMS.get(str((source or {}).get("platform", "")))
            if platform is None or not source.get("resource"):
                continue
            topics = [topic for topic in source.get("topics") or [] if topic]
            try:
                platform.governed_patterns(Names(), NO_ACCOUNT, str(source["resource"]), topics)
            except ConfigError as error:
                yield Mistake((*path, "dataSources", word, "topics"), str(error))


def _principals(mode: str, raw: Raw) -> Iterator[Mistake]:
    """Each principal of a target is one that the account's workflow may write to, or of a further account."""
    patterns = {member.get("account"): member.get("consumerRoles") for _, member in _members(raw)}
    further = (raw.get("domain") or {}).get("principalAccounts") or {}
    for path, member in _members(raw):
        account = member.get("account")
        for word, target in (member.get("targets") or {}).items():
            for index, role in enumerate((target or {}).get("principals") or []):
                if not role or not account:
                    continue
                where = (*path, "targets", word, "principals", index)
                owner = role.split(":")[4]
                allowed = patterns.get(owner)
                if owner != account and mode == "all" and owner not in (further.get(account) or []):
                    yield Mistake(
                        where,
                        f"is of account {owner}, not {account}: name it in domain.principalAccounts "
                        f'("{account}": ["{owner}"]), got {role!r}',
                    )
                elif allowed is not None and all(allowed) and not any(fnmatchcase(role, one) for one in allowed):
                    told = ", ".join(map(str, allowed)) or "the list is empty"
                    yield Mistake(
                        where,
                        f"may be given no access: none of the consumerRoles of account {owner} covers it ({told}), "
                        f"got {role!r}",
                    )


def _targets(mode: str, raw: Raw) -> Iterator[Mistake]:
    for path, member in _members(raw):
        seen: dict[tuple[str, str], str] = {}
        for word, target in (member.get("targets") or {}).items():
            yield from _consumer_of((*path, "targets", word), target or {})
            key = ((target or {}).get("platform", ""), (target or {}).get("environmentId", ""))
            if not all(key):
                continue
            if key in seen:
                yield Mistake(
                    (*path, "targets", word),
                    f"is a second target for {key[0]} in environment {key[1]} (the first is {seen[key]!r}): one is "
                    "enough, with up to 20 principals",
                )
            seen.setdefault(key, word)


def _consumer_of(path: Path, target: Raw) -> Iterator[Mistake]:
    """A target names an environment with its roles, or a project that has both."""
    if "environmentId" in target and "projectId" in target:
        yield Mistake((*path, "projectId"), "excludes environmentId: name either an environment or a project")
    elif "projectId" not in target:
        for key in ("environmentId", "principals"):
            if key not in target:
                yield Mistake((*path, key), "is required unless projectId names the consumer's project")


def _grants(mode: str, raw: Raw) -> Iterator[Mistake]:
    grants = (raw.get("domain") or {}).get("grants") or {}
    try:
        GrantEnds.of(grants.get("longest"), grants.get("default"))
    except ConfigError:
        yield Mistake(
            ("domain", "grants", "default"),
            f"must not be longer than domain.grants.longest, which is {grants['longest']!r}, got {grants['default']!r}",
        )


def _request_form(mode: str, raw: Raw) -> Iterator[Mistake]:
    form = (raw.get("domain") or {}).get("requestForm") or {}
    if form.get("use") != "required":
        for key in ("domainUnitId", "dataProducts"):
            if key in form:
                yield Mistake(
                    ("domain", "requestForm", key),
                    "says where the rule holds, and there is one with use: required only",
                )
