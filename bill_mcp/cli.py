"""The command line: serve, call, tools, demo, simulator, specs, doctor, accounts."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import anyio
import typer

from bill_mcp import __version__
from bill_mcp.accounts_cli import commands
from bill_mcp.agents import AgentName
from bill_mcp.announcing import commands as announcing_commands
from bill_mcp.approvals_cli import commands as approval_commands
from bill_mcp.audit_cli import commands as audit_commands
from bill_mcp.errors import (
    BillMcpError,
    CallError,
    ConfigError,
    NeedsPerson,
    NotTrustedError,
    UnknownActionError,
)
from bill_mcp.lasting_output import outlast_readers
from bill_mcp.policy_cli import commands as policy_commands
from bill_mcp.settings import Settings, resolve
from bill_mcp.settings_places import code_command

if TYPE_CHECKING:
    from bill_mcp.agents import Agent
    from bill_mcp.app import Application

app = typer.Typer(
    name="bill-mcp",
    help="MCP server that gives agents BILL's documented actions.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
specs_app = typer.Typer(help="The spec files.", no_args_is_help=True)
app.add_typer(specs_app, name="specs")
commands.register(app)
announcing_commands.register(app)
approval_commands.register(app)
audit_commands.register(app)
policy_commands.register(app)

TOOL_ERROR, USAGE = 1, 2

Environment = Annotated[
    str | None,
    typer.Option(help="local (a simulator), sandbox or production."),
]
Seed = Annotated[str | None, typer.Option(help="What the simulated world starts with.")]
Time = Annotated[str | None, typer.Option(help="ISO time at which that world starts.")]
State = Annotated[
    Path | None, typer.Option(help="File that keeps the simulated world.")
]
Confirm = Annotated[
    str | None, typer.Option(help="Ask a person: auto, always or never.")
]
ReadOnly = Annotated[
    bool | None, typer.Option("--read-only", help="Refuse whatever changes something.")
]
Profile = Annotated[str | None, typer.Option(help="Name of a connected BILL account.")]


def main() -> None:
    """Run the command line, with our errors in one line and never a traceback."""
    outlast_readers()
    try:
        app()
    except BillMcpError as error:
        _stop(str(error))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _stop(message: str, code: int = USAGE) -> NoReturn:
    sys.stderr.write(f"bill-mcp: {message}\n")
    raise SystemExit(code)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """MCP server that gives agents BILL's documented actions."""


@app.command()
def serve(
    transport: Annotated[str, typer.Option(help="stdio (http comes later).")] = "stdio",
    host: Annotated[str | None, typer.Option(help="For http.")] = None,
    port: Annotated[int | None, typer.Option(help="For http.")] = None,
    environment: Environment = None,
    tools: Annotated[
        str | None,
        typer.Option(help="full, compact, or toolset names joined by commas."),
    ] = None,
    output_schemas: Annotated[
        str | None, typer.Option(help="on or off: describe results too.")
    ] = None,
    read_only: ReadOnly = None,
    confirm: Confirm = None,
    profile: Profile = None,
    policy: Annotated[Path | None, typer.Option(help="Policy file.")] = None,
    seed: Seed = None,
    time: Time = None,
    state: State = None,
) -> None:
    """Serve an MCP client. Without credentials: on the embedded simulator."""
    if transport != "stdio" or host is not None or port is not None:
        raise ConfigError("this version serves over stdio only")
    settings = resolve(
        {
            "environment": environment,
            "tools": tools,
            "output_schemas": output_schemas,
            "read_only": read_only,
            "confirm": confirm,
            "profile": profile,
            "policy": policy,
            "seed": seed,
            "time": time,
            "state_file": state,
        }
    )
    anyio.run(_serve, settings)


async def _serve(settings: Settings) -> None:
    from bill_mcp import logs
    from bill_mcp.app import application
    from bill_mcp.mcp_face import stdio

    async with application(settings, variables=dict(os.environ)) as built:
        logs.configure(settings.log_level, built.dispatcher.live)
        await stdio.serve(built)


