"""A description of what is deployed (``streamgov_core.deploy``) of which some values are known only when deployed."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

import pulumi

from streamgov_pulumi.arguments.inputs import holds_late

FLAGS = (False, True)
"""Stand-ins of what is true or false."""
ACCOUNTS = ("000000000000", "999999999999")
"""Stand-ins of an account id."""
LISTS = (["arn:known:when:deployed:value:list/list"], ["arn:known:when:deployed:other:list/list"])
"""Stand-ins of a list of texts."""

SpecT = TypeVar("SpecT")
PartT = TypeVar("PartT")
ValueT = TypeVar("ValueT")


class Description(Generic[SpecT]):
    """What a pure function of ``streamgov_core.deploy`` says for these values.

    A value that does not depend on an Output is plain and so shown by the first preview. Whether it depends on one is
    found by trial: the description is built with two different stand-ins for the Output, and the values are compared.

    Args:
        build: the pure function.
        stand_ins: for an argument that is no text, or that the function checks: two values that differ. Texts, and
            lists of texts, have stand-ins of their own.
        values: its keyword arguments: plain values, Outputs, and lists and maps of both.
    """

    def __init__(
        self, build: Callable[..., SpecT], stand_ins: Mapping[str, tuple[Any, Any]] | None = None, /, **values: Any
    ) -> None:
        self._build = build
        self._values = values
        self._stand_ins = stand_ins or {}
        self._deferred = sorted(key for key, value in values.items() if holds_late(value))

    def known(self, read: Callable[[SpecT], ValueT]) -> ValueT:
        """A value, such as a physical name, that must not depend on an Output.

        Args:
            read: takes the value from the description.

        Raises:
            TypeError: it depends on an Output.
        """
        depends_on = self._depends_on(read)
        if depends_on:
            raise TypeError(f"{read(self._shape)!r} must be known at a preview, but depends on {', '.join(depends_on)}")
        return read(self._shape)

    def value(self, read: Callable[[SpecT], ValueT]) -> pulumi.Input[ValueT]:
        """A value: plain if it depends on no Output, else an Output.

        Args:
            read: takes the value from the description; a pure function.
        """
        if not self._depends_on(read):
            return read(self._shape)
        return self._deployed.apply(read)

    def part(self, read: Callable[[SpecT], PartT]) -> "Description[PartT]":
        """The description of a part, such as one function.

        Args:
            read: takes the part from the description.
        """
        return _Part(self, read)

    @cached_property
    def _shape(self) -> SpecT:
        return self._built("")

    @cached_property
    def _variants(self) -> Mapping[str, SpecT]:
        """The description with another stand-in for one Output each."""
        return {key: self._built(key) for key in self._deferred}

    @cached_property
    def _deployed(self) -> pulumi.Output[SpecT]:
        # All of them, not those alone that make a difference beside stand-ins: what one Output is worth may depend on
        # what another one really is.
        needed = {key: pulumi.Output.from_input(self._values[key]) for key in self._deferred}
        return pulumi.Output.all(**needed).apply(lambda found: self._build(**{**self._values, **found}))

    def _depends_on(self, read: Callable[[SpecT], Any]) -> list[str]:
        plain = read(self._shape)
        return [key for key in self._deferred if read(self._variants[key]) != plain]

    def _built(self, other: str) -> SpecT:
        stand_ins = {key: self._stand_in(key, key == other) for key in self._deferred}
        return self._build(**{**self._values, **stand_ins})

    def _stand_in(self, key: str, other: bool) -> Any:
        if key in self._stand_ins:
            return self._stand_ins[key][other]
        return _text_stand_in(key, self._values[key], other)


class _Part(Description[PartT], Generic[SpecT, PartT]):
    """A part of a description, read from what its whole has built once for all parts."""

    def __init__(self, whole: Description[SpecT], read: Callable[[SpecT], PartT]) -> None:
        self._whole = whole
        self._read = read
        self._deferred = whole._deferred

    @cached_property
    def _shape(self) -> PartT:
        return self._read(self._whole._shape)

    @cached_property
    def _variants(self) -> Mapping[str, PartT]:
        return {key: self._read(variant) for key, variant in self._whole._variants.items()}

    @cached_property
    def _deployed(self) -> pulumi.Output[PartT]:
        return self._whole._deployed.apply(self._read)


def _text_stand_in(key: str, value: Any, other: bool) -> Any:
    if isinstance(value, list | tuple):
        return [_text_stand_in(f"{key}-{index}", item, other) for index, item in enumerate(value)]
    # Colons as an ARN has them: descriptions take an account out of some ARNs.
    return f"arn:known:when:deployed:{'other' if other else 'value'}:{key}/{key}"
