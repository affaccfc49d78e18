"""What people and data sources made of the stack's types, and what a ``destroy`` does about it.

The resource makes nothing. Everything else of the stack stands before it, so a destroy comes to it first. It looks at
all that would stop a destroy half-way: protection from deletion, rights that are lacking, and what lives. Then it
either refuses before anything was destroyed, or removes what lives while the workflow still works.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, ReadResult, Resource, UpdateResult

from streamgov_core.deploy.destruction import SIDES
from streamgov_core.model.errors import ResourceInUseError
from streamgov_core.model.naming import ACCOUNT_PATTERN, NAMESPACE_PATTERN, PARTITIONS
from streamgov_pulumi.arguments.choices import CASCADE, DESTROY_MODES, REFUSE
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import Checker, DataZoneProvider, contains_unknown, show
from streamgov_pulumi.providers.live import LiveAsset, Part
from streamgov_pulumi.providers.named_things import look_at, without_named
from streamgov_pulumi.providers.obstacles import Obstacles, obstacles
from streamgov_pulumi.providers.session import SessionSettings

_PART_KEYS = {
    "account", "sides", "trail", "assume_role_arn", "external_id", "asset_types", "targets", "record_keys",
}  # fmt: skip
_KEY = re.compile(r"[^#]+#(-|registry/.+)")
SHOWN = 20
"""Lines of what lives in a refusal."""


class DestroyGuardProvider(DataZoneProvider):
    """Nothing is made; deletion is the guard."""

    keys = ("domain_id", "on_destroy", "parts", "namespace", "partition")

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """The mode, and the shape of the parts; at a preview also what the program names."""
        inputs, named = without_named(news)
        checker = Checker(inputs, self.keys)
        checker.domain()
        checker.choice("on_destroy", DESTROY_MODES, default=REFUSE)
        checker.text("namespace", re.compile(NAMESPACE_PATTERN), "must be a deployment's namespace", required=False)
        if "partition" in checker.inputs:
            checker.choice("partition", PARTITIONS)
        parts = checker.inputs.setdefault("parts", [])
        if isinstance(parts, list | tuple):
            for part in parts:
                if not contains_unknown(part) and not (isinstance(part, Mapping) and set(part) <= _PART_KEYS):
                    checker.fail("parts", f"must hold maps with the keys {sorted(_PART_KEYS)}, got {show(part)}")
                elif isinstance(part, Mapping):
                    self._check_keys(checker, part)
                    self._check_sides(checker, part)
        elif not contains_unknown(parts):
            checker.fail("parts", "must be a list of maps, one an account")
        look_at(self, checker, named)
        return checker.result()

    @staticmethod
    def _check_keys(checker: Checker, part: Mapping[str, Any]) -> None:
        for key in part.get("record_keys") or []:
            if not contains_unknown(key) and not (isinstance(key, str) and _KEY.fullmatch(key)):
                checker.fail("parts", f"has the record key {show(key)}; it must be <domain id>#registry/<registry>")

    @staticmethod
    def _check_sides(checker: Checker, part: Mapping[str, Any]) -> None:
        sides, account = part.get("sides") or [], part.get("account")
        if not contains_unknown(sides) and not set(sides) <= set(SIDES):
            checker.fail("parts", f"has the sides {show(sides)}; known are {', '.join(SIDES)}")
        elif sides and not contains_unknown(account) and not re.fullmatch(ACCOUNT_PATTERN, str(account)):
            checker.fail("parts", f"with sides needs the account's 12 digits, got {show(account)}")

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Only remember."""
        return CreateResult(f"{props['domain_id']}|destroy-guard", dict(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """There is nothing to look at: what lives is looked up when it matters."""
        return ReadResult(id_, dict(props), self.inputs_of(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Only remember."""
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Refuse, or remove, whatever lives. Everything is looked at before anything is changed.

        Raises:
            ResourceInUseError: something is protected, a right is lacking, or something lives and is not to be, or
                cannot be, taken down; the text lists it.
        """
        parts = [self._part(_props, part) for part in _props.get("parts") or []]
        cascade = _props.get("on_destroy") == CASCADE
        in_the_way = [obstacles(part, self._client(_props, part.part), cascade=cascade) for part in parts]
        # A later account's records name the same assets as the domain's search, which sees more of them.
        assets: dict[str, LiveAsset] = {}
        grants: list[dict[str, Any]] = []
        if not cascade:
            for part in parts:
                for asset in part.assets():
                    assets.setdefault(asset.id, asset)
            grants = [grant for part in parts for grant in part.grants()]
        if assets or grants or any(in_the_way):
            text = _refusal(str(_props["domain_id"]), list(assets.values()), grants, in_the_way, by_file=self.by_file)
            raise ResourceInUseError(text)
        if cascade:
            _take_down(parts)
        for part in parts:
            part.delete_records()

    def _client(self, props: Mapping[str, Any], part: Mapping[str, Any]) -> Any:
        settings = self._settings(props, part)
        return lambda service: aws.client(service, settings)

    def _settings(self, props: Mapping[str, Any], part: Mapping[str, Any]) -> SessionSettings:
        session = {key: part.get(key) for key in ("assume_role_arn", "external_id")}
        return self.session({"region": props["region"], **session})

    def _part(self, props: Mapping[str, Any], part: Mapping[str, Any]) -> Part:
        settings = self._settings(props, part)
        return Part(aws.client("datazone", settings), aws.client("dynamodb", settings), props, part)


def _take_down(parts: Sequence[Part]) -> None:
    for part in parts:
        part.revoke_grants()
    done: set[str] = set()
    for part in parts:
        for asset in part.assets():
            if asset.id not in done:
                part.remove_asset(asset)
            done.add(asset.id)


def _refusal(
    domain: str,
    assets: Sequence[LiveAsset],
    grants: Sequence[Mapping[str, Any]],
    in_the_way: Sequence[Obstacles],
    *,
    by_file: bool,
) -> str:
    """One line for each thing that is in the way, then what to do."""
    listed = [f"asset {asset}" for asset in assets] + [f"grant {grant['id']} ({grant['status']})" for grant in grants]
    kept = [line for found in in_the_way for line in found.protected]
    lacking = [line for found in in_the_way for line in found.lacking]
    lines: list[str] = []
    if listed:
        lines.append(
            f"nothing was destroyed: {len(assets)} asset(s), {sum(asset.listed for asset in assets)} listing(s) and "
            f"{len(grants) + sum(len(asset.subscriptions) for asset in assets)} subscription(s) or grant(s) live:"
        )
        lines += [f"- {item}" for item in listed[:SHOWN]]
        lines += [f"- and {len(listed) - SHOWN} more"] if len(listed) > SHOWN else []
    if kept:
        lines += ["nothing was destroyed: what is protected cannot be deleted:", *(f"- {item}" for item in kept)]
    if lacking:
        lines += ["nothing was destroyed: rights are lacking:", *(f"- {item}" for item in lacking)]
        lines.append("If it is allowed all the same: pulumi state delete <URN of this guard> && pulumi destroy")
    if listed:
        where = f"--domain-identifier {domain}"
        lines += [
            "Remove what lives:",
            f"- aws datazone revoke-subscription {where} --identifier <subscription>",
            f"- aws datazone create-listing-change-set {where} --entity-type ASSET --action UNPUBLISH "
            "--entity-identifier <asset>",
            f"- aws datazone delete-asset {where} --identifier <asset>",
        ]
    lines += _instead(by_file, bool(listed), bool(kept))
    return "\n".join(lines)


def _instead(by_file: bool, lives: bool, kept: bool) -> list[str]:
    """How the stack does it all by itself."""
    if not lives and not kept:
        return []
    or_let = "Or let" if lives else "Let"
    if by_file:
        settings = [*(["onDestroy cascade"] if lives else []), *(["deletionProtection false"] if kept else [])]
        commands = [*(f"pulumi config set streamgov:{setting}" for setting in settings), "pulumi up", "pulumi destroy"]
        return [f"{or_let} the stack do all of that: {' && '.join(commands)}"]
    words = [*(["on_destroy cascade"] if lives else []), *(["no deletion protection"] if kept else [])]
    return [f"{or_let} the program do all of that: {' and '.join(words)}, then pulumi up && pulumi destroy"]


class DestroyGuard(Resource, module="streamgov", name="DestroyGuard"):
    """The guard of a stack's live assets, listings and grants.

    Args:
        resource_name: the logical name.
        props: ``domain_id``, ``region``, ``on_destroy`` (``refuse`` or ``cascade``), ``namespace`` and ``partition`` of
            the deployment, and ``parts``: for each account its session and what the stack has there (``asset_types``,
            ``targets``, ``record_keys``; ``account`` and ``sides``, ``domain`` or ``member``, for the ledgers;
            ``trail`` if the logs of a trail of the stack are kept).
        opts: resource options; it must depend on everything that a revoke needs.
    """

    def __init__(
        self, resource_name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(DestroyGuardProvider(), resource_name, dict(props), opts)
