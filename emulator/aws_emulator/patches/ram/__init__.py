"""Resource Access Manager: shares, invitations to accounts outside the organisation, associations, permissions.

Replaces moto's, which knows neither invitations nor associations. The shares lie in moto's backends, where the access
oracle looks. ``Emulator.parts["ram.is_shared"](resource_arn, account)`` tells whether an account may use a resource,
``parts["ram.receiver"](invitation_arn)`` whom an invitation is for, ``parts["ram.participants"](share_arn)`` which
accounts a share is with.
"""

from __future__ import annotations

from aws_emulator.api import Emulator
from aws_emulator.patches.ram import invitations, reading, shares
from aws_emulator.patches.ram.store import Store


def install(emulator: Emulator) -> None:
    """Register the operations of RAM."""
    store = Store(emulator)
    shares.install(emulator, store)
    invitations.install(emulator, store)
    reading.install(emulator, store)
    emulator.parts["ram.is_shared"] = store.is_shared
    emulator.parts["ram.permissions_of"] = store.permissions_of
    emulator.parts["ram.receiver"] = store.receiver
    emulator.parts["ram.participants"] = store.participants
