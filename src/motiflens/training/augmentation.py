"""Augmentation: in each epoch, training sequences are reverse-complemented, shifted or mutated at random.

Random numbers depend on the data seed and the epoch only, so a training that was interrupted continues identically. All
members of a stack have the same sequences.
"""

import numpy as np
import torch

from motiflens.basics.sequence import UNKNOWN
from motiflens.training.protocol import Protocol

_FLIPS, _SHIFTS, _MUTATIONS = 1, 2, 3  # streams of random numbers; `batch_order` has a stream of its own


def augmented(codes: torch.Tensor, protocol: Protocol, data_seed: int, epoch: int) -> torch.Tensor:
    """The augmented training sequences of an epoch (from 0), uint8 codes of shape (N, L), on their device."""
    n, length = codes.shape
    if protocol.reverse_complement:
        codes = flipped(codes, strand_flips(n, data_seed, epoch))
    if protocol.max_shift:
        codes = shifted(codes, random_shifts(n, protocol.max_shift, data_seed, epoch))
    if protocol.mutation_rate:
        codes = mutated(codes, random_mutations(n, length, protocol.mutation_rate, data_seed, epoch))
    return codes


def strand_flips(n_sequences: int, data_seed: int, epoch: int) -> torch.Tensor:
    """Sequences to reverse-complement in an epoch (from 0): booleans (n_sequences,), each with probability 1/2."""
    generator = np.random.default_rng([data_seed, epoch, _FLIPS])
    return torch.from_numpy(generator.random(n_sequences) < 0.5)


def flipped(codes: torch.Tensor, flips: torch.Tensor) -> torch.Tensor:
    """Codes, shape=(N, L), reverse-complemented where `flips`, shape=(N,), is true; on the device of the codes."""
    rows = flips.nonzero().squeeze(1).to(codes.device)
    turned = codes[rows].flip(1)
    result = codes.clone()
    result[rows] = torch.where(turned == UNKNOWN, turned, 3 - turned)
    return result


def random_shifts(n_sequences: int, largest: int, data_seed: int, epoch: int) -> torch.Tensor:
    """Bases by which each sequence is shifted to the right, uniform from -largest to largest, shape=(N,)."""
    generator = np.random.default_rng([data_seed, epoch, _SHIFTS])
    return torch.from_numpy(generator.integers(-largest, largest + 1, n_sequences))


def shifted(codes: torch.Tensor, shifts: torch.Tensor) -> torch.Tensor:
    """Codes, shape=(N, L), shifted to the right by shape=(N,) bases; empty positions become unknown bases."""
    place = torch.arange(codes.shape[1], device=codes.device) - shifts.to(codes.device)[:, None]  # N, L
    outside = (place < 0) | (place >= codes.shape[1])
    moved = codes.gather(1, place.clamp(0, codes.shape[1] - 1))
    return moved.masked_fill(outside, UNKNOWN)


def random_mutations(n_sequences: int, length: int, rate: float, data_seed: int, epoch: int) -> torch.Tensor:
    """Number to add to each base, modulo 4: 0 if it stays, else 1 to 3 with equal probability, uint8, shape=(N, L)."""
    generator = np.random.default_rng([data_seed, epoch, _MUTATIONS])
    hit = generator.random((n_sequences, length), dtype=np.float32) < rate
    steps = np.zeros((n_sequences, length), dtype=np.uint8)
    steps[hit] = generator.integers(1, 4, int(hit.sum()), dtype=np.uint8)
    return torch.from_numpy(steps)


def mutated(codes: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """Codes, shape=(N, L), mutated by the result of `random_mutations`; unknown bases stay."""
    return torch.where(codes == UNKNOWN, codes, (codes + steps.to(codes.device)) % 4)
