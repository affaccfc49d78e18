"""Resource policies and trust policies as services take them: grammar, principals that exist, unique ids.

Sources: IAM user guide, "Grammar of the IAM JSON policy language" and "AWS JSON policy elements: Principal". A role's
ARN is stored as the role's unique id and shown as its ARN again as long as that role exists; an account id becomes
the account's root.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from aws_emulator.api import Emulator

VERSIONS = ("2012-10-17", "2008-10-17")
STATEMENT_KEYS = frozenset(
    [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ]
)
_COMPARED = ("", "Not")
_BASE_OPERATORS = [
    *(f"String{negation}{kind}" for negation in _COMPARED for kind in ("Equals", "EqualsIgnoreCase", "Like")),
    *(f"Arn{negation}{kind}" for negation in _COMPARED for kind in ("Equals", "Like")),
    *(
        f"{kind}{comparison}"
        for kind in ("Numeric", "Date")
        for comparison in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    ),
    *("Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"),
]
OPERATORS = frozenset(
    prefix + name + suffix
    for name in _BASE_OPERATORS
    for prefix in ("", "ForAllValues:", "ForAnyValue:")
    for suffix in ("", "IfExists")
    if not (name == "Null" and suffix)
)
PRINCIPAL_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")


class PolicyError(ValueError):
    """The policy is refused; the message says why. ``principal`` tells that a principal does not exist."""

    def __init__(self, message: str, *, principal: bool = False) -> None:
        super().__init__(message)
        self.principal = principal


def load(text: str) -> dict[str, Any]:
    """Read a policy text; repeated keys are refused as IAM does.

    Raises:
        PolicyError: it is no JSON object.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        document = dict(pairs)
        if len(document) != len(pairs):
            raise PolicyError("Syntax errors in policy: a key appears twice in one object.")
        return document

    try:
        policy = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise PolicyError(f"Syntax errors in policy: {error}") from None
    if not isinstance(policy, dict):
        raise PolicyError("Syntax errors in policy: the policy must be a JSON object.")
    return policy


def statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements of a policy; a single one may stand without a list."""
    found = policy.get("Statement")
    return found if isinstance(found, list) else [found] if isinstance(found, dict) else []


def as_list(value: Any) -> list[Any]:
    """A value that may be one or a list, as a list."""
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def check_grammar(policy: dict[str, Any], *, kind: str, spaced: bool = False) -> None:
    """Refuse what is no policy of its kind.

    Args:
        policy: the document.
        kind: ``identity`` (no principal), ``trust`` (no resource) or ``resource``.
        spaced: spaces may stand in a Sid (KMS developer guide, "Creating a key policy").

    Raises:
        PolicyError: it breaks the grammar.
    """
    if unknown := set(policy) - {"Version", "Id", "Statement"}:
        raise PolicyError(f"Syntax errors in policy: unknown element {sorted(unknown)[0]}.")
    if policy.get("Version", VERSIONS[1]) not in VERSIONS:
        raise PolicyError(f"Syntax errors in policy: Version must be one of {', '.join(VERSIONS)}.")
    found = statements(policy)
    if not found or not all(isinstance(statement, dict) for statement in found):
        raise PolicyError("Syntax errors in policy: a policy needs at least one statement, and each is an object.")
    sids = [statement["Sid"] for statement in found if statement.get("Sid")]
    for statement in found:
        _check_statement(statement, kind, "[0-9A-Za-z ]*" if spaced else "[0-9A-Za-z]*")
    if len(set(sids)) != len(sids):
        raise PolicyError("The Statement Ids in the policy are not unique.")


def _check_statement(statement: dict[str, Any], kind: str, sids: str) -> None:
    if unknown := set(statement) - STATEMENT_KEYS:
        raise PolicyError(f"Syntax errors in policy: unknown element {sorted(unknown)[0]} in a statement.")
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not re.fullmatch(sids, sid):
        raise PolicyError("Statement IDs (SID) must be alpha-numeric.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError("Syntax errors in policy: Effect must be Allow or Deny.")
    _exactly_one(statement, "Action", "NotAction")
    for action in as_list(statement.get("Action")) + as_list(statement.get("NotAction")):
        if not isinstance(action, str) or not re.fullmatch(r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+", action):
            raise PolicyError(f"Syntax errors in policy: {action!r} is no action.")
    if kind == "identity":
        if "Principal" in statement or "NotPrincipal" in statement:
            raise PolicyError("Policy document should not specify a principal.")
    else:
        _exactly_one(statement, "Principal", "NotPrincipal")
    if kind == "trust":
        if "Resource" in statement or "NotResource" in statement:
            raise PolicyError("Has prohibited field Resource.")
    else:
        _exactly_one(statement, "Resource", "NotResource")
        for resource in as_list(statement.get("Resource")) + as_list(statement.get("NotResource")):
            if not isinstance(resource, str) or not re.fullmatch(r"\*|arn:[^:]+:[^:]+:[^:]*:[^:]*:.+", resource):
                raise PolicyError(f'Resource {resource} must be in ARN format or "*".')
    _check_condition(statement.get("Condition", {}))


def _exactly_one(statement: dict[str, Any], name: str, negation: str) -> None:
    if (name in statement) == (negation in statement) or not as_list(statement.get(name, statement.get(negation))):
        raise PolicyError(f"Syntax errors in policy: a statement needs exactly one of {name} and {negation}.")


def _check_condition(condition: Any) -> None:
    if not isinstance(condition, dict):
        raise PolicyError("Syntax errors in policy: Condition must be an object.")
    for operator, keys in condition.items():
        if operator not in OPERATORS:
            raise PolicyError(f"Unrecognized condition operator {operator}.")
        if not isinstance(keys, dict) or not keys:
            raise PolicyError(f"Syntax errors in policy: {operator} needs at least one condition key.")
        for key, values in keys.items():
            if not all(isinstance(value, str | bool | int | float) for value in as_list(values)):
                raise PolicyError(f"Syntax errors in policy: the value of {key} must be a string or a list of them.")


def principals(statement: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The principals of a statement as (kind, value); ``*`` is of kind AWS.

    Raises:
        PolicyError: the element is none.
    """
    element = statement.get("Principal", statement.get("NotPrincipal"))
    if element == "*":
        yield "AWS", "*"
        return
    if not isinstance(element, dict) or not element:
        raise PolicyError('Syntax errors in policy: Principal must be "*" or an object.')
    for kind, values in element.items():
        if kind not in PRINCIPAL_KINDS:
            raise PolicyError(f"Invalid principal in policy: {kind!r} is no kind of principal.")
        found = as_list(values)
        if not found:
            raise PolicyError("Invalid principal in policy: the list is empty.")
        for value in found:
            if not isinstance(value, str):
                raise PolicyError("Invalid principal in policy: a principal is a string.")
            yield kind, value


