"""A Lambda function that is invoked with the records of ${topic}. Its role must be ${role_arn}.

From another account Lambda also needs a managed VPC connection to the cluster, and its VPC settings on the mapping.
"""

import pulumi_aws as aws

FUNCTION = "my-function"

mapping = aws.lambda_.EventSourceMapping(
    "records",
    function_name=FUNCTION,
    event_source_arn="${cluster_arn}",
    topics=["${topic}"],
    starting_position="TRIM_HORIZON",
    batch_size=100,
    amazon_managed_kafka_event_source_config={"consumer_group_id": "${group_prefix}lambda"},
)
