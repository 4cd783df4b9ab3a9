import io
import json
import zipfile

import pytest
import torch
from torch import nn

from specxai.errors import LoadError
from specxai.models import load_model


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, padding="same"), nn.BatchNorm2d(4))
        self.head = nn.Linear(32, 5)

    def forward(self, image):
        a, b = self.features(image).relu().chunk(2, 1)
        return self.head(torch.cat([a + 1, b], 1).flatten(1))


@pytest.fixture(scope="module")
def net():
    return Net().eval()


@pytest.fixture(scope="module")
def saved(net, tmp_path_factory):
    return save(net, tmp_path_factory.mktemp("export") / "net.pt2", batch=1)


def save(net, path, batch, dynamic_shapes=None):
    program = torch.export.export(
        net, (torch.zeros(batch, 3, 4, 2),), dynamic_shapes=dynamic_shapes
    )
    torch.export.save(program, path)
    return path


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def write(path, contents, root="net/"):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(root + name, content)
    return path


def old_layout(saved, net, inputs=()):
    """Lay a program out as torch 2.6 does."""

    def pickled(value):
        buffer = io.BytesIO()
        torch.save(value, buffer)
        return buffer.getvalue()

    return {
        "version": b"8.3",
        "serialized_exported_program.json": members(saved)["models/model.json"],
        "serialized_state_dict.pt": pickled(net.state_dict(keep_vars=True)),
        "serialized_constants.pt": pickled({}),
        "serialized_example_inputs.pt": pickled((inputs, {})),
    }


def agrees(model, net):
    x = torch.randn(1, 3, 4, 2)
    return torch.allclose(model.module(x), net(x), atol=1e-6)


def test_a_program_computes_the_same(saved, net):
    model = load_model(str(saved))
    assert agrees(model, net)
    assert model.name == "net.pt2"
    assert model.input_shape == (3, 4, 2)


def test_the_modules_are_called_and_in_evaluation_mode(saved):
    module = load_model(str(saved)).module
    called = []
    for name, part in module.named_modules():
        assert not part.training
        part.register_forward_hook(lambda *_, name=name: called.append(name))
    module(torch.zeros(1, 3, 4, 2))
    assert called == ["features.0", "features.1", "features", "head", ""]


def test_a_dynamic_batch_is_accepted(net, tmp_path):
    shapes = ({0: torch.export.Dim("batch")},)
    model = load_model(str(save(net, tmp_path / "net.pt2", 2, shapes)))
    assert agrees(model, net)
    assert model.input_shape == (3, 4, 2)


def test_a_fixed_batch_of_several_is_refused(net, tmp_path):
    fails(save(net, tmp_path / "net.pt2", 2), "batches of 2")


def test_the_layout_of_torch_2_6_is_read_in_silence(saved, net, tmp_path, caplog):
    path = write(tmp_path / "old.pt2", old_layout(saved, net), root="")
    assert agrees(load_model(str(path)), net)
    assert not caplog.records


def fails(path, message, weights="default"):
    with pytest.raises(LoadError, match=message) as caught:
        load_model(str(path), weights)
    assert "\n" not in str(caught.value)


def test_a_program_carries_its_own_weights(saved):
    fails(saved, "own weights", weights="none")


def test_what_is_not_a_program_is_an_error(tmp_path, saved):
    fails(tmp_path / "none.pt2", "does not exist")
    (tmp_path / "text.pt2").write_text("nonsense")
    fails(tmp_path / "text.pt2", "not a readable")
    fails(write(tmp_path / "empty.pt2", {}), "not a readable")
    contents = members(saved)
    del contents["data/weights/weight_0"]
    fails(write(tmp_path / "part.pt2", contents), "not a readable")


class Payload:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (self.marker, "w")


@pytest.mark.parametrize("old", [True, False])
def test_a_pickle_in_the_sample_inputs_is_not_executed(saved, net, tmp_path, old):
    marker = tmp_path / "executed"
    contents = old_layout(saved, net, (Payload(str(marker)),))
    if not old:
        pickle = contents["serialized_example_inputs.pt"]
        contents = {**members(saved), "data/sample_inputs/model.pt": pickle}
    fails(write(tmp_path / "bad.pt2", contents, "" if old else "net/"), "not a readable")
    assert not marker.exists()


def program_of(contents):
    program = json.loads(contents["models/model.json"])
    return program, program["graph_module"]["graph"]


def set_target(target):
    return lambda _, graph: graph["nodes"][0].update(target=target)


def set_name(_, graph):
    name = "image=open(MARKER, 'w')"  # a default is evaluated when torch defines forward()
    text = json.dumps(graph).replace('{"name": "image"}', json.dumps({"name": name}))
    graph.update(json.loads(text))


def set_size(_, graph):
    size = {"as_expr": {"expr_str": "open(MARKER, 'w')", "hint": None}}
    graph["tensor_values"]["image"]["sizes"][0] = size


def set_tree(program, _):
    context = json.dumps([{"__enum__": True, "fqn": "antigravity:x", "name": "y"}])
    tree = {"type": "builtins.dict", "context": context, "children_spec": []}
    signature = program["graph_module"]["module_call_graph"][0]["signature"]
    signature["in_spec"] = json.dumps([1, tree])


def set_operator_argument(_, graph):
    smuggled = {"metadata": {"as_operator": "torch.os.system"}, "x": {"as_operator": "os.system"}}
    graph["nodes"][0]["inputs"][0]["arg"] = {"as_string_to_argument": smuggled}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_target("torch.os.system"), "target"),
        (set_target("torch.ops.load_library"), "target"),
        (set_target("torch.ops.import_module"), "target"),
        (set_target("torch.ops.aten.add.__class__"), "target"),
        (set_target("torch.ops.aten.from_file.default"), "target"),
        (set_target("_operator.methodcaller"), "target"),
        (set_target("#custom:op"), "target"),
        (lambda program, _: program.update(guards_code=["open(MARKER, 'w')"]), "static shapes"),
        (set_name, "name"),
        (set_size, "static shapes"),
        (set_tree, "in_spec"),
        (set_operator_argument, "as_operator"),
    ],
)
def test_a_program_that_holds_code_is_refused_and_not_executed(saved, tmp_path, change, message):
    marker = tmp_path / "executed"
    contents = members(saved)
    program, graph = program_of(contents)
    change(program, graph)
    text = json.dumps(program).replace("MARKER", f"'{marker}'")
    contents["models/model.json"] = text.encode()
    fails(write(tmp_path / "bad.pt2", contents), f"refused.*{message}")
    assert not marker.exists()


@pytest.mark.parametrize(
    "name",
    [
        "data/aotinductor/model/model.so",
        "data/constants/custom_obj_0",
        "data/constants/opaque_obj_0",
        "models/other.json",
        "MODELS/model.json",
    ],
)
def test_unexpected_members_are_refused(saved, tmp_path, name):
    fails(write(tmp_path / "bad.pt2", {**members(saved), name: b"{}"}), f"refused.*{name}")


@pytest.mark.parametrize("change", [{"use_pickle": True}, {"path_name": "opaque_obj_0"}])
def test_pickled_constants_are_refused(saved, tmp_path, change):
    contents = members(saved)
    payload = {"path_name": "tensor_0", "is_param": False, "use_pickle": False, **change}
    config = {"config": {"c": payload}}
    contents["data/constants/model_constants_config.json"] = json.dumps(config)
    fails(write(tmp_path / "bad.pt2", contents), "refused")
