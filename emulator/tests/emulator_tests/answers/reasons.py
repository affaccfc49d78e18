"""Members that answers to reads may leave out, and why: ``Shape: member member`` of botocore's models, by service.

What AWS fills in by itself must not stand here. A member that botocore gains fails the test until somebody looks it up.
"""

from __future__ import annotations

ASKED = {
    "kinesis": "StreamDescription: KeyId StreamDescriptionSummary: KeyId",
    "kafka": (
        "ClusterInfo: LoggingInfo EBSStorageInfo: ProvisionedThroughput BrokerSoftwareInfo: ConfigurationArn "
        "ConfigurationRevision Provisioned: LoggingInfo VpcConfig: SecurityGroupIds DescribeTopicResponse: "
        "Configs"
    ),
    "glue": (
        "GetRegistryResponse: Description RegistryListItem: Description GetSchemaResponse: Description "
        "SchemaListItem: Description"
    ),
    "kms": "GrantListEntry: Name RetiringPrincipal Constraints",
    "dynamodb": (
        "TableDescription: StreamSpecification LatestStreamLabel LatestStreamArn SSEDescription TableClassSummary "
        "OnDemandThroughput"
    ),
    "s3": (
        "Object: Owner ListObjectsV2Output: Delimiter CommonPrefixes StartAfter RequestCharged "
        "GetBucketVersioningOutput: Status MFADelete ServerSideEncryptionByDefault: KMSMasterKeyID "
        "ListBucketsOutput: Prefix"
    ),
    "ssm": (
        "Parameter: Selector ParameterMetadata: KeyId Description AllowedPattern ParameterHistory: KeyId "
        "Description AllowedPattern"
    ),
    "iam": "Role: Description PermissionsBoundary Tags Policy: Description Tags RoleDetail: PermissionsBoundary",
    "lambda": (
        "FunctionConfiguration: VpcConfig DeadLetterConfig Environment KMSKeyArn Layers FileSystemConfigs "
        "GetFunctionResponse: Tags Concurrency GetFunctionConcurrencyResponse: ReservedConcurrentExecutions "
        "FunctionEventInvokeConfig: MaximumEventAgeInSeconds OnSuccess: Destination OnFailure: Destination "
        "EventSourceMappingConfiguration: FilterCriteria KMSKeyArn LoggingConfig ProvisionedPollerConfig"
    ),
    "stepfunctions": (
        "LoggingConfiguration: destinations DescribeStateMachineOutput: description DescribeExecutionOutput: "
        "traceHeader StateExitedEventDetails: assignedVariables assignedVariablesDetails"
    ),
    "events": (
        "DescribeRuleResponse: Description RoleArn Rule: Description RoleArn Target: RoleArn Input InputPath "
        "InputTransformer DeadLetterConfig RetryPolicy DescribeEventBusResponse: Description KmsKeyIdentifier "
        "DeadLetterConfig Policy LogConfig EventBus: Description Policy"
    ),
    "scheduler": "GetScheduleOutput: StartDate EndDate Description KmsKeyArn Target: DeadLetterConfig Input",
    "ram": "ResourceSharePermissionSummary: tags",
    "cloudtrail": (
        "Trail: S3KeyPrefix SnsTopicName SnsTopicARN CloudWatchLogsLogGroupArn CloudWatchLogsRoleArn KmsKeyId "
        "GetEventSelectorsResponse: AdvancedEventSelectors"
    ),
    "cloudwatch": "MetricAlarm: AlarmDescription Unit DatapointsToAlarm",
    "logs": "LogGroup: retentionInDays kmsKeyId MetricTransformation: defaultValue dimensions unit",
    "kinesisanalyticsv2": (
        "ListTagsForResourceResponse: Tags "
        "ApplicationDetail: ApplicationDescription ApplicationConfigurationDescription: "
        "EnvironmentPropertyDescriptions VpcConfigurationDescriptions S3ApplicationCodeLocationDescription: "
        "ObjectVersion"
    ),
    "datazone": (
        "GetDomainOutput: description kmsKeyIdentifier DomainSummary: description GetProjectOutput: description "
        "glossaryTerms ProjectSummary: description GetDomainUnitOutput: description "
        "GetEnvironmentBlueprintOutput: glossaryTerms GetEnvironmentBlueprintConfigurationOutput: "
        "provisioningRoleArn environmentRolePermissionBoundary manageAccessRoleArn regionalParameters "
        "provisioningConfigurations EnvironmentBlueprintConfigurationItem: provisioningRoleArn "
        "environmentRolePermissionBoundary manageAccessRoleArn regionalParameters provisioningConfigurations "
        "GetEnvironmentProfileOutput: description EnvironmentProfileSummary: description GetEnvironmentOutput: "
        "description glossaryTerms EnvironmentSummary: description GetFormTypeOutput: description imports "
        "GetAssetTypeOutput: description AssetTypeItem: description GetAssetOutput: externalIdentifier "
        "description glossaryTerms AssetItem: externalIdentifier description glossaryTerms additionalAttributes "
        "GetGlossaryOutput: description GetGlossaryTermOutput: shortDescription longDescription termRelations "
        "GetListingOutput: description AssetListingItem: description additionalAttributes SearchListingsOutput: "
        "aggregates GetSubscriptionRequestDetailsOutput: metadataForms GetLineageNodeOutput: description "
        "LineageNodeSummary: description"
    ),
}
"""Only where somebody asked for it: a setting without a default."""

