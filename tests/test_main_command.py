"""`simint VERB` and what all commands share: fast help, exit codes, a reader that goes away."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest
from replay_runs import command

from simint.__main__ import VERBS, main
from simint.cli import guarded
from simint.errors import InputError

# Each takes longer to import than a help text may take to appear.
HEAVY = {"numba", "pandas", "scipy", "matplotlib", "rich", "simpy"}


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_help_names_every_verb(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words) == 0
    text = capsys.readouterr().out
    assert all(f"  {verb} " in text for verb in VERBS)


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"simint {metadata.version('simint')}\n"


def test_an_unknown_verb_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replya"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"error: unknown verb 'replya'; known: {', '.join(VERBS)}\n"


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_loads_nothing_heavy(verb: str) -> None:
    script = (
        "import sys\nfrom simint.__main__ import main\n"
        f"try:\n    main([{verb!r}, '--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print('loaded:', *sorted({HEAVY!r} & set(sys.modules)))\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.startswith("usage: ")
    assert result.stdout.splitlines()[-1] == "loaded:"


def test_simint_replay_is_the_replay_module() -> None:
    arguments = ("--trace", "constant-1mw", "--inferences", "1", "--json")
    by_verb, by_module = command("replay", *arguments, module="simint"), command(*arguments)
    assert by_verb.returncode == by_module.returncode == 0
    assert by_verb.stdout == by_module.stdout


@pytest.mark.parametrize(
    "words", [["simint", "--help"], ["simint", "replay", "--help"], ["simint.replay"], ["simint.replay", "--json"]]
)
def test_a_reader_that_goes_away_is_no_traceback(words: list[str]) -> None:
    process = subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read().decode()
    process.stderr.close()
    process.wait(timeout=120)
    assert "Traceback" not in errors
    assert "BrokenPipe" not in errors


def test_an_error_of_several_lines_is_printed_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    def body() -> int:
        raise InputError("first\n   second")

    assert guarded(body) == 2
    assert capsys.readouterr().err == "error: first second\n"


def test_a_defect_is_not_hidden() -> None:
    def body() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        guarded(body)


def test_an_interrupt_outside_a_run_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    def body() -> int:
        raise KeyboardInterrupt

    assert guarded(body) == 130
    assert capsys.readouterr().err == "interrupted\n"
