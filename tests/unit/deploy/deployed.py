"""What a function finds when it runs, from its description."""

from __future__ import annotations

from streamgov_core.deploy.spec import FunctionSpec
from streamgov_core.model.settings_document import read_document


def deployed_variables(function: FunctionSpec) -> dict[str, str]:
    """The variables of a function, those in its layer included."""
    text = function.settings_text
    return {**function.environment, **({} if text is None else read_document(text))}
