"""AWS's policy evaluation logic over plain policy documents.

Parse the documents with `parse`, gather those that apply to a request in a `PolicySet`, and ask `decide`, or `judge`
where not everything about the request is known. Nothing is read from an account: the caller passes the policies and the
request's condition keys.
"""

from __future__ import annotations

from iam_evaluation.conditions import Condition, Context, PolicySyntaxError, parse_conditions
from iam_evaluation.document import Document, Principals, Statement, parse, parse_mapping
from iam_evaluation.evaluate import (
    Decision,
    Match,
    PolicySet,
    Principal,
    Request,
    Source,
    applies,
    decide,
    match_principal,
    matching,
)
from iam_evaluation.open_questions import Answer, Verdict, both, judge
from iam_evaluation.wildcard import match_action, match_arn, match_resource, match_string

__all__ = [
    "Answer",
    "Condition",
    "Context",
    "Decision",
    "Document",
    "Match",
    "PolicySet",
    "PolicySyntaxError",
    "Principal",
    "Principals",
    "Request",
    "Source",
    "Statement",
    "Verdict",
    "applies",
    "both",
    "decide",
    "judge",
    "match_action",
    "match_arn",
    "match_principal",
    "match_resource",
    "match_string",
    "matching",
    "parse",
    "parse_conditions",
    "parse_mapping",
]
