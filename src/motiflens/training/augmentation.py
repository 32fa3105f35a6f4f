"""Other copies of the training sequences in each epoch: from the other strand, shifted, with some bases exchanged.

What is drawn follows from the data seed and the epoch alone, so that a training that was interrupted goes on alike. All
members of a stack read the same.
"""

import numpy as np
import torch

from motiflens.basics.sequence import UNKNOWN
from motiflens.training.protocol import Protocol

_FLIPS, _SHIFTS, _MUTATIONS = 1, 2, 3  # streams of random numbers; `batch_order` has a stream of its own


def augmented(codes: torch.Tensor, protocol: Protocol, data_seed: int, epoch: int) -> torch.Tensor:
    """What an epoch (from 0) reads of the training sequences, uint8 codes of shape (N, L), on their device."""
    n, length = codes.shape
    if protocol.reverse_complement:
        codes = flipped(codes, strand_flips(n, data_seed, epoch))
    if protocol.max_shift:
        codes = shifted(codes, random_shifts(n, protocol.max_shift, data_seed, epoch))
    if protocol.mutation_rate:
        codes = mutated(codes, random_mutations(n, length, protocol.mutation_rate, data_seed, epoch))
    return codes


def strand_flips(n_sequences: int, data_seed: int, epoch: int) -> torch.Tensor:
    """Which sequences an epoch (from 0) reads from the other strand: booleans (n_sequences,), each with chance 1/2."""
    generator = np.random.default_rng([data_seed, epoch, _FLIPS])
    return torch.from_numpy(generator.random(n_sequences) < 0.5)


def flipped(codes: torch.Tensor, flips: torch.Tensor) -> torch.Tensor:
    """Codes, shape=(N, L), those of `flips`, shape=(N,), as reverse complements; on the device of the codes."""
    rows = flips.nonzero().squeeze(1).to(codes.device)
    turned = codes[rows].flip(1)
    result = codes.clone()
    result[rows] = torch.where(turned == UNKNOWN, turned, 3 - turned)
    return result


def random_shifts(n_sequences: int, largest: int, data_seed: int, epoch: int) -> torch.Tensor:
    """By how many bases an epoch moves each sequence to the right, uniform from -largest to largest, shape=(N,)."""
    generator = np.random.default_rng([data_seed, epoch, _SHIFTS])
    return torch.from_numpy(generator.integers(-largest, largest + 1, n_sequences))


def shifted(codes: torch.Tensor, shifts: torch.Tensor) -> torch.Tensor:
    """Codes, shape=(N, L), each moved to the right by its shift, shape=(N,); places left empty are unknown bases."""
    place = torch.arange(codes.shape[1], device=codes.device) - shifts.to(codes.device)[:, None]  # N, L
    outside = (place < 0) | (place >= codes.shape[1])
    moved = codes.gather(1, place.clamp(0, codes.shape[1] - 1))
    return moved.masked_fill(outside, UNKNOWN)


def random_mutations(n_sequences: int, length: int, rate: float, data_seed: int, epoch: int) -> torch.Tensor:
    """What is added to each base, modulo 4: 0 where it stays, else 1 to 3 alike, uint8, shape=(N, L)."""
    generator = np.random.default_rng([data_seed, epoch, _MUTATIONS])
    hit = generator.random((n_sequences, length), dtype=np.float32) < rate
    steps = np.zeros((n_sequences, length), dtype=np.uint8)
    steps[hit] = generator.integers(1, 4, int(hit.sum()), dtype=np.uint8)
    return torch.from_numpy(steps)


def mutated(codes: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """Codes, shape=(N, L), with bases exchanged as `random_mutations` drew them; unknown bases stay."""
    return torch.where(codes == UNKNOWN, codes, (codes + steps.to(codes.device)) % 4)
