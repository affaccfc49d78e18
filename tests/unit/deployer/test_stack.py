"""What the configuration says of a stack's types is what the program registers, account by account."""

from __future__ import annotations

from typing import Any

import pytest

from streamgov_ops.deployer.resources import MEMBERSHIP
from streamgov_ops.deployer.stack import stack_needs
from streamgov_pulumi.config import parse
from streamgov_pulumi.config.file import load_file
from tests.unit.components.conftest import deployed, no_bundles, raw_config, stack_file
from tests.unit.components.graph import Registered

__all__ = ["no_bundles"]
LOOKUP = "lookup:trail"
LOOKUPS = {LOOKUP, "lookup:domain"}
SOURCES = {
    "orders": {
        "platform": "msk",
        "registryName": "orders",
        "resource": "orders",
        "topics": ["*"],
        "projectId": "1p2r3o4d5u6c7e",
    }
}


def domain(**more: Any) -> dict[str, Any]:
    raw = raw_config("domain.example")
    kept = {**raw["domain"], **more}
    return {**raw, "domain": {key: value for key, value in kept.items() if value is not None}}


def member(**more: Any) -> dict[str, Any]:
    raw = raw_config("member.example")
    kept = {**raw["member"], **more}
    return {**raw, "member": {key: value for key, value in kept.items() if value is not None}}


def everything(**more: Any) -> dict[str, Any]:
    raw = raw_config("all.example")
    return {**raw, "domain": {**raw["domain"], **more}}


def acting(raw: dict[str, Any]) -> dict[str, Any]:
    """A member's stack that may also act in the domain's account."""
    role = f"arn:aws:iam::{raw['domain']['account']}:role/members"
    return {**raw, "domain": {**raw["domain"], "assumeRoleArn": role}}


CASES = {
    "domain": domain(),
    "domain, rule": domain(requestForm={"use": "required"}, usableInDomainUnit="unit1"),
    "domain, no share, nobody": domain(share=False, memberProjects=None, contributors=None),
    "member": member(),
    "member, own trail": member(trail="create"),
    "member, no trail": member(trail="none", acceptShareArn=None),
    "member, only producer": member(targets=None),
    "member, only consumer": member(dataSources=None),
    "member, nothing yet": member(dataSources=None, targets=None),
    "member, boundary elsewhere": member(boundaryArn="arn:aws:iam::777788889999:policy/corp/consumers"),
    "member, acts in the domain": acting(member()),
    "all": everything(),
    "all, organisation": everything(withinOrganization=True),
}


def registered(item: Registered, access: dict[str, str], fallback: str) -> set[str]:
    """The accounts in which a resource is: its provider's, or for dynamic ones that of the role they assume."""
    if item.account:
        return {item.account}
    if item.type.endswith("DestroyGuard"):
        return {access.get(part.get("assume_role_arn", ""), fallback) for part in item.inputs["parts"]}
    return {access.get(str(item.inputs.get("assume_role_arn") or ""), fallback)}


@pytest.mark.slow
@pytest.mark.parametrize("case", sorted(CASES))
def test_the_configuration_tells_the_types_of_each_account(case: str, no_bundles: None) -> None:
    config = parse(CASES[case])
    assert config.governance is not None
    accounts = [config.governance["domain"]["access"], *(m["access"] for m in config.governance["members"])]
    roles = {str(a["assume_role_arn"]): a["account"] for a in accounts if "assume_role_arn" in a}
    ambient = next(
        (a["account"] for a in accounts[:: 1 if config.mode != "member" else -1] if "assume_role_arn" not in a), ""
    )
    found: dict[str, set[str]] = {}
    for item in deployed(config).resources:
        if not item.type.startswith(("pulumi:", "streamgov:")):
            for account in registered(item, roles, ambient):
                found.setdefault(account, set()).add(item.type)
    told = {needs.account: set(needs.types) - LOOKUPS for needs in stack_needs(config)}
    assert told == found


def test_a_trail_is_looked_up_where_none_is_named() -> None:
    def looks(raw: dict[str, Any]) -> bool:
        return any(LOOKUP in needs.types for needs in stack_needs(parse(raw)))

    assert looks(member())
    assert not looks(member(trail="create"))
    assert not looks(member(trailArn="arn:aws:cloudtrail:eu-west-1:777788889999:trail/main"))
    assert not looks(member(dataSources=None))


def test_the_domain_is_looked_up_where_another_stack_deploys_it() -> None:
    for raw, looks in ((member(), True), (everything(), False), (domain(), False)):
        assert any("lookup:domain" in needs.types for needs in stack_needs(parse(raw))) is looks


def test_the_sandbox_needs_nothing_and_the_boundary_is_the_accounts_own() -> None:
    assert stack_needs(parse(raw_config("dev"))) == []
    config = parse({**member(), "permissionsBoundaryName": "corp/edge"})
    assert {needs.boundary_arn for needs in stack_needs(config)} == {"arn:aws:iam::777788889999:policy/corp/edge"}
    assert {needs.boundary_arn for needs in stack_needs(parse(member()))} == {None}


@pytest.mark.parametrize("name", ["all.example", "domain.example", "member.example", "dev"])
def test_a_stacks_file_is_read_as_the_engine_hands_it_on(name: str) -> None:
    assert load_file(stack_file(name)) == parse(raw_config(name))


def test_memberships_of_a_members_stack_are_the_domains() -> None:
    told = {needs.account: needs.types for needs in stack_needs(parse(acting(member())))}
    assert told["444455556666"] == {MEMBERSHIP}
