"""How a table's columns share a width: laws that hold for every table."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from roompulse.cli.cells import padded, shortened, wrapped
from roompulse.cli.layout import GAP, Column, Kind, laid_out

TEXTS = st.text(st.sampled_from("ab 张é👍0.…"), max_size=30)
CELLS = {
    Kind.NUMBER: st.sampled_from(["0.71 ± 0.05", "–", "100 %", "1:02:03"]),
    Kind.WORD: st.sampled_from(["active", "2026-11-23 09:00"]),
    Kind.NAME: TEXTS,
    Kind.TEXT: TEXTS,
    Kind.LINE: st.text(st.sampled_from("▁▂▃▄▅▆▇█·"), max_size=40),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Column], list[list[str]]]:
    columns = [
        Column(draw(st.sampled_from(["at", "engagement", "last third less first"])), kind, rank)
        for kind, rank in draw(st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 5)), min_size=1, max_size=8))
    ]
    count = draw(st.integers(0, 12))
    return columns, [[draw(CELLS[column.kind]) for column in columns] for _ in range(count)]


@given(tables(), st.integers(10, 300))
def test_what_fits_is_no_wider_than_the_terminal_and_numbers_have_all_their_cells(
    table: tuple[list[Column], list[list[str]]], width: int
) -> None:
    columns, rows = table
    layout = laid_out(columns, rows, width)
    total = sum(layout.widths.values()) + GAP * (len(layout.widths) - 1)
    assert layout.fits == (total <= width)
    for place, cells in layout.widths.items():
        if columns[place].kind in (Kind.NUMBER, Kind.WORD):
            assert cells >= max((cell_len(row[place]) for row in rows), default=0)
    assert list(layout.widths) == sorted(layout.widths)


@given(tables(), st.integers(10, 300))
def test_columns_of_rank_0_stay_and_who_left_is_named(table: tuple[list[Column], list[list[str]]], width: int) -> None:
    columns, rows = table
    layout = laid_out(columns, rows, width)
    gone = [place for place in range(len(columns)) if place not in layout.widths]
    assert all(columns[place].rank for place in gone)
    assert layout.left_out == tuple(columns[place].heading for place in gone)


def test_the_highest_rank_goes_first_and_before_it_what_is_empty() -> None:
    columns = [Column("name", Kind.NAME), Column("a", Kind.NUMBER, 1), Column("b", Kind.NUMBER, 2), Column("c", rank=1)]
    rows = [["Ada Lovelace", "1" * 10, "2" * 10, "–"]]
    lost = [laid_out(columns, rows, width).left_out for width in (60, 34, 33, 22, 21)]
    assert lost == [(), ("c",), ("b", "c"), ("b", "c"), ("a", "b", "c")]


@given(tables())
def test_without_a_limit_nothing_is_shortened(table: tuple[list[Column], list[list[str]]]) -> None:
    columns, rows = table
    layout = laid_out(columns, rows, 10_000)
    assert layout.left_out == ()
    for place, cells in layout.widths.items():
        assert cells >= max((cell_len(row[place]) for row in rows), default=0)


@given(TEXTS, st.integers(1, 30))
def test_shortened_text_has_the_cells_it_is_given(text: str, cells: int) -> None:
    short = shortened(text, cells)
    assert cell_len(short) <= cells
    assert short == text or short.endswith("…") or cells < 2
    assert cell_len(padded(short, cells)) == cells


@given(TEXTS, st.integers(2, 30))
def test_wrapped_text_loses_nothing_but_spaces(text: str, cells: int) -> None:
    lines = wrapped(text, cells)
    assert all(cell_len(line) <= cells for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_number_is_never_parted_from_what_belongs_to_it() -> None:
    text = "no face 46 %, AU12 50 % and 0.71 ± 0.05 (p = 0.010)"
    for cells in range(11, 40):
        lines = wrapped(text, cells)
        for part in ("46 %,", "AU12 50 %", "0.71 ± 0.05", "(p = 0.010)"):
            assert any(part in line for line in lines), (cells, lines)
