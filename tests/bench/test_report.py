"""The report of the benchmarks: what is measured is kept, and becomes a page."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from trackmania_rl.bench import metrics, report
from trackmania_rl.cli import app
from trackmania_rl.protocol.errors import InputError

QUICK = report.Benchmark(metrics.command, metrics.tables, metrics.headline, ("--reports", "20"))


@pytest.fixture(scope="module")
def entry() -> report.Entry:
    pytest.importorskip("tensorboard")
    return report.run("metrics", QUICK)


def test_an_entry_holds_figures_and_where_they_come_from(entry: report.Entry) -> None:
    assert entry.command == "trackmania-rl bench metrics --reports 20"
    assert entry.figures["file_points_per_second"] > 0
    assert entry.seconds > 0 and "Python" in entry.machine
    assert entry.others is None or 0.0 <= entry.others <= 1.0


def test_the_page_shows_the_headline_the_command_and_its_tables(entry: report.Entry) -> None:
    page = report.page({"metrics": entry}, {"metrics": QUICK})
    assert f"| [`bench metrics`](#metrics) | {metrics.headline(entry.figures)} |" in page
    assert f"\n    {entry.command}\n" in page
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()]
    assert [
        "file",
        f"{entry.figures['file_points_per_second']:,}",
        f"{entry.figures['file_cpu_us']:.1f}",
    ] in cells


def test_a_benchmark_that_fails_is_an_error_with_its_command() -> None:
    broken = report.Benchmark(metrics.command, metrics.tables, metrics.headline, ("--reports", "none"))
    with pytest.raises(InputError, match="bench metrics --reports none"):
        report.run("metrics", broken)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["rally"], "no benchmark 'rally'"), (["metrics", "--into", "missing"], "missing is no folder")],
)
def test_wrong_input_is_refused_before_anything_is_measured(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(app, ["bench", "all", *arguments])
    assert isinstance(outcome.exception, InputError) and told in str(outcome.exception)
    assert not list(tmp_path.iterdir())


def test_a_damaged_report_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.json"
    path.write_text('{"sac": 3}')
    outcome = CliRunner().invoke(app, ["bench", "all", "metrics", "--into", str(tmp_path)])
    assert isinstance(outcome.exception, InputError) and "no report of benchmarks" in str(outcome.exception)
    assert path.read_text() == '{"sac": 3}'
