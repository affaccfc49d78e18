"""Read, merge, write: a new revision of an asset that keeps what people wrote. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from streamgov_core.catalog.entities import Asset, AssetType, Draft, Form, Revision, description_hash, digest
from streamgov_core.model.asset_record import AssetRecord


def merge(
    live: Asset, draft: Draft, record: AssetRecord | None, asset_type: AssetType | None = None
) -> Revision | None:
    """The revision that makes an asset say what it should, or None if it does already.

    Kept as they are: the asset's name, glossary terms, forms and members that the data source does not own (a person's
    read-me among them), and a description that a person changed.

    Args:
        live: the asset's newest revision.
        draft: what the asset should say.
        record: what was recorded of the last write; None if the asset is being adopted.
        asset_type: the asset type's newest revision, which the asset is to have; None leaves it as it is.
    """
    ours = record is not None and description_hash(live.description) == record.description_hash
    # A person may have cleared it: then it stays empty until the schema has a new description.
    changed = record is None or draft.description_hash() != record.description_hash
    description = draft.description if ours or (changed and not live.description) else live.description
    live_forms = {form.name: form for form in live.forms}
    forms = [_merged(form, draft) for form in live.forms]
    forms += [
        Form(name, new.type_name, None, _values(new.values))
        for name, new in draft.forms.items()
        if name not in live_forms
    ]
    same = (
        (asset_type is None or live.type_revision == asset_type.revision)
        and description == live.description
        and all(
            form.name in live_forms
            and digest(dict(form.content)) == digest(dict(live_forms[form.name].content))
            and form.type_name == live_forms[form.name].type_name
            for form in forms
        )
    )
    if same:
        return None
    if asset_type is not None:
        # A form of the asset type is pinned to one revision; other forms are people's and keep theirs.
        forms = [replace(form, type_revision=asset_type.forms.get(form.name, form.type_revision)) for form in forms]
    return Revision(
        live.name, description, live.glossary_terms, tuple(forms), asset_type.revision if asset_type else None
    )


def _merged(live: Form, draft: Draft) -> Form:
    new = draft.forms.get(live.name)
    if new is None:
        return live
    content = {key: value for key, value in live.content.items() if key not in new.managed}
    # Without a revision DataZone takes the one that the asset type names. UNVERIFIED[dz-form-revision-default].
    return Form(live.name, new.type_name, None, {**content, **_values(new.values)})


def _values(values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
