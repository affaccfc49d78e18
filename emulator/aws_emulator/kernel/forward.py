"""Hands a request to moto's application of its service and reads the answer back."""

from __future__ import annotations

import functools
import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import moto.core.responses
from botocore.parsers import create_parser
from moto.backend_index import backend_url_patterns
from moto.backends import list_of_moto_modules
from moto.core.model import OperationModel
from moto.core.utils import method_names_from_class
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from aws_emulator.api import ApiError
from aws_emulator.kernel.http import HttpRequest, HttpResponse
from aws_emulator.kernel.wire import Parsed

log = logging.getLogger("emulator.moto")

ACCOUNT_HEADER = "x-moto-account-id"
MAX_PARSED_BODY = 2 * 1024 * 1024

# moto's backends are plain dictionaries: two conditional writes at once may both see the old item. One call at a time
# for each account and region of these services. They start nothing that calls back, unlike those that run functions or
# state machines, and none of them waits, unlike SQS's long polling.
SERIALIZED = frozenset({"dynamodb", "iam", "ssm", "kinesis", "kms", "logs"})


class Moto:
    """moto's server applications, one per service, created on first use.

    The caller's account travels in moto's own header, since moto knows neither our session credentials nor the
    administrator's key.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._dispatcher = DomainDispatcherApplication(create_backend_app)
        # moto inspects a service's class anew for each request, which takes an eighth of its time.
        moto.core.responses.method_names_from_class = functools.cache(method_names_from_class)  # type: ignore[attr-defined]
        self._creation = threading.Lock()
        self._turns: defaultdict[tuple[str, str, str], threading.RLock] = defaultdict(threading.RLock)

    def answer(self, service: str, request: HttpRequest, account: str, region: str) -> HttpResponse:
        """Let moto serve a request on behalf of an account.

        Raises:
            NotImplementedError: moto has no such service or operation.
        """
        environ = request.environ(self._host, self._port)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        application = self._application(environ)
        if service not in SERIALIZED:
            return self._run(application, environ)
        with self._turns[(service, account, "aws" if service == "iam" else region)]:
            return self._run(application, environ)

    @staticmethod
    def _run(application: Any, environ: dict[str, Any]) -> HttpResponse:
        status = 500
        headers: dict[str, str] = {}

        def start_response(line: str, items: Iterable[tuple[str, str]], _: Any = None) -> None:
            nonlocal status
            status = int(line.split(" ", 1)[0])
            for name, value in items:
                if name.lower() != "status":
                    headers[name] = value

        parts = application(environ, start_response)
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return HttpResponse(status, headers, body)

    def _application(self, environ: dict[str, Any]) -> Any:
        dispatcher = self._dispatcher
        host = dispatcher.infer_service_region_host(environ, environ["PATH_INFO"]) or ""
        backend = _backend_of(host)
        if backend is None:
            raise NotImplementedError(f"no service at {host}")
        with self._creation:
            if backend not in dispatcher.app_instances:
                dispatcher.app_instances[backend] = create_backend_app(backend)
        return dispatcher.app_instances[backend]


@functools.cache
def _backend_of(host: str) -> Any:
    if host in list_of_moto_modules():
        return host
    return next((backend for backend, pattern in backend_url_patterns if pattern.match(f"http://{host}")), None)


def read_answer(parsed: Parsed, response: HttpResponse) -> tuple[dict[str, Any] | None, ApiError | None]:
    """What moto answered, as (parameters, None) or (None, error).

    Bodies of megabytes (S3 objects) are not parsed: an empty dictionary stands for them.
    """
    model = parsed.model
    if response.status >= 400:
        return None, _error(parsed, response)
    if model is None or model.has_streaming_output or len(response.body) > MAX_PARSED_BODY:
        return {}, None
    if model.output_shape is None:
        return {}, None
    try:
        result = _parse(parsed, model, response)
    except Exception:
        log.exception("cannot read moto's answer to %s:%s", parsed.service, parsed.operation)
        return {}, None
    result.pop("ResponseMetadata", None)
    return result, None


def _parse(parsed: Parsed, model: OperationModel, response: HttpResponse) -> dict[str, Any]:
    parser: Any = create_parser(parsed.protocol)
    answer: dict[str, Any] = parser.parse(
        {
            "headers": _lowered(response.headers),
            "status_code": response.status,
            "body": response.body,
            "context": {"operation_name": parsed.operation},
        },
        model.output_shape,
    )
    return answer


def _error(parsed: Parsed, response: HttpResponse) -> ApiError:
    try:
        parser: Any = create_parser(parsed.protocol)
        found = parser.parse(
            {
                "headers": _lowered(response.headers),
                "status_code": response.status,
                "body": response.body,
                "context": {"operation_name": parsed.operation},
            },
            None,
        )["Error"]
    except Exception:
        log.exception("cannot read moto's error to %s:%s", parsed.service, parsed.operation)
        found = {}
    code = str(found.get("Code") or response.status)
    return ApiError(code, str(found.get("Message") or ""), response.status)


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    from botocore.compat import HTTPHeaders

    lowered: Any = HTTPHeaders()
    for name, value in headers.items():
        lowered[name] = value
    return lowered  # type: ignore[no-any-return]
