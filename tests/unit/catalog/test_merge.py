"""Read, merge, write: laws that hold for any asset and any draft."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from streamgov_core.catalog.entities import Asset, Draft, Form, FormDraft, Revision, description_hash
from streamgov_core.catalog.merge import merge
from streamgov_core.model.asset_record import AssetRecord

WORDS = st.none() | st.sampled_from(["ours", "theirs", "new"])
KEYS = st.sampled_from(["a", "b", "c", "d"])
VALUES = st.none() | st.integers(0, 3) | st.text(max_size=3)
MANAGED = frozenset({"a", "b"})
FORMS = ("Ours", "AlsoOurs", "Theirs")


@st.composite
def assets(draw: st.DrawFn) -> Asset:
    names = draw(st.lists(st.sampled_from(FORMS), unique=True))
    forms = []
    for name in names:
        content = {key: value for key, value in draw(st.dictionaries(KEYS, VALUES)).items() if value is not None}
        forms.append(Form(name, f"{name}Type", draw(st.sampled_from(["1", "2"])), content))
    terms = tuple(draw(st.lists(st.sampled_from(["t1", "t2"]), unique=True)))
    name = draw(st.sampled_from(["topic", "A person's name"]))
    return Asset("id", name, "3", "T", "arn", "p", draw(WORDS), terms, tuple(forms))


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    forms = {
        name: FormDraft(f"{name}Type", {key: draw(VALUES) for key in MANAGED}, MANAGED) for name in ("Ours", "AlsoOurs")
    }
    return Draft("topic", "arn", "T", draw(WORDS), forms, "read me")


RECORDS = st.none() | WORDS.map(lambda words: AssetRecord("id", "arn", None, "s", "h", "m", description_hash(words)))


def applied(asset: Asset, revision: Revision) -> Asset:
    return replace(
        asset,
        name=revision.name,
        description=revision.description,
        glossary_terms=revision.glossary_terms,
        forms=revision.forms,
    )


def contents(forms: tuple[Form, ...]) -> dict[str, dict[str, object]]:
    return {form.name: dict(form.content) for form in forms}


@given(assets(), drafts(), RECORDS)
def test_nobodys_words_are_lost_and_ours_are_all_there(live: Asset, draft: Draft, record: AssetRecord | None) -> None:
    revision = merge(live, draft, record)
    after = live if revision is None else applied(live, revision)
    assert (after.name, after.glossary_terms) == (live.name, live.glossary_terms)
    before, now = contents(live.forms), contents(after.forms)
    assert now.get("Theirs") == before.get("Theirs")
    for name, form in draft.forms.items():
        ours = {key: value for key, value in now[name].items() if key in MANAGED}
        assert ours == {key: value for key, value in form.values.items() if value is not None}
        theirs = {key: value for key, value in now[name].items() if key not in MANAGED}
        assert theirs == {key: value for key, value in before.get(name, {}).items() if key not in MANAGED}
    if live.description and (record is None or record.description_hash != description_hash(live.description)):
        assert after.description == live.description, "a person's description stays"
    elif not live.description and record is not None and record.description_hash == draft.description_hash():
        assert after.description == live.description, "what a person cleared stays so until there are new words"
    else:
        assert after.description == draft.description


@given(assets(), drafts(), RECORDS)
def test_a_second_merge_finds_nothing_to_do(live: Asset, draft: Draft, record: AssetRecord | None) -> None:
    revision = merge(live, draft, record)
    after = live if revision is None else applied(live, revision)
    written = AssetRecord("id", "arn", None, "s", "h", "m", description_hash(draft.description))
    assert merge(after, draft, written) is None


@given(assets(), drafts(), RECORDS)
def test_a_revision_means_a_difference(live: Asset, draft: Draft, record: AssetRecord | None) -> None:
    revision = merge(live, draft, record)
    if revision is not None:
        assert (contents(live.forms), live.description) != (contents(revision.forms), revision.description)


@given(assets(), drafts())
def test_form_types_of_others_keep_their_revision(live: Asset, draft: Draft) -> None:
    revision = merge(live, draft, None)
    for form in revision.forms if revision else ():
        if form.name == "Theirs":
            assert form in live.forms
        else:
            assert form.type_revision is None
