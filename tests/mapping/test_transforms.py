from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.mapping.transforms import TRANSFORMS, Argument, Transform

quick = settings(derandomize=True, max_examples=40, deadline=None, database=None)
each = pytest.mark.parametrize("known", TRANSFORMS.values(), ids=lambda t: t.name)

EXAMPLES = [
    pytest.param(known, *example, id=f"{known.name}-{number}")
    for known in TRANSFORMS.values()
    for number, example in enumerate(known.examples)
]
# What a payload can hold: the sources refuse NaN, infinity and numbers of more digits.
WHOLE = st.integers(-(10**31), 10**31)
REAL = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.booleans() | WHOLE | REAL | st.text(max_size=30)
JSON: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner | st.none(), max_size=3)
        | st.dictionaries(st.text(max_size=8), inner | st.none(), max_size=3)
    ),
    max_leaves=6,
)
ABSURD = [
    "",
    " ",
    " " * 40 + "x" * 40,
    "\t\n" * 40 + "x",
    " " * 7 + "x" * 40,  # nothing but blanks before the place to cut at
    "9" * 400,
    "-" + "9" * 30 + "," + "9" * 30,
    "1e999999999",
    "1e-999999999",
    "sNaN",
    "Infinity",
    "1_000",
    "\u0661\u0662\u0663",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+10:00",
    "9999-12-31T23:59:59-10:00",
    "2026-02-30",
    "2026-W19-1",
    "\ud800",
    10**31,
    -(10**31),
    1e308,
    -0.0,
    True,
    [],
    {},
    [None, [None], {}],
    {"": None, "a": {"b": [1]}},
]


def run(known: Transform, value: Any, argument: Any) -> Any:
    return known.run(value) if argument is None else known.run(value, argument)


