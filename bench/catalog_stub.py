"""The APIs that a data source calls, in memory behind HTTP, each answering after a fixed time.

So little work a call that its own CPU does not count: one process, one event loop. Page sizes are those of the API
references; nothing is throttled. ``GET /_calls`` answers and clears the counts, ``POST /_do`` changes the registry.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from typing import Any
from urllib.parse import unquote

from streamgov_core.model.asset_record import RECORD_ITEM, RECORD_KEY
from streamgov_core.runtime.run_store import PART_KEY, RUN_KEY

ACCOUNT, REGION, REGISTRY, PROJECT, DOMAIN = "222222222222", "us-east-1", "orders", "project1", "dzd-bench1"
CLUSTER = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/main/0a1b2c3d-1111-2222-3333-444455556666-7"
SCHEMAS = f"arn:aws:glue:{REGION}:{ACCOUNT}:schema/{REGISTRY}/"
RUN_ROWS = "table of runs"
"""The calls of the table of runs, whose rows no later run needs, in the counts of calls."""
BORN = 1_780_000_000.0


def definition(version: int) -> str:
    """A schema as they are: a dozen fields, some nested, one more with each version."""
    address = {
        "type": "record",
        "name": "Address",
        "fields": [{"name": n, "type": "string"} for n in ("street", "city")],
    }
    fields: list[dict[str, Any]] = [{"name": f"field{n}", "type": "string", "doc": f"Field {n}"} for n in range(8)]
    fields += [
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "address", "type": ["null", address], "default": None},
        {"name": "tags", "type": {"type": "map", "values": "string"}},
    ]
    fields += [{"name": f"added{n}", "type": ["null", "string"], "default": None} for n in range(1, version)]
    return json.dumps({"type": "record", "name": "Event", "doc": "What happened", "fields": fields})


class MissingError(Exception):
    """The service's error for what is not there."""


