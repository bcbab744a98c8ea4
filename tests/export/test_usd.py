"""`.usd`: what USD's own evaluation of skeletons makes of it."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

from jointed_figure import figure
from uplift3d.errors import InputError
from uplift3d.export import check_output, load_motion, save_motion
from uplift3d.export.rigs import SKELETONS
from uplift3d.skeletons import joint_set

pytest.importorskip("pxr", reason="usd-core is an optional package")
from pxr import Usd, UsdGeom, UsdSkel

NAMES = {
    "uplift3d": {"left_ankle": "left_ankle", "right_wrist": "right_wrist", "head": "head"},
    "mixamo": {
        "left_ankle": "mixamorig_LeftFoot",
        "right_wrist": "mixamorig_RightHand",
        "head": "mixamorig_Head",
    },
    "lafan1": {"left_ankle": "LeftFoot", "right_wrist": "RightHand", "head": "Head"},
}


def skeleton_at(stage, person, time_s):
    """Joint name → place, and the query."""
    cache, root = UsdSkel.Cache(), UsdSkel.Root.Get(stage, f"/World/person_{person}")
    cache.Populate(root, Usd.PrimDefaultPredicate)
    query = cache.GetSkelQuery(UsdSkel.Skeleton.Get(stage, f"/World/person_{person}/skeleton"))
    code = Usd.TimeCode(time_s * stage.GetTimeCodesPerSecond())
    names = [str(path).rpartition("/")[2] for path in query.GetJointOrder()]
    places = [np.array(one.ExtractTranslation()) for one in query.ComputeJointSkelTransforms(code)]
    return dict(zip(names, places, strict=True)), query


@pytest.mark.parametrize("skeleton", SKELETONS)
@pytest.mark.parametrize("suffix", [".usda", ".usdc"])
def test_usd_finds_a_rigid_figures_joints_within_a_millimetre(tmp_path, skeleton, suffix):
    motion = figure(frames=20)
    stage = Usd.Stage.Open(str(save_motion(tmp_path / f"walk{suffix}", motion, skeleton)))
    joints = joint_set("h36m21")
    for frame in (0, 7, 19):
        places, _ = skeleton_at(stage, 0, motion.times[frame])
        pelvis = next(iter(places.values()))
        for joint, name in NAMES[skeleton].items():
            camera = (places[name] - pelvis) * [1, -1, -1]
            expected = motion.positions[0, frame, joints.index(joint)]
            np.testing.assert_allclose(camera, expected, atol=1e-3)


def test_how_sure_joints_are_is_custom_data(tmp_path):
    motion = figure(frames=4)
    sigma = np.full(motion.positions.shape[:3], 0.0412)
    sigma[0, 1, 3] = np.nan
    stage = Usd.Stage.Open(str(save_motion(tmp_path / "walk.usda", replace(motion, sigma_m=sigma))))
    noted = stage.GetPrimAtPath("/World/person_0").GetCustomDataByKey("uplift3d")
    assert tuple(noted["joints"]) == motion.joint_names
    values = np.array(noted["sigma_mm"]).reshape(4, 21)
    assert values[1, 3] == -1
    assert (np.delete(values.ravel(), 21 + 3) == 41).all()


def test_units_skin_and_absences_are_as_usd_asks(tmp_path, walk):
    with warnings.catch_warnings():  # absent people are invisible, not held
        warnings.simplefilter("error")
        path = save_motion(tmp_path / "walk.usd", walk)
    stage = Usd.Stage.Open(str(path))
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1
    assert stage.GetTimeCodesPerSecond() == pytest.approx(25)
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode()) == pytest.approx((12.5, 61.5))
    _, query = skeleton_at(stage, 7, 1.0)
    rest = query.ComputeJointSkelTransforms(Usd.TimeCode.Default(), True)
    for one, other in zip(rest, query.GetJointWorldBindTransforms(), strict=True):
        np.testing.assert_allclose(
            np.array(one), np.array(other), atol=1e-5
        )  # at rest the skin does not move
    mesh = UsdGeom.Mesh.Get(stage, "/World/person_7/body")
    assert len(mesh.GetPointsAttr().Get()) == sum(mesh.GetFaceVertexCountsAttr().Get())
    owners = UsdSkel.BindingAPI(mesh.GetPrim()).GetJointIndicesPrimvar().Get()
    assert max(owners) < len(query.GetJointOrder())
    visible = UsdGeom.Imageable(stage.GetPrimAtPath("/World/person_7")).GetVisibilityAttr()
    assert visible.Get(Usd.TimeCode(walk.times[20] * 25)) == "inherited"
    assert visible.Get(Usd.TimeCode(walk.times[45] * 25)) == "invisible"
    noted = stage.GetDefaultPrim().GetCustomDataByKey("uplift3d")
    assert json.loads(noted["meta"])["made_by"] == "tests/conftest.py"
    seen = stage.GetPrimAtPath("/World/person_7").GetCustomDataByKey("uplift3d")["observed"]
    np.testing.assert_array_equal(np.array(seen, bool), walk.observed[1])


def test_it_is_not_read(tmp_path):
    path = save_motion(tmp_path / "walk.usda", figure(frames=3))
    with pytest.raises(InputError, match=r"not a motion file; the readable ones end in \.npz"):
        load_motion(path)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pxr", None)
    monkeypatch.delitem(sys.modules, "uplift3d.export.usd", raising=False)
    with pytest.raises(InputError, match=r"\.usd needs usd-core .*uplift3d\[usd\]"):
        check_output(tmp_path / "walk.usd")
