"""What asset and subscription target say now beside what was granted, and which differences are safe to mend.

A grant's record keeps what asset and target said when it was carried out. Both change: the key of a stream, its
encryption, a cluster made again under its name, its brokers, the asset's owner; the roles of a target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_core.domain.live_asset import LiveAsset
from streamgov_core.model.command import GrantCommand
from streamgov_core.platforms import Platform


@dataclass(frozen=True)
class Change:
    """One difference.

    Args:
        kind: of finding.
        text: what differs, for people.
        safe: whether a renewal of the grant mends it without asking anybody.
    """

    kind: str
    text: str
    safe: bool = True


def principal_change(granted: GrantCommand, target: Mapping[str, Any], left_out: Iterable[str] = ()) -> Change | None:
    """How a target's roles differ from those that have access.

    Args:
        granted: what was granted.
        target: GetSubscriptionTarget's answer.
        left_out: roles that the last renewal could not give access; while they are the only difference, another one
            could not either.
    """
    have = {role.arn for role in granted.consumer.principals}
    named = {str(arn) for arn in target.get("authorizedPrincipals") or ()}
    removed, added = sorted(have - named), sorted(named - have)
    if not named or not (removed or added):
        return None
    parts = [
        *([f"no longer names {', '.join(removed)}"] if removed else []),
        *([f"names {', '.join(added)} as well"] if added else []),
    ]
    if not removed and {*added} <= {*left_out}:
        text = f"the subscription target {target.get('id')} names {', '.join(added)}, which may not receive access"
        return Change("PrincipalsChanged", text, safe=False)
    return Change("PrincipalsChanged", f"the subscription target {target.get('id')} {' and '.join(parts)}")


def asset_change(
    granted: GrantCommand, asset: LiveAsset, platform_of: Callable[[str], Platform | None]
) -> Change | None:
    """How an asset's resource, schema and owner differ from what was granted.

    Another topic or stream, or another schema, under the same asset is reported only: who approved the grant has not
    seen it. A cluster made again under its name in the same account is the same topic to everybody.

    Args:
        granted: what was granted.
        asset: as it is now.
        platform_of: the platform of an asset type.

    Raises:
        PermanentGrantError: the forms cannot be read.
    """
    platform = platform_of(asset.type_name)
    if platform is None:
        return None
    claim = platform.claim(asset.forms)
    before, now = dict(granted.resource), dict(claim.resource)
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    differences = [f"{name} was {before.get(name, 'not set')}, is {now.get(name, 'not set')}" for name in names]
    if claim.schema != granted.schema:
        differences.append("its schema is another one")
    moved = bool(granted.owner_project) and asset.owner_project not in ("", granted.owner_project)
    if moved:
        differences.append(f"it belongs to project {asset.owner_project}, not {granted.owner_project}")
    if not differences:
        return None
    same = (
        (claim.account, claim.region) == (granted.producer.account, granted.producer.region)
        and platform.dataset(claim.arn) == platform.dataset(str(before["arn"]))
        and granted.schema in (None, claim.schema)
    )
    text = f"asset {asset.asset_id} has changed since it was granted: {'; '.join(differences)}"
    return Change("AssetChanged", text if same else f"redrive it if that is meant, or revoke it; {text}", safe=same)
