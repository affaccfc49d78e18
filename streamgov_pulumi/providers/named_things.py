"""What a component names, looked at when one of its dynamic resources is checked for a preview.

The component says it in an input, ``named``, of that resource: at a preview only, and only what is known then. The
input ends here: it is in no state, and no difference is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.dynamic import CheckFailure

from streamgov_pulumi.arguments.choices import REFUSE
from streamgov_pulumi.providers import engine_log
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import SESSION_KEYS, Checker, DataZoneProvider, contains_unknown
from streamgov_pulumi.providers.reference_kinds import KINDS, Question
from streamgov_pulumi.providers.reference_looks import Answers, Looking, answers_of

NAMED = "named"
"""The input."""
SKIP = "set check_references to 'never' to skip this"
OWN = "What the program makes itself is not looked up if it is passed as an output of its resource"


def without_named(news: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """A resource's inputs without what is named, and that.

    Args:
        news: the inputs as the engine passes them.
    """
    inputs = dict(news)
    named = inputs.pop(NAMED, None)
    return inputs, named if isinstance(named, Mapping) else {}


def look_at(provider: DataZoneProvider, checker: Checker, named: Mapping[str, Any]) -> None:
    """Look at what is named: what is not there is a warning, or a failure of the check if ``mode`` is ``refuse``.

    Where a stack's file says everything, its program looks by itself.

    Args:
        provider: the resource's.
        checker: of its inputs.
        named: ``mode``; ``remarks``, problems that the words alone show; ``accounts``: for each its session and
            ``items``, what is asked there.
    """
    if not provider.configured or provider.by_file:
        return
    asked = [_looking(provider, part) for part in named.get("accounts") or [] if not contains_unknown(part)]
    for looking in asked:
        looking.start()
    found = answers_of(asked)
    problems = [*(named.get("remarks") or []), *(text for answers in found for text in answers.problems)]
    for text in _told_beside(found):
        engine_log.info(text)
    if not problems:
        return
    if named.get("mode") == REFUSE:
        # No input's name: it is none that the user has written.
        checker.failures.append(CheckFailure("", "\n".join([*problems, OWN])))
    else:
        engine_log.warn("\n".join([*problems, OWN]))


def _told_beside(found: Sequence[Answers]) -> list[str]:
    notes = "\n".join(text for answers in found for text in answers.notes)
    return [*(text for answers in found for text in answers.left_out(SKIP, "program")), *filter(None, [notes])]


def _looking(provider: DataZoneProvider, part: Mapping[str, Any]) -> Looking:
    settings = provider.session({key: part.get(key) for key in SESSION_KEYS}).in_a_hurry()
    items = [(str(item["path"]), _question(item)) for item in part.get("items") or []]
    return Looking(str(part["account"]), items, lambda service: aws.client(service, settings))


def item_of(path: str, question: Question) -> dict[str, Any]:
    """What is asked, as an input holds it.

    Args:
        path: where it is named.
        question: what is asked.
    """
    given = {key: getattr(question, key) for key in ("value", "domain", "boundary", "delivery", "carried")}
    return {"path": path, "kind": question.kind.__name__, **{key: one for key, one in given.items() if one is not None}}


def _question(item: Mapping[str, Any]) -> Question:
    return Question(
        KINDS[str(item["kind"])],
        str(item["value"]),
        str(item.get("domain", "")),
        str(item.get("boundary", "")),
        str(item.get("delivery", "")),
        item.get("carried"),
        by_file=False,
    )
