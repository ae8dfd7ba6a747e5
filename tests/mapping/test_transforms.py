from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapping.amounts import amount
from worker.mapping.transforms import TRANSFORMS, Argument, Transform
from worker.mapping.transforms.registry import GROUPS, KINDS

quick = settings(
    derandomize=True, max_examples=amount(40), deadline=None, database=None
)
each = pytest.mark.parametrize("known", TRANSFORMS.values(), ids=lambda t: t.name)

FOLDER = Path(TRANSFORMS["join"].run.__code__.co_filename).parent
CODE = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
EXAMPLES = [
    pytest.param(known, *example, id=f"{known.name}-{number}")
    for known in TRANSFORMS.values()
    for number, example in enumerate(known.examples)
]
# What a payload can hold: the sources refuse NaN, infinity and numbers of more digits.
WHOLE = st.integers(-(10**31), 10**31)
REAL = st.floats(allow_nan=False, allow_infinity=False)
# What transforms look for, so that chance finds the ways behind their first check.
TELLING = st.sampled_from(
    [
        *(
            "$",
            "MXN ",
            "-",
            ".",
            ",",
            " ",
            "/",
            ":",
            "+",
            "%",
            "T",
            "Z",
            "ext. ",
            "ssn ",
        ),
        *("https://", "de mayo de ", "May ", "2026", "10", "05", "555", "4111"),
        *("123-45-6789", "4111111111111111", "\x00", "\ud800", "\u0662", "\u00bd"),
        "\u1e9b\u0323",
    ]
)
TEXTS = st.text(max_size=30) | st.lists(TELLING, max_size=9).map("".join)
LEAVES = st.booleans() | WHOLE | REAL | TEXTS
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
    "\x00",
    "a\x00b",
    "2026-05-10T10:00:00.123456789+23:59",
    "+" + "5" * 300,
    "+999999999999",
    "4111-" * 40,
    10**31,
    -(10**31),
    10**5000,  # longer than Python writes without being asked to
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


def nested(levels: int) -> Any:
    value: Any = []
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


DEEP = nested(5_000)  # five times as deep as Python follows


def arguments(known: Transform) -> list[Any]:
    """Return the different arguments of a transform's examples."""
    shown = [argument for _value, argument, _result in known.examples]
    return [arg for at, arg in enumerate(shown) if arg not in shown[:at]]


