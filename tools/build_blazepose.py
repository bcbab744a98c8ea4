"""Rebuild the networks in src/uplift3d/detect/blazepose/models from the public packages they come from.

    python -m venv /tmp/build && /tmp/build/bin/pip install ai-edge-litert onnx onnxruntime
    /tmp/build/bin/python tools/build_blazepose.py            # compares with the files that are there
    /tmp/build/bin/python tools/build_blazepose.py --write    # and replaces them

Fetches the wheel `mediapipe` (person detection) with pip and the npm package `@mediapipe/pose` (landmarks)
with npm, translates the TFLite graphs inside operation by operation, leaves out outputs nobody uses, and
stores the weights as float16 (which they are in TFLite, too). What ships must answer as TFLite itself does.
"""

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ai_edge_litert.schema_py_generated import (
    ActivationFunctionType,
    BuiltinOperator,
    Model,
    ModelT,
    OperatorT,
    Padding,
)
from onnx import TensorProto, helper, numpy_helper

MODELS = Path(__file__).resolve().parent.parent / "src" / "uplift3d" / "detect" / "blazepose" / "models"
WHEEL = "mediapipe==0.10.21"
NPM = "@mediapipe/pose@0.5.1675469404"
OPSET, IR_VERSION = 17, 8  # onnxruntime 1.17 and later read these
TOLERANCE = 5e-3
"""Largest difference allowed, in the answers' own units (pixels of the input, logits, metres): rounding."""


@dataclass(frozen=True)
class Source:
    """A network: the file we ship, the one it is made from, and which outputs are kept, by our name."""

    target: str
    original: str
    outputs: dict[str, str]
    any_size: bool


LANDMARK_OUTPUTS = {
    "Identity": "landmarks",
    "Identity_1": "presence",
    "Identity_3": "heat",
    "Identity_4": "world",
}
SOURCES = (
    Source("person.onnx", "pose_detection.tflite", {"Identity_1": "scores", "Identity": "boxes"}, True),
    Source("landmarks-full.onnx", "pose_landmark_full.tflite", LANDMARK_OUTPUTS, False),
    Source("landmarks-heavy.onnx", "pose_landmark_heavy.tflite", LANDMARK_OUTPUTS, False),
)


