"""Max-pooled responses of a convolution at points of a straight line between two inputs, and their gradient."""

import torch

from motiflens.models.kernels.library import address, call


def pooled_along(
    start: torch.Tensor, change: torch.Tensor, points: torch.Tensor, pool: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Largest of ``start + a * change`` in windows of `pool` positions for each point a, without gradient.

    Parameters
    ----------
    start, change : torch.Tensor, shape=(n, L, n_filters)
    points : torch.Tensor, shape=(S,)
    pool : int
        Below 65,536.

    Returns
    -------
    maxima : torch.Tensor, shape=(S, n, L // pool, n_filters)
    where : torch.Tensor, uint16, same shape
        Position in the window; the first one of equal values.
    """
    n, length, n_filters = start.shape
    maxima = start.new_empty(len(points), n, length // pool, n_filters)
    where = torch.empty(maxima.shape, dtype=torch.uint16)
    known = (address(start), address(change), address(points))
    call("path_forward", start, n, length, n_filters, pool, len(points), *known, address(maxima), address(where))
    return maxima, where


def gradient_along(
    where: torch.Tensor, gradient: torch.Tensor, weights: torch.Tensor, length: int, pool: int
) -> torch.Tensor:
    """Weighted sum over points of the gradient of `pooled_along` by responses, shape=(n, length, n_filters).

    Parameters
    ----------
    where : torch.Tensor, uint16, shape=(S, n, length // pool, n_filters)
    gradient : torch.Tensor, same shape
        Gradient with respect to the maxima.
    weights : torch.Tensor, shape=(S,)
    length, pool : int
    """
    gradient = gradient.contiguous()
    n_points, n, _, n_filters = gradient.shape
    total = gradient.new_empty(n, length, n_filters)
    known = (address(weights), address(where), address(gradient))
    call("path_backward", gradient, n, length, n_filters, pool, n_points, *known, address(total))
    return total
