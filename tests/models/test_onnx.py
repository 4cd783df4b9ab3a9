import subprocess
import sys

import onnx
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import save_file
from torch import nn

import specxai
from specxai.errors import LoadError
from specxai.models import example_input, load_input, load_model


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(36, 5),
    ).eval()  # fmt: skip


def to_onnx(net, path, name="/0/Conv", batch=1):
    """Write the network node by node: exporters differ from release to release."""
    conv, norm, linear = net[0], net[1], net[5]
    values = {
        "w": conv.weight, "b": conv.bias, "scale": norm.weight, "shift": norm.bias,
        "mean": norm.running_mean, "var": norm.running_var, "W": linear.weight, "B": linear.bias,
    }  # fmt: skip
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], name),
        helper.make_node("BatchNormalization", ["c", "scale", "shift", "mean", "var"], ["n"]),
        helper.make_node("Relu", ["n"], ["r"], "/2/Relu"),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "W", "B"], ["y"], "/5/Gemm", transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 5])],
        [onnx.numpy_helper.from_array(v.detach().numpy(), k) for k, v in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def saved(net, tmp_path_factory):
    return to_onnx(net, tmp_path_factory.mktemp("onnx") / "net.onnx")


def test_the_network_is_the_same(net, saved):
    loaded = load_model(str(saved))
    assert (loaded.name, loaded.input_shape) == ("net.onnx", (3, 8, 8))
    x = example_input(loaded).tensor
    ex = specxai.explain(loaded.module, x, "2_Relu")
    own = specxai.explain(net, x, "2")
    assert ex.exactness == "canonical"
    torch.testing.assert_close(ex.output, own.output)
    torch.testing.assert_close(ex.contributions, own.contributions)
    assert ex.linearization.layers[0].address == "0_Conv"


def test_a_free_batch_dimension(net, tmp_path):
    assert load_model(str(to_onnx(net, tmp_path / "net.onnx", batch="N"))).input_shape == (3, 8, 8)


def test_a_fixed_batch_is_refused(net, tmp_path):
    with pytest.raises(LoadError, match="takes batches of 4"):
        load_model(str(to_onnx(net, tmp_path / "net.onnx", batch=4)))


@pytest.mark.parametrize(
    "name", ['x")]; import os; os.system("touch hacked"); y = [("', "a\nimport os", "__init__"]
)
def test_names_run_no_code(net, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    module = load_model(str(to_onnx(net, tmp_path / "net.onnx", name))).module
    x = torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(module(x), net(x))
    assert not (tmp_path / "hacked").exists()
    assert "os.system" not in module.code
    assert "import os" not in module.code.replace("import_os", "")


@pytest.mark.parametrize("content", [b"", b"no onnx at all", b"\x08\x08\x12"])
def test_what_is_no_onnx_file(tmp_path, content):
    file = tmp_path / "bad.onnx"
    file.write_bytes(content)
    with pytest.raises(LoadError, match="not a readable ONNX file") as caught:
        load_model(str(file))
    assert "\n" not in str(caught.value)


def test_an_operation_that_cannot_be_converted(tmp_path):
    node = helper.make_node("StringNormalizer", ["x"], ["y"])
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node], "g", [value("x", TensorProto.STRING, [1])], [value("y", TensorProto.STRING, [1])]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "net.onnx")
    with pytest.raises(LoadError, match="cannot be converted"):
        load_model(str(tmp_path / "net.onnx"))


def test_weights_are_refused(saved):
    with pytest.raises(LoadError, match="carries its own weights"):
        load_model(str(saved), "none")


def test_on_the_command_line(saved):
    run = subprocess.run(
        [sys.executable, "-m", "specxai", "layers", str(saved)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "5_Gemm" in run.stdout


def test_several_inputs_are_passed_by_position(tmp_path):
    nodes = [helper.make_node("MatMul", ["x", "z"], ["p"]), helper.make_node("Relu", ["p"], ["y"])]
    shapes = {"x": [1, 3], "z": [3, 2], "y": [1, 2]}
    x, z, y = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    )
    graph = helper.make_graph(nodes, "two", [x, z], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "two.onnx")
    tensors = {"z": torch.randn(3, 2), "x": torch.randn(1, 3)}
    save_file(tensors, tmp_path / "a.safetensors")
    loaded = load_model(str(tmp_path / "two.onnx"))
    given = load_input(str(tmp_path / "a.safetensors"), loaded, wrt="x")
    lin = specxai.linearize(loaded.module, given.arguments, wrt=given.wrt)
    assert lin.x.equal(tensors["x"])
    torch.testing.assert_close(lin.output, (tensors["x"] @ tensors["z"]).relu())
