"""Motif interactions of 20 motifs: insertion and feature maps against one pair, or one sequence, at a time.

    python benchmarks/interactions_speed.py

Prints process CPU seconds on one thread for C4C6-Att on sequences of 200 bp: of whole tables, shuffled copies for
p-values included, and of effects alone against a plain loop, which is run on a part and scaled up.
"""

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from setting import print_race, print_setting
from torch import nn

from motiflens.basics.sequence import one_hot
from motiflens.interpret.attribution import gradient_times_input
from motiflens.interpret.interactions import (
    Design,
    Features,
    Settings,
    default_distances,
    draw_design,
    draw_mutations,
    feature_map_values,
    find_sites,
    insertion_effects,
    interactions,
    observed_pairs,
    two_sites,
)
from motiflens.models.hybrid import build_model
from motiflens.models.outputs import model_outputs
from motiflens.motifs.sets import Motif, load_motifs


def insertion_loop(model: nn.Module, design: Design, pairs: np.ndarray) -> np.ndarray:
    """Sums over backgrounds, shape=(P, 4, D): every sequence through the network, singles anew for each pair."""
    totals = np.zeros((len(pairs), 4, len(design.distances)))
    for row, (left, right) in enumerate(pairs.tolist()):
        for place, (one, two) in enumerate([(1, 1), (1, -1), (-1, -1), (-1, 1)]):
            sites: list[dict[str, tuple[int, int]]] = [{"left": (left, one)}, {"right": (right, two)}, {}]
            planted = [design.plant((left, one), (right, two)), *(design.plant(**site) for site in sites)]
            both, first, second, none = (
                model_outputs(model, p.reshape(-1, p.shape[-1]))[:, 0].double() for p in planted
            )
            totals[row, place] = (both - first - second + none).reshape(planted[0].shape[:2]).sum(1).numpy()
    return totals


def feature_map_loop(model: nn.Module, codes: np.ndarray, motifs: Sequence[Motif], n: int) -> int:
    """Both directions of the first n two sites, one at a time; returns how many there are."""
    features = Features(list(motifs), np.arange(len(motifs)), len(motifs))
    rng = np.random.default_rng(0)
    sites = find_sites(codes, features, rate=0.05, rng=rng)
    found = two_sites(sites, observed_pairs(len(motifs)))
    mutations = draw_mutations(codes, sites, rng)
    for row in range(n):
        sequence = found.sequence[row : row + 1]
        for mutated, other in ((found.first, found.second), (found.second, found.first)):
            start, end = sites.start[sequence, other[row]][0], sites.end[sequence, other[row]][0]
            whole = gradient_times_input(model, one_hot(codes[sequence]))
            without = gradient_times_input(model, one_hot(mutations.mutate(sequence, mutated[row : row + 1])))
            (whole - without)[..., start:end].sum()
    return len(found.pair)


def feature_maps(model: nn.Module, codes: np.ndarray, motifs: Sequence[Motif]) -> np.ndarray:
    """All two sites of motifs at once, each site's mutant and its gradient computed once."""
    rng = np.random.default_rng(0)
    sites = find_sites(codes, Features(list(motifs), np.arange(len(motifs)), len(motifs)), rate=0.05, rng=rng)
    found = two_sites(sites, observed_pairs(len(motifs)))
    return feature_map_values(model, found, [draw_mutations(codes, sites, rng)], target=0, batch_size=500)


def cpu_seconds(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--motifs", type=int, default=20)
    parser.add_argument("--backgrounds", type=int, default=100)
    parser.add_argument("--sequences", type=int, default=500)
    parser.add_argument("--loop-pairs", type=int, default=2)
    parser.add_argument("--loop-sites", type=int, default=40)
    args = parser.parse_args()
    print_setting()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model = build_model("C4C6-Att", activation="exponential", task=2).eval()
    motifs = [motif for motif in load_motifs("JASPAR2016-vertebrates") if 8 <= motif.width <= 14][: args.motifs]
    codes = rng.integers(0, 4, (args.sequences, 200), dtype=np.uint8)
    for row in range(len(codes)):  # four sites in each
        for start in (10, 60, 110, 160):
            pwm = motifs[rng.integers(len(motifs))].pwm
            codes[row, start : start + pwm.shape[1]] = pwm.argmax(axis=0)

    pairs, distances = observed_pairs(len(motifs)), default_distances(200, max(motif.width for motif in motifs))
    design = draw_design(codes[: args.backgrounds], motifs, distances, rng)
    n_sequences = len(pairs) * 4 * len(distances) * len(design.background)
    effects = insertion_effects(model, design, pairs[: args.loop_pairs])
    ours = cpu_seconds(lambda: insertion_effects(model, design, pairs))
    loop = cpu_seconds(lambda: insertion_loop(model, design, pairs[: args.loop_pairs])) * len(pairs) / args.loop_pairs
    off = np.abs(effects.total - insertion_loop(model, design, pairs[: args.loop_pairs])).max() / args.backgrounds
    whole = cpu_seconds(lambda: interactions(model, codes, motifs, Settings(n_backgrounds=args.backgrounds)))
    print(f"insertion: {len(pairs)} pairs, {len(distances)} distances, 4 orientations, {args.backgrounds} backgrounds")
    print(
        f"  effects of {n_sequences:,} sequences {ours:7.1f} s   a loop over pairs {loop:7.1f} s   {loop / ours:.1f}x"
    )
    print_race(f"{n_sequences:,} insertions of motif pairs", ours, "a loop over pairs", loop)
    print(f"  largest difference {off:.1e} logits   whole table {whole:.1f} s")

    whole = cpu_seconds(
        lambda: interactions(model, codes, motifs, Settings(n_sequences=len(codes)), method="feature_maps")
    )
    ours = cpu_seconds(lambda: feature_maps(model, codes, motifs))
    n_found = feature_map_loop(model, codes, motifs, 0)
    setup = cpu_seconds(lambda: feature_map_loop(model, codes, motifs, 0))
    each = (cpu_seconds(lambda: feature_map_loop(model, codes, motifs, args.loop_sites)) - setup) / args.loop_sites
    loop = setup + each * n_found
    print(f"feature maps: {len(codes)} sequences, {n_found} times two sites")
    print(f"  effects {ours:7.1f} s   a loop over them {loop:7.1f} s   {loop / ours:.1f}x")
    print(f"  whole table {whole:.1f} s")
    print_race(f"feature maps of {len(codes)} sequences", ours, "one pair of sites at a time", loop)


if __name__ == "__main__":
    main()
