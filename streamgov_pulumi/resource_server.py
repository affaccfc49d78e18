"""The resources of DataZone for programs in every language: the dynamic providers' behaviour behind Pulumi's protocol.

A Python program gets these resources as dynamic resources, whose provider is pickled into the state. Here the engine
asks the plugin instead (pulumirpc.ResourceProvider: Check, Diff, Create, Read, Update, Delete), which calls the very
same classes. Names are the schema's, in camelCase, on this side and Python's on the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf import empty_pb2, struct_pb2
from pulumi.dynamic import ConfigureRequest
from pulumi.output import Unknown
from pulumi.provider import Provider
from pulumi.provider.experimental.analyzer import ComponentDefinition, PropertyDefinition, TypeDefinition
from pulumi.provider.server import ProviderServicer
from pulumi.runtime import proto, rpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from streamgov_core.model.errors import StreamgovError
from streamgov_pulumi.providers.base import SESSION_KEYS, DataZoneProvider, speaking

PROFILE = "profile"
SETTINGS = (*SESSION_KEYS, PROFILE)
"""What the package's provider can be configured with; the first three are defaults of every resource."""

T = TypeVar("T")


class _Configuration:
    """What a dynamic provider asks of a stack's configuration: here the package's own.

    Args:
        profile: of the AWS configuration files.
    """

    def __init__(self, profile: str) -> None:
        self._profile = profile

    def get(self, key: str) -> str | None:
        """The value of a key."""
        return self._profile if key == "aws:profile" else None


