"""Started by the Pulumi engine as ``pulumi-resource-aws``: prints its port and serves until it is ended."""

from __future__ import annotations

import signal
import sys
import threading
from concurrent import futures
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from aws_emulator.pulumi_aws.servicer import Servicer
from aws_emulator.pulumi_aws.types import registry

_MESSAGE_LIMIT = 400 * 1024 * 1024


def main() -> int:
    """Serve on a free port of loopback."""
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=16),
        options=[("grpc.max_receive_message_length", _MESSAGE_LIMIT), ("grpc.max_send_message_length", _MESSAGE_LIMIT)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(registry()), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    ended = threading.Event()

    def end(_number: int, _frame: Any) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    ended.wait()
    server.stop(grace=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