def texts(value: Any) -> Iterator[str]:
    """Yield every text and number of a value that is long enough to be told."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from texts(key)
            yield from texts(member)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str | float) and len(str(value).strip()) > 4:
        yield str(value)


def fault(known: Transform, value: Any, argument: Any) -> str | None:
    """Return what is wrong, if the value is neither taken nor refused unquoted."""
    try:
        json.dumps(run(known, value, argument), allow_nan=False)
    except ValueError as error:
        # A text that the code itself has, such as "numbe", tells nothing.
        told = (text for text in texts(value) if text not in CODE)
        quoted = any(text in str(error) for text in told)
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
def test_a_transform_has_examples_and_says_what_it_does(known: Transform) -> None:
    assert known.examples
    assert known.description.splitlines()[0].endswith(".")
    assert known.group in GROUPS.values()


def kind_of(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "text"}
    return {**names, list: "list", dict: "object"}[type(value)]


@each
def test_an_example_is_of_the_kinds_that_are_stated(known: Transform) -> None:
    assert {*known.takes, known.gives} <= {*KINDS}
    for value, _argument, result in known.examples:
        assert known.accepts(kind_of(value))
        if result is not None and known.gives != "any":
            assert Transform("", id, Argument.NONE, (), (known.gives,)).accepts(
                kind_of(result)
            )


PATTERNS = {"date": r"\d{4}-\d\d-\d\d", "datetime": r"\d{4}-\d\d-\d\dT[\d:]{8}Z"}


@each
def test_a_transform_for_dates_gives_dates_as_salesforce_reads_them(
    known: Transform,
) -> None:
    pattern = PATTERNS.get(known.gives, ".*")

    for _value, _argument, result in known.examples:
        assert re.fullmatch(pattern, str(result), re.DOTALL)


@each
def test_what_is_not_stated_to_be_taken_is_refused(known: Transform) -> None:
    values = {"boolean": True, "integer": 1, "list": [], "object": {}, "text": "x"}
    for kind, value in values.items():
        if not known.accepts(kind):
            with pytest.raises(ValueError, match=r"not|neither"):
                run(known, value, known.examples[0][1])


@each
def test_the_arguments_of_the_examples_have_no_fault(known: Transform) -> None:
    assert {known.argument_fault(argument) for argument in arguments(known)} == {None}


@each
def test_results_are_bounded_or_of_the_labels_where_that_is_stated(
    known: Transform,
) -> None:
    for _value, argument, result in known.examples:
        parts = str(result or "").split(";") if known.several else [result]
        if known.bounds:
            assert len(result) <= argument
        if known.labels:
            assert {*parts} <= {*argument.values(), "", None}
        if known.results:
            assert result in known.results


@pytest.mark.parametrize(
    ("taker", "kind", "accepted"),
    [
        ("to_date", "boolean", False),
        ("to_date", "date", True),
        ("to_date", "integer", False),
        ("to_integer", "integer", True),
        ("to_e164", "number", True),
        ("flags", "text", False),
        ("truncate", "list", True),
        ("join", "any", True),
    ],
)
def test_what_a_transform_accepts_is_known_before_it_runs(
    taker: str, kind: str, accepted: bool
) -> None:
    assert accepted == TRANSFORMS[taker].accepts(kind)


@pytest.mark.parametrize(
    ("name", "argument", "fault"),
    [
        ("truncate", 0, "a length of 0 leaves nothing"),
        ("to_e164", "USA", "no region 'USA'.*two letters"),
        ("to_date_in", "America/Chicgo", "did you mean 'America/Chicago'"),
        ("to_datetime_in", "../../etc/passwd", "no time zone"),
        ("to_datetime_in", "America", "no time zone"),
        ("to_datetime_in", "localtime", "no time zone"),
        ("parse_date", "D/M/YYYY", "has to have DD"),
        ("parse_date", "DD/MMM/YYYY", "has to have DD"),
        ("parse_date", "DD/MM/YYYY or MM/YYYY", "'MM/YYYY' has to have DD"),
        ("next_business_day", "us", "no calendar 'us'"),
        ("add_business_days", {"days": "3"}, "no calendar ''"),
        ("add_business_days", {"days": "-3", "calendar": "US"}, "a whole number"),
        ("add_business_days", {"days": "3000", "calendar": "US"}, "at most 1000"),
        (
            "add_business_days",
            {"day": "3", "calendar": "US"},
            r"unknown key 'day' \(did you mean 'days'\?\)",
        ),
        ("replace", {"": "x"}, "an empty text"),
        ("flags", {"a": "A;B"}, "holds no ';'"),
        ("transcript", {"speakr": "role"}, "did you mean 'speaker'"),
    ],
)
def test_an_argument_that_cannot_be_used_is_found_before_any_call(
    name: str, argument: Any, fault: str
) -> None:
    assert re.search(fault, TRANSFORMS[name].argument_fault(argument) or "")


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
    for argument in arguments(known):
        assert fault(known, value, argument) is None


@each
@quick
@given(value=TEXTS)
def test_any_text_is_taken_or_refused_without_being_quoted(
    known: Transform, value: str
) -> None:
    for argument in arguments(known):
        assert fault(known, value, argument) is None


@each
def test_a_value_nested_without_end_is_taken_or_refused(known: Transform) -> None:
    for value in (DEEP, [DEEP], {"a": DEEP}, [{"role": DEEP}]):
        for argument in arguments(known):
            with contextlib.suppress(ValueError):
                run(known, value, argument)


@pytest.mark.parametrize("value", ABSURD, ids=range(len(ABSURD)))
def test_an_absurd_value_is_taken_or_refused_without_being_quoted(value: Any) -> None:
    faults = [
        fault(known, value, argument)
        for known in TRANSFORMS.values()
        for argument in arguments(known)
    ]

    assert [found for found in faults if found] == []


@quick
@given(value=JSON, start=JSON)
def test_days_after_any_date_is_taken_or_refused(value: Any, start: Any) -> None:
    assert fault(TRANSFORMS["days_after"], value, start) is None
    assert fault(TRANSFORMS["days_after"], 7, start) is None


IDEMPOTENT = [
    (name, argument)
    for name in (
        *("capitalize_words", "collapse", "digits", "first_line", "lower", "trim"),
        *("redact", "at_most", "truncate", "to_boolean", "yes_no"),
        *("to_integer", "to_number", "to_money", "to_percent"),
        *("to_date", "to_datetime", "to_date_in", "to_datetime_in", "parse_date"),
        *("next_business_day", "to_e164", "to_national", "phone_digits"),
    )
    for argument in arguments(TRANSFORMS[name])
]


@pytest.mark.parametrize(("name", "argument"), IDEMPOTENT)
@settings(quick, max_examples=amount(150))
@given(text=TEXTS)
def test_doing_it_twice_is_doing_it_once(name: str, argument: Any, text: str) -> None:
    known = TRANSFORMS[name]
    shown = [value for value, arg, _result in known.examples if arg == argument]
    for value in (text, *shown):
        with contextlib.suppress(ValueError):
            once = run(known, value, argument)
            if once is not None:
                assert once == run(known, once, argument)


@settings(quick, max_examples=amount(300))
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
        ("mxn 1200", 1200.0),
        ("USD $1,200.50", 1200.5),
        ("$1,200 MXN", 1200.0),
        ("1200 pesos mexicanos", 1200.0),
        ("1\u00a0200,50", 1200.5),
        ("12 000 000", 12_000_000.0),
        ("$1 200", 1200.0),
        ("1 200,5", 1200.5),
        ("0.500", 0.5),  # nobody groups a nought
        ("1200.500", 1200.5),  # nor leaves a group out
        ("\u2212 5", -5.0),
        ("1,200 do\u0301lares", 1200.0),  # the accent apart, as some systems write it
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
        "1.2 million",
        "50 cents",
        "50 centavos",
        "(50.00)",  # minus, or said by the way
        "1,2000",
        "1200,500",
        "1.200.50",
        "1,200,50",
        "1 2000",
        "1200-",
        "1,200 - 1,500",
        "1 200",
        "100 200",
        "MAY 10",
        "ID 1200",
        "about 1200",
        "20%",
        "5" + " " * 100,
        {"amount": 5},
        [5],
        True,
    ],
)
def test_what_is_not_plainly_one_amount_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="not one amount of money"):
        TRANSFORMS["to_money"].run(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("R$ 5", "BRL"),
        ("1200 US dollars", "USD"),
        ("\u20b9 5,000", "INR"),
        ("1200 mxn", "MXN"),
        ("$1200 usd", "USD"),
        ("1200 pesos", None),
        ("Rs. 500", None),
        (12.5, None),
    ],
)
def test_a_currency_is_named_or_nothing(text: Any, code: str | None) -> None:
    assert code == TRANSFORMS["currency_of"].run(text)


def test_two_currencies_are_not_chosen_between() -> None:
    with pytest.raises(ValueError, match=r"^more than one currency$"):
        TRANSFORMS["currency_of"].run("US$ 5 MXN")


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


def test_replaced_texts_are_not_replaced_again() -> None:
    table = {"a": "b", "b": "c", "ab": "x"}

    assert TRANSFORMS["replace"].run("aba.", table) == "xb."


def test_replacing_by_a_pattern_is_replacing_by_its_letters() -> None:
    assert TRANSFORMS["replace"].run("a.c abc", {"a.c": r"\1"}) == r"\1 abc"


def test_a_multi_select_value_has_each_label_once() -> None:
    labels = {"a": "Same", "b": "Same", "c": "Other"}

    assert TRANSFORMS["multi_select_of"].run(["c", "b", "a"], labels) == "Same;Other"


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
        ("cents_to_amount", 1.5, "not a whole number"),
        ("to_percent", "half", "not one percentage"),
        ("to_boolean", "claro", "neither yes nor no"),
        ("to_boolean", {"yes": 1}, "neither yes nor no"),
        ("multi_select", 5, "neither a list nor a text"),
        ("count", "abc", "not a list"),
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
        ("at_most", "x" * 19, 18, "longer than 18 characters"),
        ("parse_date", "10/05/26", "DD/MM/YYYY", "not a date written as DD/MM/YYYY"),
        ("parse_date", "31/04/2026", "DD/MM/YYYY", "not a date of the calendar"),
        ("parse_date", 20260510, "YYYYMMDD", "not a date"),
    ],
)
def test_a_refusal_with_an_argument_says_what_was_expected(
    name: str, value: Any, argument: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        TRANSFORMS[name].run(value, argument)


def test_a_date_with_an_offset_is_the_day_that_its_writer_meant() -> None:
    assert TRANSFORMS["to_date"].run("2026-05-10T23:30:00-06:00") == "2026-05-10"


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("10.05.2026", "DD/MM/YYYY"),
        ("10 May 2026", "DD Mon YYYY"),
        ("10  MAYO  2026", "DD Mon YYYY"),
        ("May. 10, 2026", "Mon DD, YYYY"),
        ("10/05/26", "MM/DD/YYYY or DD/MM/YY"),
        ("2026-05-10T23:00:00-06:00", "MM/DD/YYYY"),
    ],
)
def test_a_date_is_read_as_its_pattern_says(text: str, pattern: str) -> None:
    assert TRANSFORMS["parse_date"].run(text, pattern) == "2026-05-10"


@pytest.mark.parametrize(
    ("text", "month"),
    [("15 ene 2026", 1), ("15 sept. 2026", 9), ("15 diciembre 2026", 12)],
)
def test_a_month_has_its_name_in_two_languages(text: str, month: int) -> None:
    day = TRANSFORMS["parse_date"].run(text, "DD Mon YYYY")

    assert day == f"2026-{month:02}-15"


def test_an_iso_date_is_never_turned_about_by_a_pattern() -> None:
    assert TRANSFORMS["parse_date"].run("2026-05-10", "YYYY/DD/MM") == "2026-05-10"


def test_the_first_pattern_that_fits_is_used() -> None:
    patterns = "DD/MM/YYYY or MM/DD/YYYY"

    assert TRANSFORMS["parse_date"].run("05/10/2026", patterns) == "2026-10-05"
