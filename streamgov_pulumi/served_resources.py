"""The resources of DataZone that the plugin serves: their behaviour, schema and ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition, PropertyDefinition
from pulumi.provider.experimental.schema import Property

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.providers import (
    AssetTypeProvider,
    DeploymentMarkerProvider,
    DestroyGuardProvider,
    FormTypeProvider,
    FunctionVersionProvider,
    ProjectEnvironmentProvider,
    ProjectMembershipProvider,
    RuleProvider,
    SubscriptionTargetProvider,
    TypeDesignationProvider,
    inputs,
)
from streamgov_pulumi.providers.base import SESSION_KEYS, DataZoneProvider
from streamgov_pulumi.resource_server import ServedResource, Translation

_BASES = (inputs.SessionInputs, inputs.TypeOutputs)
"""Types that others inherit from."""
SECRET = frozenset({"externalId"})
"""Properties that are secret in every resource."""


@dataclass(frozen=True)
class Served:
    """A resource that the plugin serves beside the components.

    Args:
        provider: its behaviour.
        inputs: TypedDict of its inputs.
        outputs: TypedDict of what it has besides.
        description: what it is.
        id_form: how its id looks: names of properties, and words that stand as they are in single quotes.
    """

    provider: type[DataZoneProvider]
    inputs: type
    outputs: type
    description: str
    id_form: str

    def identified(self, id_: str) -> dict[str, Any]:
        """The properties that an id says.

        Raises:
            ConfigError: the id is none of this resource.
        """
        names, values = self.id_form.split("|"), id_.split("|")
        fitting = len(names) == len(values) and all(
            name.strip("'") == value for name, value in zip(names, values, strict=True) if name.startswith("'")
        )
        if not fitting or not all(values):
            raise ConfigError(f"the id {id_!r} must be {self.shown_id({})}")
        return {name: value for name, value in zip(names, values, strict=True) if not name.startswith("'")}

    def shown_id(self, schema_names: Mapping[str, str]) -> str:
        """The form of the id for people.

        Args:
            schema_names: Python's name of a property -> how it is shown; one that is not there stays as it is.
        """
        parts = self.id_form.split("|")
        return "|".join(
            part.strip("'") if part.startswith("'") else f"<{schema_names.get(part, part)}>" for part in parts
        )


SERVED: Mapping[str, Served] = {
    "AssetType": Served(
        AssetTypeProvider,
        inputs.AssetTypeInputs,
        inputs.AssetTypeOutputs,
        "A custom asset type of a DataZone domain.",
        "domain_id|'asset-type'|name",
    ),
    "DeploymentMarker": Served(
        DeploymentMarkerProvider,
        inputs.DeploymentMarkerInputs,
        inputs.NoOutputs,
        "The marker of a namespace in an account: the stack that deployed there.",
        "account|region|namespace|side",
    ),
    "DestroyGuard": Served(
        DestroyGuardProvider,
        inputs.DestroyGuardInputs,
        inputs.NoOutputs,
        "Refuses, or prepares, the destroy of a deployment with live assets, listings and grants.",
        "domain_id|'destroy-guard'",
    ),
    "FormType": Served(
        FormTypeProvider,
        inputs.FormTypeInputs,
        inputs.TypeOutputs,
        "A custom metadata form type of a DataZone domain.",
        "domain_id|'form'|name",
    ),
    "FunctionVersion": Served(
        FunctionVersionProvider,
        inputs.FunctionVersionInputs,
        inputs.NoOutputs,
        "A published version of a Lambda function: waited for, and deleted when nothing names it any more.",
        "function_name|version",
    ),
    "ProjectEnvironment": Served(
        ProjectEnvironmentProvider,
        inputs.ProjectEnvironmentInputs,
        inputs.ProjectEnvironmentOutputs,
        "The tooling environment of a project of a V2 domain, and the project's role: looked up, never made.",
        "domain_id|project_id",
    ),
    "ProjectMembership": Served(
        ProjectMembershipProvider,
        inputs.ProjectMembershipInputs,
        inputs.MembershipOutputs,
        "A member of a DataZone project.",
        "domain_id|project_id|user_identifier",
    ),
    "Rule": Served(
        RuleProvider,
        inputs.RuleInputs,
        inputs.RuleOutputs,
        "A rule of a DataZone domain unit: what publishing an asset, or asking for one, needs.",
        "domain_id|'rule'|rule_id",
    ),
    "SubscriptionTarget": Served(
        SubscriptionTargetProvider,
        inputs.SubscriptionTargetInputs,
        inputs.TargetOutputs,
        "A subscription target of a DataZone environment.",
        "domain_id|environment_id|target_id",
    ),
    "TypeDesignation": Served(
        TypeDesignationProvider,
        inputs.TypeDesignationInputs,
        inputs.DesignationOutputs,
        "The designation of the members that write assets of one type, in a V2 domain (SageMaker Unified Studio).",
        "domain_id|'designation'|name",
    ),
}
"""Name -> resource."""


def served(package: str) -> dict[str, ServedResource]:
    """The resources as the plugin's server takes them, by type token.

    Args:
        package: name of the package.
    """
    analyzer, definitions = _analysed(package)
    return {
        f"{package}:index:{name}": ServedResource(
            one.provider(), Translation(definitions[name], analyzer.type_definitions), _identifying(one)
        )
        for name, one in SERVED.items()
    }


def served_schema(package: str) -> dict[str, Any]:
    """``resources``, ``types`` and ``provider`` of the package schema, for what is no component.

    Args:
        package: name of the package.
    """
    analyzer, definitions = _analysed(package)
    resources = {}
    for name, one in SERVED.items():
        definition = definitions[name]
        outputs = {**definition.inputs, **definition.outputs}
        resources[f"{package}:index:{name}"] = {
            "description": f"{one.description}\n\n## Import\n\nThe id is `{one.shown_id(_schema_names(definition))}`.",
            "inputProperties": _properties(definition.inputs, one),
            "requiredInputs": _required(definition.inputs),
            "properties": _properties(outputs, one),
            "required": sorted({*_required(definition.inputs), *definition.outputs}),
        }
    types = {
        f"{package}:index:{name}": {
            "type": "object",
            "description": type_.description,
            "properties": {key: _property(item) for key, item in type_.properties.items()},
            "required": sorted(key for key, item in type_.properties.items() if not item.optional),
        }
        for name, type_ in analyzer.type_definitions.items()
    }
    return {"resources": resources, "types": types, "provider": _provider_schema(analyzer)}


def _schema_names(definition: ComponentDefinition) -> dict[str, str]:
    both = {**definition.outputs_mapping, **definition.inputs_mapping}
    return {python: name for name, python in both.items()}


def _provider_schema(analyzer: Analyzer) -> dict[str, Any]:
    session, _ = analyzer.analyze_type(inputs.SessionInputs, is_component_output=False)
    known = {name: _property(item) for name, item in session.items() if name != "adoptExisting"}
    known["externalId"]["secret"] = True
    profile = {"type": "string", "description": "Profile of the AWS configuration files. Default: the environment's."}
    return {
        "description": "Defaults of the resources: how accounts are reached.",
        "inputProperties": {**known, "profile": profile},
    }


def _identifying(one: Served) -> Callable[[str], dict[str, Any]]:
    return partial(Served.identified, one)


@cache
def _analysed(package: str) -> tuple[Analyzer, dict[str, ComponentDefinition]]:
    """What the SDK's analyzer finds: once, as a plugin that starts needs it for its schema and for its server."""
    analyzer = Analyzer(package)
    return analyzer, {name: _definition(analyzer, name, one) for name, one in SERVED.items()}


