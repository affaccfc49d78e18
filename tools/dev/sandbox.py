"""The commands around the local sandbox: demo, up, down, env."""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tools.dev import emulator_process, leftovers
from tools.dev.flink_story import FlinkStory
from tools.dev.pulumi import Pulumi, Stopwatch
from tools.dev.show import Show
from tools.dev.studio_deployment import STACK as STUDIO_STACK
from tools.dev.studio_deployment import StudioDeployment, StudioWorkspace, program
from tools.dev.studio_story import StudioStory
from tools.dev.walkthrough import StepFailed, Walkthrough
from tools.dev.workspace import DEFAULT_PORT, ROOT, LocalError, Workspace, describe_aws_plugin, ensure_cli

UP = Workspace(ROOT / ".state" / "up", DEFAULT_PORT)
STUDIO = Workspace(ROOT / ".state" / "studio", DEFAULT_PORT)
DEMO = Workspace(ROOT / ".state" / "demo", DEFAULT_PORT)


def fresh(workspace: Workspace, *, attached: bool = False) -> tuple[Workspace, str | None]:
    """An empty emulator and no memory of an earlier stack: what was deployed into a gone emulator is gone."""
    emulator_process.stop(workspace)
    if workspace.state.exists():
        shutil.rmtree(workspace.state)
    return emulator_process.start(workspace, attached=attached)


