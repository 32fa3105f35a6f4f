"""What a trained network has learned: its filters, its attributions."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from motiflens.basics.errors import InputError
from motiflens.basics.files import write_npz
from motiflens.cli.commands import Option
from motiflens.cli.errors import with_options
from motiflens.cli.loading import check_model, networks_of, one_thread, read_truth, test_sequences
from motiflens.cli.messages import print_json, short
from motiflens.cli.options import (
    DATABASE,
    AnyModel,
    Bases,
    DataFile,
    FirstLayer,
    Json,
    Layout,
    Output,
    Target,
    Weights,
    joined,
    writable_file,
    writable_prefix,
)

if TYPE_CHECKING:
    from motiflens.interpret.filters import FilterMatches, FilterPwms


def filters(
    model: AnyModel,
    data: DataFile,
    database: Annotated[str, Option(help="Motif set or file to compare with.")] = DATABASE,
    q: Annotated[float, Option(help="Largest q-value of a match.")] = 0.1,
    truth: Annotated[
        str | None, Option(help="task1, task2, or a JSON file of factors and their accessions: for TPR and FPR.")
    ] = None,
    out: Annotated[
        Path | None, Option("--out", "-o", callback=writable_file, help="MEME file for the filters' motifs.")
    ] = None,
    logos: Annotated[
        Path | None, Option(callback=writable_file, help="SVG, PDF or PNG file for the filters' logos.")
    ] = None,
    weights: Weights = None,
    layout: Layout = "auto",
    bases: Bases = "ACGT",
    first_layer: FirstLayer = None,
    output: Output = "auto",
    as_json: Json = False,
) -> None:
    """Turn first-layer filters into motifs, on the test sequences, and match them to a database by TomTom."""
    from motiflens.data.io import read_hdf5
    from motiflens.interpret.filters import filter_matches, filter_pwms, motifs_of_pwms
    from motiflens.motifs.sets import Motif, write_meme

    if logos is not None and logos.suffix not in (".svg", ".pdf", ".png"):
        raise InputError(f"--logos must name an .svg, .pdf or .png file, got {str(logos)!r}")
    accessions = None if truth is None else read_truth(truth)
    check_model(model)
    one_thread()
    sequences = test_sequences(read_hdf5(data)).codes
    reading = {"layout": layout, "bases": bases, "first_layer": joined(first_layer), "output": output}
    networks = networks_of(model, sequences, weights, reading, filters=True)
    found = [filter_pwms(network, sequences) for network in networks]
    matches = [filter_matches(one.pwms, database, truth=accessions, q=q) for one in found]
    prefixes = [""] if len(found) == 1 else [f"member_{number}_" for number in range(len(found))]
    if out is not None:
        motifs = [
            Motif(f"{prefix}{motif.id}", f"{prefix}{motif.name}", motif.pwm, motif.n_sites)
            for prefix, one in zip(prefixes, found, strict=True)
            for motif in motifs_of_pwms(one.pwms, one.counts)
        ]
        write_meme(motifs, out)
    if logos is not None:
        _draw_logos(logos, found, matches, f"{model} · {database}")
    tables = [_filter_table(one, own) for one, own in zip(found, matches, strict=True)]
    if as_json:
        print_json(tables[0] if len(tables) == 1 else {"networks": tables})
        return
    for number, (table, own) in enumerate(zip(tables, matches, strict=True)):
        if len(tables) > 1:
            click.echo(f"network {number}")
        for line in _filter_lines(table, own, database, has_truth=accessions is not None):
            click.echo(line)


def _filter_table(found: "FilterPwms", matches: "FilterMatches") -> dict[str, Any]:
    """The filters of one network, and shares of them, in JSON types."""
    rows = [
        {
            "filter": row.filter,
            "n_windows": int(found.counts[row.filter]),
            "outcome": row.outcome,
            "factor": row.factor,
            "match": None if row.best is None else row.best.target_id,
            "name": None if row.best is None else row.best.target_name,
            "q": None if row.best is None else float(row.best.q_value),
        }
        for row in matches.rows
    ]
    return {"filters": rows, "tpr": matches.tpr, "fpr": matches.fpr, "no_hit": matches.no_hit_share}


def _filter_lines(table: dict[str, Any], matches: "FilterMatches", database: str, *, has_truth: bool) -> Iterator[str]:
    for row in table["filters"]:
        best = f"{row['match']}  {row['name']}  q {row['q']:.2g}" if row["match"] else row["outcome"]
        verdict = f"  {row['outcome']}" if has_truth and row["match"] else ""
        factor = f": {row['factor']}" if row["factor"] else ""
        yield f"filter {row['filter']:3d}  {row['n_windows']:6d} windows  {best}{verdict}{factor}"
    yield f"{1 - matches.no_hit_share:.0%} of {len(matches.rows)} filters match {database} at q <= {matches.q}"
    if matches.tpr is not None and matches.fpr is not None:
        yield f"{matches.tpr:.0%} match a motif of the truth (TPR), {matches.fpr:.0%} only others (FPR)"


def _draw_logos(path: Path, found: "list[FilterPwms]", matches: "list[FilterMatches]", title: str) -> None:
    """One picture for a network; of several one each, with the network's number before the ending."""
    from motiflens.report.figures import save_figure
    from motiflens.report.galleries import draw_matches, gallery_matches

    stem, ending = path.with_suffix(""), path.suffix.lstrip(".")
    for number, (one, own) in enumerate(zip(found, matches, strict=True)):
        figure = draw_matches(gallery_matches(one.pwms, one.counts, own.rows), title)
        save_figure(figure, stem if len(found) == 1 else Path(f"{stem}-{number}"), formats=(ending,))


