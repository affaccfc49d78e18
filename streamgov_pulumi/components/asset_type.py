"""The asset type of a streaming platform, with the form types that its assets carry."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.data_source_permissions import ASSET_OPERATIONS
from streamgov_core.platforms import Platform
from streamgov_pulumi.arguments.inputs import is_late
from streamgov_pulumi.components._account import AccountComponent, AccountInput
from streamgov_pulumi.components._settings import Settings, child, if_said, platforms_of
from streamgov_pulumi.providers import AssetType, FormType, TypeDesignation


class MskAssetTypeArgs(TypedDict):
    """Arguments of MskAssetType."""

    account: AccountInput
    """The domain's account."""
    domain_id: pulumi.Input[str]
    """The DataZone domain."""
    owning_project_id: pulumi.Input[str]
    """The project that owns the types."""
    usable_in_domain_unit: NotRequired[pulumi.Input[str]]
    """Let every project of this domain unit (and below) create assets of the type; otherwise only the owner can."""
    adopt_existing: NotRequired[pulumi.Input[bool]]
    """Take over types of these names that exist already."""
    allow_breaking: NotRequired[pulumi.Input[bool]]
    """Accept changes of the form types that assets written so far cannot follow. Default false."""
    own_designations: NotRequired[pulumi.Input[bool]]
    """In a V2 domain make the designation by which data sources write assets of the type. Default true."""


class KinesisAssetTypeArgs(TypedDict):
    """Arguments of KinesisAssetType."""

    account: AccountInput
    """The domain's account."""
    domain_id: pulumi.Input[str]
    """The DataZone domain."""
    owning_project_id: pulumi.Input[str]
    """The project that owns the types."""
    usable_in_domain_unit: NotRequired[pulumi.Input[str]]
    """Let every project of this domain unit (and below) create assets of the type; otherwise only the owner can."""
    adopt_existing: NotRequired[pulumi.Input[bool]]
    """Take over types of these names that exist already."""
    allow_breaking: NotRequired[pulumi.Input[bool]]
    """Accept changes of the form types that assets written so far cannot follow. Default false."""
    own_designations: NotRequired[pulumi.Input[bool]]
    """In a V2 domain make the designation by which data sources write assets of the type. Default true."""


class StreamAssetTypeArgs(TypedDict):
    """Arguments of StreamAssetType."""

    platform: str
    """``msk`` or ``kinesis``."""
    account: AccountInput
    """The domain's account."""
    domain_id: pulumi.Input[str]
    """The DataZone domain."""
    owning_project_id: pulumi.Input[str]
    """The project that owns the types."""
    usable_in_domain_unit: NotRequired[pulumi.Input[str]]
    """Let every project of this domain unit (and below) create assets of the type; otherwise only the owner can."""
    adopt_existing: NotRequired[pulumi.Input[bool]]
    """Take over types of these names that exist already."""
    allow_breaking: NotRequired[pulumi.Input[bool]]
    """Accept changes of the form types that assets written so far cannot follow. Default false."""
    own_designations: NotRequired[pulumi.Input[bool]]
    """In a V2 domain make the designation by which data sources write assets of the type. Default true."""


