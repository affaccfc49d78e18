"""IAM: the access oracle, and its enforcement on the calls of deployed roles.

Offered to the other parts:

* ``parts["iam.oracle"]``: an `Oracle`; ``oracle.allowed(principal_arn, action, resource_arn, context)`` answers a
  `Decision` (``allowed``, ``reason``, ``statements``).
* ``parts["iam.service_may"](service, action, resource_arn, context)``: may a service do this by the resource's policy
  (``lambda:InvokeFunction``, ``sqs:SendMessage``, ``sts:AssumeRole`` for a role's trust)? A `Decision`.

Taken from the other parts: ``parts["datazone.domain_account"](domain_id)``, the account that owns a domain.
"""

from __future__ import annotations

from emulator.api import Emulator
from emulator.iam.actions import Actions
from emulator.iam.enforce import Enforcer, session_lookup
from emulator.iam.evaluate import Decision
from emulator.iam.oracle import Oracle
from emulator.iam.routes import access_route

__all__ = ["Decision", "Oracle", "install"]


def install(emulator: Emulator) -> None:
    """Register the authorizer, the oracle and the address ``/_emulator/access``."""
    oracle = Oracle(emulator.clock)

    def domain_owner(domain: str) -> str | None:
        answer = emulator.parts.get("datazone.domain_account")
        found = answer(domain) if answer is not None else None
        return str(found) if found else None

    actions = Actions(domain_owner)
    identities = emulator.parts.get("identities")
    if identities is not None:
        role_id, tags = session_lookup(identities)
        enforcer = Enforcer(oracle, actions, role_id, tags)
    else:
        enforcer = Enforcer(oracle, actions)
    emulator.parts["iam.oracle"] = oracle
    emulator.parts["iam.service_may"] = oracle.service_may
    emulator.authorizers.append(enforcer)
    emulator.admin_routes["access"] = access_route(oracle)