class State:
    """Registry, records and assets."""

    def __init__(self, names: list[str]) -> None:
        self.versions = dict.fromkeys(names, 1)
        self.records: dict[tuple[str, str], dict[str, Any]] = {}
        self.assets: dict[str, dict[str, Any]] = {}
        self.calls: Counter[str] = Counter()
        self.time = BORN

    # --- AWS JSON: Glue, DynamoDB, EventBridge ------------------------------------------------------------------------
    def json_call(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        of_runs = str(body.get("TableName", "")).endswith("-runs")
        self.calls[RUN_ROWS if of_runs else operation] += 1
        return dict(getattr(self, operation)(body))

    def ListSchemas(self, body: dict[str, Any]) -> dict[str, Any]:
        names, token = _page(sorted(self.versions), body.get("NextToken"), min(100, body.get("MaxResults", 25)))
        return {"Schemas": [{"SchemaName": name} for name in names], **({"NextToken": token} if token else {})}

    def GetRegistry(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"RegistryName": REGISTRY}

    def _schema(self, body: dict[str, Any]) -> str:
        name = str(body["SchemaId"]["SchemaName"])
        if name not in self.versions:
            raise MissingError("EntityNotFoundException")
        return name

    def GetSchema(self, body: dict[str, Any]) -> dict[str, Any]:
        name = self._schema(body)
        return {
            "SchemaName": name,
            "SchemaArn": SCHEMAS + name,
            "DataFormat": "AVRO",
            "Compatibility": "BACKWARD",
            "LatestSchemaVersion": self.versions[name],
            "SchemaStatus": "AVAILABLE",
            "CreatedTime": "2026-05-01T00:00:00.000Z",
        }

    def GetSchemaVersion(self, body: dict[str, Any]) -> dict[str, Any]:
        self._schema(body)
        number = body["SchemaVersionNumber"]["VersionNumber"]
        return {
            "VersionNumber": number,
            "Status": "AVAILABLE",
            "DataFormat": "AVRO",
            "SchemaDefinition": definition(number),
        }

    def ListSchemaVersions(self, body: dict[str, Any]) -> dict[str, Any]:
        latest = self.versions[self._schema(body)]
        return {"Schemas": [{"VersionNumber": number, "Status": "AVAILABLE"} for number in range(1, latest + 1)]}

    def GetTags(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": {"owner": "team-a"}}

    def QuerySchemaVersionMetadata(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"MetadataInfoMap": {}}

    def GetItem(self, body: dict[str, Any]) -> dict[str, Any]:
        found = self.records.get(_key(body["Key"]))
        return {} if found is None else {"Item": found}

    def Query(self, body: dict[str, Any]) -> dict[str, Any]:
        """All items of a key, or those between two: a page is a megabyte, which is more than any run here has."""
        values = {name: value["S"] for name, value in body["ExpressionAttributeValues"].items()}
        key = values.get(":key", values.get(":run"))
        first, last = values.get(":first", ""), values.get(":last")
        items = [
            item
            for (found, name), item in sorted(self.records.items())
            if found == key and first <= name and (last is None or name <= last)
        ]
        return {"Items": items, "Count": len(items)}

    def PutItem(self, body: dict[str, Any]) -> dict[str, Any]:
        self.records[_key(body["Item"])] = body["Item"]
        return {}

    def DeleteItem(self, body: dict[str, Any]) -> dict[str, Any]:
        self.records.pop(_key(body["Key"]), None)
        return {}

    def PutEvents(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in body["Entries"]]}

    # --- REST: DataZone, MSK -----------------------------------------------------------------------------------------
    def rest_call(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        parts = path.strip("/").split("/")
        if "clusters" in parts:
            return self._kafka(parts, query)
        kind, identifier = parts[3], parts[4] if len(parts) > 4 else ""
        if kind == "search":
            self.calls["Search"] += 1
            assets, token = _page(list(self.assets.values()), body.get("nextToken"), 50)
            if body.get("searchText"):
                assets, token = [asset for asset in self.assets.values() if asset["name"] == body["searchText"]], None
            items = [{"assetItem": {**asset, "identifier": asset["id"]}} for asset in assets]
            return {"items": items, **({"nextToken": token} if token else {})}
        if kind == "asset-types":
            self.calls["GetAssetType"] += 1
            return {"name": identifier, "revision": "1", "formsOutput": {}}
        if method == "POST" and not identifier:
            self.calls["CreateAsset"] += 1
            return self._write(f"asset{len(self.assets) + 1:08}", body)
        if identifier not in self.assets:
            raise MissingError("ResourceNotFoundException")
        if method == "POST":
            self.calls["CreateAssetRevision"] += 1
            return self._write(
                identifier, {**body, "externalIdentifier": self.assets[identifier]["externalIdentifier"]}
            )
        if method == "DELETE":
            self.calls["DeleteAsset"] += 1
            del self.assets[identifier]
            return {}
        self.calls["GetAsset"] += 1
        return self.assets[identifier]

    def _write(self, identifier: str, body: dict[str, Any]) -> dict[str, Any]:
        self.time += 1
        old = self.assets.get(identifier, {"revision": "0"})
        self.assets[identifier] = {
            "id": identifier,
            "domainId": DOMAIN,
            "owningProjectId": PROJECT,
            "name": body["name"],
            "typeIdentifier": body.get("typeIdentifier", old.get("typeIdentifier")),
            "typeRevision": "1",
            "revision": str(int(old["revision"]) + 1),
            "externalIdentifier": body.get("externalIdentifier"),
            "description": body.get("description"),
            "createdAt": self.time,
            "formsOutput": [{**form, "typeName": form["typeIdentifier"]} for form in body.get("formsInput", ())],
        }
        return self.assets[identifier]

    def _kafka(self, parts: list[str], query: dict[str, str]) -> dict[str, Any]:
        if parts[-1] == "bootstrap-brokers":
            self.calls["GetBootstrapBrokers"] += 1
            return {"bootstrapBrokerStringSaslIam": "b-1.main:9098,b-2.main:9098"}
        if parts[-1] == "topics":
            self.calls["ListTopics"] += 1
            names, token = _page(sorted(self.versions), query.get("nextToken"), 100)
            topics = [{"topicName": name, "partitionCount": 6, "replicationFactor": 3} for name in names]
            return {"topics": topics, **({"nextToken": token} if token else {})}
        if "topics" in parts:
            self.calls["DescribeTopic"] += 1
            return {"topicName": parts[-1], "partitionCount": 6, "configs": ""}
        self.calls["DescribeClusterV2"] += 1
        return {"clusterInfo": {"clusterName": "main", "clusterArn": CLUSTER, "clusterType": "PROVISIONED"}}

    # --- the benchmark's own ----------------------------------------------------------------------------------------
    def control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path == "/_calls":
            calls, self.calls = dict(self.calls), Counter()
            return calls
        for name in body.get("changed", ()):
            self.versions[name] += 1
        for name in body.get("deleted", ()):
            del self.versions[name]
        return {}


def _key(item: dict[str, Any]) -> tuple[str, str]:
    """The partition and sort key of a record, or of a row of a run."""
    keys = (RECORD_KEY, RECORD_ITEM) if RECORD_KEY in item else (RUN_KEY, PART_KEY)
    return item[keys[0]]["S"], item[keys[1]]["S"]


def _page(rows: list[Any], token: str | None, size: int) -> tuple[list[Any], str | None]:
    start = int(token or 0)
    return rows[start : start + size], str(start + size) if start + size < len(rows) else None


class Connection(asyncio.Protocol):
    """One kept-alive HTTP connection."""

    def __init__(self, state: State, latency: float) -> None:
        self._state, self._latency, self._buffer = state, latency, b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, rest = self._buffer.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines[1:])}
            size = int(headers.get("content-length", 0))
            if len(rest) < size:
                if headers.get("expect"):
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            self._buffer = rest[size:]
            method, target, _ = lines[0].split(" ")
            answer = self._answer(method, target, headers, rest[:size])
            delay = 0.0 if target.startswith("/_") else self._latency
            asyncio.get_running_loop().call_later(delay, self._send, answer)

    def _send(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)

    def _answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
        path, _, query = target.partition("?")
        document = json.loads(body) if body else {}
        code, status = "", 200
        try:
            if path.startswith("/_"):
                found = self._state.control(path, document)
            elif "x-amz-target" in headers:
                found = self._state.json_call(headers["x-amz-target"].rpartition(".")[2], document)
            else:
                pairs = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
                found = self._state.rest_call(
                    method, unquote(path), {k: unquote(v) for k, v in pairs.items()}, document
                )
        except MissingError as error:
            code, status, found = str(error), 404 if "Resource" in str(error) else 400, {"__type": str(error)}
        text = json.dumps(found).encode()
        head = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(text)}"]
        head += [f"x-amzn-errortype: {code}"] if code else []
        return "\r\n".join([*head, "", ""]).encode() + text


async def main(count: int, latency: float) -> None:
    """Serve until the process is ended; prints the port."""
    state = State([f"topic-{number:05}" for number in range(count)])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(state, latency), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]) / 1000))