class Translator:
    """One TFLite graph → ONNX. TFLite's tensors are N, H, W, C; between input and outputs ours N, C, H, W.

    Args:
        original: the TFLite file.
        source: which outputs to keep, and whether images of other sizes fit.
    """

    def __init__(self, original: Path, source: Source) -> None:
        self.model = ModelT.InitFromObj(Model.GetRootAs(original.read_bytes()))
        self.graph = self.model.subgraphs[0]
        self.constants = constants(original, self.model)
        self.source = source
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}

    def translate(self) -> onnx.ModelProto:
        """The whole graph, without what only serves outputs that are left out."""
        (image,) = self.graph.inputs
        self.nodes.append(helper.make_node("Transpose", ["image"], [self.name(image)], perm=[0, 3, 1, 2]))
        for operator in self.graph.operators:
            if operator.outputs[0] not in self.constants:
                kind = operator_name(self.model, operator)
                getattr(self, f"_{kind.lower()}")(operator)
        outputs = [
            self._output(index) for index in self.graph.outputs if self._text(index) in self.source.outputs
        ]
        shape = ["batch", *(["height", "width"] if self.source.any_size else self.shape(image)[1:3]), 3]
        inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)]
        self._drop_unused([output.name for output in outputs])
        graph = helper.make_graph(self.nodes, "blazepose", inputs, outputs, list(self.weights.values()))
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        model.producer_name = "uplift3d"
        onnx.checker.check_model(model, full_check=True)
        return model

    def name(self, index: int) -> str:
        """Of a tensor inside the graph."""
        return f"t{index}"

    def shape(self, index: int) -> list[int]:
        """Of a tensor, N, H, W, C."""
        return [int(side) for side in self.graph.tensors[index].shape]

    def weight(self, name: str, values: np.ndarray, dtype: type = np.float16) -> str:
        """Store a constant; float16 ones are widened when the graph is loaded. Returns the name to use."""
        if name not in self.weights:
            self.weights[name] = numpy_helper.from_array(np.ascontiguousarray(values, dtype), name)
            if dtype is np.float16:
                self.nodes.append(helper.make_node("Cast", [name], [f"{name}_wide"], to=TensorProto.FLOAT))
        return f"{name}_wide" if dtype is np.float16 else name

    def add(self, kind: str, inputs: list[str], operator: OperatorT, **attributes: object) -> None:
        """Append an operation that makes the operator's output, with the activation fused into it."""
        output = self.name(operator.outputs[0])
        activation = getattr(operator.builtinOptions, "fusedActivationFunction", ActivationFunctionType.NONE)
        before = output if activation == ActivationFunctionType.NONE else f"{output}_before"
        self.nodes.append(helper.make_node(kind, inputs, [before], **attributes))
        if activation == ActivationFunctionType.RELU:
            self.nodes.append(helper.make_node("Relu", [before], [output]))
        elif activation == ActivationFunctionType.RELU6:
            limits = [
                self.weight("zero", np.float32(0), np.float32),
                self.weight("six", np.float32(6), np.float32),
            ]
            self.nodes.append(helper.make_node("Clip", [before, *limits], [output]))
        elif activation != ActivationFunctionType.NONE:
            raise SystemExit(f"activation {activation} is not known to this script")

    def _conv_2d(self, operator: OperatorT, depthwise: bool = False) -> None:
        image, kernel, bias = operator.inputs
        options = operator.builtinOptions
        weights = self.constants[kernel]  # (out, h, w, in), depthwise (1, h, w, out)
        weights = weights.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
        self.add(
            "Conv",
            [
                self.name(image),
                self.weight(f"w{kernel}", weights),
                self.weight(f"w{bias}", self.constants[bias]),
            ],
            operator,
            kernel_shape=weights.shape[2:],
            strides=[options.strideH, options.strideW],
            dilations=[options.dilationHFactor, options.dilationWFactor],
            auto_pad="SAME_UPPER" if options.padding == Padding.SAME else "VALID",
            group=weights.shape[0] if depthwise else 1,
        )

    def _depthwise_conv_2d(self, operator: OperatorT) -> None:
        self._conv_2d(operator, depthwise=True)

    def _add(self, operator: OperatorT) -> None:
        self.add("Add", [self.name(index) for index in operator.inputs], operator)

    def _max_pool_2d(self, operator: OperatorT) -> None:
        options = operator.builtinOptions
        self.add(
            "MaxPool",
            [self.name(operator.inputs[0])],
            operator,
            kernel_shape=[options.filterHeight, options.filterWidth],
            strides=[options.strideH, options.strideW],
            auto_pad="SAME_UPPER" if options.padding == Padding.SAME else "VALID",
        )

    def _pad(self, operator: OperatorT) -> None:
        image, amounts = operator.inputs
        (n, h, w, c) = self.constants[amounts].tolist()
        values = np.array([n, c, h, w]).T.ravel()
        self.add("Pad", [self.name(image), self.weight(f"w{amounts}", values, np.int64)], operator)

    def _resize_bilinear(self, operator: OperatorT) -> None:
        image, output = operator.inputs[0], operator.outputs[0]
        options = operator.builtinOptions
        if options.alignCorners:
            raise SystemExit("bilinear resizing with aligned corners is not known to this script")
        larger = [self.shape(output)[axis] / self.shape(image)[axis] for axis in (1, 2)]
        scales = self.weight(f"scale{output}", np.array([1, 1, *larger]), np.float32)
        mode = "half_pixel" if options.halfPixelCenters else "asymmetric"
        self.add(
            "Resize",
            [self.name(image), "", scales],
            operator,
            mode="linear",
            coordinate_transformation_mode=mode,
        )

    def _depth_to_space(self, operator: OperatorT) -> None:
        size = operator.builtinOptions.blockSize
        self.add("DepthToSpace", [self.name(operator.inputs[0])], operator, blocksize=size, mode="DCR")

    def _logistic(self, operator: OperatorT) -> None:
        self.add("Sigmoid", [self.name(operator.inputs[0])], operator)

    def _reshape(self, operator: OperatorT) -> None:
        """Only ever to answers, which are laid out as TFLite has them."""
        image, output = operator.inputs[0], operator.outputs[0]
        turned = f"{self.name(output)}_turned"
        self.nodes.append(helper.make_node("Transpose", [self.name(image)], [turned], perm=[0, 2, 3, 1]))
        rest = self.shape(output)[1:]
        shape = [0, -1, rest[-1]] if len(rest) == 2 else [0, *rest]
        self.add("Reshape", [turned, self.weight(f"shape{output}", np.array(shape), np.int64)], operator)

    def _concatenation(self, operator: OperatorT) -> None:
        axis = operator.builtinOptions.axis
        if len(self.shape(operator.outputs[0])) == 4:
            axis = {3: 1, -1: 1, 1: 2, 2: 3}[axis]
        self.add("Concat", [self.name(index) for index in operator.inputs], operator, axis=axis)

    def _text(self, index: int) -> str:
        return self.graph.tensors[index].name.decode()

    def _output(self, index: int) -> onnx.ValueInfoProto:
        name = self.source.outputs[self._text(index)]
        shape = self.shape(index)
        if len(shape) == 4:  # an image: back to N, H, W, C
            self.nodes.append(helper.make_node("Transpose", [self.name(index)], [name], perm=[0, 2, 3, 1]))
        else:
            self.nodes.append(helper.make_node("Identity", [self.name(index)], [name]))
        sides = ["anchors", *shape[2:]] if self.source.any_size else shape[1:]
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *sides])

    def _drop_unused(self, outputs: list[str]) -> None:
        needed, kept = set(outputs), []
        for node in reversed(self.nodes):
            if needed & set(node.output):
                needed |= set(node.input)
                kept.append(node)
        self.nodes = sorted(kept[::-1], key=lambda node: node.op_type != "Cast")
        self.weights = {name: value for name, value in self.weights.items() if name in needed}


