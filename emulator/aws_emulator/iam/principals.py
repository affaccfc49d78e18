"""What happens to policies when a role or user is deleted.

AWS stores a role's or user's ARN in a ``Principal`` element as its unique id. While the principal exists the ARN is
shown; after its deletion the id is, and a new principal of the same name is not meant by it (IAM User Guide, "AWS JSON
policy elements: Principal"). Here the ARNs are kept as they were written, unless a service's own part stores ids, and
become ids at the moment of the deletion, which comes to the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Protocol

from aws_emulator.api import ApiCall, ApiError, Observer
from aws_emulator.iam import state


class _Place(Protocol):
    """One stored policy text."""

    def read(self) -> str | None: ...

    def write(self, text: str) -> None: ...


class _Attribute:
    def __init__(self, holder: Any, name: str) -> None:
        self._holder = holder
        self._name = name

    def read(self) -> str | None:
        value = getattr(self._holder, self._name, None)
        if isinstance(value, bytes):
            return value.decode()
        return json.dumps(value) if isinstance(value, dict) else value

    def write(self, text: str) -> None:
        value = getattr(self._holder, self._name)
        if isinstance(value, bytes):
            setattr(self._holder, self._name, text.encode())
        else:
            setattr(self._holder, self._name, json.loads(text) if isinstance(value, dict) else text)


class _Entry:
    def __init__(self, mapping: dict[str, Any], key: str) -> None:
        self._mapping = mapping
        self._key = key

    def read(self) -> str | None:
        value: str | None = self._mapping.get(self._key)
        return value

    def write(self, text: str) -> None:
        self._mapping[self._key] = text


class _Statements:
    """A list of statements, as Lambda's function policies are kept."""

    def __init__(self, statements: list[dict[str, Any]]) -> None:
        self._statements = statements

    def read(self) -> str | None:
        return json.dumps({"Statement": self._statements})

    def write(self, text: str) -> None:
        self._statements[:] = json.loads(text)["Statement"]


def _backends(dictionary: Any) -> Iterator[Any]:
    for regional in list(dictionary.values()):
        yield from list(regional.values())


def _keys() -> Iterator[Any]:
    from moto.kms.models import kms_backends

    for backend in _backends(kms_backends):
        yield from list(backend.keys.values())


def _places() -> Iterator[_Place]:
    """Every stored policy that names principals."""
    from moto.awslambda.models import lambda_backends
    from moto.iam.models import iam_backends
    from moto.kafka.models import kafka_backends
    from moto.kinesis.models import kinesis_backends
    from moto.s3.models import s3_backends
    from moto.secretsmanager.models import secretsmanager_backends
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    for key in _keys():
        yield _Attribute(key, "policy")
    held = (
        (iam_backends, "roles", "assume_role_policy_document"),
        (sqs_backends, "queues", "_policy_json"),
        (sns_backends, "topics", "_policy_json"),
        (s3_backends, "buckets", "policy"),
        (secretsmanager_backends, "secrets", "policy"),
    )
    for backends, collection, attribute in held:
        for backend in _backends(backends):
            for holder in list(getattr(backend, collection).values()):
                yield _Attribute(holder, attribute)
    for backend in _backends(kafka_backends):
        yield from (_Entry(policy, "policy") for policy in list(backend.policies.values()))
    for backend in _backends(kinesis_backends):
        yield from (_Entry(backend.resource_policies, arn) for arn in list(backend.resource_policies))
    for backend in _backends(lambda_backends):
        yield from (_Statements(function.policy.statements) for function in backend.list_functions())


def _replaced(text: str, arn: str, unique_id: str) -> str | None:
    """The text with the ARN as principal replaced by the id; None where it does not name it."""
    if arn not in text:
        return None
    document = json.loads(text)
    statements = document.get("Statement", [])
    changed = False
    for statement in statements if isinstance(statements, list) else [statements]:
        for name in ("Principal", "NotPrincipal"):
            element = statement.get(name)
            if not isinstance(element, dict) or "AWS" not in element:
                continue
            given = element["AWS"]
            values = given if isinstance(given, list) else [given]
            if arn in values:
                new = [unique_id if value == arn else value for value in values]
                element["AWS"] = new if isinstance(given, list) else new[0]
                changed = True
    return json.dumps(document) if changed else None


def orphan(arn: str, unique_id: str) -> None:
    """Replace a deleted principal's ARN by its unique id in every policy and KMS grant."""
    for place in _places():
        text = place.read()
        changed = _replaced(text, arn, unique_id) if text else None
        if changed is not None:
            place.write(changed)
    for key in _keys():
        for grant in list(key.grants.values()):
            if grant.grantee_principal == arn:
                grant.grantee_principal = unique_id
            if grant.retiring_principal == arn:
                grant.retiring_principal = unique_id


class Deletions:
    """Remembers who is about to be deleted (authorizer) and orphans its ARN when that is done (observer)."""

    def __init__(self) -> None:
        self._pending: dict[str, tuple[str, str]] = {}

    def before(self, call: ApiCall) -> None:
        """Note ARN and id of the role or user that a call deletes."""
        if call.service != "iam" or call.operation not in ("DeleteRole", "DeleteUser"):
            return
        account = call.caller.account
        if call.operation == "DeleteRole":
            found = state.find_role_by_name(account, str(call.params.get("RoleName")))
        else:
            found = state.find_user_by_name(account, str(call.params.get("UserName")))
        if found is not None:
            self._pending[call.request_id] = (found.arn, found.unique_id)

    @property
    def after(self) -> Observer:
        """The observer."""

        def observe(call: ApiCall, result: dict[str, Any] | None, error: ApiError | None) -> None:
            noted = self._pending.pop(call.request_id, None)
            if noted is not None and error is None:
                orphan(*noted)

        return observe
