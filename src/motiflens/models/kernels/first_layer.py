"""The first convolution on DNA as codes: pooled maxima, their gradient, and counts of bases in its windows."""

import torch

from motiflens.models.kernels.library import address, call


def pooled_maxima(
    codes: torch.Tensor, weight: torch.Tensor, pool: int, places: bool = True
) -> tuple[torch.Tensor, torch.Tensor]:
    """Convolution ("same") of DNA and the largest value in each window, without gradient.

    Parameters
    ----------
    codes : torch.Tensor, uint8, shape=(N, L)
        L below 65,536.
    weight : torch.Tensor, shape=(4 * kernel_size, n_filters)
    pool : int
    places : bool
        Whether to tell where they are.

    Returns
    -------
    maxima : torch.Tensor, shape=(N, L // pool, n_filters)
    where : torch.Tensor, uint16, same shape
        The positions; empty where they are not asked for.
    """
    codes, weight = codes.contiguous(), weight.contiguous()
    n, length = codes.shape
    rows, n_filters = weight.shape
    maxima = weight.new_empty(n, length // pool, n_filters)
    where = torch.empty(maxima.shape if places else 0, dtype=torch.uint16)
    sizes = (n, length, rows // 4, n_filters, pool)
    written = (address(maxima), address(where) if places else None)
    call("pooled_forward", weight, *sizes, address(codes), address(weight), *written)
    return maxima, where


def pooled_gradient(
    codes: torch.Tensor, where: torch.Tensor, gradient: torch.Tensor, kernel_size: int, pool: int
) -> torch.Tensor:
    """Gradient of `pooled_maxima` with respect to its weight, shape=(4 * kernel_size, n_filters).

    Parameters
    ----------
    codes : torch.Tensor, uint8, shape=(N, L)
    where : torch.Tensor, uint16, shape=(N, L // pool, n_filters)
    gradient : torch.Tensor, shape=(N, L // pool, n_filters)
    kernel_size, pool : int
    """
    codes, gradient = codes.contiguous(), gradient.contiguous()
    total = gradient.new_empty(4 * kernel_size, gradient.shape[2])
    sizes = (*codes.shape, kernel_size, gradient.shape[2], pool)
    call("pooled_backward", gradient, *sizes, address(codes), address(where), address(gradient), address(total))
    return total


def patch_counts(codes: torch.Tensor, kernel_size: int, like: torch.Tensor) -> torch.Tensor:
    """How often two bases occur at two positions of a window, over all positions of all sequences.

    Parameters
    ----------
    codes : torch.Tensor, uint8, shape=(N, L)
    kernel_size : int
    like : torch.Tensor, any shape
        A tensor of the type whose kernels are used; counts are exact for every type.

    Returns
    -------
    torch.Tensor, float64, shape=(4 * kernel_size, 4 * kernel_size)
    """
    codes = codes.contiguous()
    counts = torch.zeros(4 * kernel_size, 4 * kernel_size, dtype=torch.float64)
    call("patch_counts", like, *codes.shape, kernel_size, address(codes), address(counts))
    return counts


def active_windows(codes: torch.Tensor, weight: torch.Tensor, levels: torch.Tensor, window: int) -> torch.Tensor:
    """How often each base stands at each place around positions where a convolution ("same") reaches a level.

    Windows start at 1 ... L - window - 1, each `window // 2` before its position.

    Parameters
    ----------
    codes : torch.Tensor, uint8, shape=(N, L)
    weight : torch.Tensor, shape=(4 * kernel_size, n_filters)
    levels : torch.Tensor, shape=(n_filters,)
        The least value of each filter that counts.
    window : int

    Returns
    -------
    torch.Tensor, int64, shape=(n_filters, window, 5)
        Of A, C, G, T and unknown bases.
    """
    codes, weight = codes.contiguous(), weight.contiguous()
    rows, n_filters = weight.shape
    counts = torch.zeros(n_filters, window, 5, dtype=torch.int64)
    sizes = (*codes.shape, rows // 4, n_filters, window)
    call("active_windows", weight, *sizes, address(codes), address(weight), address(levels), address(counts))
    return counts
