"""The session of a notebook in a kernel of Jupyter: what stands below each cell, as a user sees it."""

import os
import re
from pathlib import Path

import pytest
from test_notebook_session import DATA

nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

pytestmark = pytest.mark.skipif(DATA is None, reason="the data set is not there")

SOURCE = Path(__file__).parents[1] / "src"
CELLS = {
    "data": f"import motiflens as ml\ndata = ml.read_hdf5({str(DATA)!r}).subset(slice(None, None, 4))\ndata",
    "nets": """
quick = ml.training.protocol.REFERENCE.replace(max_epochs=2)
nets = ml.fit("C4C6-Att", data, n_members=2, protocol=quick)
nets
""",
    "curves": "nets.plot();",
    "found": """
database = ml.load_motifs("JASPAR2016-vertebrates")
found = ml.filter_motifs(nets[0], data, database=database, n_ablation=50)
found
""",
    "filters": "found.plot(top=6);",
    "frame": "found.to_dataframe()",
    "maps": 'maps = ml.explain(nets, data.test[:5], method="saliency", target="label_0")\nmaps',
    "spread": "maps.mean.shape, maps.sd.shape",
    "map": "maps.plot(0, start=180, stop=280, motifs=found);",
    "audit": """
few = dict(n_decoys=0, n_ablation=20, n_backgrounds=0, n_examples=1, n_resamples=20, methods=["saliency"])
report = ml.audit(nets, data, database=database, **few)
report.verdicts
""",
    "verdicts": "report.verdicts.to_dataframe()",
    "save": 'report.save("audit.html")',
    "pairs": """
few = ml.interpret.interactions.Settings(n_null=10, n_backgrounds=4, n_null_backgrounds=2, n_sequences=4)
pairs = ml.interactions(nets, data, database[:3], few)
pairs
""",
    "effects": "pairs.plot();",
    "tomtom": "ml.tomtom(database[:2], database)",
    "predictions": "ml.predict(nets, data.test)",
    "missing": 'ml.read_hdf5("missing.h5")',
}
TABLES = ("data", "nets", "found", "maps", "audit", "pairs", "tomtom", "predictions")
PLOTS = ("curves", "filters", "map", "effects")
FRAMES = ("frame", "verdicts")
BARS = {"nets": "training", "audit": "audit", "pairs": "interactions"}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Outputs of every cell."""
    folder = tmp_path_factory.mktemp("notebook")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS.values()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(SOURCE), prepend=os.pathsep)
        client = nbclient.NotebookClient(
            book, timeout=600, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": str(folder)}}
        )
        client.execute()
    assert (folder / "audit.html").stat().st_size > 10_000
    return {name: cell.outputs for name, cell in zip(CELLS, book.cells, strict=True)}


def pictures(outputs, kind):
    return [output.data[kind] for output in outputs if kind in output.get("data", {})]


def test_no_cell_fails_but_the_one_that_must(shown):
    failed = {name: output for name, outputs in shown.items() for output in outputs if output.output_type == "error"}
    assert list(failed) == ["missing"]
    assert "missing.h5" in failed["missing"].evalue


def test_nothing_is_written_to_the_streams(shown):
    streams = [output for outputs in shown.values() for output in outputs if output.output_type == "stream"]
    assert streams == []


@pytest.mark.parametrize("name", BARS)
def test_work_shows_one_bar_that_is_full_in_the_end(shown, name):
    bars = [html for html in pictures(shown[name], "text/html") if "<progress" in html]
    assert bars == [f'{BARS[name]} <progress value="1.0000" max="1"></progress> 100%']


@pytest.mark.parametrize("name", TABLES)
def test_a_result_is_a_table(shown, name):
    (html,) = (one for one in pictures(shown[name], "text/html") if "<progress" not in one)
    assert html.startswith('<div class="motiflens">')
    assert len(html) < 100_000
    text = pictures(shown[name], "text/plain")[-1]
    assert 2 < len(text.splitlines()) <= 20
    assert ("<svg" in html) == (name == "found")


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_stands_below_its_cell_once(shown, name):
    assert len(pictures(shown[name], "image/png")) == 1
    assert len(shown[name]) == 1


@pytest.mark.parametrize("name", FRAMES)
def test_a_data_frame_is_shown_by_pandas(shown, name):
    (html,) = pictures(shown[name], "text/html")
    assert 'class="dataframe"' in html


def test_maps_have_a_mean_and_a_spread(shown):
    (text,) = pictures(shown["spread"], "text/plain")
    assert re.fullmatch(r"\(torch.Size\(\[5, 4, 400\]\), torch.Size\(\[5, 4, 400\]\)\)", text)
