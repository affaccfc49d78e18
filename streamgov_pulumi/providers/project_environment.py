"""The tooling environment of a project of a V2 domain, and the project's role: looked up, never made.

Rules: ListEnvironments and GetEnvironment of the DataZone API reference. A project profile makes a *Tooling* (or
ToolingLite) environment with each project; which account it lies in may be decided by an account pool, so that it is
known when the project exists and not before. Its provisioned resource ``userRoleArn`` is the project's role.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from streamgov_core.model.errors import ConfigError, RemoteError
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.base import Checker, DataZoneProvider, contains_unknown, tell
from streamgov_pulumi.providers.existing import PROJECT, Kind

USER_ROLE = "userRoleArn"
"""Name of the provisioned resource that is the project's role (aws/CICD-for-SageMakerUnifiedStudio reads it, too)."""
_FOUND = ("environment_id", "role_arn", "account_id")


def tooling_of(api: Any, domain_id: str, project_id: str) -> dict[str, str]:
    """Environment, role and account of a project's tooling.

    Raises:
        ConfigError: the project has none, or several that no name tells apart.
    """
    where = {"domainIdentifier": domain_id, "projectIdentifier": project_id}
    found = []
    for summary in aws.pages(api, "list_environments", "items", 50, **where):
        environment = aws.call(api, "get_environment", domainIdentifier=domain_id, identifier=summary["id"])
        for resource in environment.get("provisionedResources") or ():
            if resource.get("name") == USER_ROLE and resource.get("value"):
                found.append((environment, str(resource["value"])))
    named = [item for item in found if str(item[0].get("environmentConfigurationName") or "").startswith("Tooling")]
    chosen = named if len(found) > 1 else found
    if not chosen:
        raise ConfigError(
            f"the project {project_id} has no tooling environment with a role. A project profile with a Tooling or "
            "ToolingLite blueprint makes one; otherwise name the environment (environmentId) and its roles (principals)"
        )
    if len(chosen) > 1:
        listed = ", ".join(sorted(str(environment["id"]) for environment, _ in chosen))
        raise ConfigError(
            f"the project {project_id} has several tooling environments ({listed}): name one of them (environmentId) "
            "and its roles (principals)"
        )
    environment, role = chosen[0]
    return {
        "environment_id": str(environment["id"]),
        "role_arn": role,
        "account_id": str(environment.get("awsAccountId") or ""),
    }


class ProjectEnvironmentProvider(DataZoneProvider):
    """A look at one project's tooling."""

    keys = ("domain_id", "project_id")
    replace_keys = keys
    references: ClassVar[Mapping[str, Kind]] = {"project_id": PROJECT}

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Ids; and, once they are known, that the project has its tooling."""
        checker = Checker(news, self.keys)
        checker.domain()
        checker.object_id("project_id", "the project")
        result = self.looked_up(checker, _olds)
        known = [checker.value(key) for key in self.keys]
        if self.configured and not checker.failures and None not in known:
            try:
                tooling_of(self.api(checker.inputs), str(known[0]), str(known[1]))
            except ConfigError as error:
                checker.fail("project_id", f"cannot be used: {error}")
                return checker.result()
            except RemoteError:
                return result  # Whoever may not look gets DataZone's own answer later.
        return result

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Look.

        Raises:
            ConfigError: the project has no tooling.
        """
        found = tooling_of(self.api(props), str(props["domain_id"]), str(props["project_id"]))
        return CreateResult(f"{props['domain_id']}|{props['project_id']}", {**props, **found})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Look again."""
        try:
            found = tooling_of(self.api(props), str(props["domain_id"]), str(props["project_id"]))
        except (ConfigError, RemoteError) as error:
            tell(str(error))
            return ReadResult("", {})
        outs = {**props, **found}
        return ReadResult(id_, outs, self.inputs_of(outs))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """See DataZoneProvider.diff. A project that was deployed anew has another environment."""
        result = super().diff(_id, _olds, _news)
        if result.changes or not self.configured or any(contains_unknown(_news.get(key)) for key in self.keys):
            return result
        try:
            found = tooling_of(self.api(_news), str(_news["domain_id"]), str(_news["project_id"]))
        except (ConfigError, RemoteError):
            return result
        return DiffResult(changes=any(_olds.get(key) != found[key] for key in _FOUND))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Look again."""
        found = tooling_of(self.api(_news), str(_news["domain_id"]), str(_news["project_id"]))
        return UpdateResult({**_news, **found})


class ProjectEnvironment(Resource, module="streamgov", name="ProjectEnvironment"):
    """The tooling environment of a project.

    Args:
        resource_name: the logical name.
        props: ``domain_id``, ``project_id``, and the session.
        opts: resource options.
    """

    environment_id: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    account_id: pulumi.Output[str]

    def __init__(
        self, resource_name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(ProjectEnvironmentProvider(), resource_name, {**dict.fromkeys(_FOUND), **props}, opts)
