"""Form types and asset types: revisions by name, pinned forms, in-use conflicts."""

from __future__ import annotations

from aws_emulator.datazone.exceptions import conflict, not_found, quota_exceeded, validation
from aws_emulator.datazone.models import access, policies
from aws_emulator.datazone.models.catalogue_entities import AssetType, FormSlot, FormType
from aws_emulator.datazone.models.session import Session
from aws_emulator.datazone.models.smithy import SmithyError, parse
from aws_emulator.datazone.models.stamp import Stamp
from aws_emulator.datazone.models.system_types import (
    COMMON_DETAILS_FORM,
    COMMON_DETAILS_REVISION,
    COMMON_DETAILS_TYPE,
    PREFIX,
)

MAX_ASSET_TYPES = 1000
MAX_FORMS = 10


def create_form_type(session: Session) -> FormType:
    """Make a form type, or a further revision of one of the same project.

    UNVERIFIED[dz-form-type-second-revision, dz-form-type-status]: a known name makes the next revision. botocore's
    prose calls names unique, while CloudFormation and DSF update by calling this again. A form type made without a
    status is DISABLED, and an ENABLED one is not deleted.
    """
    params, domain = session.params, session.domain
    name = params["name"]
    owner = access.require(session, params["owningProjectIdentifier"], access.BUILD)
    policies.require_project_policy(session, "CREATE_FORM_TYPE", owner)
    if name.startswith(PREFIX):
        raise validation(f"Names that begin with {PREFIX} are reserved")
    smithy = params["model"].get("smithy")
    if smithy is None:
        raise validation("model.smithy is required")
    try:
        model = parse(smithy)
    except SmithyError as error:
        raise validation(f"Invalid Smithy model of form type {name}: {error}") from error
    if model.structure(name) is None:
        raise validation(f"The Smithy model of form type {name} has no structure called {name}")
    revisions = domain.form_types.get(name, [])
    if revisions and revisions[-1].owning_project != owner.id:
        raise conflict(f"Form type {name} already exists and belongs to another project")
    made = FormType(
        name,
        str(len(revisions) + 1),
        smithy,
        model,
        params.get("status") or "DISABLED",
        owner.id,
        params.get("description"),
        session.user,
        session.now,
    )
    domain.form_types.setdefault(name, []).append(made)
    return made


def form_type(session: Session, name: str, revision: str | None = None) -> FormType:
    """A form type's revision; the latest without one."""
    revisions = session.domain.form_types.get(name)
    if not revisions:
        raise not_found("Form type", name)
    if revision is None:
        return revisions[-1]
    for found in revisions:
        if found.revision == revision:
            return found
    raise not_found("Form type", f"{name} revision {revision}")


def delete_form_type(session: Session) -> None:
    """Remove all revisions of a form type: DISABLED, and used by no asset type, asset, data product or rule."""
    domain, name = session.domain, session.params["formTypeIdentifier"]
    latest = form_type(session, name)
    if latest.owning_project is None:
        raise access.refused(session, f"{name} is a system form type")
    access.require(session, latest.owning_project, access.BUILD)
    if latest.status != "DISABLED":
        raise conflict(f"Form type {name} is ENABLED and must be disabled before it is deleted")
    users = _users_of_form(session, name)
    if users:
        raise conflict(f"Form type {name} is in use by {', '.join(users[:5])}")
    del domain.form_types[name]


def _users_of_form(session: Session, name: str) -> list[str]:
    domain = session.domain
    types = [
        f"asset type {type_name}"
        for type_name, revisions in sorted(domain.asset_types.items())
        if any(slot.type_name == name for revision in revisions for slot in revision.forms.values())
    ]
    assets = [
        f"asset {asset.id}"
        for asset in domain.assets.values()
        if any(form.type_name == name for revision in asset.revisions for form in revision.forms)
    ]
    products = [
        f"data product {product.id}"
        for product in domain.products.values()
        if any(form.type_name == name for revision in product.revisions for form in revision.forms)
    ]
    rules = [
        f"rule {rule.id}"
        for rule in domain.rules.values()
        for form in (rule.detail.get("metadataFormEnforcementDetail") or {}).get("requiredMetadataForms", [])
        if form["typeIdentifier"] == name
    ]
    return types + assets + products + rules


