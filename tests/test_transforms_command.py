from __future__ import annotations

import json
import re
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from worker.cli.transforms import transforms
from worker.mapping.transforms import TRANSFORMS, Transform
from worker.mapping.transforms.manual import PATH, as_json, entry, in_yaml, manual
from worker.mapping.transforms.registry import GROUPS, Argument

app = typer.Typer()
app.command()(transforms)
each = pytest.mark.parametrize("known", TRANSFORMS.values(), ids=lambda t: t.name)


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_manual_has_every_transform_once_under_its_group() -> None:
    text = manual(TRANSFORMS.values())
    names = re.findall(r"^### `(\w+)`$", text, re.MULTILINE)
    groups = re.findall(r"^## (.+)$", text, re.MULTILINE)

    assert sorted(names) == sorted(TRANSFORMS)
    assert groups == [group.capitalize() for group in dict.fromkeys(GROUPS.values())]


def test_the_manual_is_the_same_whatever_order_it_is_given() -> None:
    backwards = [*TRANSFORMS.values()][::-1]

    assert manual(TRANSFORMS.values()) == manual(backwards)


def test_the_manual_fits_a_page() -> None:
    text = manual(TRANSFORMS.values())

    assert max(map(len, text.splitlines())) <= 88
    assert not re.search(r"\n\n\n|[ \t]\n", text)


@each
def test_an_example_reads_as_an_admin_writes_it(known: Transform) -> None:
    for _value, argument, _result in known.examples:
        usage = yaml.load(f"as: {in_yaml(known, argument)}", yaml.BaseLoader)["as"]
        if known.argument is Argument.NONE:
            assert usage == known.name
        elif known.argument is Argument.PATH:
            assert usage == {known.name: PATH}
        elif known.argument is Argument.NUMBER:
            assert usage == {known.name: str(argument)}
        else:
            assert usage == {known.name: argument}


@each
def test_an_entry_shows_every_example(known: Transform) -> None:
    text = " ".join(entry(known).split())

    for value, _argument, result in known.examples:
        before, after = (json.dumps(v, ensure_ascii=False) for v in (value, result))
        assert " ".join(f"{before} -> {after}".split()) in text


def test_an_entry_says_what_is_taken_and_given() -> None:
    assert entry(TRANSFORMS["truncate"]) == (
        "### `truncate`\n"
        "\n"
        "At most so many characters, cut at a word where there is one, with `...`.\n"
        "\n"
        "A card number or a social security number is left out rather than cut.\n"
        "\n"
        "Takes anything; gives a text. Argument: a whole number, the greatest length.\n"
        "\n"
        "    as: {truncate: 10}\n"
        '      "a long summary" -> "a long..."\n'
        '      "short" -> "short"\n'
        "\n"
        "    as: {truncate: 24}\n"
        '      "pay by 4111 1111 1111 1111" -> "pay by..."\n'
    )


def test_the_command_prints_the_manual() -> None:
    assert printed() == manual(TRANSFORMS.values())


def test_one_transform_is_printed_by_its_name() -> None:
    assert printed("to_e164") == entry(TRANSFORMS["to_e164"])


def test_a_program_gets_all_of_it_as_json() -> None:
    given: list[dict[str, Any]] = json.loads(printed("--json"))

    assert sorted(one["name"] for one in given) == sorted(TRANSFORMS)
    assert given[0] == json.loads(json.dumps(as_json(TRANSFORMS[given[0]["name"]])))


def test_a_program_gets_one_of_them_as_an_object() -> None:
    given = json.loads(printed("first_flag", "--json"))

    assert (given["takes"], given["gives"]) == (["object"], "text")
    assert (given["argument"], given["labels"]) == ("table", True)
    assert given["examples"][1] == {
        "as": "{first_flag: {a: A}}",
        "argument": {"a": "A"},
        "value": {"a": False},
        "result": None,
    }


def test_a_misspelt_name_is_answered_with_the_right_one() -> None:
    result = CliRunner().invoke(app, ["truncat"])

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == "no transform 'truncat' (did you mean 'truncate'?)\n"
