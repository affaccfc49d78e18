"""One operation on one domain: who calls, when, and what it may emit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_emulator.api import ApiCall
from aws_emulator.datazone.models import events
from aws_emulator.datazone.models.base import Ids, Page, Settings
from aws_emulator.datazone.models.entities import Domain, UserProfile
from aws_emulator.datazone.models.stamp import Stamp
from aws_emulator.datazone.models.studio_entities import GroupProfile

if TYPE_CHECKING:
    from aws_emulator.datazone.models.backend import Backend

SYSTEM = "SYSTEM"
"""``metadata.user`` and ``createdBy`` of what the service makes by itself."""


class Session:
    """What an operation works with. It lives as long as the operation, under the domain's lock."""

    def __init__(self, backend: Backend, domain: Domain, call: ApiCall) -> None:
        self.backend = backend
        self.domain = domain
        self.call = call
        self.params: dict[str, Any] = call.params

    @property
    def settings(self) -> Settings:
        return self.backend.settings

    @property
    def ids(self) -> Ids:
        return self.backend.ids

    @property
    def now(self) -> float:
        return self.backend.emulator.clock.now()

    @property
    def principal(self) -> str:
        """The caller's IAM ARN: the role behind a session, or the administrator's own ARN."""
        return self.call.caller.role_arn or self.call.caller.arn

    @property
    def profile(self) -> UserProfile | None:
        """The caller's user profile, if there is one."""
        return self.find_user(self._user_arn)

    @property
    def group(self) -> GroupProfile | None:
        """The group of the caller's role in a V2 domain, if there is one that counts."""
        role = self.call.caller.role_arn
        found = self.find_group(role) if role is not None and self.domain.version == "V2" else None
        return found if found is not None and found.status == "ASSIGNED" else None

    @property
    def _user_arn(self) -> str:
        """A V2 domain knows each session of a role as a user; the sandbox's people are one user there too."""
        caller = self.call.caller
        return caller.arn if self.domain.version == "V2" and not caller.administrator else self.principal

    @property
    def user(self) -> str:
        """The caller's user id; a caller without a profile gets one that confers nothing."""
        known = self.profile
        if known is not None:
            return known.id
        administrator = self.call.caller.administrator
        status = "ACTIVATED" if administrator or self.group is not None else "NOT_ASSIGNED"
        return self.add_user(self._user_arn, status, self.call.caller.role_arn).id

    def find_user(self, identifier: str) -> UserProfile | None:
        """A user profile by id or ARN."""
        by_id = self.domain.users.get(identifier)
        if by_id is not None:
            return by_id
        return next((user for user in self.domain.users.values() if user.arn == identifier), None)

    def find_group(self, role_arn: str) -> GroupProfile | None:
        """The group of a role's sessions."""
        return next((group for group in self.domain.groups.values() if group.role_arn == role_arn), None)

    def add_user(self, arn: str, status: str, role_arn: str | None = None) -> UserProfile:
        """A new user profile for an IAM principal."""
        user = UserProfile(self.ids.user(), arn, status, role_arn if ":assumed-role/" in arn else None)
        self.domain.users[user.id] = user
        return user

    def stamp(self, user: str | None = None) -> Stamp:
        """A fresh creation stamp."""
        who, now = user or self.user, self.now
        return Stamp(who, now, who, now)

    def page(self) -> Page:
        """The page that the caller asks for."""
        return Page(self.call.operation, self.params)

    def emit(
        self,
        detail_type: str,
        *,
        entity_type: str,
        entity_id: str,
        data: dict[str, Any],
        project: str | None = None,
        version: str | None = "1",
        user: str | None = None,
    ) -> None:
        """Put an event on the domain's bus when the operation has succeeded."""
        token = self.params.get("clientToken")
        self.backend.outbox.add(
            events.build(
                self.domain,
                detail_type,
                entity_type=entity_type,
                entity_id=entity_id,
                user=user or self.user,
                data=data,
                project=project,
                version=version,
                token=token,
            )
        )

    def later(self, delay: float, work: Callable[[], None]) -> None:
        """Run ``work`` under the domain's lock after ``delay`` seconds."""
        self.backend.later(self.domain, delay, work)
