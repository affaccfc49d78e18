"""The gRPC service that the Pulumi engine talks to: one process for each provider instance."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import threading
import traceback
from typing import Any
from urllib.parse import urlsplit

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import errors_pb2, plugin_pb2, provider_pb2, provider_pb2_grpc
from pulumi.runtime.proto import status_pb2 as rpc_status_pb2

from emulator.pulumi_aws import checking, values
from emulator.pulumi_aws.model import Context, InitFailed, PluginError, Registry, ResourceType, has_unknown, is_unknown

_PROVIDER_INPUTS = {
    "region", "allowedAccountIds", "assumeRoles", "defaultTags", "profile", "s3UsePathStyle", "maxRetries", "endpoints",
    "skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId", "accessKey",
    "secretKey", "token", "version",
}  # fmt: skip
_JSON_INPUTS = {"allowedAccountIds", "assumeRoles", "defaultTags", "endpoints", "s3UsePathStyle", "maxRetries"}


def loopback_endpoint() -> str:
    """The emulator's address from ``AWS_ENDPOINT_URL``.

    Raises:
        PluginError: it is missing or not on this machine; the stand-in never speaks to AWS.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    host = urlsplit(endpoint).hostname
    if host not in {"127.0.0.1", "localhost", "::1"}:
        raise PluginError(
            "the stand-in for the aws plugin works with the emulator only: AWS_ENDPOINT_URL must be an address of this "
            f"machine, got {endpoint!r}. Install the real plugin to deploy to AWS: pulumi plugin install resource aws"
        )
    return endpoint


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Serves the types of a registry.

    Args:
        registry: all types and functions.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._config: dict[str, Any] = {}
        self._context: Context | None = None
        self._lock = threading.Lock()

    # --- the instance -----------------------------------------------------------------------------------------------
    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi_aws"))

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        schema = {"name": "aws", "version": importlib.metadata.version("pulumi_aws"), "resources": {}}
        for token in self._registry.types:
            schema["resources"][token] = {}  # type: ignore[index]
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        news = values.from_struct(request.news)
        failures = [
            provider_pb2.CheckFailure(property=name, reason=f'provider property "{name}" is not served by the stand-in')
            for name in news
            if name not in _PROVIDER_INPUTS and not name.startswith("__")
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        # As the real provider: credentials and roles may change in place; another region replaces its resources.
        old, new = values.from_struct(request.old_inputs or request.olds), values.from_struct(request.news)
        changed = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key) and key != "version"]
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=[key for key in changed if key == "region"],
        )

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._config = values.from_struct(request.args)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=False, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def _get_context(self) -> Context:
        with self._lock:
            if self._context is None:
                from emulator.pulumi_aws.session import make_context

                self._context = make_context(loopback_endpoint(), _typed_config(self._config))
            return self._context

    # --- resources --------------------------------------------------------------------------------------------------
    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = self._type(request.urn, context)
        news = {k: v for k, v in values.from_struct(request.news).items() if not k.startswith("__")}
        olds = values.from_struct(request.olds)
        if resource.autoname is not None and news.get(resource.autoname[0]) is None:
            prop, longest = resource.autoname
            logical = request.urn.rsplit("::", 1)[1]
            news[prop] = olds.get(prop) or values.autoname(logical, request.randomSeed, longest)
        failures = checking.check(resource, news)
        return provider_pb2.CheckResponse(
            inputs=values.to_struct(checking.with_defaults(resource, news)),
            failures=[provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in failures],
        )

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = self._type(request.urn, context)
        old = values.from_struct(request.old_inputs) or values.from_struct(request.olds)
        changed = checking.differing(resource, old, values.from_struct(request.news))
        changed = {key: how for key, how in changed.items() if key not in set(request.ignoreChanges)}
        replaces = sorted(key for key in changed if resource.props[key].replace or resource.update is None)
        detailed = {}
        for key, how in changed.items():
            kind = how.upper() + ("_REPLACE" if key in replaces else "")
            detailed[key] = provider_pb2.PropertyDiff(kind=provider_pb2.PropertyDiff.Kind.Value(kind), inputDiff=True)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted(changed),
            replaces=replaces,
            detailedDiff=detailed,
            hasDetailedDiff=True,
            deleteBeforeReplace=resource.delete_before_replace,
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = self._type(request.urn, context)
        inputs = values.from_struct(request.properties)
        if request.preview:
            # Computed outputs are unknown in a preview: the engine treats what is missing as unknown.
            return provider_pb2.CreateResponse(properties=request.properties)
        self._refuse_unknown(request.urn, inputs, context)
        try:
            identifier, state = resource.create(self._get_context(), inputs)
        except InitFailed as error:
            self._init_failed(error, inputs, context)
        except Exception as error:
            self._abort(context, "create", request.urn, error)
        return provider_pb2.CreateResponse(id=identifier, properties=values.to_struct(inputs | state))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = self._type(request.urn, context)
        last = values.from_struct(request.properties)
        inputs = values.from_struct(request.inputs)
        try:
            live = resource.read(self._get_context(), request.id, last)
        except Exception as error:
            self._abort(context, "read", request.urn, error)
        if live is None:
            return provider_pb2.ReadResponse(id="")
        live = checking.keep_spelling(resource, last | inputs, live)
        kept = set(inputs) or {key for key in resource.props if live.get(key) is not None}
        new_inputs = {key: live.get(key) for key in resource.props if key in kept or _appeared(resource, key, live)}
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=values.to_struct(last | live),
            inputs=values.to_struct({k: v for k, v in new_inputs.items() if v is not None}),
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = self._type(request.urn, context)
        news, last = values.from_struct(request.news), values.from_struct(request.olds)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=values.to_struct(last | news))
        self._refuse_unknown(request.urn, news, context)
        if resource.update is None:
            context.abort(grpc.StatusCode.INTERNAL, f"{resource.token} cannot be updated in place")
        assert resource.update is not None
        old = values.from_struct(request.old_inputs) or last
        try:
            state = resource.update(self._get_context(), request.id, old, news, last)
        except Exception as error:
            self._abort(context, "update", request.urn, error)
        return provider_pb2.UpdateResponse(properties=values.to_struct(news | state))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        resource = self._type(request.urn, context)
        try:
            resource.delete(self._get_context(), request.id, values.from_struct(request.properties))
        except Exception as error:
            self._abort(context, "delete", request.urn, error)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        function = self._registry.functions.get(request.tok)
        if function is None:
            context.abort(
                grpc.StatusCode.UNIMPLEMENTED, f"{request.tok} is not served by the stand-in for the aws plugin"
            )
        assert function is not None
        arguments = values.from_struct(request.args)
        unknown = [key for key in arguments if key not in function.arguments]
        if unknown:
            return provider_pb2.InvokeResponse(
                failures=[
                    provider_pb2.CheckFailure(property=key, reason=f'{request.tok}: argument "{key}" is not served')
                    for key in unknown
                ]
            )
        try:
            answer = function.run(self._get_context(), arguments)
        except Exception as error:
            self._abort(context, "invoke", request.tok, error)
        return getattr(provider_pb2, "InvokeResponse")(**{"return": values.to_struct(answer)})  # noqa: B009

    # --- helpers ----------------------------------------------------------------------------------------------------
    def _type(self, urn: str, context: grpc.ServicerContext) -> ResourceType:
        token = urn.split("::")[2].split("$")[-1]
        found = self._registry.types.get(token)
        if found is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{token} is not served by the stand-in for the aws plugin")
        assert found is not None
        return found

    @staticmethod
    def _refuse_unknown(urn: str, inputs: dict[str, Any], context: grpc.ServicerContext) -> None:
        names = [key for key, value in inputs.items() if is_unknown(value) or has_unknown(value)]
        if names:
            context.abort(grpc.StatusCode.INTERNAL, f"{urn}: {', '.join(names)} unknown outside a preview")

    @staticmethod
    def _abort(context: grpc.ServicerContext, verb: str, what: str, error: Exception) -> None:
        if not isinstance(error, PluginError) and type(error).__name__ != "ClientError":
            traceback.print_exc(file=sys.stderr)
        context.abort(grpc.StatusCode.UNKNOWN, f"{verb} {what.rsplit('::', 1)[-1]}: {error}")

    @staticmethod
    def _init_failed(error: InitFailed, inputs: dict[str, Any], context: grpc.ServicerContext) -> None:
        """Tell the engine that the resource exists though its creation failed, so that its state is kept."""
        detail = errors_pb2 if hasattr(errors_pb2, "ErrorResourceInitFailed") else provider_pb2
        message = detail.ErrorResourceInitFailed(
            id=error.id,
            properties=values.to_struct(inputs | error.state),
            reasons=[str(error)],
            inputs=values.to_struct(inputs),
        )
        status = rpc_status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
        status.details.add().Pack(message)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _appeared(resource: ResourceType, key: str, live: dict[str, Any]) -> bool:
    """Whether a property that nobody set has a value other than its default now: drift."""
    prop = resource.props[key]
    value = live.get(key)
    return value not in (None, {}, [], prop.default) and not prop.computed


def _typed_config(config: dict[str, Any]) -> dict[str, Any]:
    """Provider configuration arrives as strings; structured values are JSON."""
    out = {}
    for key, value in config.items():
        out[key] = json.loads(value) if key in _JSON_INPUTS and isinstance(value, str) else value
    return out
