"""The tokens of a shell script: words without their quotes, operators and redirections."""

from __future__ import annotations

import re
from collections.abc import Iterator

OPERATORS = ("&&", "||", ";;", ";", "|&", "|", "&", "\n", "(", ")")
REDIRECTION = re.compile(r"(?:[0-9]*|&)(?:>>|>\||<<<|<<-?|<>|>&|<&|>|<)")


def shell_tokens(script: str) -> Iterator[tuple[str, str, int]]:
    """Yield kind (`word`, `operator`, `redirection`), text without quotes, and offset of each token of a script."""
    position = 0
    while position < len(script):
        sign = script[position]
        if sign in " \t\r":
            position += 1
        elif script.startswith("\\\n", position):
            position += 2
        elif sign == "#":
            end = script.find("\n", position)
            position = len(script) if end < 0 else end
        elif found := REDIRECTION.match(script, position):
            position = found.end()
            if script[position - 1] == "&" and (number := re.compile(r"[0-9]+|-").match(script, position)):
                position = number.end()
            else:
                yield "redirection", found[0], found.start()
        elif operator := next((item for item in OPERATORS if script.startswith(item, position)), ""):
            yield "operator", operator, position
            position += len(operator)
        else:
            word, end = _shell_word(script, position)
            yield "word", word, position
            position = end


def _shell_word(script: str, position: int) -> tuple[str, int]:
    """Return the word at a position without its quotes, and where it ends."""
    made: list[str] = []
    quote = ""
    while position < len(script):
        sign = script[position]
        if quote:
            if sign == quote:
                quote = ""
            elif sign == "\\" and quote == '"' and position + 1 < len(script):
                position += 1
                made.append(script[position] if script[position] in '"\\$`\n' else "\\" + script[position])
            elif script.startswith("$(", position) and quote == '"':
                end = substitution_end(script, position + 1)
                made.append(script[position:end])
                position = end - 1
            else:
                made.append(sign)
        elif sign == "\\":
            position += 1
            made.append(script[position : position + 1].replace("\n", ""))
        elif sign in "\"'":
            quote = sign
        elif script.startswith(("$(", "${"), position):
            end = substitution_end(script, position + 1)
            made.append(script[position:end])
            position = end - 1
        elif sign in " \t\r\n;|&()<>":
            break
        else:
            made.append(sign)
        position += 1
    return "".join(made), position


def substitution_end(script: str, position: int) -> int:
    """Return where the bracket that opens at a position is closed."""
    opening = script[position]
    closing = ")" if opening == "(" else "}"
    depth = 0
    for index in range(position, len(script)):
        if script[index] == opening:
            depth += 1
        elif script[index] == closing:
            depth -= 1
            if not depth:
                return index + 1
    return len(script)