STATE = {
    "kinesis": (
        "Shard: ParentShardId AdjacentParentShardId SequenceNumberRange: EndingSequenceNumber Record: "
        "EncryptionType GetRecordsOutput: ChildShards"
    ),
    "kafka": (
        "ClusterInfo: ActiveOperationArn StateInfo ClusterOperationInfo: ErrorInfo VpcConnectionInfo "
        "MutableClusterInfo: BrokerEBSVolumeInfo ConfigurationInfo NumberOfBrokerNodes EnhancedMonitoring "
        "OpenMonitoring ZookeeperAccess KafkaVersion LoggingInfo InstanceType ClientAuthentication EncryptionInfo "
        "StorageMode BrokerCountUpdateInfo Rebalancing ConnectivityInfo: VpcConnectivity VpcConnectivitySasl: "
        "Scram VpcConnectivityClientAuthentication: Tls ClusterOperationV2: ErrorInfo "
        "ClusterOperationV2Provisioned: VpcConnectionInfo Cluster: ActiveOperationArn StateInfo NodeInfo: "
        "AddedToClusterTime"
    ),
    "kms": (
        "KeyMetadata: DeletionDate ValidTo ExpirationModel PendingDeletionWindowInDays "
        "GetKeyRotationStatusResponse: RotationPeriodInDays NextRotationDate OnDemandRotationStartDate"
    ),
    "dynamodb": (
        "ProvisionedThroughputDescription: LastIncreaseDateTime LastDecreaseDateTime TableDescription: "
        "RestoreSummary ArchivalSummary PointInTimeRecoveryDescription: RecoveryPeriodInDays "
        "EarliestRestorableDateTime LatestRestorableDateTime"
    ),
    "s3": "Object: RestoreStatus",
    "iam": "Role: RoleLastUsed RoleLastUsed: LastUsedDate Region",
    "lambda": (
        "FunctionConfiguration: StateReason StateReasonCode LastUpdateStatusReason LastUpdateStatusReasonCode "
        "RuntimeVersionConfig: Error FunctionCodeLocation: Error GetFunctionResponse: TagsError "
        "EventSourceMappingConfiguration: FilterCriteriaError"
    ),
    "stepfunctions": (
        "DescribeStateMachineOutput: revisionId DescribeExecutionOutput: mapRunArn error cause "
        "stateMachineVersionArn stateMachineAliasArn redriveDate DescribeStateMachineForExecutionOutput: "
        "mapRunArn revisionId ExecutionStartedEventDetails: stateMachineAliasArn stateMachineVersionArn "
        "ExecutionListItem: mapRunArn stateMachineVersionArn stateMachineAliasArn redriveDate"
    ),
    "ram": "ResourceShare: statusMessage ResourceShareAssociation: statusMessage",
    "cloudtrail": (
        "GetTrailStatusResponse: LatestDeliveryError LatestNotificationError LatestDeliveryTime "
        "LatestNotificationTime StartLoggingTime StopLoggingTime LatestCloudWatchLogsDeliveryError "
        "LatestCloudWatchLogsDeliveryTime LatestDigestDeliveryTime LatestDigestDeliveryError"
    ),
    "cloudwatch": "MetricAlarm: EvaluationState",
    "logs": "LogGroup: dataProtectionStatus LogStream: firstEventTimestamp lastEventTimestamp lastIngestionTime",
    "kinesisanalyticsv2": (
        "ApplicationDetail: ApplicationVersionUpdatedFrom ApplicationVersionRolledBackFrom "
        "ApplicationVersionRolledBackTo ApplicationConfigurationDescription: RunConfigurationDescription "
        "FlinkApplicationConfigurationDescription: JobPlanDescription"
    ),
    "datazone": (
        "GetDomainOutput: failureReasons deleteProgress GetProjectOutput: failureReasons "
        "environmentDeploymentDetails ProjectSummary: failureReasons Deployment: failureReason messages "
        "GetAssetOutput: listing readOnlyFormsOutput latestTimeSeriesDataPointFormsOutput AssetListing: "
        "latestTimeSeriesDataPointForms GetSubscriptionRequestDetailsOutput: reviewerId decisionComment "
        "existingSubscriptionId SubscriptionRequestSummary: reviewerId decisionComment existingSubscriptionId "
        "SubscriptionSummary: retainPermissions GetSubscriptionOutput: retainPermissions"
    ),
}
"""Only in a state that the thing is not in, or once something happened to it."""

