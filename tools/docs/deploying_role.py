"""Write docs/deploying-role.md: what the deploying role needs, from streamgov_ops.deployer.

Run `python -m tools.docs.deploying_role` after changing what is deployed; a test holds the page against the code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from streamgov_core.model.naming import Names
from streamgov_ops.deployer import SIDES, policies, statements
from streamgov_ops.deployer.actions import NEEDS, Needs
from streamgov_ops.deployer.check import NOT_COVERED
from streamgov_ops.deployer.further_actions import FEATURES, OPTIONAL

OUT = Path(__file__).resolve().parent.parent.parent / "docs" / "deploying-role.md"
ACCOUNTS = {"domain": "444455556666", "member": "777788889999"}
NAMES = Names("streamgov", "eu-west-1")
_HEAD = """# The deploying role

What the role that runs `pulumi up` needs, and nothing else. It is derived from the types that a stack deploys; this
page is generated (`python -m tools.docs.deploying_role`). For your own accounts, names and boundary:

```
streamgov deployer --side member --account 777788889999 --region eu-west-1 --boundary corp/edge
pulumi preview --json | streamgov deployer - --region eu-west-1       # from a stack's first preview
streamgov deployer --config Pulumi.prod.yaml                          # what a stack's file takes
streamgov deployer --side member … --preview-only                     # for reviews: it only reads
streamgov deployer --side member … --with vpc-connection              # and a component of yours
streamgov deployer --side member … --role teams/deployer              # and lets it ask IAM about itself
```

The answer is JSON, account to documents; each fits into a managed policy, and the role takes all of its account's.

## Does a role have it?

```
streamgov deployer --check --config Pulumi.prod.yaml
```

asks IAM (`iam:SimulatePrincipalPolicy`; nothing is tried) about the role by which the stack reaches each account, and
prints a sentence for each permission that is lacking: which action, on what, in which account, for which resources of
the stack, why (no policy, a boundary, an organisation's policy, a denial), and the statement to add. Exit code 0:
nothing is lacking; 1: something is; 2: the input is wrong, or nobody could be asked. `--json` prints the same for
programs. Without `--config` it checks the ambient credentials
(`--side`, `--account`).

A preview asks the same while it registers resources, for about twenty small calls an account:

| `streamgov:checkPermissions` | what a lacking permission does |
| --- | --- |
| `warn` (default) | a warning with the first five sentences and the command that prints all |
| `refuse` | the preview fails with them |
| `never` | nothing is asked |

An `externalId` that is encrypted in the stack's file cannot be read outside of Pulumi: `--check --config` says so and
asks without it. The preview's check decrypts it. Or assume the role yourself and check with its credentials:
`streamgov deployer --check --side member --account … --profile …`.

A role that only reads (for reviews) gets one line, also with `refuse`. So does a role that may not ask about itself,
and `--role` prints what it needs for that.

%(not_covered)s
A policy that names each resource in full is therefore reported as lacking.

## Notes

- With `--boundary`, no role can be made or written to unless it carries the boundary, and nobody may take it away.
- `iam:PassRole` reaches our own roles only, and only for the services that run them.
- What AWS cannot confine to a name: DataZone's actions (the role's *memberships* confine it), keys (their ids are not
  known before) and RAM shares.
- The state of the stack (a bucket, a key) needs permissions of its own, as with any Pulumi program.
- In DataZone the role must be a user of the domain: an owner of the project that owns the types, and of each project
  into which it brings members. In a member's account it makes the subscription target.
- UNVERIFIED: the reads that the real `aws` provider makes after a write were taken from documentation; a missing one
  shows as AccessDenied with its name at the first `up`.
"""


def render() -> str:
    """The page's text."""
    head = _HEAD.replace("%(not_covered)s", NOT_COVERED)
    parts = [head, _table(NEEDS, "By type"), _features()]
    for side, account in ACCOUNTS.items():
        documents = policies(statements(SIDES[side], NAMES, account))
        parts.append(f"## The {side}'s account ({account})\n")
        for number, document in enumerate(documents, 1):
            title = f"Document {number} of {len(documents)}"
            text = json.dumps(document, indent=2)
            parts.append(f"<details><summary>{title}</summary>\n\n```json\n{text}\n```\n\n</details>\n")
    documents = policies(statements(SIDES["member"], NAMES, ACCOUNTS["member"], write=False))
    parts.append("## Preview only (a member's account)\n")
    for document in documents:
        parts.append(
            f"<details><summary>Document</summary>\n\n```json\n{json.dumps(document, indent=2)}\n```\n\n</details>\n"
        )
    return "\n".join(parts)


def _features() -> str:
    words = "\n".join(
        f"- `--with {word}`: {', '.join(f'`{type_}`' for type_ in types)}" for word, types in sorted(FEATURES.items())
    )
    intro = "Components that the program itself does not deploy; whoever uses one adds what it takes:"
    return f"{_table(OPTIONAL, 'When asked for')}\n{intro}\n\n{words}\n"


def _table(listed: Mapping[str, Needs], title: str) -> str:
    lines = [f"## {title}\n", "| type | reads | creates, updates, deletes |", "| --- | --- | --- |"]
    for type_, first in sorted(listed.items()):
        reads, writes = [], []
        for needs in (first, *first.also):
            reads += [f"{needs.service}:{action}" for action in (*needs.read, *needs.read_any)]
            writes += [f"{needs.service}:{action}" for action in (*needs.write, *needs.write_any)]
            writes += [f"iam:PassRole to {service}" for service in needs.passes]
        lines.append(f"| `{type_}` | {', '.join(reads)} | {', '.join(writes)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    OUT.write_text(render(), encoding="utf-8")
