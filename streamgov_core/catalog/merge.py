"""Read, merge, write: a new revision of an asset that keeps what people wrote. Pure."""

from __future__ import annotations

from typing import Any

from streamgov_core.catalog.model import Asset, Draft, Form, Revision, digest
from streamgov_core.catalog.records import Record


def description_hash(description: str | None) -> str:
    """What a record keeps of the description that we wrote."""
    return digest(description or "")


def merge(live: Asset, draft: Draft, record: Record | None) -> Revision | None:
    """The revision that makes an asset say what it should, or None if it says so already.

    Kept as they are: the asset's name, glossary terms, forms that are not ours, members of our forms that are not ours
    (a person's read-me among them), and a description that a person changed.

    Args:
        live: the asset's newest revision.
        draft: what we have to say.
        record: our memory of the last write; None if the asset is being adopted.
    """
    ours = record is not None and description_hash(live.description) == record.description_hash
    description = draft.description if ours or not live.description else live.description
    live_forms = {form.name: form for form in live.forms}
    forms = [_merged(form, draft) for form in live.forms]
    forms += [
        Form(name, new.type_name, None, _values(new.values))
        for name, new in draft.forms.items()
        if name not in live_forms
    ]
    same = description == live.description and all(
        form.name in live_forms
        and digest(dict(form.content)) == digest(dict(live_forms[form.name].content))
        and form.type_name == live_forms[form.name].type_name
        for form in forms
    )
    if same:
        return None
    return Revision(live.name, description, live.glossary_terms, tuple(forms))


def _merged(live: Form, draft: Draft) -> Form:
    new = draft.forms.get(live.name)
    if new is None:
        return live
    content = {key: value for key, value in live.content.items() if key not in new.managed}
    # The revision of the form's type is left to DataZone. UNVERIFIED: that it takes the one that the asset type names.
    return Form(live.name, new.type_name, None, {**content, **_values(new.values)})


def _values(values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
