"""From filters to matrices: the mean of the sequence windows that activate a filter."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from motiflens.basics.errors import InputError
from motiflens.basics.metrics import Array, as_tensor
from motiflens.basics.sequence import check_one_hot, one_hot
from motiflens.basics.tables import Logo, Table, as_dataframe, as_html, as_text
from motiflens.models.hybrid import HybridNetwork, evaluating
from motiflens.models.stacked import bases_where_active, strongest_activations

if TYPE_CHECKING:
    import pandas

_FEW = 32  # where one in so many positions is active, or less, windows are added up one by one

Activations = Array | Callable[[], Iterable[Array]]


class FilterPwms(NamedTuple):
    """One matrix for each filter, and the number of windows that it was averaged from."""

    pwms: np.ndarray  # (F, 4, window) float64, columns sum to 1
    counts: np.ndarray  # (F,) int64

    @property
    def dead(self) -> np.ndarray:
        """Filters without windows, bool, shape=(F,); their matrices are uniform."""
        return self.counts == 0

    def __repr__(self) -> str:
        return as_text(self._table())

    def _repr_html_(self) -> str:
        return as_html(self._table())

    def to_dataframe(self) -> "pandas.DataFrame":
        """A row for each filter, with its matrix as a consensus."""
        return as_dataframe(self._table())

    def _table(self) -> Table:
        n, n_dead, width = len(self.counts), int(self.dead.sum()), self.pwms.shape[2]
        title = f"FilterPwms: {n} filters of {width} columns, {n_dead} of them dead"
        logos = [Logo(pwm) for pwm in self.pwms]
        return Table(title, {"filter": np.arange(n), "logo": logos, "n_windows": self.counts})


def activation_pwms(activations: Activations, X: Array, *, window: int = 20, threshold: float = 0.5) -> FilterPwms:
    """Average the sequence windows that activate each filter (Ghotra et al. 2021, Methods).

    A window of sequence is cut out around every position where the activation of a filter exceeds ``threshold`` times
    its maximum over all sequences. It is ``[start, start + window)`` with ``start = position - window // 2``. Windows
    with ``start <= 0`` or ``start + window >= L`` are dropped. The matrix is the mean of the windows; unknown bases are
    left out of the mean.

    Parameters
    ----------
    activations : np.ndarray or torch.Tensor, shape=(N, F, L), or callable
        First-layer activations after the activation function; or a function without arguments that yields batches (n,
        F, L) in the order of X, so that a large set need not be in memory at once. It is called twice, for the maxima
        and for the windows. Tensors stay on their device.
    X : np.ndarray or torch.Tensor, shape=(N, 4, L) one-hot or (N, L) codes
    window : int
        Width of the matrices.
    threshold : float
        Share of the maximum, in [0, 1).

    Returns
    -------
    pwms : np.ndarray, float64, shape=(F, 4, window)
    counts : np.ndarray, int64, shape=(F,)
        Windows of each filter. A filter that is never positive, or exceeds the threshold only at the ends of sequences,
        has no windows. It is called dead, and its matrix is uniform.

    Raises
    ------
    ValueError
        If shapes do not fit, an activation is not finite, an option is out of range, or the function yields other
        batches at its second call.

    Notes
    -----
    Few windows are summed one by one, and many by a matrix product, whose cost does not depend on their number.

    A filter that is active almost everywhere has very many windows, and its matrix is close to the composition of the
    sequences. It may still match a motif, because TomTom compares shapes, however flat. `quality.filter_quality`
    recognises such filters by their low information, `chance.false_matches` by their matches to decoys.
    """
    sequences = _check_sequences(X, window, threshold)
    length = sequences.shape[-1]
    first, n_starts = window // 2 + 1, length - window - 1  # windows start at 1 ... length - window - 1
    chunk = max(1, 2**17 // (length * window))  # 2 MB of windows, to stay in cache
    maxima = _maxima(activations, sequences, chunk)  # F,
    sums = torch.zeros(len(maxima), 4, window, dtype=torch.float64, device=maxima.device)
    counts = torch.zeros(len(maxima), dtype=torch.int64, device=maxima.device)
    for rows, batch in _aligned_batches(activations, sequences, chunk):
        active = batch[:, :, first : first + n_starts] > threshold * maxima[:, None]  # n, F, n_starts
        own = active.sum(dim=(0, 2))
        few = sequences.dim() == 2 and int(own.sum()) * _FEW < active.numel()
        add_up = _sums_of_few if few else _sums
        sums += add_up(active, sequences[rows].to(batch.device), window)
        counts += own
    return _means(sums, counts)


def network_pwms(network: HybridNetwork, codes: np.ndarray, window: int, *, threshold: float = 0.5) -> FilterPwms:
    """`activation_pwms` of a network of ours, by compiled kernels, which need no activation maps.

    Parameters
    ----------
    network : HybridNetwork
        With `motiflens.models.stacked.has_compiled_first_layer`.
    codes : np.ndarray, uint8, shape=(N, L)
    window, threshold
        As for `activation_pwms`.

    Raises
    ------
    ValueError
        As `activation_pwms` does.
    """
    if not len(_check_sequences(codes, window, threshold)):
        raise InputError("expected activations of at least one sequence, got none")
    with evaluating(network):
        maxima = _finite(strongest_activations(network, codes).amax(0))
        counts = torch.from_numpy(bases_where_active(network, codes, threshold * maxima, window))  # F, window, 5
    return _means(counts[..., :4].mT.double(), counts[:, 0].sum(1))


def _means(sums: torch.Tensor, counts: torch.Tensor) -> FilterPwms:
    """Matrices from how often each base stands at each place, (F, 4, window), and the number of windows, (F,)."""
    totals = sums.sum(dim=1, keepdim=True)
    pwms = torch.where(totals > 0, sums / totals, 0.25)
    return FilterPwms(pwms.cpu().numpy(), counts.cpu().numpy())


def _sums(active: torch.Tensor, sequences: torch.Tensor, window: int) -> torch.Tensor:
    """How often each base stands at each place of the windows of each filter, shape=(F, 4, window), by a product.

    Windows are those that are active, bool, shape=(n, F, n_starts).
    """
    of_filters = active.transpose(0, 1).float().flatten(1)  # F, n * n_starts
    return (of_filters @ _windows(sequences, window)).view(-1, window, 4).mT


def _sums_of_few(active: torch.Tensor, codes: torch.Tensor, window: int) -> torch.Tensor:
    """The same from codes (n, L), by going from one window to the next."""
    row, filter, start = active.nonzero(as_tuple=True)
    places = torch.arange(window, device=codes.device)
    bases = codes[row[:, None], start[:, None] + 1 + places].long()  # n_windows, window
    cells = (filter[:, None] * window + places) * 5 + bases
    counts = torch.bincount(cells.flatten(), minlength=active.shape[1] * window * 5)
    return counts.view(active.shape[1], window, 5)[..., :4].mT.double()


def _windows(sequences: torch.Tensor, window: int) -> torch.Tensor:
    """Every window that starts after the first base and ends before the last, (n * n_starts, window * 4)."""
    one = sequences.float() if sequences.dim() == 3 else one_hot(sequences)
    bases_last = one[:, :, 1:-1].mT.contiguous()  # n, L - 2, 4: each window is one run of memory
    n, length, _ = bases_last.shape
    n_starts = length - window + 1
    windows = bases_last.as_strided((n, n_starts, window * 4), (length * 4, 4, 1))
    return windows.reshape(n * n_starts, window * 4)


def _check_sequences(X: Array, window: int, threshold: float) -> torch.Tensor:
    """One-hot (N, 4, L) or codes (N, L)."""
    sequences = as_tensor(X)
    if sequences.dim() == 3:
        check_one_hot(sequences)
    elif sequences.dim() != 2 or sequences.is_floating_point():
        got = f"{tuple(sequences.shape)} {sequences.dtype}"
        raise InputError(f"expected X one-hot (N, 4, L) or integer codes (N, L), got {got}")
    widest = sequences.shape[-1] - 2
    if not 1 <= window <= widest:
        raise InputError(f"window must be in 1 ... L - 2 = {widest} for these sequences, got {window}")
    if not 0 <= threshold < 1:
        raise InputError(f"threshold is a share of the maximum in [0, 1), got {threshold}")
    return sequences


def _maxima(activations: Activations, sequences: torch.Tensor, chunk: int) -> torch.Tensor:
    maxima = None
    for _, batch in _aligned_batches(activations, sequences, chunk):
        highest = _finite(batch.amax(dim=(0, 2)))  # F,; NaN is its own maximum
        maxima = highest if maxima is None else torch.maximum(maxima, highest)
    if maxima is None:
        raise InputError("expected activations of at least one sequence, got none")
    return maxima


def _finite(maxima: torch.Tensor) -> torch.Tensor:
    if not bool(maxima.isfinite().all()):
        raise InputError("activations must be finite, got NaN or infinity: the network has diverged")
    return maxima


def _aligned_batches(
    activations: Activations, sequences: torch.Tensor, chunk: int
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Give (rows of the sequences, activations of these rows), at most chunk rows at a time."""
    n, length, done = len(sequences), sequences.shape[-1], 0
    n_filters = None
    for batch in activations() if callable(activations) else [activations]:
        n_filters = batch.shape[1] if n_filters is None and len(batch.shape) == 3 else n_filters
        if len(batch.shape) != 3 or tuple(batch.shape[1:]) != (n_filters, length):
            expected = f"(N, {n_filters or 'F'}, {length})"
            raise InputError(f"expected activations of shape {expected}, got {tuple(batch.shape)}")
        for start in range(0, len(batch), chunk):
            part = as_tensor(batch[start : start + chunk]).detach()
            yield slice(done + start, done + start + len(part)), part
        done += len(batch)
    if done != n:
        hint = ": a callable must begin anew at each call" if callable(activations) else ""
        raise InputError(f"expected activations of {n} sequences, got {done}{hint}")
