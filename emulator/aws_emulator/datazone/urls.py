"""The table of DataZone operations that the emulator serves: botocore's operation name to its function.

Paths and methods are botocore's own; the kernel matches and parses requests by them.
"""

from __future__ import annotations

import re
from types import ModuleType

from aws_emulator.datazone.models.backend import AccountHandler, DomainHandler
from aws_emulator.datazone.responses import catalogue, domains, lineage, projects, search, studio, subscriptions

ACCOUNT_OPERATIONS: dict[str, AccountHandler] = {
    "CreateDomain": domains.create_domain,
    "ListDomains": domains.list_domains,
    "TagResource": domains.tag_resource,
    "UntagResource": domains.untag_resource,
    "ListTagsForResource": domains.list_tags_for_resource,
}

_SERVED: dict[ModuleType, str] = {
    domains: """
        GetDomain UpdateDomain DeleteDomain
        CreateDomainUnit GetDomainUnit UpdateDomainUnit DeleteDomainUnit ListDomainUnitsForParent
        AddEntityOwner RemoveEntityOwner ListEntityOwners
        AddPolicyGrant RemovePolicyGrant ListPolicyGrants
        CreateRule GetRule ListRules UpdateRule DeleteRule
    """,
    projects: """
        CreateProject GetProject ListProjects UpdateProject DeleteProject
        CreateProjectMembership DeleteProjectMembership ListProjectMemberships
        CreateUserProfile GetUserProfile UpdateUserProfile SearchUserProfiles
        ListEnvironmentBlueprints GetEnvironmentBlueprint
        PutEnvironmentBlueprintConfiguration GetEnvironmentBlueprintConfiguration
        ListEnvironmentBlueprintConfigurations DeleteEnvironmentBlueprintConfiguration
        CreateEnvironmentProfile GetEnvironmentProfile ListEnvironmentProfiles
        UpdateEnvironmentProfile DeleteEnvironmentProfile
        CreateEnvironment GetEnvironment ListEnvironments UpdateEnvironment DeleteEnvironment
        AssociateEnvironmentRole DisassociateEnvironmentRole
    """,
    catalogue: """
        CreateFormType GetFormType DeleteFormType CreateAssetType GetAssetType DeleteAssetType
        CreateAsset CreateAssetRevision GetAsset ListAssetRevisions DeleteAsset
        CreateDataProduct CreateDataProductRevision GetDataProduct ListDataProductRevisions DeleteDataProduct
        CreateListingChangeSet GetListing DeleteListing
        CreateGlossary GetGlossary UpdateGlossary DeleteGlossary
        CreateGlossaryTerm GetGlossaryTerm UpdateGlossaryTerm DeleteGlossaryTerm
    """,
    studio: """
        CreateGroupProfile GetGroupProfile UpdateGroupProfile SearchGroupProfiles
        CreateDesignation GetDesignation UpdateDesignation DeleteDesignation ListDesignations
        CreateProjectProfile GetProjectProfile UpdateProjectProfile DeleteProjectProfile ListProjectProfiles
        CreateAccountPool GetAccountPool DeleteAccountPool ListAccountPools ListAccountsInAccountPool
        GetEnvironmentCredentials
    """,
    search: "Search SearchListings SearchTypes",
    subscriptions: """
        CreateSubscriptionTarget GetSubscriptionTarget ListSubscriptionTargets
        UpdateSubscriptionTarget DeleteSubscriptionTarget
        CreateSubscriptionRequest GetSubscriptionRequestDetails ListSubscriptionRequests
        AcceptSubscriptionRequest RejectSubscriptionRequest UpdateSubscriptionRequest DeleteSubscriptionRequest
        GetSubscription ListSubscriptions RevokeSubscription CancelSubscription
        CreateSubscriptionGrant GetSubscriptionGrant ListSubscriptionGrants
        UpdateSubscriptionGrantStatus DeleteSubscriptionGrant
    """,
    lineage: """
        PostLineageEvent GetLineageEvent ListLineageEvents DeleteLineageEvent
        GetLineageNode ListLineageNodeHistory
    """,
}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


DOMAIN_OPERATIONS: dict[str, DomainHandler] = {
    name: getattr(module, _snake(name)) for module, names in _SERVED.items() for name in names.split()
}
