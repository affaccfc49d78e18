"""IAM: the access oracle, and its enforcement on the calls of deployed roles.

Offered to the other parts:

* ``parts["iam.oracle"]``: an `Oracle`; ``oracle.allowed(principal_arn, action, resource_arn, context)`` answers a
  `Decision` (``allowed``, ``reason``, ``statements``).
* ``parts["iam.service_may"](service, action, resource_arn, context)``: may a service do this by the resource's policy
  (``lambda:InvokeFunction``, ``sqs:SendMessage``, ``sts:AssumeRole`` for a role's trust)? A `Decision`.

Taken from the other parts, each asked when it is needed:

* ``parts["datazone"].domains``: the domains by their id, for the account that owns each;
* ``parts["ram.is_shared"](resource_arn, account)``: is a resource shared with an account, and the share accepted?
* ``parts["ram.receiver"](invitation_arn)``: the account that an invitation to a share is for, or None;
* ``parts["ram.participants"](share_arn)``: the accounts that a share is with;
* ``parts["identities"]``: the sessions, for the role id that each was issued for.
"""

from __future__ import annotations

from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator, Observer
from aws_emulator.iam import service_roles, state
from aws_emulator.iam.actions import Actions
from aws_emulator.iam.enforce import Enforcer, session_lookup
from aws_emulator.iam.history import PolicyHistory
from aws_emulator.iam.oracle import Oracle
from aws_emulator.iam.principals import Deletions
from aws_emulator.iam.resources import ram_reader, share_reader
from aws_emulator.iam.routes import access_route, settings_route
from aws_emulator.iam.simulate import Simulator
from iam_evaluation.evaluate import Decision

__all__ = ["Decision", "Oracle", "install"]


def install(emulator: Emulator) -> None:
    """Register the authorizer, the oracle and the addresses ``/_emulator/access`` and ``/_emulator/policies``."""
    oracle = Oracle(emulator.clock)
    settings = emulator.parts.get("settings")

    def is_shared(resource: str, account: str) -> bool:
        answer = emulator.parts.get("ram.is_shared")
        return bool(answer is not None and answer(resource, account))

    oracle.resources.register("datazone", ram_reader(is_shared, lambda: settings.accounts if settings else ()))

    def receiver(invitation: str) -> str | None:
        answer = emulator.parts.get("ram.receiver")
        return answer(invitation) if answer is not None else None

    def participants(share: str) -> list[str]:
        answer = emulator.parts.get("ram.participants")
        return list(answer(share)) if answer is not None else []

    oracle.resources.register("ram", share_reader(receiver, participants))

    def domain_owner(domain: str) -> str | None:
        backend = emulator.parts.get("datazone")
        found = backend.domains.get(domain) if backend is not None else None
        return str(found.account) if found is not None else None

    actions = Actions(domain_owner)
    identities = emulator.parts.get("identities")
    if identities is not None:
        role_id, session_of = session_lookup(identities)
        enforcer = Enforcer(oracle, actions, role_id, session_of)
    else:
        enforcer = Enforcer(oracle, actions)
    emulator.parts["iam.oracle"] = oracle
    emulator.parts["iam.service_may"] = oracle.service_may
    emulator.parts["iam.make_role"] = service_roles.make_role
    emulator.parts["iam.remove_role"] = service_roles.remove_role
    emulator.authorizers.append(enforcer)
    emulator.operation("iam", "SimulatePrincipalPolicy")(Simulator(actions.reference))
    emulator.admin_routes["access"] = access_route(oracle)
    emulator.admin_routes["iam"] = settings_route(oracle)
    history = PolicyHistory()
    emulator.admin_routes["policies"] = history.route
    emulator.observers.append(history.observe)
    deletions = Deletions()
    emulator.authorizers.append(deletions.before)
    emulator.observers.append(deletions.after)
    emulator.observers.append(_changes(oracle))


def _changes(oracle: Oracle) -> Observer:
    """Tell the oracle when policies change, where changes take time to be seen."""

    def observe(call: ApiCall, result: dict[str, Any] | None, error: ApiError | None) -> None:
        if oracle.propagation_seconds > 0 and call.service == "iam" and error is None:
            oracle.observe(state.all_roles())

    return observe
