"""What the broker's plugin asks: who signed this token, and may they do this? Both answered at once, from IAM as it is.

A principal's name on the broker is the caller's ARN, ``#`` and the access key, so that session policies, the session's
end and the role that it was issued for still count for a connection that has long been open.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Caller, Emulator
from aws_emulator.iam import state
from aws_emulator.iam.actions.core import Check
from aws_emulator.iam.enforce import Enforcer, session_lookup
from aws_emulator.kafka.mapping import CONNECT, permission
from aws_emulator.kafka.tokens import TokenRefused, verify
from aws_emulator.kernel.identity import Credential, Identities

log = logging.getLogger("aws_emulator.kafka")


class Gate:
    """Answers the plugin's two questions.

    Args:
        emulator: its identities, its clock and the authorizer that the IAM part has installed.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._identities: Identities = emulator.parts["identities"]
        self._role_id, _ = session_lookup(self._identities)
        self._enforcer = next(one for one in emulator.authorizers if isinstance(one, Enforcer))

    def token(self, method: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """``{cluster, token}`` → ``{principal, expires}`` (milliseconds), or ``{error}``."""
        asked = json.loads(body)
        cluster = str(asked["cluster"])
        reference = uuid.uuid4()
        try:
            found = verify(str(asked["token"]), self._identities, cluster.split(":")[3], self._emulator.clock.now())
        except TokenRefused as error:
            log.info("%s: a token is refused: %s", reference, error)
            return {"error": f"[{reference}]: Access denied"}
        # UNVERIFIED[kafka-connect-denied]: that MSK refuses at sign-in whoever lacks kafka-cluster:Connect, in these
        # words.
        reason = self._refusal(found.caller, CONNECT, cluster)
        if reason is not None:
            log.info("%s: %s may not connect: %s", reference, found.caller.arn, reason)
            return {"error": f"[{reference}]: Access denied"}
        return {"principal": f"{found.caller.arn}#{found.caller.access_key}", "expires": int(found.expires * 1000)}

    def access(self, method: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """``{cluster, principal, actions: [{operation, type, name}]}`` → ``{allowed: [bool]}``."""
        asked = json.loads(body)
        cluster, principal = str(asked["cluster"]), str(asked["principal"])
        caller = self._caller(principal, cluster.split(":")[3])
        allowed = []
        for action in asked["actions"]:
            needed = permission(cluster, str(action["type"]), str(action["operation"]), str(action["name"]))
            if needed is None:
                reason: str | None = "no action of kafka-cluster stands for it"
            elif caller is None:
                reason = "the session is over"
            else:
                reason = self._refusal(caller, *needed)
            if reason is not None:
                log.info(
                    "%s: %s on %s %s denied: %s", principal, action["operation"], action["type"], action["name"], reason
                )
            allowed.append(reason is None)
        return {"allowed": allowed}

    def _caller(self, principal: str, region: str) -> Caller | None:
        """The caller behind a name on the broker; None once its credentials have ended."""
        key = principal.rpartition("#")[2]
        session = self._identities.session(key)
        try:
            return self._identities.caller(Credential(key, region, "kafka-cluster", session.token if session else None))
        except ApiError:
            return None

    def _refusal(self, caller: Caller, action: str, resource: str) -> str | None:
        """Why IAM refuses, or None if it allows."""
        if caller.role_arn is not None and not caller.administrator:
            role = state.find_role(caller.role_arn)
            if role is None or self._role_id(caller.access_key) != role.unique_id:
                return "the role of this session is gone"
        region = resource.split(":")[3]
        call = ApiCall("kafka-cluster", action.partition(":")[2], {}, region, caller, str(uuid.uuid4()))
        decision = self._enforcer.decide(call, Check(action, resource))
        return None if decision.allowed else decision.reason
