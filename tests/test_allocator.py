import resource

import pytest
import torch

from motiflens import allocator


def page_faults(n):
    """Of n tensors of 64 MiB, more than glibc ever keeps by itself, one after the other."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(n):
        torch.ones(1 << 24)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(allocator._glibc() is None, reason="the C library is not glibc")
def test_freed_memory_is_used_again_without_page_faults():
    with allocator.keep_freed_memory():
        page_faults(3)
        kept = page_faults(16)
    after = page_faults(16)
    assert kept < after / 2


def test_does_nothing_without_glibc(monkeypatch):
    monkeypatch.setattr(allocator, "_glibc", lambda: None)
    with allocator.keep_freed_memory():
        assert torch.ones(3).sum() == 3
