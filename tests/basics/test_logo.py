"""Logos: heights in closed form, letters where they belong, compact SVG."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from motiflens.basics.plots import draw_logo, information_logo, logo_svg, logo_svg_defs
from motiflens.basics.plots.logo import _GAP, _SVG_OUTLINES, LETTER_COLORS, _glyph


def make_axes():
    return Figure().add_subplot()


def extents(ax, base):
    """Box around all letters of one base, ((x0, y0), (x1, y1)) in data units."""
    from matplotlib.colors import to_rgba

    color = to_rgba(LETTER_COLORS[base])
    (letters,) = [c for c in ax.collections if tuple(c.get_facecolor()[0]) == color]
    return letters.get_paths()[0].get_extents().get_points()


def test_information_logo_closed_forms():
    pwm = np.array([[1, 0.5, 0.25, 0.5], [0, 0.5, 0.25, 0.25], [0, 0, 0.25, 0.25], [0, 0, 0.25, 0]])
    heights = information_logo(pwm)
    assert heights.sum(axis=0) == pytest.approx([2.0, 1.0, 0.0, 0.5])
    assert heights[:, 3] == pytest.approx([0.25, 0.125, 0.125, 0.0])


def test_information_logo_normalises_and_takes_zeros_as_uniform():
    heights = information_logo(np.array([[6.0, 0.0], [2.0, 0.0], [0.0, 0.0], [0.0, 0.0]]))
    assert heights[:, 0] == pytest.approx([0.75 * (2 - 0.8112781), 0.25 * (2 - 0.8112781), 0, 0], abs=1e-6)
    assert not heights[:, 1].any()


@pytest.mark.parametrize("shape", [(3, 5), (4, 0), (4,), (2, 4, 5)])
def test_wrong_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"shape \(4, width\)"):
        information_logo(np.zeros(shape))
    with pytest.raises(ValueError, match=r"shape \(4, width\)"):
        draw_logo(make_axes(), np.zeros(shape))


def test_values_that_are_not_finite_are_refused_with_their_column():
    heights = np.zeros((4, 3))
    heights[2, 1] = np.nan
    with pytest.raises(ValueError, match="column 1"):
        draw_logo(make_axes(), heights)


def test_negative_probabilities_are_refused():
    with pytest.raises(ValueError, match=">= 0"):
        information_logo(np.array([[1.5], [-0.5], [0], [0]]))


def test_letters_stack_from_small_to_large_and_negative_ones_hang():
    ax = make_axes()
    draw_logo(ax, np.array([[1.0], [3.0], [-2.0], [-0.5]]), start=10)
    (_, a0), (_, a1) = extents(ax, 0)
    (c_x0, c0), (c_x1, c1) = extents(ax, 1)
    (_, g0), (_, g1) = extents(ax, 2)
    (_, t0), (_, t1) = extents(ax, 3)
    assert [a0, a1, c0, c1] == pytest.approx([0, 1, 1, 4])
    assert [t0, t1, g0, g1] == pytest.approx([-0.5, 0, -2.5, -0.5])
    assert 10 < c_x0 < c_x1 < 11
    assert ax.get_xlim() == (10, 11)
    assert ax.get_ylim() == pytest.approx((-2.5, 4))


def test_negative_letters_are_upside_down():
    upright, hanging = make_axes(), make_axes()
    draw_logo(upright, np.array([[0.0], [0], [0], [1.0]]))
    draw_logo(hanging, np.array([[0.0], [0], [0], [-1.0]]))
    up, down = (ax.collections[0].get_paths()[0].vertices for ax in (upright, hanging))
    np.testing.assert_allclose(down, up * [1, -1])


def test_a_logo_is_one_shape_per_base_whatever_its_length():
    ax = make_axes()
    rng = np.random.default_rng(0)
    draw_logo(ax, rng.normal(size=(4, 200)))
    assert len(ax.collections) == 4


def test_min_height_drops_letters():
    ax = make_axes()
    draw_logo(ax, np.array([[1.0], [0.01], [-0.01], [0]]), min_height=0.05)
    assert len(ax.collections) == 1


def test_flat_logo_draws_nothing_and_keeps_limits_usable():
    ax = make_axes()
    draw_logo(ax, information_logo(np.full((4, 20), 0.25)))
    assert not ax.collections
    assert ax.get_ylim()[0] < ax.get_ylim()[1]


def uses(svg):
    """(letter, height, x, top) of each letter in an SVG logo of 100 units for 2 bits."""
    found = re.findall(r'href="#ml(\w)" transform="matrix\(1 0 0 (\d+) (\d+) (\d+)\)"', svg)
    return [(letter, *map(int, numbers)) for letter, *numbers in found]


def test_svg_places_letters_as_heights_say():
    pwm = np.array([[1.0, 0.5, 0.25], [0, 0.5, 0.25], [0, 0, 0.25], [0, 0, 0.25]])
    svg = logo_svg(pwm)
    assert sorted(uses(svg)) == [("A", 25, 10, 75), ("A", 100, 0, 0), ("C", 25, 10, 50)]
    assert 'viewBox="0 0 30 100"' in svg
    assert 'aria-label="AA."' in svg


def test_svg_is_compact_and_shares_its_shapes():
    rng = np.random.default_rng(1)
    pwm = np.full((4, 20), 0.25)
    pwm[:, 5:15] = rng.dirichlet([0.15] * 4, 10).T
    assert len(logo_svg(pwm, defs=False)) < 2500
    assert "<path" not in logo_svg(pwm, defs=False)
    for shapes in (logo_svg(pwm), logo_svg_defs()):
        assert [shapes.count(f'id="ml{letter}"') for letter in "ACGT"] == [1, 1, 1, 1]


def svg_outline(base):
    """The glyph that matplotlib draws, as path data."""
    from matplotlib.path import Path

    commands = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}
    parts = []
    for vertices, code in _glyph(base).iter_segments(curves=True, simplify=False):
        if code == Path.CLOSEPOLY:
            parts.append("Z")
            continue
        points = np.asarray(vertices).reshape(-1, 2)
        x = np.rint(100 * (_GAP + (1 - 2 * _GAP) * points[:, 0])).astype(int)
        y = np.rint(100 * (1 - points[:, 1])).astype(int)
        parts.append(commands[code] + " ".join(f"{a} {b}" for a, b in zip(x, y, strict=True)))
    return "".join(parts)


def test_svg_letters_are_those_of_matplotlib():
    """Corners may differ by a hundredth where fonts of other versions are rounded."""
    for base in range(4):
        kept, drawn = (
            [re.findall(r"[A-Z]", path), re.findall(r"-?\d+", path)]
            for path in (_SVG_OUTLINES[base], svg_outline(base))
        )
        assert kept[0] == drawn[0]
        np.testing.assert_allclose(np.array(kept[1], dtype=int), np.array(drawn[1], dtype=int), atol=1)


def test_svg_glyphs_fill_their_box():
    for path in re.findall(r' d="([^"]+)"', logo_svg_defs()):
        numbers = np.array(re.findall(r"-?\d+", path), dtype=int).reshape(-1, 2)
        assert numbers.min(axis=0).tolist() == [3, 0]
        assert numbers.max(axis=0).tolist() == [97, 100]