KIND = {
    "kafka": (
        "ClusterInfo: Rebalancing ClusterOperationV2: Serverless Cluster: Serverless Provisioned Provisioned: "
        "Rebalancing GetBootstrapBrokersResponse: BootstrapBrokerString BootstrapBrokerStringTls "
        "BootstrapBrokerStringSaslScram BootstrapBrokerStringPublicTls BootstrapBrokerStringPublicSaslScram "
        "BootstrapBrokerStringPublicSaslIam BootstrapBrokerStringVpcConnectivityTls "
        "BootstrapBrokerStringVpcConnectivitySaslScram BootstrapBrokerStringIpv6 BootstrapBrokerStringTlsIpv6 "
        "BootstrapBrokerStringSaslScramIpv6 BootstrapBrokerStringSaslIamIpv6 "
        "BootstrapBrokerStringVpcConnectivitySaslIam NodeInfo: ControllerNodeInfo ZookeeperNodeInfo"
    ),
    "glue": "MetadataInfo: OtherMetadataValueList",
    "kms": (
        "KeyMetadata: CustomKeyStoreId CloudHsmClusterId SigningAlgorithms KeyAgreementAlgorithms "
        "EncapsulationAlgorithms MultiRegionConfiguration MacAlgorithms XksKeyConfiguration GrantListEntry: "
        "GranteeServicePrincipal RetiringServicePrincipal"
    ),
    "dynamodb": (
        "TableDescription: GlobalTableVersion Replicas GlobalTableWitnesses GlobalTableSettingsReplicationMode "
        "MultiRegionConsistency TimeToLiveDescription: AttributeName"
    ),
    "s3": "Grantee: DisplayName EmailAddress URI Bucket: BucketArn",
    "ssm": "Parameter: SourceResult",
    "iam": (
        "EvaluationResult: OrganizationsDecisionDetail PermissionsBoundaryDecisionDetail EvalDecisionDetails "
        "ResourceSpecificResults"
    ),
    "lambda": (
        "FunctionConfiguration: MasterArn SigningProfileVersionArn SigningJobArn ImageConfigResponse "
        "LoggingConfig: ApplicationLogLevel SystemLogLevel FunctionCodeLocation: ImageUri ResolvedImageUri "
        "GetFunctionCodeSigningConfigResponse: CodeSigningConfigArn GetRuntimeManagementConfigResponse: "
        "RuntimeVersionArn EventSourceMappingConfiguration: StartingPosition StartingPositionTimestamp "
        "ParallelizationFactor LastProcessingResult DestinationConfig Topics Queues SourceAccessConfigurations "
        "SelfManagedEventSource MaximumRecordAgeInSeconds BisectBatchOnFunctionError MaximumRetryAttempts "
        "TumblingWindowInSeconds AmazonManagedKafkaEventSourceConfig SelfManagedKafkaEventSourceConfig "
        "DocumentDBEventSourceConfig DestinationConfig: OnSuccess"
    ),
    "stepfunctions": (
        "DescribeStateMachineOutput: label variableReferences EncryptionConfiguration: kmsKeyId "
        "kmsDataKeyReusePeriodSeconds DescribeStateMachineForExecutionOutput: label variableReferences "
        "HistoryEvent: activityFailedEventDetails activityScheduleFailedEventDetails "
        "activityScheduledEventDetails activityStartedEventDetails activitySucceededEventDetails "
        "activityTimedOutEventDetails taskFailedEventDetails taskScheduledEventDetails "
        "taskStartFailedEventDetails taskStartedEventDetails taskSubmitFailedEventDetails "
        "taskSubmittedEventDetails taskSucceededEventDetails taskTimedOutEventDetails executionFailedEventDetails "
        "executionSucceededEventDetails executionAbortedEventDetails executionTimedOutEventDetails "
        "executionRedrivenEventDetails mapStateStartedEventDetails mapIterationStartedEventDetails "
        "mapIterationSucceededEventDetails mapIterationFailedEventDetails mapIterationAbortedEventDetails "
        "lambdaFunctionFailedEventDetails lambdaFunctionScheduleFailedEventDetails "
        "lambdaFunctionScheduledEventDetails lambdaFunctionStartFailedEventDetails "
        "lambdaFunctionSucceededEventDetails lambdaFunctionTimedOutEventDetails stateEnteredEventDetails "
        "stateExitedEventDetails mapRunStartedEventDetails mapRunFailedEventDetails mapRunRedrivenEventDetails "
        "evaluationFailedEventDetails executionStartedEventDetails ExecutionListItem: itemCount"
    ),
    "events": (
        "DescribeRuleResponse: ScheduleExpression ManagedBy Rule: ScheduleExpression ManagedBy Target: "
        "KinesisParameters RunCommandParameters EcsParameters BatchParameters SqsParameters HttpParameters "
        "RedshiftDataParameters SageMakerPipelineParameters AppSyncParameters DescribeEventBusResponse: ManagedBy "
        "EventBus: ManagedBy"
    ),
    "scheduler": (
        "Target: EcsParameters EventBridgeParameters EventBridgePutEventsV2Parameters "
        "EventBridgePutRawEventsParameters KinesisParameters SageMakerPipelineParameters SqsParameters "
        "FlexibleTimeWindow: MaximumWindowInMinutes"
    ),
    "ram": "ResourceSharePermissionSummary: permissionTemplateParameters ResourceShareInvitation: receiverArn",
    "cloudwatch": "MetricAlarm: ExtendedStatistic EvaluateLowSampleCountPercentile ThresholdMetricId",
    "kinesisanalyticsv2": (
        "ApplicationConfigurationDescription: SqlApplicationConfigurationDescription "
        "ZeppelinApplicationConfigurationDescription CodeContentDescription: TextContent"
    ),
    "datazone": (
        "SingleSignOn: userAssignment idcInstanceArn GetProjectOutput: projectProfileId userParameters "
        "ProjectMember: userCreatedDesignationId IamUserProfileDetails: sessionName groupProfileId "
        "GetEnvironmentBlueprintOutput: deploymentProperties userParameters GetEnvironmentOutput: "
        "provisioningProperties deploymentProperties environmentConfigurationId environmentConfigurationName "
        "EnvironmentSummary: environmentConfigurationId environmentConfigurationName SubscribedAssetListing: "
        "assetScope permissions"
    ),
}
"""Of another kind of the same thing, or of another way to use it."""

