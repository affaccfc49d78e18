"""Checks of a state machine's definition: what CreateStateMachine refuses as ``InvalidDefinition``.

Source of the rules: Amazon States Language specification; Step Functions developer guide, "State machine structure in
Amazon States Language". What AWS runs and this emulator does not (JSONata, activities, variables) is
refused here with a sentence that says so, and not ignored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from aws_emulator.compute.states.choice import COMPARISONS, timestamp
from aws_emulator.compute.states.distributed import DISTRIBUTED_FIELDS, map_problems
from aws_emulator.compute.states.intrinsics import IntrinsicSyntaxError
from aws_emulator.compute.states.paths import PathError, check_path, check_reference_path
from aws_emulator.compute.states.resources import BadResource, parse_resource
from aws_emulator.compute.states.shapes import unknown_fields
from aws_emulator.compute.states.templates import check_expression, is_intrinsic

DEFINITION_LIMIT = 1_048_576
NAME_LIMIT = 80
COMMON = {"Type", "Comment", "QueryLanguage"}
IN_OUT = {"InputPath", "OutputPath"}
FLOW = {"Next", "End"}
RESULT = {"ResultPath", "ResultSelector", "Parameters"}
RECOVERY = {"Retry", "Catch"}
FIELDS: dict[str, set[str]] = {
    "Pass": COMMON | IN_OUT | FLOW | {"Result", "ResultPath", "Parameters"},
    "Task": COMMON
    | IN_OUT
    | FLOW
    | RESULT
    | RECOVERY
    | {"Resource", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath", "Credentials"},
    "Choice": COMMON | IN_OUT | {"Choices", "Default"},
    "Wait": COMMON | IN_OUT | FLOW | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Succeed": COMMON | IN_OUT,
    "Fail": COMMON | {"Error", "Cause", "ErrorPath", "CausePath"},
    "Parallel": COMMON | IN_OUT | FLOW | RESULT | RECOVERY | {"Branches"},
    "Map": COMMON
    | IN_OUT
    | FLOW
    | RESULT
    | RECOVERY
    | {"ItemProcessor", "Iterator", "ItemsPath", "ItemSelector", "MaxConcurrency", "MaxConcurrencyPath", "Label"}
    | DISTRIBUTED_FIELDS,
}
UNSERVED = {
    "Assign",
    "Arguments",
    "Output",
    "Items",
}
"""Fields of the language that this emulator does not run."""

Report = Callable[[str, str], None]


def problems_of(definition: str) -> list[str]:
    """What is wrong with a definition; empty if nothing is."""
    if len(definition.encode()) > DEFINITION_LIMIT:
        return ["INVALID_JSON_DESCRIPTION: the definition is larger than 1 MB"]
    try:
        document = json.loads(definition)
    except ValueError as error:
        return [f"INVALID_JSON_DESCRIPTION: {error}"]
    if not isinstance(document, dict):
        return ["INVALID_JSON_DESCRIPTION: the definition must be an object"]
    checker = _Checker()
    checker.machine(document, "", top=True)
    return checker.problems


class _Checker:
    def __init__(self) -> None:
        self.problems: list[str] = []
        self.names: set[str] = set()

    def report(self, path: str, message: str) -> None:
        self.problems.append(f"SCHEMA_VALIDATION_FAILED: {message} at {path or '/'}")

    # Machines and their states

    def machine(self, document: Mapping[str, Any], path: str, *, top: bool = False) -> None:
        allowed = {"Comment", "StartAt", "States"}
        allowed |= {"Version", "TimeoutSeconds", "QueryLanguage"} if top else {"ProcessorConfig"}
        for field in set(document) - allowed:
            self.report(f"{path}/{field}", f"Field '{field}' is not supported")
        self._language(document, path)
        if top and "TimeoutSeconds" in document and not _positive(document["TimeoutSeconds"]):
            self.report(f"{path}/TimeoutSeconds", "TimeoutSeconds must be a positive integer")
        if document.get("Version", "1.0") != "1.0":
            self.report(f"{path}/Version", "Version must be 1.0")
        states = document.get("States")
        if not isinstance(states, dict) or not states:
            self.report(f"{path}/States", "States must be an object with at least one state")
            return
        start = document.get("StartAt")
        if start not in states:
            self.report(f"{path}/StartAt", f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {start}")
        for name, state in states.items():
            where = f"{path}/States/{name}"
            if not 0 < len(name) <= NAME_LIMIT:
                self.report(where, f"State names must have 1 to {NAME_LIMIT} characters")
            if name in self.names:
                self.report(where, f"DUPLICATE_STATE_NAME: Duplicate State name: {name}")
            self.names.add(name)
            if not isinstance(state, dict):
                self.report(where, "a state must be an object")
                continue
            self.state(state, where, states)
        for name in sorted(set(states) - _reachable(start, states)):
            self.report(f"{path}/States/{name}", f'MISSING_TRANSITION: State "{name}" is not reachable.')

    def _language(self, document: Mapping[str, Any], path: str) -> None:
        language = document.get("QueryLanguage", "JSONPath")
        if language == "JSONata":
            self.report(f"{path}/QueryLanguage", "JSONata is not run by this emulator; use JSONPath")
        elif language != "JSONPath":
            self.report(f"{path}/QueryLanguage", "QueryLanguage must be JSONPath or JSONata")

    def state(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any]) -> None:
        kind = state.get("Type")
        if kind not in FIELDS:
            self.report(f"{path}/Type", f"Value '{kind}' is no type of state")
            return
        self._language(state, path)
        for field in set(state) - FIELDS[kind]:
            reason = "is not run by this emulator" if field in UNSERVED else "is not supported"
            self.report(f"{path}/{field}", f"Field '{field}' {reason}")
        if "Next" in FIELDS[kind]:
            self._flow(state, path, states)
        for field in ("InputPath", "OutputPath"):
            if state.get(field) is not None:
                self._check(f"{path}/{field}", check_path, state[field])
        if state.get("ResultPath") is not None:
            self._check(f"{path}/ResultPath", check_reference_path, state["ResultPath"])
        for field in ("Parameters", "ResultSelector", "ItemSelector", "Credentials"):
            if field in state:
                self._template(state[field], f"{path}/{field}")
        self._recovery(state, path, states)
        specific = getattr(self, f"_{str(kind).lower()}", None)
        if specific is not None:
            specific(state, path, states)

    def _flow(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any]) -> None:
        if ("Next" in state) == ("End" in state):
            self.report(path, "exactly one of 'Next' and 'End' is required")
        if "End" in state and state["End"] is not True:
            self.report(f"{path}/End", "End must be true")
        if "Next" in state:
            self._target(state["Next"], f"{path}/Next", states)

    def _target(self, name: Any, path: str, states: Mapping[str, Any]) -> None:
        if name not in states:
            self.report(path, f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {name}")

    def _check(self, path: str, check: Callable[[str], None], value: Any) -> None:
        try:
            if not isinstance(value, str):
                raise PathError(f"Value {value!r} is not a string")
            if not is_intrinsic(value) or check not in (check_path, check_expression):
                check(value)
            else:
                check_expression(value)
        except (PathError, IntrinsicSyntaxError, ValueError) as error:
            self.report(path, str(error))

    def _template(self, template: Any, path: str) -> None:
        if isinstance(template, dict):
            for field, value in template.items():
                if field.endswith(".$"):
                    self._check(f"{path}/{field}", check_expression, value)
                    if field[:-2] in template:
                        self.report(f"{path}/{field}", f"'{field[:-2]}' is given twice")
                else:
                    self._template(value, f"{path}/{field}")
        elif isinstance(template, list):
            for index, item in enumerate(template):
                self._template(item, f"{path}[{index}]")

    def _recovery(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any]) -> None:
        for kind in ("Retry", "Catch"):
            rules = state.get(kind, [])
            if not isinstance(rules, list):
                self.report(f"{path}/{kind}", f"{kind} must be a list")
                continue
            for index, rule in enumerate(rules):
                where = f"{path}/{kind}[{index}]"
                names = rule.get("ErrorEquals") if isinstance(rule, dict) else None
                if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
                    self.report(where, "ErrorEquals must be a list of at least one error name")
                    continue
                if "States.ALL" in names and (len(names) > 1 or index != len(rules) - 1):
                    self.report(where, "States.ALL must be alone and in the last rule")
                if kind == "Catch":
                    self._target(rule.get("Next"), f"{where}/Next", states)
                    if rule.get("ResultPath") is not None:
                        self._check(f"{where}/ResultPath", check_reference_path, rule["ResultPath"])
                    known = {"ErrorEquals", "Next", "ResultPath", "Comment"}
                else:
                    self._retrier(rule, where)
                    known = {
                        "ErrorEquals",
                        "IntervalSeconds",
                        "MaxAttempts",
                        "BackoffRate",
                        "MaxDelaySeconds",
                        "JitterStrategy",
                        "Comment",
                    }
                for field in set(rule) - known:
                    reason = "is not run by this emulator" if field in UNSERVED else "is not supported"
                    self.report(f"{where}/{field}", f"Field '{field}' {reason}")

    def _retrier(self, rule: Mapping[str, Any], path: str) -> None:
        if not _positive(rule.get("IntervalSeconds", 1)):
            self.report(f"{path}/IntervalSeconds", "IntervalSeconds must be a positive integer")
        attempts = rule.get("MaxAttempts", 3)
        if not isinstance(attempts, int) or isinstance(attempts, bool) or not 0 <= attempts <= 99_999_999:
            self.report(f"{path}/MaxAttempts", "MaxAttempts must be an integer from 0 to 99999999")
        rate = rule.get("BackoffRate", 2.0)
        if not isinstance(rate, int | float) or rate < 1:
            self.report(f"{path}/BackoffRate", "BackoffRate must be at least 1.0")
        if rule.get("JitterStrategy", "NONE") not in ("FULL", "NONE"):
            self.report(f"{path}/JitterStrategy", "JitterStrategy must be FULL or NONE")
        if "MaxDelaySeconds" in rule and not _positive(rule["MaxDelaySeconds"]):
            self.report(f"{path}/MaxDelaySeconds", "MaxDelaySeconds must be a positive integer")

    # What only one type of state has

    def _task(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any]) -> None:
        for field in ("TimeoutSeconds", "HeartbeatSeconds"):
            if field in state and not _positive(state[field]):
                self.report(f"{path}/{field}", f"{field} must be a positive integer")
            if field in state and f"{field}Path" in state:
                self.report(path, f"only one of {field} and {field}Path may be given")
            if f"{field}Path" in state:
                self._check(f"{path}/{field}Path", check_path, state[f"{field}Path"])
        timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
        if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
            self.report(path, "HeartbeatSeconds must be smaller than TimeoutSeconds")
        credentials = state.get("Credentials")
        if "Credentials" in state and (
            not isinstance(credentials, dict)
            or len(credentials) != 1
            or not {"RoleArn", "RoleArn.$"} & set(credentials)
        ):
            self.report(f"{path}/Credentials", "Credentials must have the field RoleArn and no other")
        try:
            resource = parse_resource(str(state.get("Resource")))
        except BadResource as error:
            self.report(f"{path}/Resource", str(error))
            return
        parameters = state.get("Parameters")
        if resource.kind != "function" and isinstance(parameters, dict):
            for field in unknown_fields(resource.operation.input_shape, parameters):
                self.report(f"{path}/Parameters{field}", f'The field "{field.rsplit("/", 1)[-1]}" is not supported')

    def _choice(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any]) -> None:
        choices = state.get("Choices")
        if not isinstance(choices, list) or not choices:
            self.report(f"{path}/Choices", "Choices must be a list of at least one rule")
            return
        for index, rule in enumerate(choices):
            where = f"{path}/Choices[{index}]"
            if not isinstance(rule, dict):
                self.report(where, "a rule must be an object")
                continue
            self._target(rule.get("Next"), f"{where}/Next", states)
            self._rule({key: value for key, value in rule.items() if key not in ("Next", "Comment")}, where)
        if "Default" in state:
            self._target(state["Default"], f"{path}/Default", states)

    def _rule(self, rule: Mapping[str, Any], path: str) -> None:
        for name in ("And", "Or", "Not"):
            if name in rule:
                parts = [rule["Not"]] if name == "Not" else rule[name]
                if len(rule) != 1 or not isinstance(parts, list) or not parts or not all(map(_is_object, parts)):
                    self.report(path, f"{name} must stand alone and hold rules")
                    return
                for index, part in enumerate(parts):
                    self._rule(part, f"{path}/{name}[{index}]")
                return
        operators = [key for key in rule if key in COMPARISONS]
        if len(operators) != 1 or set(rule) - {"Variable", *operators}:
            self.report(path, "a rule must have a Variable and exactly one comparison")
            return
        self._check(f"{path}/Variable", check_path, rule.get("Variable"))
        operator, wanted = operators[0], rule[operators[0]]
        good = (
            isinstance(wanted, bool)
            if operator.startswith(("Is", "Boolean")) and not operator.endswith("Path")
            else isinstance(wanted, str)
            if operator.endswith("Path") or operator.startswith("String")
            else timestamp(wanted) is not None
            if operator.startswith("Timestamp")
            else isinstance(wanted, int | float) and not isinstance(wanted, bool)
        )
        if not good:
            self.report(f"{path}/{operator}", f"the value of {operator} is of the wrong type")

    def _wait(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any]) -> None:
        given = [field for field in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if field in state]
        if len(given) != 1:
            self.report(path, "exactly one of Seconds, SecondsPath, Timestamp and TimestampPath is required")
            return
        value = state[given[0]]
        if given[0] == "Seconds" and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            self.report(f"{path}/Seconds", "Seconds must be an integer that is not negative")
        if given[0] == "Timestamp" and timestamp(value) is None:
            self.report(f"{path}/Timestamp", "Timestamp must be an RFC 3339 time")
        if given[0].endswith("Path"):
            self._check(f"{path}/{given[0]}", check_path, value)

    def _fail(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any]) -> None:
        for field in ("Error", "Cause"):
            if field in state and f"{field}Path" in state:
                self.report(path, f"only one of {field} and {field}Path may be given")
            if f"{field}Path" in state:
                self._check(f"{path}/{field}Path", check_expression, state[f"{field}Path"])

    def _parallel(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any]) -> None:
        branches = state.get("Branches")
        if not isinstance(branches, list) or not branches or not all(map(_is_object, branches)):
            self.report(f"{path}/Branches", "Branches must be a list of at least one machine")
            return
        for index, branch in enumerate(branches):
            self.machine(branch, f"{path}/Branches[{index}]")

    def _map(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any]) -> None:
        given = [field for field in ("ItemProcessor", "Iterator") if field in state]
        if len(given) != 1 or not isinstance(state[given[0]], dict):
            self.report(path, "exactly one of ItemProcessor and Iterator is required")
            return
        processor = state[given[0]]
        for where, message in map_problems(state, processor):
            self.report(f"{path}{where}", message)
        for field in ("ItemReader", "ResultWriter"):
            if isinstance(state.get(field), dict) and "Parameters" in state[field]:
                self._template(state[field]["Parameters"], f"{path}/{field}/Parameters")
        if "ItemsPath" in state:
            self._check(f"{path}/ItemsPath", check_path, state["ItemsPath"])
        if "MaxConcurrencyPath" in state:
            self._check(f"{path}/MaxConcurrencyPath", check_path, state["MaxConcurrencyPath"])
        concurrency = state.get("MaxConcurrency", 0)
        if not isinstance(concurrency, int) or isinstance(concurrency, bool) or concurrency < 0:
            self.report(f"{path}/MaxConcurrency", "MaxConcurrency must be an integer that is not negative")
        if "ItemSelector" in state and "Parameters" in state:
            self.report(path, "only one of ItemSelector and Parameters may be given")
        self.machine(processor, f"{path}/{given[0]}")


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _positive(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 99_999_999


def _reachable(start: Any, states: Mapping[str, Any]) -> set[str]:
    """The states that some transition leads to."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in found or not isinstance(name, str) or not isinstance(states.get(name), dict):
            continue
        found.add(name)
        state = states[name]
        waiting += [state.get("Next"), state.get("Default")]
        for field in ("Choices", "Catch"):
            rules = state.get(field)
            waiting += [rule.get("Next") for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    return found
