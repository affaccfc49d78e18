"""What a Task state's ``Resource`` names.

Source of the rules: Step Functions developer guide, "Integrating services with Step Functions".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from botocore.model import OperationModel

from aws_emulator.compute.states.shapes import UnknownIntegration, operation_model, service_model

PATTERNS = ("sync", "sync:2", "waitForTaskToken")

OPTIMIZED: dict[tuple[str, str], tuple[str, ...]] = {
    ("lambda", "invoke"): ("waitForTaskToken",),
    ("states", "startExecution"): PATTERNS,
    ("sqs", "sendMessage"): ("waitForTaskToken",),
    ("sns", "publish"): ("waitForTaskToken",),
    ("events", "putEvents"): ("waitForTaskToken",),
    ("dynamodb", "getItem"): (),
    ("dynamodb", "putItem"): (),
    ("dynamodb", "updateItem"): (),
    ("dynamodb", "deleteItem"): (),
}
"""Optimized integrations that are served here, with their patterns besides request-response."""

ERROR_PREFIXES = {"states": "StepFunctions", "lambda": "Lambda", "sqs": "SQS", "sns": "SNS", "dynamodb": "DynamoDB"}
"""How optimized integrations name their service in errors (UNVERIFIED[sfn-error-prefixes] for SQS, SNS and
EventBridge).
"""

_LAMBDA = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9$_-]+)?")
_SDK = re.compile(r"arn:aws[a-z-]*:states:::aws-sdk:([a-z0-9]+):([A-Za-z0-9]+)(?:\.(.+))?")
_OPTIMIZED = re.compile(r"arn:aws[a-z-]*:states:::([a-z0-9-]+):([A-Za-z0-9]+)(?:\.(.+))?")


class BadResource(ValueError):
    """The resource is no ARN of something that a task can call."""


@dataclass(frozen=True)
class Resource:
    """A task's resource.

    Attributes:
        kind: ``function`` (a Lambda ARN), ``sdk`` or ``optimized``.
        service: the service as the ARN names it.
        action: the action as the ARN names it, without pattern.
        pattern: empty, or one of PATTERNS.
        function: the ARN, for a function.
    """

    kind: str
    service: str
    action: str
    pattern: str = ""
    function: str | None = None

    @property
    def operation(self) -> OperationModel:
        """The model of the operation that is called."""
        return operation_model(self.service, self.action)

    @property
    def botocore_service(self) -> str:
        """The service as botocore names it."""
        return str(service_model(self.service).service_name)

    @property
    def history_type(self) -> str:
        """``resourceType`` of history events."""
        return f"aws-sdk:{self.service}" if self.kind == "sdk" else self.service

    @property
    def history_name(self) -> str:
        """``resource`` of history events."""
        return f"{self.action}.{self.pattern}" if self.pattern else self.action


def parse_resource(arn: str) -> Resource:
    """Read a resource ARN.

    Raises:
        BadResource: with the reason.
    """
    if _LAMBDA.fullmatch(arn):
        return Resource("function", "lambda", "invoke", function=arn)
    if found := _SDK.fullmatch(arn):
        service, action, pattern = found.groups()
        if pattern not in (None, "waitForTaskToken"):
            raise BadResource(f"the integration pattern {pattern!r} is not supported by aws-sdk:{service}:{action}")
        try:
            operation_model(service, action)
        except UnknownIntegration as error:
            raise BadResource(str(error)) from None
        return Resource("sdk", service, action, pattern or "")
    if found := _OPTIMIZED.fullmatch(arn):
        service, action, pattern = found.groups()
        patterns = OPTIMIZED.get((service, action))
        if patterns is None:
            raise BadResource(f"the integration {service}:{action} does not exist or is not served by this emulator")
        if pattern is not None and pattern not in patterns:
            raise BadResource(f"the integration pattern {pattern!r} is not supported by {service}:{action}")
        return Resource("optimized", service, action, pattern or "")
    raise BadResource("The resource provided is not a valid ARN of a function or of a service integration")
