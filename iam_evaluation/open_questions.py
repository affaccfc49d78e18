"""A third answer: *not decided*, where a request's condition key or a whole policy is not known.

Whoever looks at policies from outside knows neither every key that a real request would bring (``aws:SourceIp``) nor
every policy that counts (those of an account that may not be read). The question is then asked twice: once with
everything unknown taken in favour of access, once against it. If both agree, the answer is theirs; otherwise it depends
on what is not known, and the answer names the statements that do.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from iam_evaluation.conditions import Condition, Context
from iam_evaluation.document import Document, Statement
from iam_evaluation.evaluate import Decision, Match, PolicySet, Request, Source, decide, matching
from iam_evaluation.wildcard import has_variable, substitute

Unknown = Callable[[str], bool]
"""Says of a condition key that the request's context does not hold whether a real request may bring it."""


class Answer(enum.Enum):
    """Whether a request is allowed."""

    YES = "yes"
    NO = "no"
    NOT_DECIDED = "not decided"


@dataclass(frozen=True)
class Verdict:
    """The answer to an open question.

    Attributes:
        answer: yes, no, or not decided.
        reason: one sentence for people, of the decision in favour where there is one.
        statements: the statements that allow or deny, as ``policy/Sid``.
        depends_on: what the answer depends on: statements with the keys that are not known, and unread policies.
    """

    answer: Answer
    reason: str
    statements: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()


def never_unknown(key: str) -> bool:
    """A key that the context does not hold is not there: every answer is yes or no."""
    return False


def judge(
    request: Request,
    policies: PolicySet,
    *,
    unknown: Unknown = never_unknown,
    at_most: PolicySet | None = None,
    unread: tuple[str, ...] = (),
) -> Verdict:
    """Decide a request of which not everything is known.

    Args:
        request: action, resource, principal, and the condition keys that are known.
        policies: the policies that were read; what was not read is left out, as if it allowed nothing.
        unknown: which further condition keys a real request may bring.
        at_most: the same with what was not read taken as allowing everything; None if everything was read.
        unread: what was not read, for ``depends_on``.
    """
    least = decide(request, _assuming(policies, request.context, unknown, access=False))
    most = decide(request, _assuming(at_most or policies, request.context, unknown, access=True))
    if least.allowed == most.allowed:
        return _decided(most if most.allowed else least)
    places = tuple(dict.fromkeys((*_places(request, at_most or policies, unknown), *unread)))
    return Verdict(Answer.NOT_DECIDED, most.reason, most.statements, places)


def both(first: Verdict, second: Verdict) -> Verdict:
    """The verdict on two requests that are both needed."""
    for verdict in (first, second):
        if verdict.answer is Answer.NO:
            return verdict
    answer = Answer.YES if (first.answer, second.answer) == (Answer.YES, Answer.YES) else Answer.NOT_DECIDED
    statements = tuple(dict.fromkeys((*first.statements, *second.statements)))
    depends_on = tuple(dict.fromkeys((*first.depends_on, *second.depends_on)))
    return Verdict(answer, f"{first.reason}; {second.reason}", statements, depends_on)


def _decided(decision: Decision) -> Verdict:
    return Verdict(Answer.YES if decision.allowed else Answer.NO, decision.reason, decision.statements)


def _open_keys(statement: Statement, context: Context, unknown: Unknown) -> tuple[str, ...]:
    """The unknown keys of a statement: those of its conditions, and of variables in conditions and resources."""

    def is_open(key: str) -> bool:
        return context.get(key) is None and unknown(key)

    found = [key for condition in statement.conditions for key in _keys(condition, context)]
    for pattern in (*(statement.resources or ()), *(statement.not_resources or ())):
        found.extend(_variables(pattern, context))
    return tuple(dict.fromkeys(key for key in found if is_open(key)))


def _keys(condition: Condition, context: Context) -> Iterator[str]:
    yield condition.key
    for value in condition.values:
        yield from _variables(value, context)


def _variables(text: str, context: Context) -> list[str]:
    """The keys that a string's policy variables name and the context does not hold."""
    asked: list[str] = []

    def note(key: str) -> str | None:
        value = context.single(key)
        if value is None:
            asked.append(key)
        return value

    if has_variable(text):
        substitute(text, note)
    return asked


def _assuming(policies: PolicySet, context: Context, unknown: Unknown, *, access: bool) -> PolicySet:
    """The policies with what is not known decided for or against access."""

    def assume(sources: tuple[Source, ...]) -> tuple[Source, ...]:
        return tuple(
            replace(source, document=_assumed(source.document, context, unknown, access=access)) for source in sources
        )

    return replace(
        policies,
        identity=assume(policies.identity),
        boundary=assume(policies.boundary),
        session=assume(policies.session),
        resource=assume(policies.resource),
    )


def _assumed(document: Document, context: Context, unknown: Unknown, *, access: bool) -> Document:
    kept: list[Statement] = []
    for statement in document.statements:
        if not _open_keys(statement, context, unknown):
            kept.append(statement)
        elif statement.allow is access:
            kept.append(_without_open_parts(statement, context, unknown))
    return replace(document, statements=tuple(kept))


def _without_open_parts(statement: Statement, context: Context, unknown: Unknown) -> Statement:
    """The statement as if every part that is not known applied."""

    def is_open(keys: Iterator[str] | list[str]) -> bool:
        return any(context.get(key) is None and unknown(key) for key in keys)

    resources, excepted = statement.resources, statement.not_resources
    if resources is not None and any(is_open(_variables(pattern, context)) for pattern in resources):
        resources = tuple(
            _widened(pattern) if is_open(_variables(pattern, context)) else pattern for pattern in resources
        )
    if excepted is not None:
        excepted = tuple(pattern for pattern in excepted if not is_open(_variables(pattern, context)))
    conditions = tuple(item for item in statement.conditions if not is_open(_keys(item, context)))
    return replace(statement, resources=resources, not_resources=excepted, conditions=conditions)


def _widened(pattern: str) -> str:
    """The pattern with ``*`` in the place of each variable."""
    out, rest = "", pattern
    while "${" in rest:
        before, _, rest = rest.partition("${")
        out += before + "*"
        rest = rest.partition("}")[2]
    return out + rest


def _places(request: Request, policies: PolicySet, unknown: Unknown) -> Iterator[str]:
    """The statements that would apply if what is not known did."""
    everything = policies.identity + policies.boundary + policies.session + policies.resource
    wanted = tuple(
        replace(source, document=_all_assumed(source.document, request.context, unknown)) for source in everything
    )
    for allow in (True, False):
        for source, statement, match in matching(wanted, request, allow=allow):
            original = _original(everything, source, statement)
            keys = _open_keys(original, request.context, unknown)
            if keys and match is not Match.NONE:
                yield f"{source.name}/{original.label} ({', '.join(keys)})"


def _all_assumed(document: Document, context: Context, unknown: Unknown) -> Document:
    return replace(
        document, statements=tuple(_without_open_parts(item, context, unknown) for item in document.statements)
    )


def _original(sources: tuple[Source, ...], source: Source, statement: Statement) -> Statement:
    found = next(item for item in sources if (item.kind, item.name) == (source.kind, source.name))
    return next(item for item in found.document.statements if item.index == statement.index)
