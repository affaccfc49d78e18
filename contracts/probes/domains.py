"""Domains, projects, environments, rules."""

from __future__ import annotations

from typing import Any

from contracts.probe import by_hand, probe
from contracts.probe_run import ProbeRun, answer_of
from contracts.setup.domain import (
    consumer,
    datazone_role,
    domain,
    enable_blueprint,
    make_environment,
    make_form_type,
    make_project,
    producer,
)
from contracts.setup.events import domain_event, domain_events, shape
from contracts.setup.roles import make_role, trust


@probe("dz-execution-role-required", expects="ValidationException")
def execution_role_required(probe_run: ProbeRun) -> Any:
    """Is a V1 domain made without an execution role?"""
    client = probe_run.client("datazone")

    def create() -> None:
        made = client.create_domain(name=probe_run.name("bare"), tags=probe_run.tags)
        probe_run.later("datazone", "delete_domain", identifier=made["id"], skipDeletionCheck=True)

    return answer_of(create)


@probe(
    "dz-default-policies",
    expects={
        "CREATE_PROJECT": ["user"],
        "CREATE_FORM_TYPE": ["project"],
        "CREATE_ASSET_TYPE": ["project"],
        "CREATE_GLOSSARY": ["project"],
    },
    uses=(domain,),
)
def default_policies(probe_run: ProbeRun) -> Any:
    """To whom are policies granted in a new domain's root unit?"""
    here = domain(probe_run)
    root = here.client.get_domain(identifier=here.id)["rootDomainUnitId"]
    answer = {}
    for policy_type in ("CREATE_PROJECT", "CREATE_FORM_TYPE", "CREATE_ASSET_TYPE", "CREATE_GLOSSARY"):
        listed = here.call(
            "list_policy_grants", entityType="DOMAIN_UNIT", entityIdentifier=root, policyType=policy_type
        )["grantList"]
        answer[policy_type] = sorted({kind for each in listed for kind in each["principal"]})
    return answer


@probe("dz-project-members", expects={"100": "accepted", "101": "ValidationException"}, uses=(domain,),
       minutes=6)  # fmt: skip
def project_members(probe_run: ProbeRun) -> Any:
    """How many members may a project have?"""
    here, project = domain(probe_run), make_project(probe_run, "crowd")
    answer = {}
    # Its maker is the first one.
    for number in range(2, 102):
        role = datazone_role(probe_run, "crowd")
        refused = answer_of(
            here.caller("create_project_membership"),
            projectIdentifier=project,
            designation="PROJECT_CONTRIBUTOR",
            member={"userIdentifier": role},
        )
        if number in (100, 101):
            answer[str(number)] = refused
    return answer


@probe(
    "dz-environment-role-resource",
    expects=[{"name": "userRoleArn", "provider": "Amazon DataZone", "type": "iamRole"}],
    uses=(consumer,),
    minutes=1,
)
def environment_role_resource(probe_run: ProbeRun) -> Any:
    """Under which name and type does an associated role appear in provisionedResources?"""
    here = domain(probe_run)
    where = make_environment(probe_run, enable_blueprint(here))
    role = make_role(probe_run, "environment", trusted=trust("datazone.amazonaws.com"))
    here.call("associate_environment_role", environmentIdentifier=where, environmentRoleArn=role)
    found = here.call("get_environment", identifier=where)["provisionedResources"]
    return [{key: each.get(key) for key in ("name", "provider", "type")} for each in found if each["value"] == role]


@probe(
    "dz-environment-event",
    expects={"environmentId": "str", "projectId": "str", "status": "str"},
    uses=(consumer, domain_events),
    minutes=1,
)
def environment_event(probe_run: ProbeRun) -> Any:
    """Which members has `data` of the event of a new environment?"""
    domain_events(probe_run)
    where = make_environment(probe_run, enable_blueprint(domain(probe_run)))
    return shape(domain_event(probe_run, "Environment Deployment Completed", where)["detail"]["data"])


def _rule(probe_run: ProbeRun, name: str, detail: dict[str, Any]) -> dict[str, Any]:
    here = domain(probe_run)
    root = here.client.get_domain(identifier=here.id)["rootDomainUnitId"]
    return here.call(
        "create_rule",
        name=name,
        action="CREATE_LISTING_CHANGE_SET",
        target={"domainUnitTarget": {"domainUnitId": root, "includeChildDomainUnits": False}},
        scope={"project": {"selectionMode": "SPECIFIC", "specificProjects": [make_project(probe_run, "ruled")]}},
        detail=detail,
    )


def _forms(probe_run: ProbeRun, form: str) -> dict[str, Any]:
    make_form_type(probe_run, form, f"structure {form} {{\n    one: String\n}}")
    required = [{"typeIdentifier": form, "typeRevision": "1"}]
    return {"metadataFormEnforcementDetail": {"requiredMetadataForms": required}}


@probe("dz-rule-names", expects="ConflictException", uses=(producer,))
def rule_names(probe_run: ProbeRun) -> Any:
    """Are names of rules unique in a domain unit?"""
    detail, name = _forms(probe_run, "ContractsRuleForm"), probe_run.name("rule")
    first = _rule(probe_run, name, detail)["identifier"]
    made: list[str] = [first]
    refused = answer_of(lambda: made.append(_rule(probe_run, name, detail)["identifier"]))
    for each in made:
        domain(probe_run).call("delete_rule", identifier=each)
    return refused


@probe("dz-rule-kind-change", expects="ValidationException", uses=(producer,))
def rule_kind_change(probe_run: ProbeRun) -> Any:
    """May a rule go from required metadata forms to required glossary terms?"""
    here = domain(probe_run)
    owner = make_project(probe_run, "glossary")
    glossary = here.call(
        "create_glossary", name=probe_run.name("glossary"), owningProjectIdentifier=owner, status="ENABLED"
    )["id"]
    term = here.call(
        "create_glossary_term", name=probe_run.name("term"), glossaryIdentifier=glossary, status="ENABLED"
    )["id"]
    made = _rule(probe_run, probe_run.name("rule"), _forms(probe_run, "ContractsKindForm"))["identifier"]
    refused = answer_of(
        here.caller("update_rule"),
        identifier=made,
        detail={"glossaryTermEnforcementDetail": {"requiredGlossaryTermIds": [term]}},
    )
    here.call("delete_rule", identifier=made)
    return refused


by_hand(
    "dz-foreign-domain",
    question="What does GetDomain answer an account that is not associated with the domain?",
    expects="ResourceNotFoundException or AccessDeniedException",
    how="In a second account that accepted no share of the domain: aws datazone get-domain --identifier <domain>.",
)