def create_asset_type(session: Session) -> AssetType:
    """Make an asset type, or a further revision of one of the same project.

    UNVERIFIED[dz-asset-type-second-revision]: a known name makes the next revision, as for form types.
    """
    params, domain = session.params, session.domain
    name = params["name"]
    owner = access.require(session, params["owningProjectIdentifier"], access.BUILD)
    policies.require_project_policy(session, "CREATE_ASSET_TYPE", owner)
    if name.startswith(PREFIX):
        raise validation(f"Names that begin with {PREFIX} are reserved")
    forms = {key: _slot(session, entry) for key, entry in params["formsInput"].items()}
    common = forms.get(COMMON_DETAILS_FORM)
    if common is not None and common.type_name != COMMON_DETAILS_TYPE:
        raise validation(f"Form name {COMMON_DETAILS_FORM} is reserved for {COMMON_DETAILS_TYPE}")
    forms.setdefault(COMMON_DETAILS_FORM, FormSlot(COMMON_DETAILS_TYPE, COMMON_DETAILS_REVISION, False))
    if len(forms) > MAX_FORMS:
        # UNVERIFIED[dz-ten-forms]: the answer to ten forms of one's own: formsOutput holds at most ten, and the service
        # adds one.
        raise validation(f"Asset type {name} has more than {MAX_FORMS} forms, {COMMON_DETAILS_FORM} included")
    revisions = domain.asset_types.get(name, [])
    if revisions and revisions[-1].owning_project != owner.id:
        raise conflict(f"Asset type {name} already exists and belongs to another project")
    if not revisions and len(domain.asset_types) >= MAX_ASSET_TYPES:
        raise quota_exceeded(f"A domain has at most {MAX_ASSET_TYPES} asset types")
    stamp = session.stamp()
    if revisions:
        first = revisions[0].stamp
        stamp = Stamp(first.created_by, first.created_at, session.user, session.now)
    made = AssetType(name, str(len(revisions) + 1), forms, owner.id, params.get("description"), stamp)
    domain.asset_types.setdefault(name, []).append(made)
    return made


def _slot(session: Session, entry: dict[str, object]) -> FormSlot:
    name, revision = str(entry["typeIdentifier"]), str(entry["typeRevision"])
    found = next((f for f in session.domain.form_types.get(name, []) if f.revision == revision), None)
    if found is None:
        raise validation(f"Object type Form#{session.domain.id}#{name} with version {revision} not found")
    if session.domain.form_types[name][-1].status != "ENABLED":
        raise validation(f"Form type {name} is DISABLED")
    return FormSlot(name, revision, bool(entry.get("required", False)))


def asset_type(session: Session, name: str, revision: str | None = None) -> AssetType:
    """An asset type's revision; the latest without one."""
    revisions = session.domain.asset_types.get(name)
    if not revisions:
        raise not_found("Asset type", name)
    if revision is None:
        return revisions[-1]
    for found in revisions:
        if found.revision == revision:
            return found
    raise not_found("Asset type", f"{name} revision {revision}")


def delete_asset_type(session: Session) -> None:
    """Remove all revisions of an asset type that no asset uses."""
    domain, name = session.domain, session.params["identifier"]
    latest = asset_type(session, name)
    access.require(session, latest.owning_project, access.BUILD)
    users = [asset.id for asset in domain.assets.values() if asset.type_name == name]
    if users:
        raise conflict(f"Asset type {name} is in use by {len(users)} assets, for example {users[0]}")
    del domain.asset_types[name]
    domain.policy_grants = {
        key: grant
        for key, grant in domain.policy_grants.items()
        if (grant.entity_type, grant.entity_id) != ("ASSET_TYPE", name)
    }
