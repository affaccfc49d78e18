"""Write the tables of docs/clients.md: what a grant gives each client, what it does not, and what to set.

The text around them is written by hand. Run `python -m tools.docs.clients` after changing `client_calls.py`; a test
holds the page against it, and another one asks every call of the emulator.
"""

from __future__ import annotations

from pathlib import Path

from tools.docs.client_calls import CLIENTS, Call, StreamClient

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "docs" / "clients.md"
BEGIN, END = "<!-- clients: generated -->", "<!-- clients: end -->"
TITLES = {"msk": "Topics (Amazon MSK)", "kinesis": "Streams (Amazon Kinesis)"}


def tables() -> str:
    """Both tables, a section for each platform."""
    parts = []
    for platform, title in TITLES.items():
        rows = [_row(client) for client in CLIENTS if client.platform == platform]
        head = "| client | set | the grant gives | it does not give | your own policy gives |\n" + "| --- " * 5 + "|"
        parts.append(f"## {title}\n\n{head}\n" + "\n".join(rows))
    sources = "\n".join(f"* {client.name}: {client.source}" for client in CLIENTS)
    return "\n\n".join([*parts, f"## Where the calls are documented\n\n{sources}"])


def page() -> str:
    """The whole page: what is written by hand, with today's tables."""
    text = OUT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


def _row(client: StreamClient) -> str:
    asked = client.access if client.platform == "msk" else f"{client.access}, {client.consumption}"
    given = _calls(client.calls)
    if client.within:
        given += f"; within the owner's account {_calls(client.within)}"
    if client.across:
        given += f"; across accounts {_calls(client.across)}"
    cells = (f"**{client.name}** ({asked})", client.settings, given, _calls(client.refused), _calls(client.team))
    return "| " + " | ".join(cells) + " |"


def _calls(calls: tuple[Call, ...]) -> str:
    """Actions by resource, each resource once."""
    resources: dict[str, list[str]] = {}
    for action, resource in dict.fromkeys(calls):
        resources.setdefault(resource, []).append(action.partition(":")[2])
    return "; ".join(f"{', '.join(sorted(actions))} ({resource})" for resource, actions in resources.items()) or "-"


if __name__ == "__main__":
    OUT.write_text(page(), encoding="utf-8")
