"""All domains of the emulator, and how an operation reaches one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import botocore.session

from aws_emulator.api import ApiCall, ApiError, Caller, Emulator
from aws_emulator.datazone.exceptions import access_denied, not_found
from aws_emulator.datazone.models.base import Ids, Scheduler, Settings
from aws_emulator.datazone.models.entities import Domain
from aws_emulator.datazone.models.events import Outbox
from aws_emulator.datazone.models.search import Index
from aws_emulator.datazone.models.session import Session

DomainHandler = Callable[[Session], "dict[str, Any] | None"]
_EXTENDED = "AmazonDatazoneDomainExtendedService"
"""In the names of the managed permissions for V2 domains."""
AccountHandler = Callable[["Backend", ApiCall], "dict[str, Any] | None"]


class Backend:
    """The state of DataZone in all accounts and regions.

    Args:
        emulator: clock, bus and resource shares.
        ids: where new identifiers come from.
        settings: delays and the choices where AWS's behaviour is unverified.
    """

    def __init__(self, emulator: Emulator, ids: Ids, settings: Settings | None = None) -> None:
        self.emulator = emulator
        self.ids = ids
        self.settings = settings or Settings()
        self.domains: dict[str, Domain] = {}
        self.indexes: dict[str, Index] = {}
        self.lock = threading.RLock()
        self.outbox = Outbox(emulator)
        self.scheduler = Scheduler(emulator.clock)

    def serve(self, call: ApiCall, handler: DomainHandler) -> dict[str, Any] | None:
        """Run an operation on the domain that its parameters name.

        Raises:
            ApiError: as the operation does; errors that botocore's model does not know for this operation become the
                nearest one that it knows (a missing object then surfaces as AccessDenied, as it does on AWS).
        """
        try:
            domain = self.domain(call)
            session = Session(self, domain, call)
            with domain.lock:
                known, answer = domain.tokens.replay(call.operation, call.caller.account, call.params)
                if known:
                    return answer
                answer = handler(session)
                domain.tokens.remember(call.operation, call.caller.account, call.params, answer)
        except ApiError as error:
            self.outbox.clear()
            raise modelled(call.operation, error) from error
        except BaseException:
            self.outbox.clear()
            raise
        self.outbox.flush()
        return answer

    def serve_account(self, call: ApiCall, handler: AccountHandler) -> dict[str, Any] | None:
        """Run an operation that belongs to no single domain."""
        try:
            with self.lock:
                answer = handler(self, call)
        except BaseException:
            self.outbox.clear()
            raise
        self.outbox.flush()
        return answer

    def domain(self, call: ApiCall) -> Domain:
        """The domain that a call names, if the caller's account may see it."""
        identifier = call.params.get("domainIdentifier") or call.params.get("identifier") or ""
        with self.lock:
            domain = self.domains.get(identifier)
        if domain is None or domain.region != call.region:
            raise not_found("Domain", identifier)
        self.check_account(domain, call.caller, call.operation)
        return domain

    def check_account(self, domain: Domain, caller: Caller, operation: str) -> None:
        """Refuse callers whose account the domain is not shared with (RAM share accepted).

        Raises:
            ApiError: AccessDeniedException.
        """
        if caller.account == domain.account or self.associated(domain, caller.account):
            return
        raise access_denied(
            f"User: {caller.arn} is not authorized to perform: datazone:{operation} on resource: {domain.arn}: "
            f"account {caller.account} is not associated with the domain"
        )

    def associated(self, domain: Domain, account: str) -> bool:
        """Whether the domain is shared with an account by AWS RAM and the share is accepted.

        UNVERIFIED[dz-v2-share-permission]: what a V2 domain answers to an account whose share has a permission for V1
        domains; here it is as if there were no share.
        """
        is_shared = self.emulator.parts.get("ram.is_shared")
        if is_shared is None or not is_shared(domain.arn, account):
            return False
        permissions = self.emulator.parts.get("ram.permissions_of")
        if domain.version != "V2" or permissions is None:
            return True
        return any(_EXTENDED in arn for arn in permissions(domain.arn, account))

    def index(self, domain: Domain) -> Index:
        """The search index of a domain."""
        return self.indexes.setdefault(domain.id, Index())

    def later(self, domain: Domain, delay: float, work: Callable[[], None]) -> None:
        """Run ``work`` under the domain's lock, now or on the emulator's clock, and put its events."""
        if delay <= 0:
            work()
            return

        def locked() -> None:
            with domain.lock:
                if self.domains.get(domain.id) is not domain:
                    return
                work()
            self.outbox.flush()

        self.scheduler.after(delay, locked)


@cache
def _error_codes(operation: str) -> frozenset[str]:
    model = botocore.session.get_session().get_service_model("datazone").operation_model(operation)
    return frozenset(shape.name for shape in model.error_shapes)


def modelled(operation: str, error: ApiError) -> ApiError:
    """The error as this operation may answer it, by botocore's model."""
    codes = _error_codes(operation)
    if error.code in codes:
        return error
    code, status = (
        ("AccessDeniedException", 403) if error.code == "ResourceNotFoundException" else ("ValidationException", 400)
    )
    return ApiError(code, error.message, status, error.members) if code in codes else error
