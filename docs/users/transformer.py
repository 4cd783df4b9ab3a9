# %% [markdown]
# # A vision transformer and a small GPT-2
#
# Attention, softmax and normalisations have rules of their own from a baseline, so that a transformer's output
# is a sum of components too. The networks here have random weights, so that this page needs no download: put
# your own in their place.

# %%
import timm
import torch
import transformers

import specxai

torch.manual_seed(0)
vit = timm.create_model("vit_tiny_patch16_224", pretrained=False, img_size=64, num_classes=10)
vit = vit.eval()
x = torch.rand(1, 3, 64, 64)
ex = specxai.explain(vit, x, layer="auto", baseline="zero", method="leading")
print(ex)
print(f"split at {ex.layer}; {ex.exactness}; the sum misses y by {abs(float(ex.residual)):.0e}")

# %%
ex.plot().savefig("vit.png")

# %% [markdown]
# A language model is explained by the embeddings of its tokens. `forward=` calls the model and returns the
# tensor to explain, here the scores of the token that comes next. The way leads from the mean embedding:
# zero embeddings would be divided by nothing in the first normalisation.

# %%
config = transformers.GPT2Config(
    n_layer=2, n_head=2, n_embd=32, vocab_size=100, n_positions=16, bos_token_id=0, eos_token_id=0
)
gpt = transformers.GPT2LMHeadModel(config).eval()
tokens = ["the", "cat", "sat", "on", "the", "mat"]
ids = torch.tensor([[11, 42, 7, 9, 11, 63]])
embedded = gpt.transformer.wte(ids).detach()
start = gpt.transformer.wte.weight.mean(0).detach().expand_as(embedded)


def next_token(model, x):
    return model(inputs_embeds=x).logits[:, -1]


ex = specxai.explain(
    gpt, embedded, layer="auto", baseline=start, forward=next_token, method="leading",
    feature_names=tokens, names_dim=1,
)  # fmt: skip
print(ex)
for token, share in ex.group_contributions().items():
    print(f"{token:6} {float(share):+.4f}")

# %% [markdown]
# What does the network itself say when the first component is taken out?

# %%
print(ex.trust().removal)
ex.plot().savefig("gpt.png")
