"""The grant command: what DataZone says now of asset, environment, target and request, checked as far as it can be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from streamgov_core.domain.approval import decided
from streamgov_core.domain.environments import refuse_unusable
from streamgov_core.domain.grant_details import GrantDetails, SubscriptionRequest
from streamgov_core.domain.live_asset import LiveAsset
from streamgov_core.domain.plan import check_members
from streamgov_core.domain.settings import CollectSettings
from streamgov_core.model.access_request import parse_request
from streamgov_core.model.command import AccessRequest, Consumer, GrantCommand, Party
from streamgov_core.model.errors import PermanentGrantError, PrincipalRefusedError
from streamgov_core.model.principal import RoleArn
from streamgov_core.platforms import Platform
from streamgov_core.runtime.log import log


class CommandBuilder:
    """Builds commands.

    Args:
        settings: of the collect function.
        now: clock.
    """

    def __init__(self, settings: CollectSettings, now: Callable[[], float]) -> None:
        self._settings = settings
        self._now = now

    def build(
        self, asset_id: str, asset: LiveAsset | None, platform: Platform | None, details: GrantDetails
    ) -> GrantCommand:
        """The command of a grant that is asked for.

        Raises:
            PermanentGrantError: something is gone, or may not be granted.
        """
        return self._command(asset_id, asset, platform, details, None)

    def renew(
        self, granted: GrantCommand, asset: LiveAsset | None, platform: Platform | None, details: GrantDetails
    ) -> GrantCommand:
        """The command of a grant as it should be now. What was asked for and approved stays.

        A new principal of the target that may not receive access is left out, so that others can still lose theirs.

        Raises:
            PermanentGrantError: something is gone, or may not be granted any more.
        """
        return self._command(granted.asset_id, asset, platform, details, granted)

    def _command(
        self,
        asset_id: str,
        asset: LiveAsset | None,
        platform: Platform | None,
        details: GrantDetails,
        granted: GrantCommand | None,
    ) -> GrantCommand:
        settings, environment, target = self._settings, details.environment, details.target
        if asset is None or platform is None:
            raise PermanentGrantError(f"the listing of asset {asset_id} is gone: publish the asset again")
        if environment is None or target is None:
            gone = "environment" if environment is None else "subscription target"
            raise PermanentGrantError(f"the {gone} of the grant is gone: make a new one and ask again")
        refuse_unusable(environment)
        claim = platform.claim(asset.forms)
        account = str(environment.get("awsAccountId") or "")
        region = str(environment.get("awsAccountRegion") or settings.names.region)
        for where, what in ((claim.region, claim.arn), (region, f"environment {environment['id']}")):
            if where != settings.names.region:
                raise PermanentGrantError(f"{what} is in {where}; this deployment serves {settings.names.region} only")
        project = str(environment.get("projectId") or target.get("projectId") or "")
        principals = self._principals(target, account, granted)
        command = GrantCommand(
            side="both",
            request_type="GRANT",
            grant_id=str(details.grant["id"]),
            asset_id=asset_id,
            generation=0,
            domain_id=settings.domain_id,
            platform=platform.name,
            resource=claim.resource,
            schema=claim.schema,
            producer=Party(claim.account, claim.region),
            consumer=Consumer(account, region, project, str(environment["id"]), principals, None),
            request=self._request(details.subscription_request) if granted is None else granted.request,
            options=dict(settings.options),
            owner_project=asset.owner_project,
        )
        check_members(command, settings.members)
        return command

    def _principals(self, target: Mapping[str, Any], account: str, granted: GrantCommand | None) -> tuple[RoleArn, ...]:
        """The target's roles: of the environment's account, or of one that the configuration lists for it."""
        allowed = {account, *self._settings.principal_accounts.get(account, ())}
        principals: list[RoleArn] = []
        for arn in sorted({str(arn) for arn in target.get("authorizedPrincipals") or ()}):
            try:
                principals.append(self._checked(arn, account, allowed))
            except PrincipalRefusedError as error:
                if granted is None:
                    raise
                log("principal left out", level=logging.WARNING, grantId=granted.grant_id, cause=str(error))
        if not principals:
            raise PrincipalRefusedError(f"the subscription target {target.get('id')} names no authorized principal")
        return tuple(principals)

    def _checked(self, arn: str, account: str, allowed: set[str]) -> RoleArn:
        (role,) = RoleArn.parse_all([arn])
        if role.account not in allowed or role.partition != self._settings.names.partition:
            raise PrincipalRefusedError(
                f"{role} is not a role of the environment's account {account}, nor of an account that the "
                "configuration lists for it"
            )
        return role

    def _request(self, found: SubscriptionRequest) -> AccessRequest:
        if found.unreadable and self._settings.request_required:
            raise PermanentGrantError(
                "the subscription request cannot be read, and this deployment requires the request form: let the role "
                f"{self._settings.names.iam_name('collect')} read subscription requests. {found.unreadable}"
            )
        request, now = found.request, self._now()
        requested = parse_request(self._settings.names, request.get("metadataForms") or (), now)
        approved = decided(requested, request.get("decisionComment"), now)
        return replace(approved, until=self._settings.ends.until(approved.until, now))