def deploy(pulumi: Pulumi, verb: str, show: Show) -> float:
    """``pulumi up`` or ``destroy`` with a progress line; answers the seconds it took."""
    watch = Stopwatch()
    interactive = show.console.is_terminal
    with Progress(
        SpinnerColumn(),
        TextColumn("    pulumi {task.fields[verb]}  {task.completed:.0f} resources  {task.description}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        console=show.console,
        transient=True,
        disable=not interactive,
    ) as bar:
        task = bar.add_task("", total=None, verb=verb)
        finished = 0

        def progress(line: str) -> None:
            nonlocal finished
            finished += 1
            bar.update(task, advance=1, description=" ".join(line.split()[1:3])[:60])
            if not interactive and finished % 50 == 0:
                show.say(f"… {finished} resources, {watch.seconds():.0f} s")

        done = pulumi.operation(verb, progress)
    seconds = watch.seconds()
    words = ", ".join(f"{count} {word}" for word, count in sorted(done.items()))
    show.fact(f"pulumi {verb}", f"{words or 'nothing to do'}, in {seconds:.0f} s")
    return seconds


def demo(arguments: argparse.Namespace) -> int:
    """Everything, from nothing: deploy, the whole story, steady state, destroy. 0 if every statement held."""
    show = Show(Console(width=118 if not sys.stdout.isatty() else None, highlight=False))
    cli = ensure_cli()
    if arguments.domain == "V2":
        return studio_demo(show, cli)
    show.step("An empty AWS on this machine, and the stack", "platform engineer")
    workspace, note = fresh(DEMO, attached=not arguments.keep)
    if note:
        show.say(note)
    show.fact(
        "emulator", f"{workspace.endpoint}   log: {(workspace.emulator_state / 'emulator.log').relative_to(ROOT)}"
    )
    show.fact("aws plugin", describe_aws_plugin())
    pulumi = Pulumi(workspace, cli)
    try:
        return _demo(arguments, show, workspace, pulumi)
    finally:
        if not arguments.keep:
            emulator_process.stop(workspace)


def studio_demo(show: Show, cli: Path) -> int:
    """The story on a V2 domain, whose projects and streams are there before the product is deployed."""
    show.step("An empty AWS on this machine, and a V2 domain", "the domain's administrators")
    workspace, note = fresh(StudioWorkspace(STUDIO.state, STUDIO.port), attached=True)
    if note:
        show.say(note)
    try:
        studio = StudioDeployment(workspace)
        studio.make()
        show.fact("domain", f"{studio.domain}, V2")
        show.step("Deploy", "platform engineer")
        pulumi = deploy_studio(studio, cli, lambda pulumi: deploy(pulumi, "up", show))
        story = StudioStory(studio, show)
        try:
            for stream in story.streams():
                story.run(stream)
            steady_state(show, pulumi)
        except TimeoutError as error:
            show.check("the story goes on", False, str(error))
        return 0 if show.summary() else 1
    finally:
        emulator_process.stop(workspace)


def deploy_studio(studio: StudioDeployment, cli: Path, up: Callable[[Pulumi], object]) -> Pulumi:
    """Configure a stack for the domain and deploy it."""
    pulumi = Pulumi(studio.workspace, cli, program(studio.workspace), STUDIO_STACK)
    pulumi.select_stack()
    pulumi.configure("streamgov", studio.config())
    up(pulumi)
    return pulumi


def _demo(arguments: argparse.Namespace, show: Show, workspace: Workspace, pulumi: Pulumi) -> int:
    pulumi.select_stack()
    before = leftovers.inventory(workspace)
    deploy(pulumi, "up", show)
    outputs = pulumi.outputs()
    show.fact("resources in the stack", f"{pulumi.resource_count()}   state: {pulumi.state_size() / 1024:.0f} KiB")
    show.table("outputs", ("name", "value"), sorted((k, v) for k, v in outputs.items() if isinstance(v, str)))
    story = Walkthrough(workspace, outputs, show)
    try:
        for stream in story.streams():
            story.run(stream)
        if arguments.flink:
            flink = FlinkStory(story, pulumi.cli_dir)
            if flink.available():
                flink.run()
        steady_state(show, pulumi)
        if arguments.keep:
            show.say("left running, as asked: python -m aws_emulator stop --state-dir .state/demo/emulator ends it")
        else:
            for stream in story.streams():
                story.retire(stream)
            show.step("Destroy everything", "platform engineer")
            deploy(pulumi, "destroy", show)
            left = leftovers.difference(before, leftovers.inventory(workspace))
            show.check("nothing is left in any account", not left, "; ".join(left[:5]))
    except StepFailed as error:
        show.check("the story goes on", False, str(error))
    held = show.summary()
    if held:
        show.say("Next: `make up` leaves it all running; README, “Look around”, says what to try.")
    return 0 if held else 1


def steady_state(show: Show, pulumi: Pulumi) -> None:
    """Nothing changes when nothing changed."""
    show.step("Steady state", "platform engineer: nothing to see in a review when nothing changed")
    for verb in ("preview", "refresh"):
        held, printed = pulumi.expect_no_changes(verb)
        show.check(f"pulumi {verb} --expect-no-changes", held, "" if held else printed[-1500:])


def up(arguments: argparse.Namespace) -> int:
    """Start what is not running, deploy, say what to do next."""
    show = Show()
    cli = ensure_cli()
    workspace = emulator_process.running(UP)
    if workspace is None:
        workspace, note = fresh(UP)
        show.say("a fresh emulator, so a fresh stack" if note is None else note)
    workspace.prepare()
    show.fact("aws plugin", describe_aws_plugin())
    pulumi = Pulumi(workspace, cli)
    pulumi.select_stack()
    deploy(pulumi, "up", show)
    outputs = pulumi.outputs()
    show.table("outputs", ("name", "value"), sorted((k, v) for k, v in outputs.items() if isinstance(v, str)))
    show.say(f'The emulator answers at {workspace.endpoint}. In your shell: eval "$(make -s env)"')
    show.say("Pulumi's commands there mean the stack `dev`, until you select or make another one.")
    return 0


def down(arguments: argparse.Namespace) -> int:
    """Destroy the stack and stop the emulator; fine when there is neither."""
    show = Show()
    workspace = emulator_process.running(UP)
    if workspace is None:
        emulator_process.stop(UP)
        if UP.state.exists():
            shutil.rmtree(UP.state)
        show.say("nothing was running")
        return 0
    others = workspace.other_stacks()
    if others:
        show.say(f"The emulator ends with everything in it, so these stacks end too: {', '.join(others)}")
    pulumi = Pulumi(workspace, ensure_cli())
    pulumi.select_stack()
    try:
        deploy(pulumi, "destroy", show)
    except LocalError as error:
        # What was made in the portal (assets, listings, grants) keeps its types alive, as on AWS. Here all of it goes.
        reasons = [line.strip() for line in str(error).splitlines() if "error:" in line and "update failed" not in line]
        show.say("pulumi destroy refused, since things made by hand still use the stack's resources:")
        for reason in sorted(set(reasons))[:6]:
            show.say(f"  {reason}")
        show.say("The emulator is thrown away with everything in it.")
    emulator_process.stop(workspace)
    shutil.rmtree(workspace.state)
    show.say(
        "The emulator is stopped, and its state is gone. A shell with its variables still speaks to it: open another."
    )
    return 0


def env(arguments: argparse.Namespace) -> int:
    """Print the variables of the running sandbox, for ``eval``.

    Raises:
        LocalError: no sandbox is running.
    """
    workspace = emulator_process.running(UP)
    if workspace is None:
        raise LocalError("no sandbox is running; start it with `make up`")
    variables = replace(workspace).variables(ensure_cli())
    own_path = [part for part in variables["PATH"].split(":") if Path(part).is_absolute()]
    variables["PATH"] = ":".join(own_path)
    for name, value in sorted(variables.items()):
        print(f"export {name}={shlex.quote(value)}")
    return 0


__all__ = ["demo", "down", "env", "fresh", "steady_state", "up"]