class Translation:
    """Names of properties in the schema and in Python, at every depth.

    Args:
        definition: of the resource.
        types: the package's types, by name.

    Attributes:
        renamed: Python's names that differ in the schema -> the schema's.
    """

    def __init__(self, definition: ComponentDefinition, types: Mapping[str, TypeDefinition]) -> None:
        self._types = types
        self._properties = {**definition.outputs, **definition.inputs}
        self._python = {**definition.outputs_mapping, **definition.inputs_mapping}
        self._schema = {python: name for name, python in self._python.items()}
        inner = [type_.properties_mapping for type_ in types.values()]
        every = {python: name for mapping in (*inner, self._python) for name, python in mapping.items()}
        # Names of one word are the same in both, and words of the language. What is no property is left as it is.
        self.renamed = {python: name for python, name in every.items() if "_" in python}
        self._words = re.compile(rf"\b({'|'.join(sorted(self.renamed, key=len, reverse=True))})\b")

    def to_python(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Properties under Python's names; those that the schema does not know keep theirs, for Check to refuse."""
        return {
            self._python.get(name, name): self._converted(value, self._properties.get(name), inward=True)
            for name, value in values.items()
        }

    def to_schema(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Properties under the schema's names."""
        return {
            self.name(python): self._converted(value, self._properties.get(self.name(python)), inward=False)
            for python, value in values.items()
        }

    def name(self, python: str) -> str:
        """The schema's name of a property."""
        return self._schema.get(python, python)

    def sentence(self, text: str) -> str:
        """A message in which properties stand under the schema's names."""
        return self._words.sub(lambda found: self.renamed[found[0]], text)

    def names(self, python: Iterable[str]) -> list[str]:
        """The schema's names of properties."""
        return [self.name(key) for key in python]

    def _converted(self, value: Any, definition: PropertyDefinition | None, *, inward: bool) -> Any:
        if definition is None or value is None:
            return value
        if isinstance(value, list) and definition.items is not None:
            return [self._converted(item, definition.items, inward=inward) for item in value]
        if not isinstance(value, Mapping):
            return value
        if definition.additional_properties is not None:
            inner = definition.additional_properties
            return {key: self._converted(item, inner, inward=inward) for key, item in value.items()}
        type_ = self._types.get((definition.ref or "").rsplit(":", 1)[-1])
        if type_ is None:
            return dict(value)
        mapping = type_.properties_mapping
        renamed = mapping if inward else {python: name for name, python in mapping.items()}
        found: dict[str, Any] = {}
        for key, item in value.items():
            other = renamed.get(str(key), str(key))
            inner_definition = type_.properties.get(str(key) if inward else other)
            found[other] = self._converted(item, inner_definition, inward=inward)
        return found


@dataclass(frozen=True)
class ServedResource:
    """A resource that the plugin serves.

    Args:
        provider: its behaviour.
        translation: of its properties' names.
        identified: the properties that an id says, for ``import`` and ``get``.
    """

    provider: DataZoneProvider
    translation: Translation
    identified: Callable[[str], dict[str, Any]]


class ResourceServicer(ProviderServicer):
    """Components by the SDK's servicer, resources by the dynamic providers.

    Args:
        provider: the SDK's provider of components.
        args: command line.
        engine_address: of the engine.
        resources: type token -> resource.
    """

    def __init__(
        self, provider: Provider, args: list[str], engine_address: str, resources: Mapping[str, ServedResource]
    ) -> None:
        super().__init__(provider, args, engine_address)
        self._resources = resources
        self._defaults: dict[str, Any] = {}

    async def CheckConfig(self, request: Any, context: Any) -> Any:
        """The package's configuration is taken as it is; what is wrong with a value is said by each resource."""
        return proto.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> Any:
        """How an account is reached touches no object: a change of it replaces nothing."""
        return proto.DiffResponse(changes=proto.DiffResponse.DIFF_NONE)

    async def Configure(self, request: Any, context: Any) -> Any:
        """Keep the package's configuration as defaults of the resources."""
        # Older fields of the request name each key ``<package>:config:<key>``.
        given = {name.rsplit(":", 1)[-1]: value for name, value in request.variables.items()}
        if request.HasField("args"):
            given |= _unwrapped(rpc.deserialize_properties(request.args))
        named = {"region": "region", "assumeRoleArn": "assume_role_arn", "externalId": "external_id"}
        self._defaults = {python: given[name] for name, python in named.items() if given.get(name)}
        for resource in self._resources.values():
            # Of the SDK's Config, providers use ``get`` alone.
            config: Any = _Configuration(str(given.get(PROFILE) or ""))
            resource.provider.configure(ConfigureRequest(config=config))
        return proto.ConfigureResponse(acceptSecrets=True, acceptResources=True, acceptOutputs=True)

    async def Check(self, request: Any, context: Any) -> Any:
        """Inputs with defaults, and what is wrong with them."""
        resource = self._resource(request.urn)
        olds, _ = self._properties(resource, request.olds)
        news, secret = self._properties(resource, request.news)
        result = await _answered(context, resource, lambda: resource.provider.check(olds, {**self._defaults, **news}))
        failures = [
            proto.CheckFailure(
                property=resource.translation.name(failure.property),
                reason=resource.translation.sentence(failure.reason),
            )
            for failure in result.failures
        ]
        return proto.CheckResponse(inputs=_struct(resource, result.inputs, secret), failures=failures)

    async def Diff(self, request: Any, context: Any) -> Any:
        """What differs by meaning, and whether the object must be made anew."""
        resource = self._resource(request.urn)
        olds, _ = self._properties(resource, request.olds)
        news, _ = self._properties(resource, request.news)
        ignored = {path.partition(".")[0].partition("[")[0] for path in request.ignoreChanges}
        for name in resource.translation.to_python(dict.fromkeys(ignored)):
            news.pop(name, None)
            if name in olds:
                news[name] = olds[name]
        result = await _answered(context, resource, lambda: resource.provider.diff(request.id, olds, news))
        if not result.changes:
            return proto.DiffResponse(changes=proto.DiffResponse.DIFF_NONE)
        inputs = (resource.provider.inputs_of(olds), resource.provider.inputs_of(news))
        changed = resource.provider.changed(*inputs, sorted({*inputs[0], *inputs[1]}))
        return proto.DiffResponse(
            changes=proto.DiffResponse.DIFF_SOME,
            # For the option ``replaceOnChanges``: what it replaces keeps its name, and cannot stand beside itself.
            diffs=resource.translation.names(changed),
            replaces=resource.translation.names(result.replaces or ()),
            deleteBeforeReplace=bool(result.delete_before_replace) or not result.replaces,
        )

    async def Create(self, request: Any, context: Any) -> Any:
        """Make the object."""
        resource = self._resource(request.urn)
        props, secret = self._properties(resource, request.properties)
        result = await _answered(context, resource, lambda: resource.provider.create(props))
        return proto.CreateResponse(id=result.id, properties=_struct(resource, result.outs or {}, secret))

    async def Read(self, request: Any, context: Any) -> Any:
        """The object as it is now; one that is imported is known by its id alone."""
        resource = self._resource(request.urn)
        props, secret = self._properties(resource, request.properties)
        inputs, secret_inputs = self._properties(resource, request.inputs)
        # What was a dynamic resource until now still has its outputs under Python's names, and in clear.
        secret |= secret_inputs
        if not props:
            props = {**self._defaults, **inputs}
            if "region" not in props:
                text = "say the region in which to look: `pulumi config set streamgov:region <region>`"
                await context.abort(grpc.StatusCode.FAILED_PRECONDITION, text)
            props |= await _answered(context, resource, lambda: resource.identified(request.id))
        result = await _answered(context, resource, lambda: resource.provider.read(request.id, props))
        if not result.id:
            return proto.ReadResponse()
        outs = result.outs or {}
        read = result.inputs if result.inputs is not None else resource.provider.inputs_of(outs)
        return proto.ReadResponse(
            id=result.id, properties=_struct(resource, outs, secret), inputs=_struct(resource, read, secret)
        )

    async def Update(self, request: Any, context: Any) -> Any:
        """Change the object in place."""
        resource = self._resource(request.urn)
        olds, _ = self._properties(resource, request.olds)
        news, secret = self._properties(resource, request.news)
        result = await _answered(context, resource, lambda: resource.provider.update(request.id, olds, news))
        return proto.UpdateResponse(properties=_struct(resource, result.outs or {}, secret))

    async def Delete(self, request: Any, context: Any) -> Any:
        """Remove the object."""
        resource = self._resource(request.urn)
        props, _ = self._properties(resource, request.properties)
        await _answered(context, resource, lambda: resource.provider.delete(request.id, props))
        return empty_pb2.Empty()

    def _resource(self, urn: str) -> ServedResource:
        token = urn.split("::")[2].rsplit("$", 1)[-1]
        try:
            return self._resources[token]
        except KeyError:
            raise ValueError(f"this plugin serves no resource of the type {token}") from None

    @staticmethod
    def _properties(resource: ServedResource, struct: Any) -> tuple[dict[str, Any], set[str]]:
        """Properties under Python's names, and the schema's names of those that are secret."""
        given = rpc.deserialize_properties(struct, True) if struct is not None else {}
        given = {name: value for name, value in (given or {}).items() if not name.startswith("__")}
        secret = {name for name, value in given.items() if _holds_secret(value)}
        return resource.translation.to_python(_unwrapped(given)), secret


def serve_resources(provider: Provider, resources: Mapping[str, ServedResource], args: list[str]) -> None:
    """Answer the engine until it hangs up.

    Args:
        provider: the SDK's provider of components.
        resources: type token -> resource.
        args: command line after the program's name: flags, and the engine's address.
    """

    async def serve() -> None:
        server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
        engine = next(argument for argument in args if not argument.startswith("-"))
        servicer = ResourceServicer(provider, args, engine, resources)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        port = server.add_insecure_port(address="127.0.0.1:0")
        await server.start()
        sys.stdout.buffer.write(f"{port}\n".encode())
        sys.stdout.buffer.flush()
        await server.wait_for_termination()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


async def _answered(context: Any, resource: ServedResource, work: Callable[[], T]) -> T:
    """Run a provider's method in a thread; what it tells and refuses reaches the engine in the schema's names."""
    try:
        with speaking(resource.translation.sentence):
            return await asyncio.to_thread(work)
    except StreamgovError as error:
        text = resource.translation.sentence(str(error))
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, text)
        raise
    except Exception:
        await context.abort(grpc.StatusCode.UNKNOWN, traceback.format_exc())
        raise


def _struct(resource: ServedResource, values: Mapping[str, Any], secret: set[str]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    for name, value in resource.translation.to_schema(values).items():
        if value is None:
            continue
        value = _on_the_wire(value)
        struct[name] = {rpc._special_sig_key: rpc._special_secret_sig, "value": value} if name in secret else value
    return struct


def _on_the_wire(value: Any) -> Any:
    """A value as a Struct takes it: lists for tuples, the engine's marker for what is not known."""
    if isinstance(value, Unknown):
        return rpc.UNKNOWN
    if isinstance(value, Mapping):
        return {key: _on_the_wire(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_on_the_wire(item) for item in value]
    return value


def _holds_secret(value: Any) -> bool:
    if rpc.is_rpc_secret(value):
        return True
    if isinstance(value, Mapping):
        return any(map(_holds_secret, value.values()))
    return isinstance(value, list) and any(map(_holds_secret, value))


def _unwrapped(value: Any) -> Any:
    """A value without the marks of secrets, at every depth."""
    value = rpc.unwrap_rpc_secret(value)
    if isinstance(value, Mapping):
        return {key: _unwrapped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unwrapped(item) for item in value]
    return value
