"""The numbers that make a turbine, by name."""

from dataclasses import dataclass

BLADES = 3
HUB_ABOVE_TOWER = 2.0
"""Height of the rotor axis above the top of the tower, in m."""
OVERHANG = 5.0
"""Distance of the rotor upwind of the tower's axis, in m (Jonkman et al. 2009, Table 1-1)."""


@dataclass(frozen=True)
class Blade:
    """How one blade departs from the rotor's common shape.

    Attributes:
        pitch: added to the twist, in degrees; positive turns the leading edge upwind.
        chord: added to the scale of the chord outside the root.
        thickness: added to the scale of the relative thickness.
        prebend: added to the upwind offset of the tip, in m.
        bump: relative widening of the chord about 45 % of the span.
    """

    pitch: float = 0.0
    chord: float = 0.0
    thickness: float = 0.0
    prebend: float = 0.0
    bump: float = 0.0


@dataclass(frozen=True)
class Turbine:
    """A three-blade turbine; the defaults are the NREL 5 MW machine's, to our planform's accuracy.

    Attributes:
        radius: of the rotor along the blade, in m.
        chord: scale of the chord outside the root.
        taper: widening of the root side and narrowing of the tip side, relative.
        widest: shift of the chord's and thickness's laws along the span, relative to it.
        twist: scale of the built-in twist.
        thickness: scale of the relative thickness.
        prebend: upwind offset of the tip from a straight blade, in m.
        sweep: offset of the tip against the rotation, in m.
        cone: angle of the blades upwind of the rotor's plane, in degrees.
        tower_height: in m.
        tower_base: diameter, in m.
        tower_top: diameter, in m.
        nacelle: scale of the nacelle.
        blades: the three blades, the first pointing up.
    """

    radius: float = 63.0
    chord: float = 1.0
    taper: float = 0.0
    widest: float = 0.0
    twist: float = 1.0
    thickness: float = 1.0
    prebend: float = 1.5
    sweep: float = 0.3
    cone: float = 2.5
    tower_height: float = 88.0
    tower_base: float = 6.0
    tower_top: float = 3.9
    nacelle: float = 1.0
    blades: tuple[Blade, Blade, Blade] = (Blade(), Blade(), Blade())

    @property
    def hub_height(self) -> float:
        """Height of the rotor axis, in m."""
        return self.tower_height + HUB_ABOVE_TOWER