def texts(value: Any) -> Iterator[str]:
    """Yield every text and number of a value that is long enough to be told."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from texts(key)
            yield from texts(member)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif len(str(value).strip()) > 4:
        yield str(value)


def fault(known: Transform, value: Any, argument: Any) -> str | None:
    """Return what is wrong, if the value is neither taken nor refused unquoted."""
    try:
        json.dumps(run(known, value, argument), allow_nan=False)
    except ValueError as error:
        quoted = any(text in str(error) for text in texts(value))
        return f"{known.name}: {error}" if quoted or "JSON" in str(error) else None
    except Exception as error:  # noqa: BLE001
        return f"{known.name}: {error!r}"
    return None


@pytest.mark.parametrize(("known", "value", "argument", "result"), EXAMPLES)
def test_an_example_holds(
    known: Transform, value: Any, argument: Any, result: Any
) -> None:
    actual = run(known, value, argument)

    assert (result, type(result)) == (actual, type(actual))


@each
def test_a_transform_has_examples_and_a_sentence(known: Transform) -> None:
    sentence = (known.run.__doc__ or "").splitlines()[0]

    assert known.examples
    assert sentence.endswith(".")


@each
def test_an_example_has_an_argument_where_the_transform_takes_one(
    known: Transform,
) -> None:
    for _value, argument, _result in known.examples:
        assert (known.argument is Argument.NONE) == (argument is None)


@each
def test_a_transform_is_found_by_its_name(known: Transform) -> None:
    assert known is TRANSFORMS[known.name]
    assert known.name == known.run.__name__


@each
@quick
@given(value=JSON)
def test_any_value_is_taken_or_refused_without_being_quoted(
    known: Transform, value: Any
) -> None:
    assert fault(known, value, known.examples[0][1]) is None


@pytest.mark.parametrize("value", ABSURD, ids=lambda v: repr(v)[:24])
def test_an_absurd_value_is_taken_or_refused_without_being_quoted(value: Any) -> None:
    faults = [
        fault(known, value, known.examples[0][1]) for known in TRANSFORMS.values()
    ]

    assert [found for found in faults if found] == []


@quick
@given(value=JSON, start=JSON)
def test_days_after_any_date_is_taken_or_refused(value: Any, start: Any) -> None:
    assert fault(TRANSFORMS["days_after"], value, start) is None
    assert fault(TRANSFORMS["days_after"], 7, start) is None


@settings(quick, max_examples=300)
@given(
    text=st.text(alphabet="a ", max_size=24) | st.text(max_size=24),
    length=st.integers(0, 24),
)
def test_a_truncated_text_is_never_longer_than_asked(text: str, length: int) -> None:
    cut = TRANSFORMS["truncate"].run(text, length)

    assert len(cut) <= length
    assert cut == text or len(text) > length


@pytest.mark.parametrize(
    ("text", "length", "cut"),
    [
        ("exactly", 7, "exactly"),
        ("one two three", 10, "one two..."),
        ("one two three", 9, "one..."),  # 9 - 3 leaves "one tw": no half words
        ("one two three", 11, "one two..."),  # 11 - 3 ends behind the space
        ("unbreakable", 8, "unbre..."),
        ("abcdef", 3, "abc"),
    ],
)
def test_a_text_is_cut_at_a_word_where_there_is_one(
    text: str, length: int, cut: str
) -> None:
    assert cut == TRANSFORMS["truncate"].run(text, length)


def test_cutting_at_a_word_does_not_throw_most_of_the_text_away() -> None:
    cut = TRANSFORMS["truncate"].run("url " + "x" * 300, 255)

    assert len(cut) > 200


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1200", 1200.0),
        ("1,200", 1200.0),
        ("1.200", 1200.0),
        ("1,5", 1.5),
        ("1.50", 1.5),
        ("$1,234,567.89", 1234567.89),
        ("1.234.567,89", 1234567.89),
        ("12,34,567.50", 1234567.5),  # Indian grouping: lakh and crore
        ("-1,200.50", -1200.5),
        ("1200 pesos.", 1200.0),
        (1200, 1200.0),
    ],
)
def test_an_amount_is_read_out_of_text(text: Any, amount: float) -> None:
    assert amount == TRANSFORMS["to_money"].run(text)


@pytest.mark.parametrize("text", ["1,00,000", "12,34,567"])
def test_indian_grouping_is_understood_or_refused_but_never_a_hundredth(
    text: str,
) -> None:
    try:
        amount = TRANSFORMS["to_money"].run(text)
    except ValueError:
        return
    assert float(text.replace(",", "")) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "100 or 200",
        "2026-05-10",
        "2026.05.10",
        "10/05",
        "1.2.3",
        "50%",
        "3 mil",  # three thousand, in Spanish
        "5k",
        {"amount": 5},
        [5],
        True,
    ],
)
def test_what_is_not_plainly_one_amount_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="not one amount of money"):
        TRANSFORMS["to_money"].run(text)


@pytest.mark.parametrize("text", ["MXN -1200", "$-1,200", "-$1200"])
def test_a_negative_amount_stays_negative(text: str) -> None:
    assert TRANSFORMS["to_money"].run(text) == -1200.0


@pytest.mark.parametrize("word", ["no-answer", "no_answer", "NO_ANSWER"])
def test_a_title_reads_the_same_whichever_way_a_vendor_joins_words(word: str) -> None:
    assert TRANSFORMS["title"].run(word) == "No answer"


def test_a_turn_without_words_is_not_the_word_none() -> None:
    turns = [{"role": "bot", "content": None}, {"role": None, "content": "Hi"}]

    lines = TRANSFORMS["transcript"].run(turns, {"speaker": "role", "text": "content"})

    assert lines == "bot: \n?: Hi"


def test_a_list_with_a_null_joins_without_the_word_none() -> None:
    assert TRANSFORMS["join"].run(["a", None, "b"], ", ") == "a, b"


def test_nested_data_reads_as_json_and_not_as_python() -> None:
    lines = TRANSFORMS["pairs"].run({"plan": {"open": True, "until": None}})

    assert lines == 'plan: {"open": true, "until": null}'


def test_a_label_with_a_semicolon_is_given_whole() -> None:
    labels = {"a": "Refused; will not pay"}

    assert TRANSFORMS["first_flag"].run({"a": True}, labels) == "Refused; will not pay"


@pytest.mark.parametrize("other", [False, None, 1, "true", [True]])
def test_only_true_is_a_flag(other: Any) -> None:
    assert TRANSFORMS["flags"].run({"a": other}, {"a": "A"}) == ""
    assert TRANSFORMS["first_flag"].run({"a": other}, {"a": "A"}) is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ms_to_seconds", "soon", "not a number"),
        ("ms_to_seconds", True, "not a number"),
        ("to_integer", 1.5, "not a whole number"),
        ("to_integer", "1e18", "not a number that Salesforce can hold"),
        ("to_number", [1], "not a number"),
        ("to_boolean", "perhaps", "neither yes nor no"),
        ("to_date", "10/05/2026", "not a date in ISO 8601"),
        ("to_date", 20260510, "not a date"),
        ("to_datetime", "2026-05-10 noon", "not a date in ISO 8601"),
        ("pairs", [], "not an object"),
    ],
)
def test_a_refusal_says_what_was_expected(name: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        TRANSFORMS[name].run(value)


@pytest.mark.parametrize(
    ("name", "value", "argument", "message"),
    [
        ("join", "a", ", ", "not a list"),
        ("flags", [], {}, "not an object"),
        ("first_flag", "a", {}, "not an object"),
        ("transcript", {}, {}, "not a list"),
        ("days_after", 1.5, "2026-05-04", "not a whole number"),
        ("days_after", 10**9, "2026-05-04", "too many days"),
        ("days_after", 7, "someday", "not a date in ISO 8601"),
    ],
)
def test_a_refusal_with_an_argument_says_what_was_expected(
    name: str, value: Any, argument: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        TRANSFORMS[name].run(value, argument)


def test_a_date_with_an_offset_is_the_day_that_its_writer_meant() -> None:
    assert TRANSFORMS["to_date"].run("2026-05-10T23:30:00-06:00") == "2026-05-10"
