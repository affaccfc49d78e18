"""Which codes the services use for what may happen to any call: throttling, own faults, refused callers."""

from __future__ import annotations

from aws_emulator.api import ApiError

QUERY_SERVICES = frozenset(
    {"iam", "sts", "sns", "ec2", "cloudwatch", "s3", "s3control", "ses", "elbv2", "cloudformation"}
)

# Where the service's model or documentation names another code than ThrottlingException.
_THROTTLING = {
    "iam": "Throttling",
    "sts": "Throttling",
    "sns": "Throttling",
    "cloudwatch": "Throttling",
    "ec2": "RequestLimitExceeded",
    "s3": "SlowDown",
    "kafka": "TooManyRequestsException",
    "lambda": "TooManyRequestsException",
    "kinesis": "LimitExceededException",
    "glue": "ThrottlingException",
    "dynamodb": "ThrottlingException",
    "sqs": "RequestThrottled",
}

_SERVER_ERRORS = {
    "kafka": "InternalServerErrorException",
    "lambda": "ServiceException",
    "iam": "ServiceFailure",
    "datazone": "InternalServerException",
    "glue": "InternalServiceException",
    "kinesis": "InternalFailureException",
    "dynamodb": "InternalServerError",
    "ssm": "InternalServerError",
    "kms": "KMSInternalException",
    "events": "InternalException",
    "scheduler": "InternalServerException",
    "s3": "InternalError",
}

_STATUS = {"kafka": 429, "lambda": 429, "datazone": 429, "s3": 503, "ec2": 503, "scheduler": 429}

_QUERY_NAMES = {
    "UnrecognizedClientException": "InvalidClientTokenId",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "ExpiredTokenException": "ExpiredToken",
    "AccessDeniedException": "AccessDenied",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "SerializationException": "MalformedInput",
}


def throttling(service: str) -> ApiError:
    """The error of a service that refuses a call for its rate."""
    code = _THROTTLING.get(service, "ThrottlingException")
    return ApiError(code, "Rate exceeded", _STATUS.get(service, 400))


def server_error(service: str) -> ApiError:
    """The error of a service that failed by itself; every SDK retries it."""
    return ApiError(_SERVER_ERRORS.get(service, "InternalFailure"), "We encountered an internal error.", 500)


def access_denied(service: str, caller_arn: str, operation: str) -> ApiError:
    """The error of a service that refuses the caller."""
    message = f"User: {caller_arn} is not authorized to perform: {service}:{operation}"
    return for_service(service, ApiError("AccessDeniedException", message, 403))


def for_service(service: str, error: ApiError) -> ApiError:
    """The same error under the name that the service's protocol family uses."""
    if service in QUERY_SERVICES and error.code in _QUERY_NAMES:
        code = _QUERY_NAMES[error.code]
        if service == "s3" and code == "InvalidClientTokenId":
            code = "InvalidAccessKeyId"
        return ApiError(code, error.message, error.status, error.members)
    return error
