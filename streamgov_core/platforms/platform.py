"""What a streaming platform is to the rest of the system: its types, what an asset names, what a grant permits.

Most questions are pure; ``policy_document`` and ``inspect`` reach AWS, through clients that are passed in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.errors import ClaimRefusedError
from streamgov_core.model.forms import AssetTypeModel, FormModel
from streamgov_core.model.permission import Permission
from streamgov_core.model.schema_reference import SchemaReference

if TYPE_CHECKING:
    from streamgov_core.documents.policy_document import PolicyDocument
    from streamgov_core.model.command import GrantCommand
    from streamgov_core.model.naming import Names
    from streamgov_core.runtime.clients import Clients

_SCHEMA = re.compile(
    r"arn:[a-z-]+:glue:[a-z0-9-]+:\d{12}:schema/(?P<registry>[a-zA-Z0-9_$#.-]+)/(?P<name>[a-zA-Z0-9_$#.-]+)"
)
_REGISTRY = re.compile(r"arn:[a-z-]+:glue:[a-z0-9-]+:\d{12}:registry/[a-zA-Z0-9_$#.-]+")

Forms = Mapping[str, Mapping[str, Any]]
"""Form name -> the form's content, as in ``AssetListing.forms`` of the DataZone API (GetListing)."""


@dataclass(frozen=True)
class Claim:
    """What an asset's forms say about its resource. A claim only: the data source's record is the authority.

    Args:
        account: owner of the resource, from its ARN.
        region: region of the resource, from its ARN.
        resource: ``arn`` and the platform's own facts; travels in the grant command.
        schema: the registered schema, if there is one.
    """

    account: str
    region: str
    resource: Mapping[str, Any]
    schema: SchemaReference | None

    @property
    def arn(self) -> str:
        """ARN of the topic or stream."""
        return str(self.resource["arn"])


class Platform(Protocol):
    """One streaming platform. Add one: a module beside this one, an entry in ``PLATFORMS``, tests."""

    name: str
    """The word in configuration, messages and records: ``msk``, ``kinesis``."""
    asset_type_base: str
    """Asset type in the default namespace."""

    def form_models(self, names: Names) -> tuple[FormModel, ...]:
        """The platform's own form types, under this deployment's names."""

    def asset_type(self, names: Names) -> AssetTypeModel:
        """The asset type, which refers to the form types."""

    def claim(self, forms: Forms) -> Claim:
        """Read the resource and the schema out of an asset's forms.

        Raises:
            ClaimRefusedError: a required field is missing or is not a legal ARN or name.
        """

    def review(self, command: GrantCommand) -> None:
        """Refuse what the platform cannot grant, whatever the policies have room for.

        Raises:
            PermanentGrantError: with the reason and what to do.
        """

    def producer_contributions(self, names: Names, command: GrantCommand) -> tuple[PolicyContribution, ...]:
        """Documents in the owner's account: resource policies."""

    def consumer_permissions(self, names: Names, command: GrantCommand) -> tuple[Permission, ...]:
        """What each of the consumer's roles needs in its identity policy, the schema registry aside."""

    def connection(self, command: GrantCommand) -> dict[str, str]:
        """What a consumer needs to know to connect, for the portal and for records; no secrets."""

    def policy_document(self, kind: str, arn: str, sid_prefix: str, clients: Clients) -> PolicyDocument | None:
        """The policy documents of a target of this platform; None if the kind is not one of its own."""

    def inspect(self, command: GrantCommand, clients: Clients) -> dict[str, Any]:
        """Look at the resource in the owner's account before a grant.

        Returns:
            ``warnings``: what a reviewer should know.

        Raises:
            GrantError: the resource cannot be granted as it is.
        """

    def member_statements(self, names: Names, account: str) -> list[dict[str, Any]]:
        """IAM statements that the ``apply`` function needs in an owner's account for this platform."""


def text(form: Mapping[str, Any], name: str, form_name: str, *, required: bool = True) -> str:
    """A string field of a form; empty if it is absent and not required.

    Raises:
        ClaimRefusedError: the field is missing or no string.
    """
    value = form.get(name)
    if value is None or value == "":
        if required:
            raise ClaimRefusedError(f"the asset's form {form_name} has no {name}")
        return ""
    if not isinstance(value, str):
        raise ClaimRefusedError(f"{name} of the asset's form {form_name} must be text, got {type(value).__name__}")
    return value


def schema_ref(form: Mapping[str, Any], form_name: str) -> SchemaReference | None:
    """The schema that a form names, or None without one.

    Raises:
        ClaimRefusedError: the ARNs are not those of a Glue registry and of a schema in it.
    """
    schema_arn = text(form, "schema_arn", form_name, required=False)
    registry_arn = text(form, "registry_arn", form_name, required=False)
    if not schema_arn and not registry_arn:
        return None
    match = _SCHEMA.fullmatch(schema_arn)
    if match is None or not _REGISTRY.fullmatch(registry_arn):
        raise ClaimRefusedError(
            f"schema_arn and registry_arn of the asset's form {form_name} must be ARNs of one Glue registry, got "
            f"{schema_arn!r} and {registry_arn!r}"
        )
    expected = schema_arn.rsplit("/", 1)[0].replace(":schema/", ":registry/")
    if expected != registry_arn:
        raise ClaimRefusedError(f"the schema {schema_arn} does not belong to the registry {registry_arn}")
    return SchemaReference(registry_arn, schema_arn, match["name"])


def form_of(forms: Forms, name: str) -> Mapping[str, Any]:
    """A form of an asset.

    Raises:
        ClaimRefusedError: the asset does not carry it.
    """
    form = forms.get(name)
    if not isinstance(form, Mapping):
        raise ClaimRefusedError(f"the asset has no form {name}")
    return form
