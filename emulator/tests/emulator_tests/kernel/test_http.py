from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator

import pytest

from aws_emulator.kernel.http import HttpRequest, HttpResponse, HttpServer
from emulator_tests.conftest import Client


@pytest.fixture
def server() -> Iterator[HttpServer]:
    running = HttpServer("127.0.0.1", 0)
    running.start()
    yield running
    running.shutdown()
    running.server_close()


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, {"X-Target": request.target}, request.body)


def test_connection_is_kept(server: HttpServer) -> None:
    server.application = echo
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("POST", "/a%2Fb?x=1", body=b"one")
    first = connection.getresponse()
    assert (first.read(), first.getheader("X-Target")) == (b"one", "/a%2Fb?x=1")
    own = connection.sock.getsockname()
    connection.request("PUT", "/c", body=iter([b"tw", b"o"]), encode_chunked=True)
    assert connection.getresponse().read() == b"two"
    assert connection.sock.getsockname() == own
    connection.close()


def test_head_has_no_body(server: HttpServer) -> None:
    server.application = lambda request: HttpResponse(200, {}, b"12345")
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("HEAD", "/")
    answer = connection.getresponse()
    assert (answer.read(), answer.getheader("Content-Length")) == (b"", "5")
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"12345"
    connection.close()


def test_dropped_connection(server: HttpServer) -> None:
    server.application = lambda request: HttpResponse(0, drop=True)
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        connection.getresponse()


def test_requests_do_not_wait_for_each_other(server: HttpServer) -> None:
    together = threading.Barrier(8, timeout=10)

    def meet(request: HttpRequest) -> HttpResponse:
        together.wait()
        return HttpResponse(200, {}, b"met")

    server.application = meet
    answers: list[bytes] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/")
        answers.append(connection.getresponse().read())
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [b"met"] * 8


def test_broken_request_is_refused(server: HttpServer) -> None:
    server.application = echo
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(b"POST / HTTP/1.1\r\nContent-Length: -3\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400")


def test_many_clients_at_once(client: Client) -> None:
    dynamodb = client("dynamodb", account="222222222222")
    dynamodb.create_table(
        TableName="counters",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def count() -> None:
        for _ in range(10):
            dynamodb.update_item(
                TableName="counters",
                Key={"a": {"S": "x"}},
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    item = dynamodb.get_item(TableName="counters", Key={"a": {"S": "x"}}, ConsistentRead=True)["Item"]
    assert item["n"] == {"N": "80"}
