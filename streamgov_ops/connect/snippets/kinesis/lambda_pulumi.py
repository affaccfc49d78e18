"""A Lambda function that is invoked with the records of ${stream_name}. Its role must be ${role_arn}."""

import pulumi_aws as aws

FUNCTION = "my-function"

mapping = aws.lambda_.EventSourceMapping(
    "records",
    function_name=FUNCTION,
    event_source_arn="${source_arn}",
    starting_position="TRIM_HORIZON",
    batch_size=100,
    maximum_batching_window_in_seconds=5,
)
