"""The parameters of turbines, their ranges and where they come from."""

import numpy as np

from specxai.studies.shapes.turbines.turbine import BLADES, Turbine

_NREL = "NREL 5 MW (Jonkman et al. 2009)"
GLOBAL = (
    ("radius", "m", 57.0, 63.0, 68.0, _NREL),
    ("chord", "1", 0.88, 1.0, 1.14, _NREL),
    ("taper", "1", -0.12, 0.0, 0.12, _NREL),
    ("widest", "1", -0.04, 0.0, 0.05, _NREL),
    ("twist", "1", 0.8, 1.0, 1.2, _NREL),
    ("thickness", "1", 0.88, 1.0, 1.12, _NREL),
    ("prebend", "m", 0.0, 1.5, 4.0, ""),
    ("sweep", "m", -1.0, 0.3, 2.0, ""),
    ("cone", "degrees", 0.0, 2.5, 5.0, _NREL),
    ("tower_height", "m", 78.0, 88.0, 100.0, _NREL),
    ("tower_base", "m", 5.0, 6.0, 7.0, _NREL),
    ("tower_top", "m", 3.2, 3.9, 4.5, _NREL),
    ("nacelle", "1", 0.85, 1.0, 1.2, ""),
)
BLADE = (
    ("pitch", "degrees", -2.0, 0.0, 2.0, ""),
    ("chord", "1", -0.04, 0.0, 0.04, ""),
    ("thickness", "1", -0.05, 0.0, 0.05, ""),
    ("prebend", "m", -0.6, 0.0, 0.6, ""),
    ("bump", "1", -0.05, 0.0, 0.05, ""),
)


def sample_turbine(index: int) -> Turbine:
    rng = np.random.default_rng([11, index])
    table = [*GLOBAL, *((f"blade {k + 1} {n}", *rest) for k in range(BLADES) for n, *rest in BLADE)]
    return Turbine.of({name: float(rng.triangular(*bounds)) for name, _, *bounds, _ in table})