def constants(original: Path, model: ModelT) -> dict[int, np.ndarray]:
    """Every tensor that does not depend on the input, by its index: sparse and float16 ones unfolded."""
    graph = model.subgraphs[0]
    stored = {
        index
        for index, tensor in enumerate(graph.tensors)
        if model.buffers[tensor.buffer].data is not None and len(model.buffers[tensor.buffer].data)
    }
    for operator in graph.operators:  # in the order of execution
        if operator_name(model, operator) in ("DEQUANTIZE", "DENSIFY") and set(operator.inputs) <= stored:
            stored |= set(operator.outputs)
    interpreter = open_original(original)
    interpreter.invoke()
    sparse = {index for index, tensor in enumerate(graph.tensors) if tensor.sparsity is not None}
    return {index: interpreter.get_tensor(index) for index in sorted(stored - sparse)}


def open_original(original: Path) -> Interpreter:
    """TFLite's own runtime, as plain as it comes."""
    interpreter = Interpreter(
        str(original),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    return interpreter


def operator_name(model: ModelT, operator: OperatorT) -> str:
    """CONV_2D, …"""
    code = model.operatorCodes[operator.opcodeIndex]
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    return next(name for name, value in vars(BuiltinOperator).items() if value == number)


def difference(original: Path, ours: bytes, source: Source) -> float:
    """Largest difference between the answers of both for the same noise, seen one by one and together."""
    interpreter = open_original(original)
    (image,) = interpreter.get_input_details()
    batch = np.random.default_rng(0).uniform(0, 1, (2, *image["shape"][1:])).astype(np.float32)
    session = onnxruntime.InferenceSession(ours, providers=["CPUExecutionProvider"])
    together = dict(
        zip((o.name for o in session.get_outputs()), session.run(None, {"image": batch}), strict=True)
    )
    worst = 0.0
    for number, one in enumerate(batch):
        interpreter.set_tensor(image["index"], one[None])
        interpreter.invoke()
        for detail in interpreter.get_output_details():
            name = source.outputs.get(detail["name"])
            if name is not None:
                apart = np.abs(interpreter.get_tensor(detail["index"])[0] - together[name][number])
                worst = max(worst, float(apart.max()))
    return worst


def fetch(folder: Path) -> None:
    """Put the TFLite files of both packages into a folder."""
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--python-version", "3.11"]
    subprocess.run(
        [*pip, "--only-binary=:all:", "--platform", "manylinux_2_28_x86_64", "-d", folder, WHEEL], check=True
    )
    subprocess.run(["npm", "pack", "--silent", "--pack-destination", folder, NPM], check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        name = "mediapipe/modules/pose_detection/pose_detection.tflite"
        (folder / Path(name).name).write_bytes(wheel.read(name))
    with tarfile.open(next(folder.glob("*.tgz"))) as package:
        for name in ("pose_landmark_full.tflite", "pose_landmark_heavy.tflite"):
            member = package.extractfile(f"package/{name}")
            if member is None:
                raise SystemExit(f"{NPM} holds no {name}")
            (folder / name).write_bytes(member.read())


def build(source: Source, folder: Path, write: bool) -> bool:
    """Translate one network and compare; True if the file that ships answers as its original does."""
    ours = Translator(folder / source.original, source).translate().SerializeToString()
    target = MODELS / source.target
    if write:
        target.write_bytes(ours)
    shipped = target.read_bytes()
    apart = difference(folder / source.original, shipped, source)
    same = "the same bytes as" if shipped == ours else "other bytes than"
    print(f"{target.name}: {len(shipped) / 1e6:.1f} MB, sha256 {hashlib.sha256(shipped).hexdigest()}")
    print(f"  differs from TFLite by {apart:.2g} at most, {same} just translated")
    return apart <= TOLERANCE


def main() -> int:
    """Exit code 0 if all networks are as they should be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="replace the files that ship")
    parser.add_argument(
        "--tflite", type=Path, metavar="FOLDER", help="where the three TFLite files are already"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.tflite or Path(temporary)
        if args.tflite is None:
            fetch(folder)
        return 0 if all([build(source, folder, args.write) for source in SOURCES]) else 1


if __name__ == "__main__":
    sys.exit(main())
