"""The planform of a blade: chord, twist, thickness and offsets along the span."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from specxai_studies.shapes.turbines.airfoil import smoothstep
from specxai_studies.shapes.turbines.turbine import Turbine

ROOT = 1.5
"""Distance of the blade's root from the rotor axis, in m (Jonkman et al. 2009)."""

# Radius (m), twist (degrees) and chord (m) are those of the NREL 5 MW blade, Jonkman et al. 2009
# (NREL/TP-500-38060), Table 3-1, continued to root and tip; the relative thickness is our smooth
# reading of the airfoils named there (cylinders, DU 40 to DU 21, NACA 64-618).
NREL_5MW = np.array(
    [
        (1.5, 13.308, 3.542, 1.0),
        (2.8667, 13.308, 3.542, 1.0),
        (5.6, 13.308, 3.854, 0.95),
        (8.3333, 13.308, 4.167, 0.75),
        (11.75, 13.308, 4.557, 0.42),
        (15.85, 11.48, 4.652, 0.38),
        (19.95, 10.162, 4.458, 0.35),
        (24.05, 9.011, 4.249, 0.31),
        (28.15, 7.795, 4.007, 0.275),
        (32.25, 6.544, 3.748, 0.25),
        (36.35, 5.361, 3.502, 0.23),
        (40.45, 4.188, 3.256, 0.21),
        (44.55, 3.125, 3.010, 0.19),
        (48.65, 2.319, 2.764, 0.18),
        (52.75, 1.526, 2.518, 0.18),
        (56.1667, 0.863, 2.313, 0.18),
        (58.9, 0.370, 2.086, 0.18),
        (61.6333, 0.106, 1.419, 0.18),
        (63.0, 0.0, 0.8, 0.18),
    ]
)
SPAN_OF_TABLE = (NREL_5MW[:, 0] - ROOT) / (63.0 - ROOT)


@dataclass(frozen=True)
class Planform:
    """Sections of one blade, from root to tip.

    Attributes:
        span: position from root (0) to tip (1).
        radius: distance from the rotor axis along the blade, in m.
        chord: in m.
        twist: of the chord from the rotor's plane, leading edge upwind, in radians.
        thickness: relative to the chord.
        downwind: offset of the section, in m; prebend makes it negative.
        backward: offset of the section against the rotation, in m.
    """

    span: Float[ndarray, " n"]
    radius: Float[ndarray, " n"]
    chord: Float[ndarray, " n"]
    twist: Float[ndarray, " n"]
    thickness: Float[ndarray, " n"]
    downwind: Float[ndarray, " n"]
    backward: Float[ndarray, " n"]


def stations(count: int) -> Float[ndarray, " count"]:
    """Return positions along the span from 0 to 1, slightly denser about its middle."""
    even = np.linspace(0, 1, count)
    return even + 0.06 * np.sin(2 * np.pi * even) / (2 * np.pi)


def planform(turbine: Turbine, blade: int, count: int) -> Planform:
    """Return the sections of a blade.

    Args:
        turbine: the whole machine.
        blade: 0, 1 or 2.
        count: how many sections.
    """
    own = turbine.blades[blade]
    span = stations(count)
    # The laws of chord and thickness shift along the span, the tip and root staying in place.
    shifted = np.clip(span - turbine.widest * np.sin(np.pi * span), 0, 1)
    return Planform(
        span=span,
        radius=ROOT + span * (turbine.radius - ROOT),
        chord=np.interp(shifted, SPAN_OF_TABLE, NREL_5MW[:, 2])
        * _chord_scale(turbine, blade, span),
        twist=np.radians(
            np.interp(span, SPAN_OF_TABLE, NREL_5MW[:, 1]) * turbine.twist + own.pitch
        ),
        thickness=_thickness(
            np.interp(shifted, SPAN_OF_TABLE, NREL_5MW[:, 3]), turbine.thickness + own.thickness
        ),
        downwind=-(turbine.prebend + own.prebend) * span**2.2,
        backward=turbine.sweep * span**2,
    )


def _chord_scale(turbine: Turbine, blade: int, span: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
    """Return the chord relative to the table's; the root stays as it is, to fit the hub."""
    own = turbine.blades[blade]
    wider = turbine.chord - 1 + own.chord + turbine.taper * (1 - 2 * span)
    bump = own.bump * np.exp(-(((span - 0.45) / 0.12) ** 2))
    return 1 + smoothstep((span - 0.02) / 0.15) * wider + bump


def _thickness(table: Float[ndarray, " n"], scale: float) -> Float[ndarray, " n"]:
    """Scale airfoils fully and circles not at all."""
    share = np.where(table < 0.7, 1.0, np.clip((1 - table) / 0.3, 0, 1))
    return table * (1 + (scale - 1) * share)