class Principals:
    """Turns principals into what is stored, and back.

    Args:
        emulator: tells which accounts exist, and how long a new role is unknown to other services (the setting
            ``propagation_ms``; IAM user guide, "Changes that I make are not always immediately visible").
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @property
    def _accounts(self) -> tuple[str, ...]:
        accounts: tuple[str, ...] = self._emulator.parts["settings"].accounts
        return accounts

    def stored(self, policy: dict[str, Any]) -> dict[str, Any]:
        """The policy with unique ids instead of role and user ARNs.

        Raises:
            PolicyError: a principal does not exist.
        """
        return _map_principals(policy, self._store)

    def shown(self, policy: dict[str, Any]) -> dict[str, Any]:
        """A stored policy as the service answers it: ids of existing roles as ARNs again."""
        return _map_principals(policy, self._show)

    def _store(self, kind: str, value: str) -> str:
        if kind != "AWS" or value == "*":
            return value
        if re.fullmatch(r"\d{12}", value):
            value = f"arn:aws:iam::{value}:root"
        if re.fullmatch(r"(AROA|AIDA)[A-Z0-9]+", value):
            return value  # AWS keeps ids that it showed itself
        match = re.fullmatch(r"arn:(aws|aws-cn|aws-us-gov):(iam|sts)::(\d{12}):(.+)", value)
        if match is None or "*" in value or "?" in value:
            raise PolicyError(f'Invalid principal in policy: "AWS":"{value}"', principal=True)
        account, resource = match.group(3), match.group(4)
        if account not in self._accounts:
            raise PolicyError(f'Invalid principal in policy: "AWS":"{value}"', principal=True)
        if resource == "root":
            return value
        if match.group(2) == "sts" and resource.startswith("assumed-role/") and resource.count("/") == 2:
            return value
        unique_id = _id_of(account, value, self._emulator.parts.get("propagation_ms", 0.0) / 1000)
        if unique_id is None:
            raise PolicyError(f'Invalid principal in policy: "AWS":"{value}"', principal=True)
        return unique_id

    def _show(self, kind: str, value: str) -> str:
        if kind == "AWS" and re.fullmatch(r"(AROA|AIDA)[A-Z0-9]+", value):
            return _arn_of(self._accounts, value) or value
        return value


def _map_principals(policy: dict[str, Any], change: Callable[[str, str], str]) -> dict[str, Any]:
    changed = copy.deepcopy(policy)
    for statement in statements(changed):
        for name in ("Principal", "NotPrincipal"):
            element = statement.get(name)
            if isinstance(element, dict):
                for kind, values in element.items():
                    single = not isinstance(values, list)
                    mapped = [change(kind, value) for value in as_list(values)]
                    element[kind] = mapped[0] if single else mapped
    return changed


def _id_of(account: str, arn: str, propagation: float) -> str | None:
    from moto.core.utils import utcnow
    from moto.iam.models import iam_backends

    backend = iam_backends[account]["aws"]
    roles: list[Any] = list(backend.roles.values())
    for role in roles:
        if role.arn == arn and (utcnow() - role.create_date).total_seconds() >= propagation:
            return str(role.id)
    # moto's ids of users do not have AWS's form, so a user stays its ARN.
    return arn if any(user.arn == arn for user in list(backend.users.values())) else None


def _arn_of(accounts: tuple[str, ...], unique_id: str) -> str | None:
    from moto.iam.models import iam_backends

    for account in accounts:
        role = iam_backends[account]["aws"].roles.get(unique_id)
        if role is not None:
            return str(role.arn)
    return None