def attribute(
    model: AnyModel,
    data: DataFile,
    out: Annotated[
        Path,
        Option("--out", "-o", callback=writable_prefix, help="NPZ file for the attributions; a prefix for modisco."),
    ],
    method: Annotated[
        str,
        Option(
            help="saliency, gradient_times_input, smooth_grad, integrated_gradients, deep_lift_shap "
            "or saturation_mutagenesis."
        ),
    ] = "saliency",
    correct_gradient: Annotated[
        bool, Option("--correct-gradient", help="Subtract the mean over the four bases.")
    ] = False,
    baselines: Annotated[
        str | None,
        Option(help="zeros, uniform or dinucleotide_shuffle: for integrated_gradients and deep_lift_shap."),
    ] = None,
    file_format: Annotated[
        str,
        Option("--format", help="npz, or modisco: two files for TF-MoDISco, with values for all four bases."),
    ] = "npz",
    n_steps: Annotated[int | None, Option(help="Points of integrated_gradients.")] = None,
    n_points: Annotated[
        int | None, Option(help="Points of the numerical integration of deep_lift_shap where there is no rule.")
    ] = None,
    target: Target = None,
    positives: Annotated[bool, Option(help="Only test sequences whose label is 1.")] = True,
    weights: Weights = None,
    layout: Layout = "auto",
    bases: Bases = "ACGT",
    output: Output = "auto",
    as_json: Json = False,
) -> None:
    """Compute attributions of test sequences; with one label and ground truth, score them against it.

    Of an ensemble they are means over its networks. An NPZ file holds: under the method's name the attributions,
    shape (N, 4, L); one_hot, the sequences, of the same shape; rows, which test sequences they are; of an ensemble sd
    and sign_agreement over its networks, shape (N, 4, L); of methods with a completeness axiom completeness_gap, shape
    (N,). For modisco the standard deviation and the agreement stand in PREFIX_sd.npz and PREFIX_sign_agreement.npz.
    """
    import numpy as np

    from motiflens.data.io import read_hdf5, write_modisco
    from motiflens.interpret.attribution import CompletenessWarning, check_method, explain, interpretability
    from motiflens.models.foreign import chosen_output
    from motiflens.models.outputs import model_outputs

    check_method(method)
    if file_format not in ("npz", "modisco"):
        raise InputError(f"--format must be npz or modisco, got {file_format!r}")
    check_model(model)
    one_thread()
    dataset = read_hdf5(data)
    test = test_sequences(dataset)
    networks = networks_of(model, test.codes, weights, {"layout": layout, "bases": bases, "output": output})
    number = chosen_output(target, networks, dataset)
    n_outputs = model_outputs(networks[0], test.codes[:2]).reshape(2, -1).shape[1] if len(test) > 1 else test.n_outputs
    if not 0 <= number < n_outputs:
        raise InputError(f"--target must be in 0..{n_outputs - 1}, got {target}")
    label = dataset.label_of(number)
    rows = np.flatnonzero(test.y[:, label] == 1) if positives else np.arange(len(test))
    if len(rows) == 0:
        raise InputError(f"no test sequence is positive for label {test.label_names[label]!r}: try --no-positives")
    chosen = test.subset(rows)
    asked = {"baselines": baselines, "n_steps": n_steps, "n_points": n_points}
    options: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    _check_options(method, options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CompletenessWarning)
        attributions = explain(
            networks,
            chosen.X,
            method=method,
            target=number,
            correct_gradient=correct_gradient,
            hypothetical=file_format == "modisco",
            **options,
        )
    for warning in caught:
        words = with_options(str(warning.message), {"n_steps": "--n-steps", "n_points": "--n-points"})
        click.echo(f"warning: {words}", err=True)
    result: dict[str, Any] = {"file": str(out), "n_sequences": len(rows)}
    if file_format == "modisco":
        files = write_modisco(chosen.X, attributions.values, out)
        result["file"] = [str(path) for path in files]
        for name in ("sd", "sign_agreement") if attributions.members is not None else ():
            path = Path(f"{out}_{name}.npz")
            write_npz({"arr_0": getattr(attributions, name).numpy()}, path)  # the key that TF-MoDISco reads
            result["file"].append(str(path))
    else:
        gap = {} if attributions.gap is None else {"completeness_gap": attributions.gap.numpy()}
        arrays = {method: attributions.values.numpy(), "one_hot": chosen.X.numpy().astype(np.uint8), "rows": rows}
        if attributions.sd is not None and attributions.sign_agreement is not None:
            arrays |= {"sd": attributions.sd.numpy(), "sign_agreement": attributions.sign_agreement.numpy()}
        write_npz({**arrays, **gap}, out)
    if attributions.gap is not None:
        result["largest_completeness_gap"] = float(attributions.gap.max())
    if chosen.truth is not None and chosen.n_outputs == 1:  # the truth does not say which label a motif is for
        result |= interpretability(attributions.scores, chosen.truth.matrix(np.arange(len(rows)))).means()
    if as_json:
        print_json(result)
    else:
        click.echo("  ".join(f"{name} {short(value)}" for name, value in result.items()))


_METHODS_OF = {
    "baselines": ("integrated_gradients", "deep_lift_shap"),
    "n_steps": ("integrated_gradients",),
    "n_points": ("deep_lift_shap",),
}


def _check_options(method: str, options: dict[str, Any]) -> None:
    """Refuse options of other methods."""
    for name in options:
        if method not in _METHODS_OF[name]:
            option = "--" + name.replace("_", "-")
            others = " and ".join(_METHODS_OF[name])
            raise InputError(f"{method} has no option {name!r}: {option} is of {others}; leave it out")