NEW = {
    "kinesis": (
        "StreamDescriptionSummary: StreamId WarmThroughput ChannelCount RecordDistributionStrategy QueueCount "
        "DescribeLimitsOutput: ChannelCount ChannelCountLimit"
    ),
    "kafka": "Serverless: ConnectivityInfo ClientAuthentication: Tls",
    "dynamodb": "TableDescription: DisassociationProtectionEnabled VectorIndexes",
    "s3": "Object: ChecksumType ServerSideEncryptionRule: BlockedEncryptionTypes Bucket: BucketRegion",
    "iam": "Role: SourceRoleTemplate",
    "lambda": (
        "FunctionConfiguration: TenancyConfig CapacityProviderConfig ConfigSha256 DurableConfig RuntimeConfig "
        "AcceleratorConfig FunctionCodeLocation: ResolvedS3Object SourceKMSKeyArn "
        "EventSourceMappingConfiguration: MetricsConfig ScalingConfig"
    ),
    "ram": "ResourceShare: resourceShareConfiguration ResourceSharePermissionSummary: resourceOwner",
    "cloudtrail": "Trail: RecursiveLogging",
    "cloudwatch": (
        "MetricAlarm: EvaluationWindow WarmUpConfiguration EvaluationCriteria EvaluationInterval "
        "ActionConfiguration DescribeAlarmsOutput: LogAlarms"
    ),
    "logs": (
        "LogGroup: inheritedProperties deletionProtectionEnabled bearerTokenAuthenticationEnabled "
        "retentionPolicyName MetricFilter: applyOnTransformedLogs fieldSelectionCriteria "
        "emitSystemFieldDimensions"
    ),
    "kinesisanalyticsv2": (
        "ApplicationConfigurationDescription: ApplicationSystemRollbackConfigurationDescription "
        "ApplicationEncryptionConfigurationDescription CodeContentDescription: CodeMD5 "
        "ApplicationSnapshotConfigurationDescription: SnapshotMode"
    ),
    "datazone": (
        "GetDomainOutput: serviceRole GetProjectOutput: resourceTags projectCategory ProjectSummary: "
        "projectCategory IamUserProfileDetails: principalId EnvironmentBlueprintSummary: blueprintCategory "
        "GetEnvironmentBlueprintOutput: blueprintCategory GetEnvironmentBlueprintConfigurationOutput: "
        "allowUserProvidedConfigurations resourceConfigurations EnvironmentBlueprintConfigurationItem: "
        "allowUserProvidedConfigurations resourceConfigurations GetSubscriptionTargetOutput: "
        "subscriptionGrantCreationMode SubscriptionTargetSummary: subscriptionGrantCreationMode GetAssetOutput: "
        "governedGlossaryTerms AssetItem: governedGlossaryTerms GetGlossaryOutput: usageRestrictions "
        "GetGlossaryTermOutput: usageRestrictions AssetListing: governedGlossaryTerms AssetListingItem: "
        "governedGlossaryTerms SubscriptionRequestSummary: metadataFormsSummary"
    ),
}
"""Newer than any documentation that says when it is filled in."""

OLD = {
    "kafka": "BrokerNodeInfo: AttachedENIId ClientVpcIpAddress Endpoints",
    "ram": "ResourceShareInvitation: resourceShareAssociations",
    "cloudwatch": "MetricAlarm: TreatMissingData",
    "logs": "LogStream: uploadSequenceToken",
}
"""Deprecated, or moto's to say: nothing that this emulator is for reads it."""

LEFT_OUT = (ASKED, STATE, KIND, NEW, OLD)
TOKENS = frozenset(
    {
        *("NextToken", "nextToken", "NextMarker", "Marker", "LastEvaluatedTableName"),
        *("ContinuationToken", "NextContinuationToken"),
    }
)
"""Of the next page, where there is one."""

NOT_REQUIRED = frozenset({("lambda", "GetFunctionCodeSigningConfigResponse", "CodeSigningConfigArn")})
"""Required by the model, and yet not there: a function without a configuration has none to name."""


def explained(service: str) -> set[tuple[str, str]]:
    """Shape and member of everything that answers of a service may leave out."""
    found = set()
    for reason in LEFT_OUT:
        shape = ""
        for word in reason.get(service, "").split():
            if word.endswith(":"):
                shape = word[:-1]
            else:
                found.add((shape, word))
    return found
