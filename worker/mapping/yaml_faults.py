"""What YAML's own reader refuses, in an admin's words and at its cause. Floor 1, pure.

The reader says where it could go no further, which is often some lines after the
bracket or quote that was left open.
"""

from __future__ import annotations

import yaml

from worker.mapping.findings import Finding

_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_Spot = tuple[int, int, str]


def finding_of(error: yaml.YAMLError, text: str, path: str) -> Finding:
    """Return the finding for an error that YAML's reader has raised over a text."""
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        column = len(before) - before.rfind("\n")
        message = "a character that no text file has: take it out"
        spot = (before.count("\n") + 1, column, message)
    elif isinstance(error, yaml.MarkedYAMLError):
        spot = _of_marked(error, text)
    else:
        spot = (1, 1, "not YAML text")
    return Finding(path, *spot, "yaml")


def _of_marked(error: yaml.MarkedYAMLError, text: str) -> _Spot:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return (
        _blank(text, line)
        or _left_open(error, text, line)
        or (line, column, _words(error.problem or error.context or "not YAML"))
    )


def _blank(text: str, last: int) -> _Spot | None:
    """Return the blank that only looks like one, or is missing, up to a line."""
    for number, line in enumerate(text.split("\n")[:last], start=1):
        indent = line[: len(line) - len(line.lstrip())]
        if _NO_BREAK_SPACE in indent:
            message = "a no-break space: indent with spaces"
            return number, indent.index(_NO_BREAK_SPACE) + 1, message
        bare = line.strip()
        if number >= last - 1 and bare[:1] == "-" and bare[1:2].isalpha():
            return number, len(indent) + 1, "a space is missing after '-'"
    return None


def _left_open(error: yaml.MarkedYAMLError, text: str, line: int) -> _Spot | None:
    """Return what was begun and not ended, where that is before the error."""
    context, start = error.context or "", error.context_mark
    problem = error.problem or ""
    if start is not None:
        spot = (start.line + 1, start.column + 1)
        if "flow" in context and start.line + 1 < line:
            mark = text[start.index : start.index + 1]
            return *spot, f"{mark!r} is not closed, or a comma is missing in it"
        if "quoted scalar" in context and "end of stream" in problem:
            return *spot, "the quote that begins here is not closed"
        if "simple key" in context:
            return *spot, "a ':' is missing after the key"
    if error.problem_mark is not None and "found '<scalar>'" in problem:
        return _long_quote(text, error.problem_mark)
    return None


def _long_quote(text: str, end: yaml.Mark) -> _Spot | None:
    """Return the quoted text that ends just before a mark, lines after its begin."""
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if token.start_mark.index >= end.index:
            break
        start = token.start_mark
        is_quoted = isinstance(token, yaml.ScalarToken) and token.style in ("'", '"')
        if is_quoted and start.line < token.end_mark.line == end.line:
            message = (
                f"the quote that begins here is closed only in line {end.line + 1}"
            )
            return start.line + 1, start.column + 1, message
    return None


def _words(problem: str) -> str:
    if r"'\t'" in problem:
        return "a tab: indent with spaces"
    if "<stream end>" in problem:
        return "the file ends too early: a bracket, brace or quote is not closed"
    if "found '<block" in problem:
        return "the indent is not that of the lines around it"
    if "another document" in problem:
        return "a second document: a file has one"
    if problem.startswith("mapping values"):
        return "a ': ' too many: put a text that has one in quotes"
    if problem.endswith("cannot start any token"):
        return f"{problem}: put the text in quotes"
    if problem.startswith("expected ',' or"):
        return f"{problem}: a comma is missing, or quotes around a text"
    if problem == "expected <block end>, but found '<scalar>'":
        return "more text after the end of a value: put all of it in quotes"
    if problem.startswith("expected <block end>, but found "):
        return f"{problem.rpartition(' ')[2]} is too many, or a text lacks its quotes"
    return problem
