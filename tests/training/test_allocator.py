import resource
import subprocess
import sys

import pytest
import torch

from motiflens.training import allocator

# In a process of its own: what the allocator does depends on all that a process has allocated before.
COUNT_PAGE_FAULTS = """
import resource, torch
from motiflens.training.allocator import keep_freed_memory

def page_faults(n):  # of n tensors of 64 MiB, more than glibc ever keeps by itself, one after the other
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(n):
        torch.ones(1 << 24)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

with keep_freed_memory():
    page_faults(4)
    print(page_faults(16))
"""
FRESH_PAGES = 16 * (64 << 20) // resource.getpagesize()


@pytest.mark.skipif(allocator._glibc() is None, reason="the C library is not glibc")
def test_freed_memory_is_used_again_without_page_faults():
    result = subprocess.run([sys.executable, "-c", COUNT_PAGE_FAULTS], capture_output=True, text=True, check=True)
    assert int(result.stdout) < FRESH_PAGES / 2


def test_the_settings_are_taken_back_and_unused_memory_returned(monkeypatch):
    calls = []

    class Library:
        def mallopt(self, name, value):
            calls.append((name, value))

        def malloc_trim(self, pad):
            calls.append(("trim", pad))

    def interrupted():
        with allocator.keep_freed_memory():
            calls.append("inside")
            raise KeyboardInterrupt

    monkeypatch.setattr(allocator, "_glibc", Library)
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    inside = calls.index("inside")
    assert dict(calls[:inside]) == allocator._KEEPING
    assert dict(calls[inside + 1 : -1]) == allocator._AFTERWARDS
    assert calls[-1] == ("trim", 0)


def test_does_nothing_without_glibc(monkeypatch):
    monkeypatch.setattr(allocator, "_glibc", lambda: None)
    with allocator.keep_freed_memory():
        assert torch.ones(3).sum() == 3
