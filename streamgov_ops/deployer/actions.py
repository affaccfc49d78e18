"""What deploying each type of resource takes: IAM actions to create, read, update and delete it.

Sources: the Service Authorization Reference for the actions and their resource types; for what pulumi-aws calls beside
the obvious (reads after each write), the handlers' lists in the CloudFormation schemas of the same types and the
provider's documentation. UNVERIFIED[deployer-actions]: nobody could run the real provider under these policies, so a
read may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Needs:
    """The actions of one type.

    Attributes:
        service: the prefix of its actions.
        resources: ARN patterns, with ``{partition} {region} {account}``; beside those of the type's own resources,
            which the deployment's specs tell (``streamgov_ops.deployer.resources``).
        read: what a preview or refresh calls on those resources.
        write: what create, update and delete call.
        read_any: reads that know no resource type.
        write_any: writes that know no resource type, or whose resource has no name yet.
        passes: services to which it hands a role (iam:PassRole).
        also: what it needs of another service.
    """

    service: str
    resources: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    read_any: tuple[str, ...] = ()
    write_any: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    also: tuple[Needs, ...] = ()


_SHARES = ("arn:{partition}:ram:{region}:{account}:resource-share/*",)
# A member accepts a share of the domain's account.
_FOREIGN_SHARES = ("arn:{partition}:ram:{region}:*:resource-share/*",)
_INVITATIONS = ("arn:{partition}:ram:{region}:*:resource-share-invitation/*",)

NEEDS: Mapping[str, Needs] = {
    "aws:kms/key:Key": Needs(
        "kms",
        # A key's ARN is not known before it exists.
        ("arn:{partition}:kms:{region}:{account}:key/*",),
        read=("DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"),
        write=(
            "CreateGrant", "DisableKeyRotation", "EnableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion",
            "UntagResource", "UpdateKeyDescription",
        ),
        # Tagging a key while it is made takes a permission that is not restricted to particular keys (KMS developer
        # guide, "Controlling access to tags").
        write_any=("CreateKey", "TagResource"),
    ),
    "aws:kms/alias:Alias": Needs(
        "kms",
        ("arn:{partition}:kms:{region}:{account}:key/*",),
        write=("CreateAlias", "DeleteAlias", "UpdateAlias"),
        read_any=("ListAliases",),
    ),
    "aws:cloudwatch/logGroup:LogGroup": Needs(
        "logs",
        read=("ListTagsForResource",),
        write=(
            "AssociateKmsKey", "CreateLogGroup", "DeleteLogGroup", "DeleteRetentionPolicy", "DisassociateKmsKey",
            "PutRetentionPolicy", "TagResource", "UntagResource",
        ),
        read_any=("DescribeLogGroups",),
    ),
    "aws:iam/role:Role": Needs(
        "iam",
        read=("GetRole", "ListAttachedRolePolicies", "ListInstanceProfilesForRole", "ListRolePolicies"),
        write=(
            "CreateRole", "DeleteRole", "DeleteRolePermissionsBoundary", "PutRolePermissionsBoundary", "TagRole",
            "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription",
        ),
    ),
    "aws:iam/rolePolicy:RolePolicy": Needs(
        "iam", read=("GetRolePolicy",), write=("DeleteRolePolicy", "PutRolePolicy")
    ),
    "aws:iam/policy:Policy": Needs(
        "iam",
        read=("GetPolicy", "GetPolicyVersion", "ListPolicyVersions"),
        write=(
            "CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "TagPolicy", "UntagPolicy",
        ),
    ),
    "aws:lambda/function:Function": Needs(
        "lambda",
        read=(
            "GetFunction", "GetFunctionCodeSigningConfig", "GetFunctionConcurrency", "GetFunctionConfiguration",
            "ListTags", "ListVersionsByFunction",
        ),
        write=(
            "CreateFunction", "DeleteFunction", "DeleteFunctionConcurrency", "PublishVersion",
            "PutFunctionConcurrency", "TagResource", "UntagResource", "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
        ),
        passes=("lambda.amazonaws.com",),
    ),
    "aws:lambda/alias:Alias": Needs(
        "lambda", read=("GetAlias", "ListVersionsByFunction"), write=("CreateAlias", "DeleteAlias", "UpdateAlias")
    ),
    "aws:lambda/layerVersion:LayerVersion": Needs(
        # A function is given a layer by who may read it ("Managing Lambda dependencies with layers").
        "lambda", read=("GetLayerVersion",), write=("DeleteLayerVersion", "PublishLayerVersion")
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Needs(
        "lambda",
        read=("GetFunctionEventInvokeConfig",),
        write=("DeleteFunctionEventInvokeConfig", "PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig"),
    ),
    "aws:lambda/permission:Permission": Needs(
        "lambda", read=("GetPolicy",), write=("AddPermission", "RemovePermission")
    ),
    "aws:sfn/stateMachine:StateMachine": Needs(
        "states",
        read=("DescribeStateMachine", "ListStateMachineVersions", "ListTagsForResource"),
        write=("CreateStateMachine", "DeleteStateMachine", "TagResource", "UntagResource", "UpdateStateMachine"),
        read_any=("ValidateStateMachineDefinition",),
        passes=("states.amazonaws.com",),
    ),
    "aws:dynamodb/table:Table": Needs(
        "dynamodb",
        read=("DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive", "ListTagsOfResource"),
        write=(
            "CreateTable", "DeleteTable", "TagResource", "UntagResource", "UpdateContinuousBackups", "UpdateTable",
            "UpdateTimeToLive",
        ),
    ),
    "aws:sqs/queue:Queue": Needs(
        "sqs",
        read=("GetQueueAttributes", "GetQueueUrl", "ListQueueTags"),
        write=("CreateQueue", "DeleteQueue", "SetQueueAttributes", "TagQueue", "UntagQueue"),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Needs(
        "sqs", read=("GetQueueAttributes",), write=("SetQueueAttributes",)
    ),
    "aws:cloudwatch/eventRule:EventRule": Needs(
        "events",
        read=("DescribeRule", "ListTagsForResource"),
        write=("DeleteRule", "DisableRule", "EnableRule", "PutRule", "TagResource", "UntagResource"),
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": Needs(
        "scheduler",
        read=("GetScheduleGroup", "ListTagsForResource"),
        write=("CreateScheduleGroup", "DeleteScheduleGroup", "TagResource", "UntagResource"),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Needs(
        "events",
        read=("ListTargetsByRule",),
        write=("PutTargets", "RemoveTargets"),
        passes=("events.amazonaws.com",),
    ),
    "aws:cloudwatch/dashboard:Dashboard": Needs(
        "cloudwatch", read=("GetDashboard",), write=("DeleteDashboards", "PutDashboard")
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Needs(
        "cloudwatch",
        read=("DescribeAlarms", "ListTagsForResource"),
        write=("DeleteAlarms", "PutMetricAlarm", "TagResource", "UntagResource"),
    ),
    "aws:ram/resourceShare:ResourceShare": Needs(
        "ram",
        _SHARES,
        write=(
            "AssociateResourceSharePermission", "DeleteResourceShare", "DisassociateResourceSharePermission",
            "TagResource", "UntagResource", "UpdateResourceShare",
        ),
        read=("ListResourceSharePermissions",),
        read_any=("GetResourceShares",),
        write_any=("CreateResourceShare",),
        # The domain's version says which permission the share has.
        also=(Needs("datazone", ("arn:{partition}:datazone:{region}:{account}:domain/*",), read=("GetDomain",)),),
    ),
    "aws:ram/resourceAssociation:ResourceAssociation": Needs(
        "ram",
        _SHARES,
        write=("AssociateResourceShare", "DisassociateResourceShare"),
        read_any=("GetResourceShareAssociations",),
    ),
    "aws:ram/principalAssociation:PrincipalAssociation": Needs(
        "ram",
        _SHARES,
        write=("AssociateResourceShare", "DisassociateResourceShare"),
        read_any=("GetResourceShareAssociations",),
    ),
    "aws:ram/resourceShareAccepter:ResourceShareAccepter": Needs(
        "ram",
        _FOREIGN_SHARES,
        write=("DisassociateResourceShare",),
        read_any=("GetResourceShareInvitations", "GetResourceShares", "ListResources"),
        also=(Needs("ram", _INVITATIONS, write=("AcceptResourceShareInvitation",)),),
    ),
    "aws:datazone/policyGrant:PolicyGrant": Needs(
        "datazone", read_any=("ListPolicyGrants",), write_any=("AddPolicyGrant", "RemovePolicyGrant")
    ),
    "aws:cloudtrail/trail:Trail": Needs(
        "cloudtrail",
        read=("GetEventSelectors", "GetInsightSelectors", "GetTrail", "GetTrailStatus", "ListTags"),
        write=("AddTags", "CreateTrail", "DeleteTrail", "RemoveTags", "StartLogging", "StopLogging", "UpdateTrail"),
        read_any=("DescribeTrails",),
    ),
    "aws:s3/bucket:Bucket": Needs(
        "s3",
        read=(
            "GetAccelerateConfiguration", "GetBucketAcl", "GetBucketCORS", "GetBucketLocation", "GetBucketLogging",
            "GetBucketObjectLockConfiguration", "GetBucketPolicy", "GetBucketRequestPayment", "GetBucketTagging",
            "GetBucketVersioning", "GetBucketWebsite", "GetEncryptionConfiguration", "GetLifecycleConfiguration",
            "GetReplicationConfiguration", "ListBucket", "ListBucketVersions",
        ),
        write=("CreateBucket", "DeleteBucket", "PutBucketTagging"),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Needs(
        "s3", read=("GetBucketPolicy",), write=("DeleteBucketPolicy", "PutBucketPolicy")
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Needs(
        "s3", read=("GetBucketPublicAccessBlock",), write=("PutBucketPublicAccessBlock",)
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Needs(
        "s3", read=("GetLifecycleConfiguration",), write=("PutLifecycleConfiguration",)
    ),
    # DataZone's actions name no resource type: what confines the deployer there is his membership in projects.
    "pulumi-python:dynamic/streamgov:FormType": Needs(
        "datazone", read_any=("GetFormType", "SearchTypes"), write_any=("CreateFormType", "DeleteFormType")
    ),
    "pulumi-python:dynamic/streamgov:AssetType": Needs(
        "datazone",
        read_any=("GetAssetType", "GetFormType", "Search", "SearchTypes"),
        write_any=("CreateAssetType", "DeleteAssetType"),
    ),
    "pulumi-python:dynamic/streamgov:SubscriptionTarget": Needs(
        "datazone",
        read_any=("GetSubscriptionTarget", "ListSubscriptionGrants", "ListSubscriptionTargets"),
        write_any=("CreateSubscriptionTarget", "DeleteSubscriptionTarget", "UpdateSubscriptionTarget"),
        # CreateSubscriptionTarget names a role for DataZone to assume.
        passes=("datazone.amazonaws.com",),
    ),
    "pulumi-python:dynamic/streamgov:ProjectEnvironment": Needs(
        "datazone", read_any=("GetEnvironment", "GetProject", "ListEnvironments")
    ),
    "pulumi-python:dynamic/streamgov:ProjectMembership": Needs(
        "datazone",
        # The domain's version says how it takes a role: as a user, or (V2) as the group of its sessions.
        ("arn:{partition}:datazone:{region}:{account}:domain/*",),
        read=("GetDomain",),
        read_any=(
            "GetDomainUnit",
            "GetDesignation",
            "GetProject",
            "GetUserProfile",
            "ListDesignations",
            "ListPolicyGrants",
            "ListProjectMemberships",
            "SearchGroupProfiles",
        ),
        write_any=(
            "CreateDesignation",
            "CreateGroupProfile",
            "CreateProjectMembership",
            "DeleteDesignation",
            "DeleteProjectMembership",
            "UpdateDesignation",
        ),
    ),
    "pulumi-python:dynamic/streamgov:TypeDesignation": Needs(
        "datazone",
        # The domain's version says whether it knows designations.
        ("arn:{partition}:datazone:{region}:{account}:domain/*",),
        read=("GetDomain",),
        read_any=("GetDesignation", "GetProject", "ListDesignations", "ListPolicyGrants"),
        write_any=(
            "AddPolicyGrant",
            "CreateDesignation",
            "DeleteDesignation",
            "RemovePolicyGrant",
            "UpdateDesignation",
        ),
    ),
    "pulumi-python:dynamic/streamgov:Rule": Needs(
        "datazone",
        # Where its root unit is stands in the domain itself.
        ("arn:{partition}:datazone:{region}:{account}:domain/*",),
        read=("GetDomain",),
        read_any=("GetRule", "ListRules"),
        write_any=("CreateRule", "DeleteRule", "UpdateRule"),
    ),
    "pulumi-python:dynamic/streamgov:DestroyGuard": Needs(
        "datazone",
        read_any=("GetAsset", "GetSubscriptionGrant", "ListSubscriptionGrants", "ListSubscriptions", "Search"),
        write_any=("CreateListingChangeSet", "DeleteAsset", "DeleteSubscriptionGrant", "RevokeSubscription"),
        also=(
            Needs(
                "dynamodb",
                ("{records}",),
                read=("Query",),
                write=("DeleteItem",),
            ),
            # The records' key, through DynamoDB only (streamgov_ops.deployer.policy).
            Needs("kms", ("arn:{partition}:kms:{region}:{account}:key/*",), write=("Decrypt",)),
        ),
    ),
    "pulumi-python:dynamic/streamgov:DeploymentMarker": Needs(
        "ssm",
        ("arn:{partition}:ssm:{region}:{account}:parameter/streamgov/{ns}/deployed/*",),
        read=("GetParameter",),
        write=("DeleteParameter", "PutParameter"),
    ),
    "pulumi-python:dynamic/streamgov:FunctionVersion": Needs(
        "lambda", read=("GetFunctionConfiguration",), write=("DeleteFunction",)
    ),
    # Not a resource: the lookup of a trail while the program runs (streamgov_pulumi.lookups).
    "lookup:trail": Needs(
        "cloudtrail",
        # Anybody's trail will do, an organisation's too.
        ("arn:{partition}:cloudtrail:*:*:trail/*",),
        read=("GetEventSelectors", "GetTrailStatus"),
        read_any=("DescribeTrails",),
    ),
    # The same of the domain, where another stack deploys it: a preview says if it cannot be seen from here.
    "lookup:domain": Needs("datazone", ("arn:{partition}:datazone:{region}:*:domain/*",), read=("GetDomain",)),
}  # fmt: skip
