"""The report of a study file: a page that needs nothing but itself, its plots, and tables that come back."""

from __future__ import annotations

import base64
import csv
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from study_frames import grid_file, grid_study, impossible, metrics

from simint.whatif import load_study
from simint.whatif.__main__ import main
from simint.whatif.metrics import METRICS

NASTY = "<script>alert(1)</script>&\"'.csv"
DESCRIPTION = '[scenario]\nnetwork = "<b>net</b>"\n'
VOID = {"meta", "img", "br", "link"}
SIZES = tuple(np.geomspace(1e-4, 1e-2, 7).tolist())


def outcome(capacitor: float, trace: str, policy: str) -> dict[str, Any] | str | None:
    if capacitor < 1.5e-4:
        return "layer 'CONV_0' <does> not fit"
    if policy == "none" and capacitor < 1e-3:
        return impossible("FC_1", 3)
    if capacitor > 9e-3 and trace == NASTY:
        return None
    slow = (1.0 if trace == NASTY else 3.0) * (1.2 if policy == "none" else 1.0)
    return metrics(20.0 * slow * (1e-3 / capacitor + capacitor / 1e-3))


class Page(HTMLParser):
    """Tags with their attributes, in order; fails where tags do not close as they opened."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("study")
    file = grid_file(
        place / "whatif.db", outcome, DESCRIPTION, capacitor=SIZES, trace=(NASTY, "dim"), policy=("tile", "none")
    )
    assert main(["report", str(file), "--goal", "finished>=95% within 3min", "--out", str(place / "out")]) == 0
    return place


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page((folder / "out" / "report.html").read_text(encoding="utf-8"))


def test_the_page_refers_to_nothing_outside(page: Page) -> None:
    assert not [tag for tag, _ in page.tags if tag in ("link", "iframe", "object", "a", "base")]
    for tag, attributes in page.tags:
        assert set(attributes) & {"href", "srcset", "data", "action", "poster", "background"} == set()
        source = attributes.get("src")
        assert source is None or source.startswith("data:image/"), (tag, source)
    policies = [a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a]
    assert policies
    assert "default-src 'none'" in str(policies[0])


def test_the_pictures_of_the_page_are_whole_and_refer_to_nothing_outside(page: Page) -> None:
    pictures = [a for tag, a in page.tags if tag == "img"]
    assert len(pictures) >= 4
    for attributes in pictures:
        assert attributes["alt"]
        data = base64.b64decode(str(attributes["src"]).partition("base64,")[2], validate=True)
        for element in ElementTree.fromstring(data).iter():
            for name, value in element.attrib.items():
                if name.endswith("href"):
                    assert value.startswith(("#", "data:")), value


def test_texts_of_users_stay_text(page: Page) -> None:
    # One script: the page's own.
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "<script>alert(1)</script>" in page.text
    assert "<b>net</b>" in page.text
    assert "layer 'CONV_0' <does> not fit" in page.text
    assert "b" not in [tag for tag, _ in page.tags]


def test_the_page_says_what_was_found_and_where_it_comes_from(page: Page) -> None:
    assert "on every trace: 464 µF (policy tile)" in page.text
    assert "2 of 28 points are not computed yet." in page.text
    assert "4 of 28 points cannot be run" in page.text
    assert "version of simint" in page.text
    assert "simint whatif report whatif.db --goal 'finished>=95% within 3min'" in page.text
    assert "FC_1 tile 3" in page.text
    rows = [tag for tag, _ in page.tags].count("tr")
    assert rows > 26, "every computed point has its row"


def test_the_files_beside_the_page(folder: Path) -> None:
    names = {path.name for path in (folder / "out").iterdir()}
    assert {"report.html", "points.csv", "points.parquet", "front.csv", "study.toml"} <= names
    assert all((folder / "out" / name).stat().st_size < 150_000 for name in names if name.endswith(".png"))
    front = pd.read_csv(folder / "out" / "front.csv")
    assert set(front["policy"]) == {"tile"}
    assert (np.diff(front["within_p95_s"]) < 0).all(), "a larger capacitor on the front is a faster one"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_exported_points_come_back_to_the_last_digit(folder: Path, kind: str) -> None:
    file = folder / "out" / f"points.{kind}"
    # Python's own parser, which rounds to the nearest double.
    text = [] if kind == "parquet" else list(csv.DictReader(file.open(newline="", encoding="utf-8")))
    back = pd.read_parquet(file) if kind == "parquet" else pd.DataFrame(text).replace("", None)
    frame = load_study(folder / "whatif.db").frame
    assert list(back.columns) == list(frame.columns)
    for name in ("capacitor", *(metric.name for metric in METRICS if metric.kind != "text")):
        np.testing.assert_array_equal(back[name].to_numpy(dtype=float), frame[name].to_numpy(dtype=float))
    for name in ("trace", "policy", "status", "verdict", "nontermination_layer"):
        assert back[name].fillna("").tolist() == frame[name].fillna("").tolist()


def test_a_report_changes_nothing_of_the_study(tmp_path: Path) -> None:
    file = grid_file(tmp_path / "s.db", lambda capacitor: metrics(9.0), capacitor=SIZES)
    before = file.read_bytes()
    assert main(["report", str(file), "--table", str(tmp_path / "t.csv")]) == 0
    assert file.read_bytes() == before
    assert len(pd.read_csv(tmp_path / "t.csv")) == len(SIZES)


def test_the_terminal_says_the_same_in_80_columns(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(folder / "whatif.db"), "--goal", "finished>=95% within 3min", "--best", "3"]) == 0
    out = capsys.readouterr().out
    assert "464 µF (policy tile)" in " ".join(out.split())
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--goal", "speed>=3"], "no metric 'speed'"),
        (["--x", "trace"], "is no number"),
        (["--x", "v_on"], "does not vary 'v_on'"),
        (["--y", "latency_p95,nonsense"], "no metric 'nonsense'"),
        (["--best", "0"], "from 1 on"),
        (["--table", "points.xlsx"], ".csv or .parquet"),
    ],
)
def test_a_wrong_option_is_one_line(
    folder: Path, words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(folder / "whatif.db"), *words]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


def test_a_study_without_points_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = grid_file(tmp_path / "s.db", lambda capacitor: None, capacitor=SIZES)
    assert main(["report", str(file)]) == 2
    assert "no point of the study has been computed yet" in capsys.readouterr().err
    assert main(["report", str(tmp_path / "absent.db")]) == 2


def test_every_kind_of_study_has_its_plots() -> None:
    from simint.whatif.report.plates import default_metrics, plates
    from simint.whatif.report.recommend import preferred_size
    from simint.whatif.report.study import study_of

    thresholds = (2.6, 3.0, 3.4)
    drawn = {}
    words = grid_study(lambda trace, policy: metrics(5.0), trace=("a", "b"), policy=("tile", "jit"))
    curves = grid_study(lambda capacitor, policy: metrics(5.0), capacitor=SIZES, policy=("tile", "jit"))
    maps = grid_study(lambda capacitor, v_on: metrics(5.0) if v_on < 3.2 else "no", capacitor=SIZES, v_on=thresholds)
    broken = grid_study(lambda capacitor: metrics(None), capacitor=SIZES)
    drawn_at_random = maps.frame[maps.frame["v_on"] == 2.6].assign(v_on=np.linspace(2.6, 3.4, len(SIZES)))
    sampled = study_of(drawn_at_random, ("capacitor", "v_on"), ("F", "V"))
    for name, study in (("words", words), ("curves", curves), ("maps", maps), ("sampled", sampled), ("broken", broken)):
        found = plates(study, None, default_metrics(study, None), None, preferred_size(study))
        drawn[name] = {plate.name.partition("-")[0] for plate in found}
    assert drawn == {
        "words": {"values"},
        "curves": {"curves", "front"},
        "maps": {"curves", "map", "front"},
        "sampled": {"curves", "map", "front"},
        "broken": set(),
    }