def _definition(analyzer: Analyzer, name: str, one: Served) -> ComponentDefinition:
    given, given_names = analyzer.analyze_type(one.inputs, is_component_output=False)
    made, made_names = analyzer.analyze_type(one.outputs, is_component_output=True)
    for base in _BASES:
        _describe_inherited(analyzer, {**given, **made}, base)
    # What the package's provider is configured with need not be said again.
    for key in SESSION_KEYS:
        schema_name = next(found for found, python in given_names.items() if python == key)
        given[schema_name].optional = True
    return ComponentDefinition(name, given, made, given_names, made_names, one.inputs.__module__, one.description)


def _describe_inherited(analyzer: Analyzer, properties: dict[str, PropertyDefinition], base: type) -> None:
    """The SDK reads docstrings of the class itself only; a TypedDict keeps its bases out of its ``__mro__``."""
    inherited, _ = analyzer.analyze_type(base, is_component_output=True)
    for name, item in inherited.items():
        if name in properties:
            properties[name].description = properties[name].description or item.description


def _required(properties: Mapping[str, PropertyDefinition]) -> list[str]:
    return sorted(name for name, item in properties.items() if not item.optional)


def _properties(properties: Mapping[str, PropertyDefinition], one: Served) -> dict[str, Any]:
    found = {name: _property(item) for name, item in properties.items()}
    for name in SECRET & set(found):
        found[name]["secret"] = True
    return found


def _property(item: PropertyDefinition) -> dict[str, Any]:
    return _without_plain(Property.from_definition(item).to_json())


def _without_plain(value: dict[str, Any]) -> dict[str, Any]:
    """A property's schema without empty members; every property of a resource takes outputs."""
    return {
        key: _without_plain(item) if isinstance(item, dict) else item
        for key, item in value.items()
        if item is not None and key != "plain"
    }
