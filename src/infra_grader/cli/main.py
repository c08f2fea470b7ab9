"""The command line: which command, what to say when it cannot be done, and the exit code."""

from __future__ import annotations

import argparse
import errno
import gc
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from infra_grader import __version__
from infra_grader.errors import InfraGraderError

COMMANDS = {
    "grade": ("grade_command", "grade", "grade a submission by a rubric"),
    "validate": ("grade_command", "validate", "check an exercise on your own machine"),
    "report": ("grade_command", "report", "render a recorded result again"),
    "rescore": ("grade_command", "rescore", "apply a changed rubric to a recorded result"),
    "batch": ("batch_command", "batch", "grade a class"),
    "gradebook": ("gradebook_command", "gradebook", "what came out for a class, for people and other programs"),
    "mark": ("mark_command", "mark", "give points for what only a person can judge"),
    "copies": ("copies_command", "copies", "show what the submissions of a class have in common"),
    "rubric": ("rubric_command", "rubric", "list, show, check, prove and start rubrics"),
    "exercise": ("exercise_command", "exercise", "list, show and install exercises"),
    "checks": ("catalog_command", "checks", "the reference of check kinds"),
    "doctor": ("doctor_command", "doctor", "what this machine can assess, and what to do about the rest"),
}
"""Each command with its module, the name of its two functions there (`x_options` and `x`), and its line of help."""

PASSED, NOT_PASSED, WRONG_USE, UNDECIDED, GRADER_FAILED, INTERRUPTED, UNREAD = 0, 1, 2, 3, 4, 130, 141

EPILOG = """\
exit codes: 0 passed, 1 did not pass (or faults found), 2 wrong use or a rubric that is not valid,
3 undecided: open points decide, 4 the grader itself failed, 130 interrupted"""


def console(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line of this process, to its end. Arguments are those of the process unless others are given."""
    # A short process gains nothing from looking for garbage, nor from taking itself apart at the end: both together
    # are an eighth of what `validate` takes. What has to be cleaned up is cleaned up in `with` blocks.
    gc.set_threshold(100_000)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started us: what is said there leads nowhere
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
    _end_as_if_interrupted()
    try:
        code = main(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as ended:  # of a parser that has printed its help, or what is wrong with the arguments
        code = ended.code if isinstance(ended.code, int) else PASSED
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            code = code or UNREAD
        except OSError:  # said already, where it could be said
            code = code or GRADER_FAILED
    os._exit(code)


def _end_as_if_interrupted() -> None:
    """Let a CI that cancels, or a terminal that closes, end us like Ctrl-C: our tools ended, our files removed."""
    import signal  # `main` alone, in a thread or in tests, does without

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_DFL:
            signal.signal(getattr(signal, name), interrupt)


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Says on standard error what cannot be done, never by a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A sign that the stream cannot show must not end the program.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # `head` has seen enough: an end without words, as of any program that prints a list
        return UNREAD
    except InfraGraderError as error:
        return _say(error)
    except KeyboardInterrupt:
        _tell("infra-grader: interrupted; nothing was recorded")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort: our own fault, whatever it is
        if isinstance(error, OSError) and (explained := _explained(error)):
            return explained
        return _confess(error, is_verbose="-v" in arguments or "--verbose" in arguments)


def _run(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] in COMMANDS:
        parser, run = command(arguments[0])
        return run(parser.parse_args(arguments[1:]))
    options = _top_parser().parse_args(arguments)
    if options.print_completion:
        from infra_grader.cli.completion import completion

        print(completion(options.print_completion))
        return PASSED
    _top_parser().print_help(sys.stderr)
    return WRONG_USE


def command(name: str) -> tuple[argparse.ArgumentParser, Callable[[argparse.Namespace], int]]:
    """Return the parser of a command and the function that runs it; imports nothing of the others."""
    module_name, function, text = COMMANDS[name]
    module = importlib.import_module(f"infra_grader.cli.{module_name}")
    parser = argparse.ArgumentParser(
        prog=f"infra-grader {name}", description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False
    )
    getattr(module, f"{function}_options")(parser)
    return parser, getattr(module, function)


def _top_parser() -> argparse.ArgumentParser:
    lines = "\n".join(f"  {name:<10} {text}" for name, (_, _, text) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="infra-grader",
        usage="infra-grader COMMAND ...",
        description=f"Grades a submission by a rubric and explains the score.\n\ncommands:\n{lines}\n\n"
        "`infra-grader COMMAND --help` explains a command.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"infra-grader {__version__}")
    parser.add_argument(
        "--print-completion", metavar="SHELL", choices=("bash", "zsh", "tcsh"), help="print a completion script"
    )
    parser.add_argument("command", nargs="?", choices=COMMANDS, metavar="COMMAND", help=argparse.SUPPRESS)
    return parser


def _say(error: InfraGraderError) -> int:
    from infra_grader.cli.wording import worded  # only where something is wrong

    _tell(worded(error))
    return WRONG_USE


def _explained(error: OSError) -> int:
    """Say where an error comes from that is no fault of ours, and return its exit code; 0 if it may be ours."""
    if error.filename is None and error.errno in (errno.ENOSPC, errno.EFBIG, errno.EIO):
        _tell(f"infra-grader: the output could not be written: {error.strerror}")
        return GRADER_FAILED
    if error.errno == errno.ENAMETOOLONG:
        _tell("infra-grader: the name of a file is too long.")
        return WRONG_USE
    try:
        os.getcwd()
    except OSError:
        _tell("infra-grader: the current folder is gone. Change to one that is there.")
        return WRONG_USE
    return 0


def _tell(text: str) -> None:
    """Write a line to standard error; where nobody can read it, the exit code has to say it."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _confess(error: Exception, *, is_verbose: bool) -> int:
    if is_verbose:
        import traceback

        _tell(traceback.format_exc().rstrip())
    problem = f"{type(error).__name__}: {error}".splitlines()[0]
    _tell(f"infra-grader: the grader itself failed: {problem}")
    if not is_verbose:
        _tell("infra-grader: run the same command with -v and report what it prints")
    return GRADER_FAILED
