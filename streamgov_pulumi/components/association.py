"""Sharing the DataZone domain with the accounts of producers and consumers (AWS Resource Access Manager)."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.model.naming import check_account
from streamgov_pulumi.components._account import AccountComponent, AccountInput
from streamgov_pulumi.components._settings import Settings, child, lifted

V2_PERMISSION = "AWSRAMPermissionsAmazonDatazoneDomainExtendedServiceAccess"
"""The managed permission by which an account reaches a V2 domain (SageMaker Unified Studio)."""


class DomainAssociationArgs(TypedDict):
    """Arguments of DomainAssociation."""

    account: AccountInput
    """The domain's account."""
    domain_arn: pulumi.Input[str]
    """ARN of the DataZone domain."""
    member_accounts: list[str]
    """Accounts to share it with. Plain: each has an association of its own."""
    permission_arn: NotRequired[pulumi.Input[str]]
    """RAM permission of the share. Default: the one for the domain's version; RAM's default for V1."""
    domain_version: NotRequired[pulumi.Input[str]]
    """``V1`` or ``V2``, if it is known. Default: what DataZone answers."""
    within_organization: NotRequired[pulumi.Input[bool]]
    """Every account is of the domain's organisation, with sharing enabled there: no invitation. Default false."""


class DomainAssociation(AccountComponent):
    """The resource share of a domain with its member accounts, from the domain's side."""

    share_arn: pulumi.Output[str]
    """ARN of the resource share; a member account accepts it."""

    def __init__(self, name: str, args: DomainAssociationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("DomainAssociation", name, args, DomainAssociationArgs, opts)
        settings = self._account.settings
        share = aws.ram.ResourceShare(
            f"{name}-share",
            name=settings.names.regional("domain"),
            allow_external_principals=lifted(lambda within: not within, args.get("within_organization", False)),
            permission_arns=_permissions(settings, args, self),
            tags=settings.tags,
            opts=child(self),
        )
        resource = aws.ram.ResourceAssociation(
            f"{name}-domain", resource_arn=args["domain_arn"], resource_share_arn=share.arn, opts=child(self)
        )
        principals = [
            aws.ram.PrincipalAssociation(
                f"{name}-account-{account}",
                principal=account,
                resource_share_arn=share.arn,
                opts=child(self, depends_on=[resource]),
            )
            for account in sorted({check_account(account, "member account") for account in args["member_accounts"]})
        ]
        # Whoever accepts must wait for the invitations, not only for the share.
        self.share_arn = pulumi.Output.all(share.arn, *[item.id for item in principals]).apply(lambda known: known[0])
        self.register_outputs({"share_arn": self.share_arn})


def _permissions(settings: Settings, args: DomainAssociationArgs, parent: pulumi.Resource) -> Any:
    """The share's permission: what is asked for, or what the domain's version needs; none is the service's default.

    None and no empty list: the provider would compare that with the default which the share has, and replace the share.
    """
    if "permission_arn" in args:
        return [args["permission_arn"]]
    version: pulumi.Input[str]
    if "domain_version" in args:
        version = args["domain_version"]
    else:
        domain_id = pulumi.Output.from_input(args["domain_arn"]).apply(lambda arn: arn.rsplit("/", 1)[-1])
        version = domain_id.apply(lambda known: _version(known, parent))
    partition = settings.names.partition
    return pulumi.Output.from_input(version).apply(
        lambda known: [f"arn:{partition}:ram::aws:permission/{V2_PERMISSION}"] if known == "V2" else None
    )


async def _version(domain_id: str, parent: pulumi.Resource) -> str:
    """The domain's version; empty, with a warning, if it cannot be read: that is no reason to end the program."""
    try:
        found = await pulumi.runtime.invoke_async(
            "aws:datazone/getDomain:getDomain", {"id": domain_id}, pulumi.InvokeOptions(parent=parent)
        )
    except Exception as error:
        told = str(error).rsplit(": ", 1)[-1]
        pulumi.log.warn(
            f"the version of the domain {domain_id} could not be read ({told}): it is shared as a V1 domain. If it is "
            "a V2 domain, say so: domain_version",
            parent,
        )
        return ""
    return str(found.get("domainVersion") or "")


class DomainAssociationAccepterArgs(TypedDict):
    """Arguments of DomainAssociationAccepter."""

    account: AccountInput
    """The member's account."""
    share_arn: pulumi.Input[str]
    """ARN of the domain's resource share."""


class DomainAssociationAccepter(AccountComponent):
    """A member account's acceptance of the domain."""

    share_arn: pulumi.Output[str]
    """ARN of the accepted share."""

    def __init__(
        self, name: str, args: DomainAssociationAccepterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("DomainAssociationAccepter", name, args, DomainAssociationAccepterArgs, opts)
        accepter = aws.ram.ResourceShareAccepter(f"{name}-accepter", share_arn=args["share_arn"], opts=child(self))
        self.share_arn = accepter.share_arn
        self.register_outputs({"share_arn": self.share_arn})
