"""Write the golden reports and the sample in the docs anew: `python -m tests.unit.review.golden`."""

from __future__ import annotations

import json
from pathlib import Path

from streamgov_ops.review import review

HERE = Path(__file__).parent / "previews"
SAMPLE = Path(__file__).resolve().parents[3] / "docs" / "review-sample.md"
HEAD = """<!-- Written by `python -m tests.unit.review.golden` from a preview that the engine printed. -->

*A sample of what `pulumi preview --json | streamgov review` says about a change. Here somebody added a
role to a subscription target, widened the consumer roles, waived their boundary, trusted the whole organisation instead
of two accounts, dropped a condition of the keys, and let a data source publish by itself.
[`examples/ci/github-review.yml`](../examples/ci/github-review.yml) puts it on a pull request.*

---

"""


def main() -> None:
    """Write them."""
    for source in sorted(HERE.glob("*.json")):
        report = review(json.loads(source.read_text()))
        source.with_suffix(".md").write_text(report)
        if source.stem == "change":
            SAMPLE.write_text(HEAD + report)


if __name__ == "__main__":
    main()
