# %% [markdown]
# # A surrogate of twelve named inputs
#
# A network stands in for a calculation: here the deflection of a plate, whose formula is known, so that one
# can see whether the explanation is right. Inputs have units of very different size: `scale=` measures
# directions in their deviations, and all answers stay in the inputs' own units.

# %%
import torch
from sklearn.preprocessing import StandardScaler
from torch import nn

import specxai

names = [
    "length", "width", "thickness", "load", "modulus", "density",
    "temperature", "humidity", "preload", "offset", "roughness", "age",
]  # fmt: skip
units = ["m", "m", "mm", "kN", "GPa", "kg/m³", "°C", "%", "kN", "mm", "µm", "a"]
groups = {
    "geometry": ["length", "width", "thickness", "offset"],
    "loads": ["load", "preload"],
    "material": ["modulus", "density", "roughness", "age"],
    "weather": ["temperature", "humidity"],
}
middle = torch.tensor([2.0, 1.0, 12.0, 5.0, 210.0, 7850.0, 20.0, 50.0, 1.0, 0.0, 3.0, 10.0])
spread = torch.tensor([0.2, 0.1, 1.5, 1.0, 15.0, 100.0, 10.0, 15.0, 0.3, 0.5, 1.0, 5.0])

torch.manual_seed(0)
rows = middle + spread * torch.randn(2000, 12)


def deflection(rows):
    """In millimetres; seven of the twelve inputs do not matter."""
    length, width, thickness, load, modulus = rows[:, :5].T
    inertia = width * (thickness / 1000) ** 3 / 12
    return 0.05 * load * length**3 / (48 * modulus * 1e6 * inertia) * 1000


y = deflection(rows)

# %% [markdown]
# The network takes inputs in their own units and scales them itself.


# %%
class Surrogate(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("middle", rows.mean(0))
        self.register_buffer("spread", rows.std(0))
        self.layers = nn.Sequential(
            nn.Linear(12, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1)
        )

    def forward(self, x):
        return self.layers((x - self.middle) / self.spread)


net = Surrogate()
optimizer = torch.optim.Adam(net.parameters(), 3e-3)
for _ in range(400):
    optimizer.zero_grad()
    nn.functional.mse_loss(net(rows)[:, 0], y).backward()
    optimizer.step()
net.eval()
print(f"error {float((net(rows)[:, 0] - y).std() / y.std()):.1%} of the deviation")

# %% [markdown]
# Why is this plate's deflection so far from the mean plate's?

# %%
scaler = StandardScaler().fit(rows.numpy())
x = rows[y.argmax()][None]
ex = specxai.explain(
    net, x, layer="auto", baseline=rows.mean(0)[None], scale=scaler,
    feature_names=names, units=units, groups=groups,
)  # fmt: skip
ex = ex.named("plate", "deflection in mm")
print(ex)

# %%
of_groups = ex.group_contributions()
for group, millimetres in of_groups.items():
    print(f"{group:10} {float(millimetres):+.3f} mm")
assert abs(sum(map(float, of_groups.values())) - float(ex.linear)) < 1e-4

# %% [markdown]
# The equation, with the slope of each input per unit; and the same as a table, where pandas is there.

# %%
print(ex.symbolic(n=3).markdown())
try:
    print(ex.to_frame().head())
except specxai.SpecxaiError as missing:
    print(missing)

# %%
ex.plot().savefig("plate.png")
