"""Inputs and outputs of the resources of DataZone: types for Python programs, and the plugin's schema."""

# The schema is read from these annotations as objects: they must not be postponed.
from typing import Required, TypedDict

import pulumi


class SessionInputs(TypedDict, total=False):
    """How the account is reached in which an object is made."""

    region: Required[pulumi.Input[str]]
    """AWS region."""
    assume_role_arn: pulumi.Input[str]
    """ARN of a role that is assumed for each call. Default: the ambient credentials."""
    external_id: pulumi.Input[str]
    """External id for the assumption of that role."""
    adopt_existing: pulumi.Input[bool]
    """Take over an object of the same name that exists already, instead of refusing. Default: false."""


class FormTypeInputs(SessionInputs, total=False):
    """Inputs of FormType."""

    domain_id: Required[pulumi.Input[str]]
    """The DataZone domain."""
    name: Required[pulumi.Input[str]]
    """Name of the form type; the model's structure carries it. A change replaces the type."""
    model: Required[pulumi.Input[str]]
    """Smithy model of one structure."""
    owning_project_id: Required[pulumi.Input[str]]
    """The project that owns the type. A change replaces the type."""
    description: pulumi.Input[str]
    """Up to 2,048 characters."""
    status: pulumi.Input[str]
    """`ENABLED` (default) or `DISABLED`."""
    allow_breaking: pulumi.Input[bool]
    """Accept a change that existing assets cannot follow. Default: false."""


class AssetTypeForm(TypedDict, total=False):
    """A form of an asset type."""

    type_identifier: Required[pulumi.Input[str]]
    """Name of the form type."""
    type_revision: pulumi.Input[str]
    """Its revision. Default: the current one when the asset type is made, which stays pinned."""
    required: pulumi.Input[bool]
    """Whether each asset must have the form. Default: false."""


class AssetTypeInputs(SessionInputs, total=False):
    """Inputs of AssetType."""

    domain_id: Required[pulumi.Input[str]]
    """The DataZone domain."""
    name: Required[pulumi.Input[str]]
    """Name of the asset type. A change replaces it."""
    owning_project_id: Required[pulumi.Input[str]]
    """The project that owns the type. A change replaces the type."""
    forms: Required[pulumi.Input[dict[str, pulumi.Input[AssetTypeForm]]]]
    """Form name to form type; 10 at most."""
    description: pulumi.Input[str]
    """Up to 2,048 characters."""


class SubscriptionTargetForm(TypedDict):
    """A form of a subscription target's configuration."""

    form_name: pulumi.Input[str]
    """Name of the form."""
    content: pulumi.Input[str]
    """Its content, as JSON."""


class SubscriptionTargetInputs(SessionInputs, total=False):
    """Inputs of SubscriptionTarget. The session must lead into the environment's account."""

    domain_id: Required[pulumi.Input[str]]
    """The DataZone domain."""
    environment_id: Required[pulumi.Input[str]]
    """The environment that receives access. A change replaces the target."""
    name: Required[pulumi.Input[str]]
    """1 to 256 characters."""
    authorized_principals: Required[pulumi.Input[list[pulumi.Input[str]]]]
    """ARNs of the 1 to 20 roles that receive access."""
    applicable_asset_types: Required[pulumi.Input[list[pulumi.Input[str]]]]
    """Names of the asset types that it can subscribe to."""
    manage_access_role: Required[pulumi.Input[str]]
    """ARN of a role of path `/` or `/service-role/`, which DataZone asks for and does not use for custom assets."""
    type: pulumi.Input[str]
    """Type of the target. A change replaces it."""
    provider_name: pulumi.Input[str]
    """Who fulfils its grants."""
    subscription_target_config: pulumi.Input[list[pulumi.Input[SubscriptionTargetForm]]]
    """Forms of its configuration. Default: none."""
    subscription_grant_creation_mode: pulumi.Input[str]
    """`AUTOMATIC` or `MANUAL`. Default: DataZone's."""


