"""Roles as services use them: may this service assume the role, and credentials in its name.

Where a service of AWS acts for a customer (Lambda runs a function, Step Functions calls a task, EventBridge starts a
target) it assumes a role of the customer's account. The trust policy decides whether it may; the credentials carry
the role's permissions from then on. Policies are evaluated by the IAM part (``parts["iam.service_may"]``).
"""

from __future__ import annotations

import threading
import time

from aws_emulator.api import Caller, Emulator
from aws_emulator.iam.state import Identity, find_role
from aws_emulator.kernel.identity import Session

RENEWAL_SECONDS = 900.0
"""Credentials that end sooner than this are replaced."""


class Principals:
    """Services, and the roles that they act as.

    Args:
        emulator: the registry; its parts ``identities`` and ``iam.service_may`` are used.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str, str], Session] = {}

    def service_may(self, service: str, action: str, resource: str, source_arn: str, source_account: str) -> bool:
        """Whether a resource's own policy lets a service do an action on behalf of something.

        Args:
            service: for example ``events.amazonaws.com``.
            action: for example ``lambda:InvokeFunction``.
            resource: the ARN of the function, queue, role …
            source_arn: the ARN of the rule, schedule, machine … (``aws:SourceArn``).
            source_account: its account (``aws:SourceAccount``).
        """
        context = {"aws:SourceArn": source_arn, "aws:SourceAccount": source_account}
        return bool(self._emulator.parts["iam.service_may"](service, action, resource, context).allowed)

    def assumable(self, role_arn: str, service: str, source_arn: str) -> Identity | None:
        """The role, if it exists and a service may assume it on behalf of something; else None."""
        role = find_role(role_arn)
        if role is None or not self.service_may(service, "sts:AssumeRole", role_arn, source_arn, role.account):
            return None
        return role

    def issue(self, role_arn: str, session_name: str) -> Session:
        """Fresh credentials of a role. No trust check: the calling service has done it.

        Raises:
            ApiError: ``NoSuchEntity``, when there is no such role.
        """
        session: Session = self._emulator.parts["identities"].issue(role_arn, session_name)
        return session

    def caller(self, role: Identity, session_name: str) -> Caller:
        """The role as the caller of an API, with a session that is new when the role was re-created."""
        key = (role.arn, role.unique_id, session_name)
        with self._lock:
            known = self._sessions.get(key)
        if known is None or known.expires - time.time() < RENEWAL_SECONDS:
            known = self.issue(role.arn, session_name)
            with self._lock:
                self._sessions[key] = known
        return known.caller

    def service_caller(self, role_arn: str, service: str, source_arn: str, session_name: str) -> Caller | None:
        """The role as a caller, if a service may assume it on behalf of something; else None."""
        role = self.assumable(role_arn, service, source_arn)
        return None if role is None else self.caller(role, session_name)

    def caller_of(self, access_key: str) -> Caller:
        """The caller behind session credentials that an API call (AssumeRole) has answered."""
        session: Session = self._emulator.parts["identities"].session(access_key)
        return session.caller
