"""Revisions of an asset that keep what people wrote, also where another asset takes its place. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from streamgov_core.catalog.entities import (
    READ_ME,
    Asset,
    AssetType,
    Draft,
    Form,
    Revision,
    description_hash,
    digest,
)
from streamgov_core.model.asset_record import AssetRecord
from streamgov_core.model.forms import ASSET_COMMON_DETAILS_FORM


def merge(
    live: Asset, draft: Draft, record: AssetRecord | None, asset_type: AssetType | None = None
) -> Revision | None:
    """The revision that makes an asset say what it should, or None if it does already.

    Args:
        live: the asset's newest revision.
        draft: what the asset should say.
        record: what was recorded of the last write; None if the asset is being adopted.
        asset_type: the asset type's newest revision, which the asset is to have; None leaves it as it is.
    """
    merged = merged_revision(live, draft, record, asset_type)
    live_forms = {form.name: form for form in live.forms}
    same = (
        (asset_type is None or live.type_revision == asset_type.revision)
        and merged.description == live.description
        and all(
            form.name in live_forms
            and digest(dict(form.content)) == digest(dict(live_forms[form.name].content))
            and form.type_name == live_forms[form.name].type_name
            for form in merged.forms
        )
    )
    return None if same else merged


def merged_revision(
    live: Asset, draft: Draft, record: AssetRecord | None, asset_type: AssetType | None = None
) -> Revision:
    """An asset's own words with what the data source decides; see ``merge`` for the arguments.

    Kept as they are: the asset's name, glossary terms, forms and members that the data source does not own (a person's
    read-me among them), and a description that a person changed.
    """
    ours = record is not None and description_hash(live.description) == record.description_hash
    # A person may have cleared it: then it stays empty until the schema has a new description.
    changed = record is None or draft.description_hash() != record.description_hash
    description = draft.description if ours or (changed and not live.description) else live.description
    live_forms = {form.name for form in live.forms}
    forms = [_merged(form, draft) for form in live.forms]
    forms += [
        Form(name, new.type_name, None, _values(new.values))
        for name, new in draft.forms.items()
        if name not in live_forms
    ]
    if asset_type is not None:
        # A form of the asset type is pinned to one revision; other forms are people's and keep theirs.
        forms = [replace(form, type_revision=asset_type.forms.get(form.name, form.type_revision)) for form in forms]
    return Revision(
        live.name, description, live.glossary_terms, tuple(forms), asset_type.revision if asset_type else None
    )


def inherited_revision(
    former: Asset, former_draft: Draft, draft: Draft, record: AssetRecord, asset_type: AssetType | None
) -> Revision:
    """The first revision of the asset that takes another one's place: it has what people wrote there.

    Carried over: a name, a description and a read-me that differ from ours, glossary terms, forms of people's own, and
    members that people gave DataZone's own forms. Members of our forms are not: they speak of the former resource.

    Args:
        former: the asset that is to go.
        former_draft: what the data source wrote there, as far as names and texts go.
        draft: what the new asset should say.
        record: what was recorded of the last write of the former one.
        asset_type: the asset type's newest revision.
    """
    first = draft.first_revision(asset_type)
    theirs = {form.name: form for form in former.forms}
    forms = [
        _inherited(form, theirs[form.name], former_draft, draft)
        if form.name == ASSET_COMMON_DETAILS_FORM and form.name in theirs
        else form
        for form in first.forms
    ]
    forms += [form for form in former.forms if form.name not in draft.forms]
    ours = description_hash(former.description) == record.description_hash
    return replace(
        first,
        name=first.name if former.name == former_draft.name else former.name,
        description=first.description if ours else former.description,
        glossary_terms=former.glossary_terms,
        forms=tuple(forms),
    )


def _inherited(form: Form, theirs: Form, former_draft: Draft, draft: Draft) -> Form:
    """The common details: people's members, and our read-me where theirs was ours."""
    own = {key: value for key, value in theirs.content.items() if key not in draft.forms[form.name].managed}
    if own.get(READ_ME) == former_draft.read_me:
        own.pop(READ_ME, None)
    elif READ_ME not in own:
        return replace(form, content={**{k: v for k, v in form.content.items() if k != READ_ME}, **own})
    return replace(form, content={**form.content, **own})


def _merged(live: Form, draft: Draft) -> Form:
    new = draft.forms.get(live.name)
    if new is None:
        return live
    content = {key: value for key, value in live.content.items() if key not in new.managed}
    # Without a revision DataZone takes the one that the asset type names. UNVERIFIED[dz-form-revision-default].
    return Form(live.name, new.type_name, None, {**content, **_values(new.values)})


def _values(values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
