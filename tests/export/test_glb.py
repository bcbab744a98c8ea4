"""`.glb`: read back by us and by a package; and valid as glTF."""

import json
import shutil
import struct
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from jointed_figure import figure
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.export import load_motion, save_motion
from uplift3d.export.gltf import read_glb, values_of
from uplift3d.export.losses import losses
from uplift3d.export.rigs import SKELETONS

SIZES = {5126: 4, 5121: 1}
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@pytest.mark.parametrize("skeleton", SKELETONS)
@pytest.mark.parametrize("joints", ["h36m17", "h36m21"])
def test_a_rigid_figure_comes_back_within_a_millimetre(tmp_path, skeleton, joints):
    motion = figure(joints=joints)
    again = load_motion(save_motion(tmp_path / "walk.glb", motion, skeleton))
    kept = 21 if joints == "h36m21" and skeleton == "uplift3d" else 17
    assert again.joints == f"h36m{kept}"
    np.testing.assert_allclose(again.positions, motion.positions[:, :, :kept], atol=1e-3)
    np.testing.assert_allclose(again.times, motion.times, atol=1e-6)
    np.testing.assert_array_equal(again.observed, motion.observed)
    moved = again.root - again.root[:, :1]
    np.testing.assert_allclose(moved, motion.root - motion.root[:, :1], atol=1e-3)


def test_everybody_is_in_one_file_absences_and_meta_included(tmp_path, walk):
    with pytest.warns(UpliftWarning, match=r"person 7 is absent for 26 % .* held"):
        path = save_motion(tmp_path / "walk.glb", walk)
    again = load_motion(path)
    np.testing.assert_allclose(again.positions, walk.positions, atol=1e-3)
    np.testing.assert_array_equal(again.people, [3, 7])
    np.testing.assert_allclose(again.times, walk.times, atol=1e-6)
    assert again.meta["made_by"] == "tests/conftest.py"
    assert np.nanmin(np.abs(again.root[0] - again.root[1])[..., 0]) > 1  # side by side


def test_everybody_moves_in_the_one_animation_that_programs_play(tmp_path, walk):
    with pytest.warns(UpliftWarning, match="held"):
        content, _ = read_glb(save_motion(tmp_path / "walk.glb", walk))
    (animation,) = content["animations"]
    roots = [n for n, node in enumerate(content["nodes"]) if "person" in node.get("extras", {})]
    moved = {c["target"]["node"] for c in animation["channels"] if c["target"]["path"] == "translation"}
    assert moved == set(roots)
    assert len(roots) == 2


@pytest.mark.parametrize("joints", ["h36m17", "h36m21"])
def test_how_sure_joints_are_comes_back_in_millimetres(tmp_path, rng, joints):
    motion = figure(frames=8, joints=joints)
    sigma = rng.uniform(0, 0.6, size=motion.positions.shape[:3])
    sigma[0, 2, 5] = np.nan
    again = load_motion(save_motion(tmp_path / "walk.glb", replace(motion, sigma_m=sigma)))
    np.testing.assert_allclose(again.sigma_m, sigma, atol=0.00051)
    assert load_motion(save_motion(tmp_path / "plain.glb", motion)).sigma_m is None


def test_a_package_finds_the_same_joints(tmp_path):
    pygltflib = pytest.importorskip("pygltflib")
    path = save_motion(tmp_path / "walk.glb", figure(frames=10), "mixamo")
    file = pygltflib.GLTF2().load(str(path))
    again = load_motion(path)

    def values(number):
        accessor = file.accessors[number]
        view = file.bufferViews[accessor.bufferView]
        numbers = np.frombuffer(
            file.binary_blob(), "<f4", accessor.count * WIDTHS[accessor.type], view.byteOffset
        )
        return numbers.reshape(accessor.count, -1)

    (animation,) = file.animations
    moves = {
        (c.target.node, c.target.path): values(animation.samplers[c.sampler].output)
        for c in animation.channels
    }
    places = {}

    def visit(number, place, turn, frame):
        node = file.nodes[number]
        step = moves.get((number, "translation"), {frame: node.translation})[frame]
        spin = moves.get((number, "rotation"), {frame: node.rotation})[frame]
        place, turn = place + turn.apply(step), turn * Rotation.from_quat(spin)
        places[node.name] = place
        for child in node.children or []:
            visit(child, place, turn, frame)

    for frame in (0, 9):
        visit(file.scenes[0].nodes[0], np.zeros(3), Rotation.identity(), frame)
        for name, joint in (("LeftFoot", 6), ("RightHand", 16), ("Head", 9), ("LeftForeArm", 12)):
            camera = (again.positions[0, frame, joint] + again.root[0, frame]) * [1, -1, -1]
            np.testing.assert_allclose(places[f"mixamorig:{name}"], camera, atol=1e-4)


def parts(path):
    whole = path.read_bytes()
    length = struct.unpack_from("<I", whole, 12)[0]
    return json.loads(whole[20 : 20 + length]), whole[28 + length :]


