"""IAM's simulator and STS, as far as a check asks them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from streamgov_ops.session import SessionSettings

ACCOUNT = "777788889999"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/teams/deployer"
ALLOWED = {"EvalResourceDecision": "allowed"}
Decide = Callable[[str, str, dict[str, list[str]]], dict[str, Any]]


def error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code} of the test"}}, operation)


class Simulator:
    """Answers as the API does: results by action, by resource within, in pages.

    Args:
        decide: (action, resource, context) to the members of a resource's result.
        caller: the ARN that GetCallerIdentity answers.
        page: results of one answer.
        by_resource: without it only the top level decides, as for an action without resources.
    """

    def __init__(
        self,
        decide: Decide = lambda action, resource, context: ALLOWED,
        caller: str = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/session",
        page: int = 100,
        by_resource: bool = True,
    ) -> None:
        self.decide, self.caller, self.page, self.by_resource = decide, caller, page, by_resource
        self.calls: list[dict[str, Any]] = []
        self.clients: list[tuple[str, SessionSettings]] = []
        self.refused: dict[str, str] = {}
        self.top: dict[str, Any] = {}

    def client(self, service: str, settings: SessionSettings) -> Any:
        self.clients.append((service, settings))
        return _Client(service, self)

    def _refuse(self, operation: str) -> None:
        if operation in self.refused:
            raise error(self.refused[operation], operation)

    def get_caller_identity(self) -> dict[str, Any]:
        self._refuse("GetCallerIdentity")
        return {"Arn": self.caller, "Account": self.caller.split(":")[4]}

    def get_role(self, RoleName: str) -> dict[str, Any]:
        self._refuse("GetRole")
        assert RoleName == "deployer"
        return {"Role": {"Arn": ROLE}}

    def simulate_principal_policy(self, **params: Any) -> dict[str, Any]:
        self._refuse("SimulatePrincipalPolicy")
        self.calls.append(params)
        assert params["MaxItems"] <= 1000
        context = {entry["ContextKeyName"]: entry["ContextKeyValues"] for entry in params["ContextEntries"]}
        first = int(params.get("Marker", 0))
        names = params["ActionNames"][first : first + self.page]
        more = first + self.page < len(params["ActionNames"])
        return {
            "EvaluationResults": [self._result(name, params["ResourceArns"], context) for name in names],
            "IsTruncated": more,
            **({"Marker": str(first + self.page)} if more else {}),
        }

    def _result(self, action: str, resources: Sequence[str], context: dict[str, list[str]]) -> dict[str, Any]:
        specific = [{"EvalResourceName": resource, **self.decide(action, resource, context)} for resource in resources]
        decisions = [one["EvalResourceDecision"] for one in specific]
        worst = next((one for one in ("explicitDeny", "implicitDeny") if one in decisions), "allowed")
        result: dict[str, Any] = {
            "EvalActionName": action,
            "EvalResourceName": "arn:${Partition}:a:template",
            "EvalDecision": worst,
            **self.top,
        }
        if self.by_resource:
            result["ResourceSpecificResults"] = specific
        return result


class _Client:
    def __init__(self, service: str, simulator: Simulator) -> None:
        self._simulator = simulator
        self.meta = type("Meta", (), {"service_model": type("Model", (), {"service_name": service})})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._simulator, name)
