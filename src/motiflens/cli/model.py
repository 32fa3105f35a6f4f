"""What a trained network has learned: its filters, its attributions."""

import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from motiflens.basics.errors import InputError
from motiflens.basics.files import write_npz
from motiflens.cli.loading import load_model, read_truth, test_sequences
from motiflens.cli.messages import print_json, short
from motiflens.cli.options import DataFile, Json, ModelFolder, writable_file, writable_prefix


def filters(
    model: ModelFolder,
    data: DataFile,
    database: Annotated[str, typer.Option(help="Motif set or file to compare with.")] = "JASPAR2020",
    q: Annotated[float, typer.Option(help="Largest q-value of a match.")] = 0.1,
    truth: Annotated[
        str | None, typer.Option(help="task1, task2, or a JSON file of factors and their accessions: for TPR and FPR.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", callback=writable_file, help="MEME file for the filters' motifs.")
    ] = None,
    logos: Annotated[Path | None, typer.Option(help="SVG, PDF or PNG file for the filters' logos.")] = None,
    as_json: Json = False,
) -> None:
    """Turn first-layer filters into motifs, on the test sequences, and look them up with TomTom."""
    from motiflens.interpret.filters import filter_matches, filter_pwms, motifs_of_pwms
    from motiflens.motifs.sets import write_meme

    accessions = None if truth is None else read_truth(truth)
    network, dataset = load_model(model, data)
    sequences = test_sequences(dataset).codes
    pwms, counts = filter_pwms(network, sequences)
    matches = filter_matches(pwms, database, truth=accessions, q=q)
    if out is not None:
        write_meme(motifs_of_pwms(pwms, counts), out)
    if logos is not None:
        from motiflens.report.figures import save_figure
        from motiflens.report.galleries import draw_matches, gallery_matches

        figure = draw_matches(gallery_matches(pwms, counts, matches.rows), f"{model} · {database}")
        save_figure(figure, logos.with_suffix(""), formats=(logos.suffix.lstrip("."),))
    rows = [
        {
            "filter": row.filter,
            "n_windows": int(counts[row.filter]),
            "outcome": row.outcome,
            "factor": row.factor,
            "match": None if row.best is None else row.best.target_id,
            "name": None if row.best is None else row.best.target_name,
            "q": None if row.best is None else float(row.best.q_value),
        }
        for row in matches.rows
    ]
    if as_json:
        print_json({"filters": rows, "tpr": matches.tpr, "fpr": matches.fpr, "no_hit": matches.no_hit_share})
        return
    for row in rows:
        best = f"{row['match']}  {row['name']}  q {row['q']:.2g}" if row["match"] else row["outcome"]
        verdict = "" if accessions is None or not row["match"] else f"  {row['outcome']}"
        factor = f": {row['factor']}" if row["factor"] else ""
        typer.echo(f"filter {row['filter']:3d}  {row['n_windows']:6d} windows  {best}{verdict}{factor}")
    typer.echo(f"{1 - matches.no_hit_share:.0%} of {len(rows)} filters match {database} at q <= {q}")
    if matches.tpr is not None and matches.fpr is not None:
        typer.echo(f"{matches.tpr:.0%} match a motif of the truth (TPR), {matches.fpr:.0%} only others (FPR)")


def attribute(
    model: ModelFolder,
    data: DataFile,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", callback=writable_prefix, help="NPZ file for the attributions; a prefix for modisco."
        ),
    ],
    method: Annotated[
        str,
        typer.Option(
            help="saliency, gradient_times_input, smooth_grad, integrated_gradients, deep_lift_shap "
            "or saturation_mutagenesis."
        ),
    ] = "saliency",
    correct_gradient: Annotated[
        bool, typer.Option("--correct-gradient", help="Subtract the mean over the four bases.")
    ] = False,
    baselines: Annotated[
        str | None,
        typer.Option(help="zeros, uniform or dinucleotide_shuffle: for integrated_gradients and deep_lift_shap."),
    ] = None,
    file_format: Annotated[
        str,
        typer.Option("--format", help="npz, or modisco: two files for TF-MoDISco, with values for all four bases."),
    ] = "npz",
    target: Annotated[int, typer.Option(help="Which output.")] = 0,
    positives: Annotated[bool, typer.Option(help="Only test sequences whose label is 1.")] = True,
    as_json: Json = False,
) -> None:
    """Compute attributions of test sequences; data of one label with ground truth have them scored against it."""
    import numpy as np

    from motiflens.data.io import write_modisco
    from motiflens.interpret.attribution import CompletenessWarning, check_method, explain, interpretability

    check_method(method)
    if file_format not in ("npz", "modisco"):
        raise InputError(f"--format must be npz or modisco, got {file_format!r}")
    network, dataset = load_model(model, data)
    test = test_sequences(dataset)
    if not 0 <= target < test.n_outputs:
        raise InputError(f"--target must be in 0..{test.n_outputs - 1}, got {target}")
    rows = np.flatnonzero(test.y[:, target] == 1) if positives else np.arange(len(test))
    if len(rows) == 0:
        raise InputError(f"no test sequence is positive for label {test.label_names[target]!r}: try --no-positives")
    chosen = test.subset(rows)
    options: dict[str, Any] = {} if baselines is None else {"baselines": baselines}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CompletenessWarning)
        attributions = explain(
            network,
            chosen.X,
            method=method,
            target=target,
            correct_gradient=correct_gradient,
            hypothetical=file_format == "modisco",
            **options,
        )
    for warning in caught:
        typer.echo(f"warning: {warning.message}", err=True)
    result: dict[str, Any] = {"file": str(out), "n_sequences": len(rows)}
    if file_format == "modisco":
        files = write_modisco(chosen.X, attributions.values, out)
        result["file"] = [str(path) for path in files]
    else:
        gap = {} if attributions.gap is None else {"completeness_gap": attributions.gap.numpy()}
        arrays = {method: attributions.values.numpy(), "one_hot": chosen.X.numpy().astype(np.uint8), "rows": rows}
        write_npz({**arrays, **gap}, out)
    if attributions.gap is not None:
        result["largest_completeness_gap"] = float(attributions.gap.max())
    if chosen.truth is not None and chosen.n_outputs == 1:  # the truth does not say which label a motif is for
        result |= interpretability(attributions.scores, chosen.truth.matrix(np.arange(len(rows)))).means()
    if as_json:
        print_json(result)
    else:
        typer.echo("  ".join(f"{name} {short(value)}" for name, value in result.items()))