class ProjectEnvironmentInputs(SessionInputs):
    """Inputs of ProjectEnvironment."""

    domain_id: pulumi.Input[str]
    """The DataZone domain."""
    project_id: pulumi.Input[str]
    """The project."""


class ProjectEnvironmentOutputs(TypedDict):
    """What a look at a project's tooling brings."""

    environment_id: pulumi.Output[str]
    """The tooling environment."""
    role_arn: pulumi.Output[str]
    """ARN of the project's role."""
    account_id: pulumi.Output[str]
    """The environment's account."""


class ProjectMembershipInputs(SessionInputs, total=False):
    """Inputs of ProjectMembership. A change of any other than the operations replaces the membership."""

    domain_id: Required[pulumi.Input[str]]
    """The DataZone domain."""
    project_id: Required[pulumi.Input[str]]
    """The project."""
    user_identifier: pulumi.Input[str]
    """ARN of an IAM role or user, or id of a user. This or `group_identifier`."""
    group_identifier: pulumi.Input[str]
    """Id of a group."""
    designation: pulumi.Input[str]
    """`PROJECT_CONTRIBUTOR` (default), `PROJECT_OWNER` or another of DataZone's."""
    operations: pulumi.Input[list[pulumi.Input[str]]]
    """Operations of DataZone's API that the member calls. In a V2 domain it gets a designation of its own that permits
    these alone; elsewhere `designation` counts."""
    designation_name: pulumi.Input[str]
    """Name of that designation; members of one name share it. Needed with `operations`."""
    asset_type: pulumi.Input[str]
    """Name of an asset type whose assets the member writes: the designation is then that of a `TypeDesignation`, which
    is looked for and not made."""


class TypeDesignationInputs(SessionInputs, total=False):
    """Inputs of TypeDesignation. In a V1 domain nothing is made."""

    domain_id: Required[pulumi.Input[str]]
    """The DataZone domain. A change replaces the designation."""
    name: Required[pulumi.Input[str]]
    """Name of the designation, unique in the domain: 1 to 64 letters, digits, `_`, `-` and spaces. A change replaces
    it."""
    asset_type: Required[pulumi.Input[str]]
    """Name of the asset type that holders may use. A change replaces the designation."""
    owning_project_id: Required[pulumi.Input[str]]
    """The project that owns the asset type, where holders may use it."""
    operations: Required[pulumi.Input[list[pulumi.Input[str]]]]
    """Operations of DataZone's API that it permits."""
    domain_unit_id: pulumi.Input[str]
    """Holders in projects of this domain unit and below may use the type, too."""


class RuleForm(TypedDict):
    """A metadata form that a rule requires."""

    type_identifier: pulumi.Input[str]
    """Name of the form type."""
    type_revision: pulumi.Input[str]
    """Its revision."""


class RuleInputs(SessionInputs, total=False):
    """Inputs of Rule."""

    domain_id: Required[pulumi.Input[str]]
    """The DataZone domain."""
    name: Required[pulumi.Input[str]]
    """1 to 256 letters, digits, `_`, `-` and spaces."""
    action: Required[pulumi.Input[str]]
    """`CREATE_SUBSCRIPTION_REQUEST` or `CREATE_LISTING_CHANGE_SET`. A change replaces the rule."""
    domain_unit_id: pulumi.Input[str]
    """The domain unit. Default: the domain's root. A change replaces the rule."""
    metadata_forms: pulumi.Input[list[pulumi.Input[RuleForm]]]
    """The 1 to 5 forms that are required. These or `glossary_terms`."""
    glossary_terms: pulumi.Input[list[pulumi.Input[str]]]
    """Ids of the 1 to 5 glossary terms that are required."""
    include_child_domain_units: pulumi.Input[bool]
    """Default: true."""
    asset_types: pulumi.Input[list[pulumi.Input[str]]]
    """Names of asset types. Default: all."""
    projects: pulumi.Input[list[pulumi.Input[str]]]
    """Ids of projects. Default: all."""
    data_products: pulumi.Input[bool]
    """Whether data products count. Default: false."""
    description: pulumi.Input[str]
    """Up to 2,048 characters."""