@app.command()
def call(
    tool: Annotated[str, typer.Argument(help="Name of a tool.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="JSON, key=value ..., or - for JSON on standard input."),
    ] = None,
    environment: Environment = None,
    read_only: ReadOnly = None,
    confirm: Confirm = None,
    profile: Profile = None,
    seed: Seed = None,
    time: Time = None,
    state: State = None,
) -> None:
    """Make one call and print its answer as JSON. Exit: 0 ok, 1 tool error, 2 usage."""
    settings = resolve(
        {
            "environment": environment,
            "read_only": read_only,
            "confirm": confirm,
            "profile": profile,
            "seed": seed,
            "time": time,
            "state_file": state,
        }
    )
    given, on_the_line = _arguments(arguments or [])
    answer, failed = anyio.run(_call, settings, tool, given, on_the_line)
    typer.echo(answer)
    raise typer.Exit(TOOL_ERROR if failed else 0)


def _arguments(words: list[str]) -> tuple[dict[str, Any], bool]:
    """The arguments, and whether they stood on the command line."""
    if words == ["-"]:
        try:
            return _object(sys.stdin.read()), False
        except UnicodeDecodeError:
            raise ConfigError("the arguments on standard input are no text") from None
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        return _object(words[0]), True
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise ConfigError(f"{word[:40]!r} is neither JSON nor key=value")
        found[name] = _value(text)
    return found, True


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except RecursionError:
        raise ConfigError("the arguments are nested too deeply") from None
    except ValueError as error:
        raise ConfigError(f"the arguments are no JSON: {error}") from None
    if not isinstance(value, dict):
        raise ConfigError("the arguments are no JSON object")
    return value


def _value(text: str) -> Any:
    """Read true and false; all else stays text, which the tool reads as it needs."""
    return {"true": True, "false": False}.get(text, text)


async def _call(
    settings: Settings, tool: str, given: Mapping[str, Any], on_the_line: bool
) -> tuple[str, bool]:
    from bill_mcp import logs, present
    from bill_mcp.app import application

    # Each call is a process of its own: what a person approved for one of them serves
    # the next, which makes the same call.
    async with application(
        settings, variables=dict(os.environ), instance=AgentName.COMMAND_LINE
    ) as built:
        dispatcher = built.dispatcher
        logs.configure("error", dispatcher.live)
        agent = built.agent("command-line", AgentName.COMMAND_LINE)
        try:
            action = dispatcher.catalogue.find(tool)
            secrets = {n for n, field in action.fields.items() if field.secret}
            if on_the_line and secrets & set(given):
                raise ConfigError(
                    f"{', '.join(sorted(secrets & set(given)))}: no secrets on the "
                    "command line; give the arguments on standard input (-)"
                )
            return present.as_text(await dispatcher.call(agent, tool, given)), False
        except UnknownActionError as error:
            raise ConfigError(f"{error}; `bill-mcp tools WORDS` searches") from None
        except NeedsPerson as question:
            return present.as_text(
                present.error(question.refusal, dispatcher.live)
            ), True
        except NotTrustedError as error:
            error.advice += await _code_command(built, agent)
            return present.as_text(present.error(error, dispatcher.live)), True
        except CallError as error:
            return present.as_text(present.error(error, dispatcher.live)), True


async def _code_command(built: Application, agent: Agent) -> str:
    """What a person runs to give the code that a call needs, as one more sentence."""
    settings = built.settings
    if settings.embedded:
        return ""
    command = "bill-mcp login --mfa"  # with the variables of this terminal
    if settings.profile is not None:
        profile = built.dispatcher.sessions.profile_of(agent)
        find = partial(code_command, settings.home, profile)
        command = await anyio.to_thread.run_sync(find)
    return (
        f" A person can also run `{command}` on this machine; then make the same call "
        "again."
    )


@app.command()
def tools(
    words: Annotated[
        list[str] | None, typer.Argument(help="All of these must occur.")
    ] = None,
) -> None:
    """List the tools, or those whose names, summaries or keywords have all WORDS."""
    from rich.console import Console
    from rich.table import Table

    from bill_mcp.specs import loading

    wanted = [word.lower() for word in words or []]
    rows = []
    for action in loading.load():
        spec = action.spec
        text = " ".join((action.name, spec.title, spec.summary, *spec.keywords)).lower()
        if all(word in text for word in wanted):
            rows.append((action.name, action.toolset, spec.summary))
    if not rows:
        _stop("no tool has all of these words", TOOL_ERROR)
    if not sys.stdout.isatty():  # one line a tool, for grep and wc
        for row in rows:
            typer.echo("\t".join(row))
        return
    table = Table(box=None, pad_edge=False)
    for title in ("tool", "toolset", "what it does"):
        table.add_column(title, overflow="fold", no_wrap=title == "tool")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


@app.command()
def demo(
    pause: Annotated[float, typer.Option(help="Seconds between the steps.")] = 0.0,
) -> None:
    """Play an accounts-payable afternoon on the local simulator."""
    from bill_mcp import demo as play

    raise typer.Exit(anyio.run(partial(play.run, pause_s=pause)))


@app.command()
def simulator(
    port: Annotated[int, typer.Option(help="0: any free port.")] = 8700,
    seed: Annotated[str, typer.Option(help="What the world starts with.")] = "demo",
    time: Time = None,
    control_token: Annotated[
        str | None, typer.Option(help="Asked for by the control plane.")
    ] = None,
    state: State = None,
) -> None:
    """Serve the simulated BILL over HTTP on this machine."""
    from bill_mcp.simulator.serve import serve as serve_world

    serve_world(
        host="127.0.0.1",
        port=port,
        seed=seed,
        time=time,
        control_token=control_token,
        state_file=state,
    )


@specs_app.command("check")
def specs_check(
    folder: Annotated[Path | None, typer.Argument(help="A spec folder.")] = None,
) -> None:
    """Check the spec files: grammar, words, references, facts, samples."""
    from bill_mcp.spec_check import report

    raise typer.Exit(report.check(folder, write=typer.echo))


@specs_app.command("generate")
def specs_generate(
    check: Annotated[
        bool, typer.Option("--check", help="Only say what would change.")
    ] = False,
) -> None:
    """Write what is generated from the specs: _schema.json and the tool snapshots."""
    from bill_mcp.spec_check import generated

    raise typer.Exit(generated.write_all(only_check=check, write=typer.echo))


@app.command()
def doctor() -> None:
    """Say whether this installation is usable, and what to mend."""
    from bill_mcp import doctor as examination

    raise typer.Exit(anyio.run(examination.run))


if __name__ == "__main__":
    main()
