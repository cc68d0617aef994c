"""What holds for any texts: divisions, batches, encoding."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tuner.data.batches import training_batches
from tuner.data.cleaning import LEVELS, normalise, words_of
from tuner.data.encode import encode, prepare
from tuner.data.labels import drop_duplicates, require_complete
from tuner.data.prepare import read_texts
from tuner.data.splits import PARTS, assign, assign_numbers
from tuner.data.values import UNKNOWN_ID, EncodedDataset, Part, TextTable
from tuner.spec.values import DataSpec, SplitSpec

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)

relaxed = settings(deadline=None)
"""Speed is no rule here: the machine may be busy."""


@st.composite
def divisions(draw: st.DrawFn) -> tuple[TextTable, SplitSpec]:
    """Tables of 2 to 4 classes with at least 3 texts each, and parts that can be had from them."""
    counts = draw(st.lists(st.integers(3, 40), min_size=2, max_size=4))
    labels = draw(st.permutations([str(label) for label, count in enumerate(counts) for _ in range(count)]))
    texts = [f"text {number}" for number in range(len(labels))]
    least, left = len(counts), len(labels)
    test = draw(st.integers(least, left - 2 * least))
    validation = draw(st.integers(least, left - test - least))
    train = draw(st.integers(least, left - test - validation))
    table = TextTable(texts, labels, None, range(len(labels)), "x")
    return table, SplitSpec(train, validation, test)


def divide(table: TextTable, split: SplitSpec, seed: int) -> list[int]:
    labels = np.array(table.labels, np.int32)
    names = sorted(set(table.labels))
    return [int(rank) for rank in assign(table, labels, names, split, seed)]


@relaxed
@given(divisions(), st.integers(0, 5))
def test_parts_have_their_size_and_every_class(made: tuple[TextTable, SplitSpec], seed: int) -> None:
    table, split = made

    parts = divide(table, split, seed)

    assert [parts.count(rank) for rank in range(len(PARTS))] == [split.train, split.validation, split.test]
    found = set(zip(parts, table.labels, strict=True))
    assert all((rank, label) in found for rank in range(len(PARTS)) for label in set(table.labels))


@st.composite
def measured(draw: st.DrawFn) -> tuple[list[float], SplitSpec]:
    """Numbers, often equal ones, and parts of two texts or more that can be had from them."""
    grades = st.integers(0, draw(st.integers(0, 12))).map(float)
    numbers = draw(st.lists(grades | st.floats(-1e6, 1e6, width=32), min_size=6, max_size=150))
    test = draw(st.integers(2, len(numbers) - 4))
    validation = draw(st.integers(2, len(numbers) - test - 2))
    train = draw(st.integers(2, len(numbers) - test - validation))
    return numbers, SplitSpec(train, validation, test)


@relaxed
@given(measured(), st.integers(0, 5))
def test_parts_of_numbers_have_their_size_whatever_the_numbers(
    made: tuple[list[float], SplitSpec], seed: int
) -> None:
    numbers, split = made
    texts = [f"text {number}" for number in range(len(numbers))]
    table = TextTable(texts, [str(number) for number in numbers], None, range(len(texts)), "x")

    parts, remarks = assign_numbers(table, np.array(numbers, np.float32), split, seed)

    counts = [parts.tolist().count(rank) for rank in range(len(PARTS))]
    assert counts == [split.train, split.validation, split.test]
    assert len(remarks) <= 1


@relaxed
@given(st.integers(30, 120), st.integers(30, 120), st.integers(2, 20), st.integers(2, 20))
def test_parts_are_stratified_to_within_two_texts(
    n_first: int, n_second: int, validation: int, test: int
) -> None:
    n_texts = n_first + n_second
    labels = ["0"] * n_first + ["1"] * n_second
    table = TextTable([f"text {n}" for n in range(n_texts)], labels, None, range(n_texts), "x")

    parts = divide(table, SplitSpec(n_texts - validation - test, validation, test), seed=0)

    for rank in range(len(PARTS)):
        expected = parts.count(rank) * n_first / n_texts
        assert abs(parts[:n_first].count(rank) - expected) <= 2


@relaxed
@given(divisions(), st.integers(0, 5), st.data())
def test_the_draw_does_not_depend_on_the_order_of_rows(
    made: tuple[TextTable, SplitSpec], seed: int, data: st.DataObject
) -> None:
    table, split = made
    shuffled = table.take(data.draw(st.permutations(range(len(table.texts)))))

    before = dict(zip(table.texts, divide(table, split, seed), strict=True))
    after = dict(zip(shuffled.texts, divide(shuffled, split, seed), strict=True))

    assert before == after


@relaxed
@given(
    st.lists(st.tuples(st.sampled_from(["a", "a ", "<br />a", "b", "c&amp;", "c&"]), st.sampled_from("xy")))
)
def test_a_text_stands_once_and_has_one_label(rows: Sequence[tuple[str, str]]) -> None:
    table = TextTable([text for text, _ in rows], [label for _, label in rows], None, range(len(rows)), "t")

    kept = drop_duplicates(require_complete(table), {}).table

    assert len(set(kept.texts)) == len(kept.texts)
    meant = {text: {label for other, label in rows if normalise(other) == text} for text in kept.texts}
    assert all(meant[text] == {label} for text, label in zip(kept.texts, kept.labels, strict=True))


@relaxed
@given(st.text(), st.sampled_from(LEVELS))
def test_words_are_never_empty_and_hold_no_white_space(text: str, level: str) -> None:
    normalised = normalise(text)
    normalised.encode()

    for word in words_of(normalised, level):
        assert word.split() == [word]


@relaxed
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=120),
    st.integers(1, 9),
    st.integers(1, 40),
    st.sampled_from(["start", "end"]),
    st.integers(0, 3),
)
def test_an_epochs_batches_are_a_permutation_of_the_texts(
    lengths: list[int], batch_size: int, sequence_length: int, keep: str, epoch: int
) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ids = np.arange(2, offsets[-1] + 2, dtype=np.int32)
    part = Part(ids, offsets, np.arange(len(lengths), dtype=np.int32))

    seen = []
    for batch, labels in training_batches(
        part, 10**6, sequence_length, "start" if keep == "start" else "end", batch_size, 7, epoch
    ):
        assert 1 <= len(labels) <= batch_size
        assert (batch[:, -1] > 0).any()
        for row, label in zip(batch, labels.tolist(), strict=True):
            text = ids[offsets[label] : offsets[label + 1]].tolist()
            cut = text[:sequence_length] if keep == "start" else text[-sequence_length:]
            assert row.tolist() == cut + [0] * (len(row) - len(cut))
            seen.append(label)
    assert sorted(seen) == list(range(len(lengths)))


def decoded(dataset: EncodedDataset, part: Part) -> list[list[str | None]]:
    words = [None, None, *dataset.words]
    return [
        [words[number] for number in part.ids[start:end]]
        for start, end in zip(part.offsets[:-1], part.offsets[1:], strict=True)
    ]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(WORDS, min_size=1, max_size=6).map(" ".join), min_size=12, max_size=30, unique_by=normalise
    )
)
def test_decoding_gives_the_words_back_and_training_knows_them_all(texts: list[str]) -> None:
    assume(all(normalise(text) not in ("", "nan", "NaN") for text in texts))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        labels = ["ab"[number % 2] for number in range(len(texts))]
        pq.write_table(pa.table({"text": texts, "label": labels}), folder / "a.parquet")
        data = DataSpec("file", {"path": "a.parquet"}, SplitSpec(4, 4, 4))
        prepared = prepare(data, "binary", 0, folder, folder / "cache")

        dataset = encode(prepared, "light")

        kept = read_texts(prepared)
        assert decoded(dataset, dataset.train) == [text.split() for text in kept["train"].texts]
        known = set(dataset.words)
        for part, ids in (("validation", dataset.validation), ("test", dataset.test)):
            expected = [[w if w in known else None for w in text.split()] for text in kept[part].texts]
            assert decoded(dataset, ids) == expected
        assert (dataset.train.ids > UNKNOWN_ID).all()
        frequency = np.bincount(dataset.train.ids)[UNKNOWN_ID + 1 :]
        assert (np.diff(frequency) <= 0).all()