def test_accessors_animation_and_skin_are_as_gltf_asks(tmp_path):
    path = save_motion(tmp_path / "walk.glb", figure())
    content, data = parts(path)
    assert struct.unpack_from("<I", path.read_bytes(), 8)[0] == path.stat().st_size
    assert len(data) == content["buffers"][0]["byteLength"]
    for accessor in content["accessors"]:
        view = content["bufferViews"][accessor["bufferView"]]
        size = SIZES[accessor["componentType"]] * WIDTHS[accessor["type"]]
        assert view["byteOffset"] % 4 == 0
        assert accessor["count"] * size == view["byteLength"] <= len(data) - view["byteOffset"]
    (animation,) = content["animations"]
    for sampler in animation["samplers"]:
        times, values = (content["accessors"][sampler[key]] for key in ("input", "output"))
        assert times["count"] == values["count"] == 60
        assert (times["min"], times["max"]) == ([0.0], [pytest.approx(59 / 30)])
        if values["type"] == "VEC4":
            view = content["bufferViews"][values["bufferView"]]
            spins = np.frombuffer(data, "<f4", 240, view["byteOffset"]).reshape(60, 4)
            np.testing.assert_allclose(np.linalg.norm(spins, axis=-1), 1, atol=1e-5)
            assert (np.sum(spins[1:] * spins[:-1], axis=-1) > 0).all()  # the short way round
    targets = [(c["target"]["node"], c["target"]["path"]) for c in animation["channels"]]
    assert len(set(targets)) == len(targets)
    (skin,), attributes = content["skins"], content["meshes"][0]["primitives"][0]["attributes"]
    owners = content["bufferViews"][content["accessors"][attributes["JOINTS_0"]]["bufferView"]]
    assert max(data[owners["byteOffset"] : owners["byteOffset"] + owners["byteLength"]]) < len(skin["joints"])
    assert {"min", "max"} <= set(content["accessors"][attributes["POSITION"]])


def test_at_rest_the_skin_does_not_move(tmp_path):
    content, data = parts(save_motion(tmp_path / "walk.glb", figure(), "lafan1"))
    view = content["bufferViews"][
        content["accessors"][content["skins"][0]["inverseBindMatrices"]]["bufferView"]
    ]
    binding = np.frombuffer(data, "<f4", view["byteLength"] // 4, view["byteOffset"]).reshape(-1, 4, 4)
    parents = {child: n for n, node in enumerate(content["nodes"]) for child in node.get("children", ())}
    stand = np.array(content["nodes"][0]["translation"])
    for joint, matrix in zip(content["skins"][0]["joints"], binding, strict=True):
        whole, at = np.eye(4), joint
        while at is not None:
            node, local = content["nodes"][at], np.eye(4)
            local[:3, :3] = Rotation.from_quat(node["rotation"]).as_matrix()
            local[:3, 3] = node["translation"]
            whole, at = local @ whole, parents.get(at)
        moved = whole @ matrix.T
        np.testing.assert_allclose(moved[:3, :3], np.eye(3), atol=1e-5)
        np.testing.assert_allclose(moved[:3, 3], stand, atol=1e-5)  # the figure is bound with its pelvis at 0


@pytest.mark.slow
def test_the_validator_of_khronos_finds_nothing_wrong(tmp_path, walk):
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("needs node and npm")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "gltf-validator@2.0.0-dev.3.10"]
    if subprocess.run(install, cwd=tmp_path, capture_output=True, check=False, timeout=300).returncode:
        pytest.skip("npm cannot install gltf-validator")
    with pytest.warns(UpliftWarning):
        save_motion(tmp_path / "walk.glb", walk)
    save_motion(tmp_path / "figure.glb", figure(), "lafan1")
    script = """
    const fs = require('fs'), validator = require('gltf-validator');
    validator.validateBytes(new Uint8Array(fs.readFileSync(process.argv[1])))
      .then(r => console.log(JSON.stringify(r)));
    """
    for name in ("walk.glb", "figure.glb"):
        answer = subprocess.run(
            ["node", "-e", script, name],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        issues = json.loads(answer.stdout)["issues"]
        assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"]


def test_other_programs_files_are_refused(tmp_path):
    path = save_motion(tmp_path / "walk.glb", figure(frames=3))
    path.write_bytes(path.read_bytes().replace(b'"person"', b'"people"'))
    with pytest.raises(InputError, match=r"walk\.glb: uplift3d did not write it"):
        load_motion(path)
    path.write_bytes(b"solid cube")
    with pytest.raises(InputError, match=r"walk\.glb: not a \.glb file of glTF 2\.0"):
        load_motion(path)


@pytest.mark.parametrize("start_s", [-2.5, 108_000.0, 1.7e9])
def test_times_are_kept_wherever_they_begin(tmp_path, start_s):
    motion = figure(frames=40)
    motion = replace(motion, times=motion.times + start_s)
    path = save_motion(tmp_path / "walk.glb", motion)
    np.testing.assert_allclose(load_motion(path).times, motion.times, atol=1e-6)
    content, data = read_glb(path)
    times = values_of(content, data, content["animations"][0]["samplers"][0]["input"])
    assert times[0] == 0


def test_a_motion_whose_poses_would_coincide_is_refused(tmp_path):
    motion = figure(frames=3)
    motion = replace(motion, times=np.array([0, 1e7, 1e7 + 0.01]))
    with pytest.raises(InputError, match=r"too long for \.glb"):
        save_motion(tmp_path / "walk.glb", motion)
    assert "the exact times of what is longer than 4.6 hours" in losses(tmp_path / "walk.glb", motion)
