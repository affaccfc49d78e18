"""The gRPC service that the Pulumi engine talks to: one process for each provider instance."""

from __future__ import annotations

import importlib.metadata
import json
import sys
import threading
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from pulumi.runtime.proto import status_pb2 as rpc_status_pb2

from aws_emulator.pulumi_aws import checking, config, differing, values
from aws_emulator.pulumi_aws.model import (
    ALL_TAGS,
    DEFAULTED,
    Context,
    InitFailed,
    PluginError,
    Registry,
    ResourceType,
    State,
    has_unknown,
)

if TYPE_CHECKING:
    from aws_emulator.pulumi_aws.session import Instance

_EXPECTED = {"ClientError", "BotoCoreError"}
_KINDS = provider_pb2.PropertyDiff.Kind
MakeInstance = Callable[[str, dict[str, Any]], "Instance"]


def _make_instance(endpoint: str, typed: dict[str, Any]) -> Instance:
    # boto3 is imported when the first instance is made: `pulumi schema` and `plugin ls` do without it.
    from aws_emulator.pulumi_aws.session import Instance

    return Instance(endpoint, typed)


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Serves the types of a registry.

    Args:
        registry: all types and functions.
        make_instance: (endpoint, typed configuration) -> the clients of this provider instance.
    """

    def __init__(self, registry: Registry, make_instance: MakeInstance = _make_instance) -> None:
        self._registry = registry
        self._make_instance = make_instance
        self._config: dict[str, Any] = {}
        self._instance: Instance | None = None
        self._lock = threading.Lock()

    # --- the instance -----------------------------------------------------------------------------------------------
    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi_aws"))

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        schema = {
            "name": "aws",
            "version": importlib.metadata.version("pulumi_aws"),
            "resources": {token: {} for token in self._registry.types},
            "functions": {token: {} for token in self._registry.functions},
        }
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        failures = config.check(values.from_struct(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        # As the real provider: roles and tags change in place; another region replaces the provider and all it made.
        old = values.from_struct(request.old_inputs) or values.from_struct(request.olds)
        changed = config.changed(old, values.from_struct(request.news))
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=[key for key in changed if key == "region"],
        )

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            self._config = config.typed(values.from_struct(request.args))
            if not has_unknown(self._config):
                # Wrong accounts and roles are told at once, in a preview too, as the real provider does.
                self._context()
        except Exception as error:
            _abort(context, "aws provider", error)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def _context(self) -> Context:
        with self._lock:
            if self._instance is None:
                self._instance = self._make_instance(config.loopback_endpoint(), self._config)
            return self._instance.context

    # --- resources --------------------------------------------------------------------------------------------------
    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = self._type(request.urn, context)
        given = values.from_struct(request.news)
        news = {key: value for key, value in given.items() if not key.startswith("__") and value is not None}
        failures = checking.check(resource, news)
        _name(resource, request, news)
        checking.complete(resource, news, config.default_tags(self._config))
        secrets = _secrets(request.news)
        return provider_pb2.CheckResponse(inputs=values.to_struct(news, secrets), failures=_failures(failures))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = self._type(request.urn, context)
        old = _old(resource, request)
        news = values.from_struct(request.news)
        ignored = set(request.ignoreChanges)
        changes = [
            change
            for change in differing.differing(resource, old, news)
            if change.path not in ignored and change.name not in ignored
        ]
        replaces = sorted({change.name for change in changes if change.replace})
        detailed = {
            change.path: provider_pb2.PropertyDiff(
                kind=_KINDS.Value(change.how.upper() + ("_REPLACE" if change.replace else "")), inputDiff=True
            )
            for change in changes
        }
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({change.name for change in changes}),
            replaces=replaces,
            stables=sorted(name for name, prop in resource.props.items() if prop.replace and name not in replaces),
            detailedDiff=detailed,
            hasDetailedDiff=True,
            deleteBeforeReplace=bool(replaces) and differing.deletes_first(resource, news),
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = self._type(request.urn, context)
        inputs, secrets = values.from_struct(request.properties), _secrets(request.properties)
        if request.preview:
            # Outputs are unknown in a preview: the engine takes what is missing for unknown.
            return provider_pb2.CreateResponse(properties=values.to_struct(_visible(inputs), secrets))
        try:
            self._refuse_unknown(inputs)
            identifier, state = resource.create(self._context(), inputs)
            state = self._with_tags(resource, inputs, state)
        except InitFailed as error:
            self._init_failed(resource, error, inputs, secrets, context)
        except Exception as error:
            _abort(context, f"create {_called(request.urn)}", error)
        return provider_pb2.CreateResponse(
            id=identifier,
            properties=values.to_struct(_visible(inputs) | differing.spelt_as(resource, inputs, state), secrets),
        )

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = self._type(request.urn, context)
        identifier = request.id
        last = values.from_struct(request.properties)
        inputs = values.from_struct(request.inputs)
        secrets = _secrets(request.properties, request.inputs)
        try:
            if not last and resource.imported is not None:
                identifier, last = resource.imported(self._context(), identifier)
            live = resource.read(self._context(), identifier, last)
            if live is not None:
                live = self._with_tags(resource, inputs, live)
        except Exception as error:
            _abort(context, f"read {_called(request.urn)}", error)
        if live is None:
            return provider_pb2.ReadResponse(id="")
        return provider_pb2.ReadResponse(
            id=identifier,
            properties=values.to_struct(last | differing.spelt_as(resource, last, live), secrets),
            inputs=values.to_struct(differing.live_inputs(resource, inputs, live), secrets),
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = self._type(request.urn, context)
        news, last = values.from_struct(request.news), values.from_struct(request.olds)
        secrets = _secrets(request.news)
        if request.preview:
            anew = resource.anew(_old(resource, request), news) if resource.anew else ()
            kept = {key: value for key, value in last.items() if key not in resource.compared and key not in anew}
            return provider_pb2.UpdateResponse(properties=values.to_struct(kept | _visible(news), secrets))
        try:
            if resource.update is None:
                raise PluginError(f"{resource.token} cannot be updated in place")
            self._refuse_unknown(news)
            state = resource.update(self._context(), request.id, _old(resource, request), news, last)
            state = self._with_tags(resource, news, state)
        except Exception as error:
            _abort(context, f"update {_called(request.urn)}", error)
        return provider_pb2.UpdateResponse(
            properties=values.to_struct(_visible(news) | differing.spelt_as(resource, news, state), secrets)
        )

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = self._type(request.urn, context)
        try:
            resource.delete(self._context(), request.id, values.from_struct(request.properties))
        except Exception as error:
            _abort(context, f"delete {_called(request.urn)}", error)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        function = self._registry.functions.get(request.tok)
        if function is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, _not_served(request.tok))
        assert function is not None
        arguments = values.from_struct(request.args)
        failures = checking.check_arguments(function, arguments)
        if failures:
            return provider_pb2.InvokeResponse(failures=_failures(failures))
        try:
            answer = function.run(self._context(), arguments)
        except Exception as error:
            _abort(context, f"invoke {request.tok}", error)
        return getattr(provider_pb2, "InvokeResponse")(**{"return": values.to_struct(answer)})  # noqa: B009

    # --- helpers ----------------------------------------------------------------------------------------------------
    def _type(self, urn: str, context: grpc.ServicerContext) -> ResourceType:
        token = urn.split("::")[2].split("$")[-1]
        found = self._registry.types.get(token)
        if found is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, _not_served(token))
        assert found is not None
        return found

    @staticmethod
    def _refuse_unknown(inputs: dict[str, Any]) -> None:
        names = sorted(key for key, value in inputs.items() if has_unknown(value))
        if names:
            raise PluginError(f"{', '.join(names)} unknown outside a preview")

    def _with_tags(self, resource: ResourceType, inputs: State, state: State) -> State:
        """The state with ``tags`` told apart from what the instance adds to all resources."""
        if "tags" not in resource.props:
            return state
        everything = {key: text for key, text in (state.get(ALL_TAGS) or {}).items() if not key.startswith("aws:")}
        own = differing.own_tags(self._context().default_tags, inputs, everything)
        return {**state, ALL_TAGS: everything, "tags": own}

    def _init_failed(
        self,
        resource: ResourceType,
        error: InitFailed,
        inputs: State,
        secrets: frozenset[str],
        context: grpc.ServicerContext,
    ) -> NoReturn:
        """Tell the engine that the resource exists though its creation failed, so that its state is kept.

        The state says what exists, not what was asked for: the next update compares with it and sets what is missing.
        """
        state = {name: inputs.get(name) for name, prop in resource.props.items() if prop.replace or prop.local}
        state |= error.state
        try:
            live = resource.read(self._context(), error.id, inputs | error.state)
            if live is not None:
                state |= differing.spelt_as(resource, inputs, self._with_tags(resource, inputs, live))
        except Exception:
            # The first failure is the one to report; this only makes its record more exact.
            traceback.print_exc(file=sys.stderr)
        message = provider_pb2.ErrorResourceInitFailed(
            id=error.id,
            properties=values.to_struct(state, secrets),
            reasons=[str(error)],
            inputs=values.to_struct(inputs, secrets),
        )
        status = rpc_status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
        status.details.add().Pack(message)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
        raise AssertionError("abort raises")


def _abort(context: grpc.ServicerContext, doing: str, error: Exception) -> NoReturn:
    """End the call with the error as a sentence; with its origin on stderr if nobody expected it."""
    if isinstance(error, PluginError):
        text = str(error)
    else:
        text = str(error) if _is_expected(error) else f"{type(error).__name__}: {error}"
        if not _is_expected(error):
            traceback.print_exception(error, file=sys.stderr)
    context.abort(grpc.StatusCode.UNKNOWN, f"{doing}: {text}")
    raise AssertionError("abort raises")


def _is_expected(error: Exception) -> bool:
    return any(kind.__name__ in _EXPECTED for kind in type(error).__mro__)


def _failures(found: list[checking.Failure]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in found]


def _not_served(token: str) -> str:
    return f"{token} is not served by the stand-in for the aws plugin"


def _called(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def _secrets(*structs: Any) -> frozenset[str]:
    """The properties that hold secrets; the merged tags do where the tags do."""
    names = values.secret_names(*structs)
    return names | {ALL_TAGS} if "tags" in names else names


def _old(resource: ResourceType, request: Any) -> State:
    """The inputs that describe what exists according to the state, as the real provider compares with its state.

    They differ from the inputs of the last update where that one failed half way.
    """
    last = values.from_struct(request.olds)
    return differing.live_inputs(resource, values.from_struct(request.old_inputs), last)


def _visible(inputs: State) -> State:
    """The inputs that are outputs too."""
    return {key: value for key, value in inputs.items() if key != DEFAULTED}


def _name(resource: ResourceType, request: Any, news: State) -> None:
    """Give a resource that needs one the name that it had, or a new one."""
    rule = resource.autoname
    if rule is None or news.get(rule.prop) is not None:
        return
    olds = values.from_struct(request.olds)
    kept = olds.get(rule.prop) if rule.prop in (olds.get(DEFAULTED) or []) else None
    news[rule.prop] = kept or values.autoname(rule, _called(request.urn), request.randomSeed)
    news[DEFAULTED] = [rule.prop]
