# %% [markdown]
# # A network of your own, and pictures
#
# A small convolutional network is trained on scikit-learn's scans of digits, and one of its decisions is
# explained: what it rests on, where, and how far that may be trusted.

# %%
import torch
from sklearn.datasets import load_digits
from torch import nn

import specxai

torch.manual_seed(0)
digits = load_digits()
pictures = torch.tensor(digits.images / 16, dtype=torch.float32)[:, None]
pictures = nn.functional.interpolate(pictures, (24, 24), mode="bilinear")
labels = torch.tensor(digits.target)

net = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
    nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 10),
)  # fmt: skip

# %%
optimizer = torch.optim.Adam(net.parameters(), 3e-3)
train, test = slice(0, 1500), slice(1500, None)
for _ in range(8):
    for chosen in torch.randperm(1500).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(pictures[train][chosen]), labels[train][chosen]).backward()
        optimizer.step()
net.eval()
right = (net(pictures[test]).argmax(1) == labels[test]).float().mean()
print(f"{right:.0%} of the test pictures are read right")

# %% [markdown]
# One picture. `layer="auto"` takes the last layer with positions, `baseline="auto"` an empty picture or a
# blurred one, and `method="leading"` as many components as carry 90 % of the decision.

# %%
x = pictures[1501][None]
ex = specxai.explain(net, x, layer="auto", baseline="auto", method="leading")
ex = ex.named("digits", f"a {ex.target}")
print(ex)
for part in ex:
    print(f"component {part.k} adds {part.contribution:+.2f}, {part.share:.0%} of y − y₀")

# %%
figure = ex.plot()
figure.savefig("digit.png")

# %% [markdown]
# Is it true? The parts add up; the first component is taken out of the real network, and a random change of
# the same length is made beside it.

# %%
trust = ex.trust()
print(
    f"the parts miss y by {trust.residual:.0e} of it; noise changes the map by {trust.change:.0%}"
)
print(
    f"without component {trust.removal.component}: {trust.removal.answered:+.2f} in the network, "
)
print(f"{trust.removal.predicted:+.2f} predicted, ± {trust.removal.random:.2f} for random changes")

# %% [markdown]
# Why this digit and not the second most likely one?

# %%
contrast = specxai.explain(
    net, x, layer="auto", baseline="auto", method="leading", against="runner-up"
)
print(contrast.target_name, float(contrast.output))

# %%
ex.save("digit.safetensors")
stored = specxai.load("digit.safetensors")  # needs no network
assert abs(float(stored.contributions.sum() - ex.contributions.sum())) < 1e-9