class GuardedTarget(TypedDict):
    """A subscription target that a destroy would take away."""

    environment_id: pulumi.Input[str]
    """Its environment."""
    target_id: pulumi.Input[str]
    """Its id."""


class GuardedPart(TypedDict, total=False):
    """What a stack has in one account, as far as a destroy would meet it."""

    assume_role_arn: pulumi.Input[str]
    """ARN of a role that is assumed for each call."""
    external_id: pulumi.Input[str]
    """External id for the assumption of that role."""
    account: pulumi.Input[str]
    """The account, for its ledgers."""
    sides: pulumi.Input[list[pulumi.Input[str]]]
    """Whose ledgers it has: `domain`, `member`, or both."""
    asset_types: pulumi.Input[list[pulumi.Input[str]]]
    """Names of the asset types that the stack made."""
    targets: pulumi.Input[list[pulumi.Input[GuardedTarget]]]
    """The subscription targets that the stack made."""
    record_keys: pulumi.Input[list[pulumi.Input[str]]]
    """Keys of its data sources' records in the account's table."""
    trail: pulumi.Input[bool]
    """Whether logs of a trail of the stack are kept."""


class DestroyGuardInputs(SessionInputs, total=False):
    """Inputs of DestroyGuard."""

    domain_id: Required[pulumi.Input[str]]
    """The DataZone domain."""
    on_destroy: pulumi.Input[str]
    """`refuse` (default) while something lives, or `cascade`: end it first."""
    parts: pulumi.Input[list[pulumi.Input[GuardedPart]]]
    """What is guarded, by account."""
    namespace: pulumi.Input[str]
    """The deployment's namespace."""
    partition: pulumi.Input[str]
    """The AWS partition."""


class DeploymentMarkerInputs(SessionInputs, total=False):
    """Inputs of DeploymentMarker."""

    namespace: Required[pulumi.Input[str]]
    """The deployment's namespace."""
    side: Required[pulumi.Input[str]]
    """`domain` or `member`."""
    account: Required[pulumi.Input[str]]
    """The 12 digits of the account id."""
    owner: Required[pulumi.Input[str]]
    """Full name of the stack that deploys the namespace there."""


class FunctionVersionInputs(SessionInputs, total=False):
    """Inputs of FunctionVersion. Any change replaces it."""

    function_name: Required[pulumi.Input[str]]
    """Name of the Lambda function."""
    version: Required[pulumi.Input[str]]
    """Number of the version that was published."""


class TypeOutputs(TypedDict):
    """Outputs of FormType."""

    revision: pulumi.Output[str]
    """The current revision."""


class AssetTypeOutputs(TypeOutputs):
    """Outputs of AssetType."""

    form_revisions: pulumi.Output[dict[str, str]]
    """Form name to the revision of its type that is pinned."""


class TargetOutputs(TypedDict):
    """Outputs of SubscriptionTarget."""

    target_id: pulumi.Output[str]
    """DataZone's id of the target."""


class MembershipOutputs(TypedDict):
    """Outputs of ProjectMembership."""

    member_id: pulumi.Output[str]
    """DataZone's id of the member."""
    domain_version: pulumi.Output[str]
    """`V1` or `V2`, which decides how a role is a member."""
    held_designation: pulumi.Output[str]
    """Name of the managed designation that the member holds, or the id of its own."""


class DesignationOutputs(TypedDict):
    """Outputs of TypeDesignation."""

    domain_version: pulumi.Output[str]
    """`V1` or `V2`, which decides whether there is a designation."""
    designation_id: pulumi.Output[str]
    """DataZone's id of the designation; empty if the domain knows or takes none."""


class RuleOutputs(TypedDict):
    """Outputs of Rule."""

    rule_id: pulumi.Output[str]
    """DataZone's id of the rule."""
    unit_id: pulumi.Output[str]
    """The domain unit that it is in."""
    is_root: pulumi.Output[bool]
    """Whether that is the domain's root."""


class NoOutputs(TypedDict):
    """A resource with no outputs beside its inputs."""