class StreamAssetType(AccountComponent):
    """Form types and asset type of any streaming platform: what ``StreamGovernance`` makes, and the twins below are.

    Each revision of the asset type pins the revisions of its forms, so a new revision of a form makes a new revision
    of the asset type.
    """

    asset_type_name: pulumi.Output[str]
    """Name of the asset type."""
    revision: pulumi.Output[str]
    """Its current revision."""
    form_revisions: pulumi.Output[Mapping[str, str]]
    """Name of each of its own form types -> the current revision."""

    def __init__(self, name: str, args: StreamAssetTypeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("StreamAssetType", name, args, StreamAssetTypeArgs, opts)
        self._build(name, args["platform"], args)

    def _build(self, name: str, platform_name: str, args: MskAssetTypeArgs | KinesisAssetTypeArgs) -> None:
        settings = self._account.settings
        platform = platforms_of([platform_name])[0]
        common: dict[str, Any] = {
            "domain_id": args["domain_id"],
            "owning_project_id": args["owning_project_id"],
            "adopt_existing": args.get("adopt_existing", False),
            **self._account.session_inputs(),
        }
        # Left out unless it is set: what is not an input of the form itself should not show in its state.
        allowed = if_said("allow_breaking", args.get("allow_breaking", False))
        forms: dict[str, FormType] = {}
        for model, base in zip(platform.form_models(settings.names), _bases(platform, settings), strict=True):
            forms[model.name] = FormType(
                f"{name}-{base}",
                {
                    "name": model.name,
                    "model": model.smithy(),
                    "description": model.description or None,
                    **allowed,
                    **common,
                },
                child(self),
            )
        wanted = platform.asset_type(settings.names)
        asset_type = AssetType(
            name,
            {
                "name": wanted.name,
                "description": wanted.description or None,
                "forms": {
                    form_name: {
                        # The name comes from the resource, so that the type is made after its forms.
                        "type_identifier": forms[type_name].name if type_name in forms else type_name,
                        "required": required,
                        **({"type_revision": forms[type_name].revision} if type_name in forms else {}),
                    }
                    for form_name, (type_name, required) in sorted(wanted.forms.items())
                },
                **common,
            },
            child(self),
        )
        if "usable_in_domain_unit" in args:
            aws.datazone.PolicyGrant(
                f"{name}-usable",
                domain_identifier=args["domain_id"],
                entity_type="ASSET_TYPE",
                entity_identifier=asset_type.name,
                policy_type="USE_ASSET_TYPE",
                detail={"use_asset_type": {"domain_unit_id": args["usable_in_domain_unit"]}},
                principal={
                    "project": {
                        "project_designation": "CONTRIBUTOR",
                        "domain_unit_filter": {
                            "domain_unit": args["usable_in_domain_unit"],
                            "include_child_domain_units": True,
                        },
                    }
                },
                opts=child(self),
            )
        if is_late(args.get("own_designations")) or args.get("own_designations", True):
            self._designation(name, args, platform, asset_type)
        self.asset_type_name = asset_type.name
        self.revision = asset_type.revision
        self.form_revisions = pulumi.Output.all(**{key: form.revision for key, form in forms.items()})
        self.register_outputs(
            {
                "asset_type_name": self.asset_type_name,
                "revision": self.revision,
                "form_revisions": self.form_revisions,
            }
        )

    def _designation(
        self, name: str, args: MskAssetTypeArgs | KinesisAssetTypeArgs, platform: Platform, asset_type: AssetType
    ) -> None:
        """What data sources of all accounts are members by, in a V2 domain."""
        unit = {"domain_unit_id": args["usable_in_domain_unit"]} if "usable_in_domain_unit" in args else {}
        TypeDesignation(
            f"{name}-writers",
            {
                "domain_id": args["domain_id"],
                "name": self._account.settings.names.type_designation(platform.name),
                "asset_type": asset_type.name,
                "owning_project_id": args["owning_project_id"],
                "operations": list(ASSET_OPERATIONS),
                **unit,
                **self._account.session_inputs(),
            },
            child(self),
        )


def _bases(platform: Any, settings: Settings) -> list[str]:
    """The form types' names without the namespace: logical names do not change with it."""
    suffix = settings.names.type_name("")
    return [model.name.removesuffix(suffix) if suffix else model.name for model in platform.form_models(settings.names)]


class MskAssetType(StreamAssetType):
    """The asset type of a Kafka topic on Amazon MSK."""

    # The component host reads descriptions of the class itself only.
    asset_type_name: pulumi.Output[str]
    """Name of the asset type."""
    revision: pulumi.Output[str]
    """Its current revision."""
    form_revisions: pulumi.Output[Mapping[str, str]]
    """Name of each of its own form types -> the current revision."""

    def __init__(self, name: str, args: MskAssetTypeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super(StreamAssetType, self).__init__("MskAssetType", name, args, MskAssetTypeArgs, opts)
        self._build(name, "msk", args)


class KinesisAssetType(StreamAssetType):
    """The asset type of an Amazon Kinesis data stream."""

    # The component host reads descriptions of the class itself only.
    asset_type_name: pulumi.Output[str]
    """Name of the asset type."""
    revision: pulumi.Output[str]
    """Its current revision."""
    form_revisions: pulumi.Output[Mapping[str, str]]
    """Name of each of its own form types -> the current revision."""

    def __init__(self, name: str, args: KinesisAssetTypeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super(StreamAssetType, self).__init__("KinesisAssetType", name, args, KinesisAssetTypeArgs, opts)
        self._build(name, "kinesis", args)
