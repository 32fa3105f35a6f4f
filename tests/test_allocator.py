import resource

import pytest
import torch

from motiflens import allocator


def page_faults(block=1 << 21, n=20):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(n):
        torch.ones(block)  # 8 MiB each
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(allocator._glibc() is None, reason="the C library is not glibc")
def test_freed_memory_is_used_again_without_page_faults():
    with allocator.keep_freed_memory():
        page_faults(n=2)
        assert page_faults() < 200  # fresh pages would be 20 x 2,048


def test_does_nothing_without_glibc(monkeypatch):
    monkeypatch.setattr(allocator, "_glibc", lambda: None)
    with allocator.keep_freed_memory():
        assert torch.ones(3).sum() == 3
