"""Invitations: list, accept, reject, and what they are about."""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.common import utc
from aws_emulator.patches.ram import permissions
from aws_emulator.patches.ram.store import Invitation, Store, account_of, paged


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations."""

    @emulator.operation("ram", "GetResourceShareInvitations")
    def get_resource_share_invitations(call: ApiCall) -> dict[str, Any]:
        wanted = call.params.get("resourceShareInvitationArns")
        shares = call.params.get("resourceShareArns")
        rows = [
            describe(invitation)
            for invitation in list(store.invitations.values())
            if invitation.receiver == call.caller.account
            and invitation.arn.split(":")[3] == call.region
            and (not wanted or invitation.arn in wanted)
            and (not shares or invitation.share_arn in shares)
        ]
        return paged(call, rows, "resourceShareInvitations")

    @emulator.operation("ram", "AcceptResourceShareInvitation")
    def accept_resource_share_invitation(call: ApiCall) -> dict[str, Any]:
        return store.once(call, lambda: _answer(call, store, "ACCEPTED"))

    @emulator.operation("ram", "RejectResourceShareInvitation")
    def reject_resource_share_invitation(call: ApiCall) -> dict[str, Any]:
        return store.once(call, lambda: _answer(call, store, "REJECTED"))

    @emulator.operation("ram", "ListPendingInvitationResources")
    def list_pending_invitation_resources(call: ApiCall) -> dict[str, Any]:
        invitation = _find(call, store)
        share = next(share for share in store.all(call.region) if share.arn == invitation.share_arn)
        rows = [
            {
                "arn": arn,
                "type": permissions.type_of(arn),
                "resourceShareArn": share.arn,
                "resourceRegionScope": "REGIONAL",
            }
            for arn in share.resource_arns
        ]
        return paged(call, rows, "resources")


def describe(invitation: Invitation) -> dict[str, Any]:
    """An invitation as the API shows it."""
    return {
        "resourceShareInvitationArn": invitation.arn,
        "resourceShareName": invitation.share_name,
        "resourceShareArn": invitation.share_arn,
        "senderAccountId": invitation.sender,
        "receiverAccountId": invitation.receiver,
        "invitationTimestamp": utc(invitation.created),
        "status": invitation.status,
    }


def _find(call: ApiCall, store: Store) -> Invitation:
    arn = call.params["resourceShareInvitationArn"]
    invitation = store.invitations.get(arn)
    if invitation is None or invitation.receiver != call.caller.account:
        raise ApiError("ResourceShareInvitationArnNotFoundException", f"Invitation {arn} could not be found.")
    return invitation


def _answer(call: ApiCall, store: Store, status: str) -> dict[str, Any]:
    with store.lock:
        invitation = _find(call, store)
        if invitation.status != "PENDING":
            word = "Accepted" if invitation.status == "ACCEPTED" else "Rejected"
            message = f"ResourceShareInvitation {invitation.arn} is already {word.lower()}."
            raise ApiError(f"ResourceShareInvitationAlready{word}Exception", message)
        invitation.status = status
        for share in store.all(call.region):
            if share.arn != invitation.share_arn:
                continue
            for association in share.current("PRINCIPAL"):
                if account_of(association.entity) == call.caller.account:
                    association.status = "ASSOCIATED" if status == "ACCEPTED" else "DISASSOCIATED"
                    association.updated = store.now()
    return {"resourceShareInvitation": describe(invitation)}
