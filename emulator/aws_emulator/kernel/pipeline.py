"""The way of one call: identify, parse, log, fault before, authorize, operation, observers, fault after."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Caller, Emulator, Wrapper
from aws_emulator.calls import CallLog
from aws_emulator.faults import ConnectionDropped, Faults
from aws_emulator.kernel import cbor, errors, signature, validation, wire
from aws_emulator.kernel.forward import Moto, read_answer
from aws_emulator.kernel.http import HttpRequest, HttpResponse
from aws_emulator.kernel.identity import Identities
from aws_emulator.kernel.rates import Rates
from aws_emulator.kernel.requests import build_request
from aws_emulator.kernel.routing import serving_account
from aws_emulator.kernel.wire import Parsed

log = logging.getLogger("emulator")

# Requests that moto serves are checked against the model too, for the services that a governed stream touches.
VALIDATED_SERVICES = frozenset(
    {
        *("glue", "kafka", "kinesis", "iam", "sts", "ssm", "ram", "cloudtrail", "lambda", "stepfunctions", "events"),
        *("scheduler", "sqs", "sns", "kms", "logs", "dynamodb", "cloudwatch"),
    }
)


class Pipeline:
    """Runs calls, from HTTP or in process."""

    def __init__(self, emulator: Emulator, identities: Identities, moto: Moto) -> None:
        self.emulator = emulator
        self.identities = identities
        self.moto = moto
        self.calls = CallLog()
        self.faults = Faults(emulator)
        self.rates = Rates()

    def http(self, request: HttpRequest) -> HttpResponse:
        """Serve one request of an SDK."""
        request_id = str(uuid.uuid4())
        parsed = Parsed("sts", "Unknown", None, {}, "query")
        translated = cbor.is_cbor(request)
        try:
            credential = wire.credential_of(request)
            service = wire.service_of(credential.signing_name, request)
            parsed = Parsed(service, "Unknown", None, {}, wire.protocol_of(service))
            caller = self.identities.caller(credential)
            signature.verify(request, self.identities.secret(caller.access_key) or "", credential.signing_name)
            if translated:
                request = cbor.to_json(request, service)
            parsed = wire.parse(service, request, self.emulator.host, self.emulator.port)
        except ApiError as error:
            refusal = wire.render_error(parsed, errors.for_service(parsed.service, error), request_id)
            return cbor.from_json(parsed, refusal) if translated else refusal
        response = self._respond(request, request_id, credential.region, caller, parsed)
        return cbor.from_json(parsed, response) if translated and not response.drop else response

    def _respond(
        self, request: HttpRequest, request_id: str, region: str, caller: Caller, parsed: Parsed
    ) -> HttpResponse:
        call = ApiCall(
            service=parsed.service,
            operation=parsed.operation,
            params=parsed.params,
            region=region,
            caller=caller,
            request_id=request_id,
            headers=request.headers,
        )
        try:
            result, response = self._run(call, parsed, request)
        except ConnectionDropped:
            return HttpResponse(0, drop=True)
        except ApiError as error:
            return wire.render_error(parsed, error, request_id)
        return response or self._rendered(call, parsed, result, request_id)

    @staticmethod
    def _rendered(call: ApiCall, parsed: Parsed, result: dict[str, Any] | None, request_id: str) -> HttpResponse:
        try:
            return wire.render(parsed, result, request_id)
        except Exception as error:
            # A client would see a closed connection, and try again.
            log.exception("the answer to %s:%s does not fit its model", call.service, call.operation)
            failure = ApiError("InternalFailure", f"bug in the emulator: {type(error).__name__}: {error}", 500)
            return wire.render_error(parsed, failure, request_id)

    def call(
        self,
        service: str,
        operation: str,
        params: dict[str, Any],
        *,
        caller: Caller,
        region: str = "us-east-1",
        source_arn: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any] | None:
        """Run one operation in process.

        Args:
            service: as botocore names it.
            operation: as its model names it.
            params: of the operation's input.
            caller: who calls.
            region: where.
            source_arn: the resource on whose behalf a service calls.
            headers: of the request, named in lower case.

        Raises:
            ApiError: the call failed.
        """
        model = wire.operation_model(service, operation)
        # The protocol that boto3 would choose, of those that the service offers.
        parsed = Parsed(service, operation, model, params, str(model.service_model.resolved_protocol))
        call = ApiCall(
            service=service,
            operation=operation,
            params=params,
            region=region,
            caller=caller,
            request_id=str(uuid.uuid4()),
            headers=headers or {},
            source_arn=source_arn,
        )
        result, _ = self._run(call, parsed, None)
        return result

    def _run(
        self, call: ApiCall, parsed: Parsed, request: HttpRequest | None
    ) -> tuple[dict[str, Any] | None, HttpResponse | None]:
        entry = self.calls.begin(call)
        result: dict[str, Any] | None = None
        response: HttpResponse | None = None
        failure: ApiError | None = None
        fired = []
        try:
            fired = self.faults.before(call)
            self.rates.check(call)
            for authorize in self.emulator.authorizers:
                authorize(call)
            result, response, failure = self._perform(call, parsed, request)
        except ApiError as error:
            failure = error
        except Exception as error:
            log.exception("%s:%s failed", call.service, call.operation)
            failure = ApiError("InternalFailure", f"bug in the emulator: {type(error).__name__}: {error}", 500)
        finally:
            self.calls.end(entry, failure)
        self._observe(call, result, failure)
        self.faults.after(fired, call)
        if failure is not None and response is None:
            raise failure
        if failure is not None and request is None:
            raise failure
        return result, response

    def _perform(
        self, call: ApiCall, parsed: Parsed, request: HttpRequest | None
    ) -> tuple[dict[str, Any] | None, HttpResponse | None, ApiError | None]:
        operation = self.emulator.operations.get((call.service, call.operation))
        model = parsed.model
        if model is not None and (operation is not None or call.service in VALIDATED_SERVICES):
            validation.check_request(call.service, model.input_shape, call.params)
        if operation is not None and model is not None:
            result = operation(call) or {}
            self._check_result(call, model, result)
            return result, None, None
        if request is None:
            request = build_request(parsed, call, self.emulator.endpoint)
        wrapper = self.emulator.wrappers.get((call.service, call.operation))
        if wrapper is None:
            return self._forward(call, parsed, request)
        return self._wrapped(call, parsed, request, wrapper)

    def _forward(
        self, call: ApiCall, parsed: Parsed, request: HttpRequest
    ) -> tuple[dict[str, Any] | None, HttpResponse, ApiError | None]:
        account = serving_account(call, self.identities.accounts)
        try:
            response = self.moto.answer(call.service, request, account, call.region)
        except NotImplementedError as error:
            raise ApiError("NotImplemented", f"moto has no {call.service}:{call.operation} ({error})", 501) from error
        if response.status == 404 and response.body.startswith(b"<!doctype html>"):
            # Flask's own page: the service has no route for the operation.
            raise ApiError("NotImplemented", f"moto has no {call.service}:{call.operation}", 501)
        response.headers = {n: v for n, v in response.headers.items() if n.lower() != "x-amzn-requestid"}
        response.headers["x-amzn-RequestId"] = call.request_id
        result, failure = read_answer(parsed, response)
        return result, response, failure

    def _wrapped(
        self, call: ApiCall, parsed: Parsed, request: HttpRequest, wrapper: Wrapper
    ) -> tuple[dict[str, Any] | None, HttpResponse | None, ApiError | None]:
        responses: list[HttpResponse] = []
        results: list[dict[str, Any]] = []

        def proceed() -> dict[str, Any]:
            result, response, failure = self._forward(call, parsed, request)
            if failure is not None:
                raise failure
            responses.append(response)
            results.append(result or {})
            return results[-1]

        replaced = wrapper(call, proceed)
        if replaced is not None:
            # Not checked against the model: most of it is moto's, and the services themselves break ``min`` in answers
            # (Kinesis answers an empty ShardLevelMetrics).
            return replaced, None, None
        return results[-1], responses[-1], None

    @staticmethod
    def _check_result(call: ApiCall, model: Any, result: dict[str, Any]) -> None:
        if model.output_shape is None or model.has_event_stream_output:
            return
        problems = validation.find_problems(model.output_shape, result)
        if problems:
            log.error("answer to %s:%s breaks its model: %s", call.service, call.operation, "; ".join(problems))
            raise ApiError(
                "InternalFailure", f"bug in the emulator: the answer breaks the model: {'; '.join(problems)}", 500
            )

    def _observe(self, call: ApiCall, result: dict[str, Any] | None, failure: ApiError | None) -> None:
        for observer in self.emulator.observers:
            try:
                observer(call, result, failure)
            except Exception:
                # The call has had its effect; what watches it must not change its answer.
                log.exception("observer of %s:%s failed", call.service, call.operation)
