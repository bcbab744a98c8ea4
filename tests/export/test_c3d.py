"""`.c3d`: written, read back by us and by ezc3d, and read from other programs' hands."""

from dataclasses import replace

import numpy as np
import pytest

from jointed_figure import figure
from uplift3d.errors import InputError, UpliftWarning
from uplift3d.export import load_motion, save_motion
from uplift3d.export.c3d import _tracks
from uplift3d.export.c3d_file import Points, read_c3d, write_c3d
from uplift3d.types import Motion3D


@pytest.mark.parametrize("joints", ["h36m17", "h36m21"])
@pytest.mark.parametrize("rate_hz", [23.976, 59.94])
def test_what_is_written_is_read_again(tmp_path, joints, rate_hz):
    motion = figure(joints=joints, rate_hz=rate_hz)
    again = load_motion(save_motion(tmp_path / "walk.c3d", motion))
    assert again.joints == joints
    np.testing.assert_allclose(again.positions, motion.positions, atol=2e-6)
    np.testing.assert_allclose(again.times, motion.times, atol=1e-6)
    assert not again.observed.any()
    moved = again.root - again.root[:, :1]
    np.testing.assert_allclose(moved, motion.root - motion.root[:, :1], atol=2e-6)


def test_everybody_is_in_one_file_with_gaps(tmp_path, walk):
    again = load_motion(save_motion(tmp_path / "walk.c3d", walk))
    np.testing.assert_array_equal(again.people, [3, 7])
    np.testing.assert_allclose(again.positions, walk.positions, atol=2e-6)
    np.testing.assert_array_equal(again.present, walk.present)
    alone = load_motion(save_motion(tmp_path / "alone.c3d", walk.select([7])))
    np.testing.assert_array_equal(alone.people, [7])


def test_more_markers_than_one_parameter_names(tmp_path):
    one = figure(frames=3)
    crowd = Motion3D(
        np.repeat(one.positions, 20, axis=0),
        one.times,
        np.repeat(one.root, 20, axis=0) + np.arange(20)[:, None, None],
        np.repeat(one.observed, 20, axis=0),
        joints="h36m21",
        meta={"level": True},
    )
    again = load_motion(save_motion(tmp_path / "crowd.c3d", crowd))
    np.testing.assert_array_equal(again.people, np.arange(20))
    np.testing.assert_allclose(again.root[19] - again.root[0], 19, atol=1e-5)


def test_a_library_reads_names_units_axes_rate_and_gaps(tmp_path, walk):
    ezc3d = pytest.importorskip("ezc3d")
    path = save_motion(tmp_path / "walk.c3d", walk)
    file = ezc3d.c3d(str(path))
    points = file["parameters"]["POINT"]
    labels = points["LABELS"]["value"]
    assert points["UNITS"]["value"] == ["mm"]
    assert points["RATE"]["value"] == [25.0]
    assert (points["X_SCREEN"]["value"], points["Y_SCREEN"]["value"]) == (["+X"], ["+Z"])
    assert file["parameters"]["SUBJECTS"]["NAMES"]["value"] == ["person3", "person7"]
    assert labels[:2] == ["person3:Hip", "person3:RHip"]
    places = file["data"]["points"][:3] / 1000  # (3, M, T)
    residuals = file["data"]["meta_points"]["residuals"][0]
    np.testing.assert_array_equal(residuals[17:, 37:], -1)
    np.testing.assert_array_equal(residuals[:, :37], 0)
    head, hip, foot = (labels.index(f"person3:{name}") for name in ("Head", "Hip", "RAnkle"))
    assert (places[2, head] > places[2, hip]).all()
    assert places[2, foot].min() > 0
    # Within a millimetre, from the file's axes back to ours.
    ours = walk.positions[0].transpose(2, 1, 0)  # (3, J, T)
    back = np.stack([places[0], -places[2], places[1]])[:, :17]
    np.testing.assert_allclose(back - back[:, :1], ours, atol=1e-3)


def test_files_of_a_library_are_read_whatever_their_axes_and_units(tmp_path):
    ezc3d = pytest.importorskip("ezc3d")
    motion = figure(frames=5, joints="h36m17")
    original = read_c3d(save_motion(tmp_path / "ours.c3d", motion))
    file = ezc3d.c3d()
    point = file["parameters"]["POINT"]
    point["LABELS"]["value"] = [f"Bob:{name}" for name in original.parameters["POINT:LABELS"]] + ["Bob:T10"]
    point["UNITS"]["value"], point["RATE"]["value"] = ["m"], [120.0]
    file.add_parameter("POINT", "X_SCREEN", ["+Z"])  # x away, y up, z to the right
    file.add_parameter("POINT", "Y_SCREEN", ["+Y"])
    right, away, up = original.places.transpose(2, 1, 0) / 1000
    turned = np.stack([away, up, right, np.ones_like(up)])
    file["data"]["points"] = np.concatenate([turned, np.ones((4, 1, 5))], axis=1)
    file.write(str(tmp_path / "theirs.c3d"))
    again = load_motion(tmp_path / "theirs.c3d")
    np.testing.assert_allclose(again.positions, motion.positions, atol=2e-6)
    np.testing.assert_allclose(again.times, np.arange(5) / 120)
    assert not again.observed.any()


def test_whole_numbers_and_analog_channels_are_read(tmp_path):
    motion = figure(frames=4, joints="h36m17")
    path = save_motion(tmp_path / "walk.c3d", motion)
    original = read_c3d(path)
    places = np.round(original.places / 0.1).astype("<i2")
    data = bytearray(path.read_bytes())
    begin = 512 * (data[16] + 256 * data[17] - 1)
    rows = np.concatenate(
        [np.concatenate([places, 0 * places[..., :1]], -1).reshape(4, -1), np.ones((4, 3), "<i2")], axis=1
    )
    data[begin:] = rows.astype("<i2").tobytes()
    data[4:6] = (3).to_bytes(2, "little")  # analog numbers in every frame
    scale = np.array([0.1], "<f4").tobytes()
    data[12:16] = scale
    at = data.index(b"SCALE") + len("SCALE") + 2 + 3
    data[at : at + 4] = scale
    path.write_bytes(data)
    np.testing.assert_allclose(read_c3d(path).places, original.places, atol=0.051)


@pytest.mark.parametrize(("most_m", "step_mm"), [(0.2, 1.0), (0.51, 2.0)])
def test_how_sure_joints_are_comes_back_in_steps_of_the_file(tmp_path, walk, rng, most_m, step_mm):
    sigma = rng.uniform(0.02, most_m, size=walk.positions.shape[:3]).astype(np.float32)
    sigma[0, 3, 4], sigma[0, 5, 6] = np.nan, most_m
    sigma[..., 0] = 0
    path = save_motion(tmp_path / "walk.c3d", replace(walk, sigma_m=sigma))
    again = load_motion(path).sigma_m
    assert again.shape == walk.positions.shape[:3]
    np.testing.assert_array_equal(np.isnan(again[0]), np.isnan(sigma[0]))
    np.testing.assert_allclose(again[0], sigma[0], atol=1.01 * step_mm / 2000)
    np.testing.assert_array_equal(np.isnan(again[1]).all(axis=-1), ~walk.present[1])
    assert read_c3d(path).parameters["POINT:SCALE"] == pytest.approx([-step_mm])


def test_nothing_is_said_where_nothing_is_known_or_another_program_wrote(tmp_path, walk):
    assert load_motion(save_motion(tmp_path / "plain.c3d", walk)).sigma_m is None
    sigma = np.full(walk.positions.shape[:3], 0.05, np.float32)
    points = read_c3d(save_motion(tmp_path / "sure.c3d", replace(walk, sigma_m=sigma)))
    parameters = {key: value for key, value in points.parameters.items() if "MANUFACTURER" not in key}
    write_c3d(tmp_path / "theirs.c3d", replace(points, parameters=parameters))
    theirs = read_c3d(tmp_path / "theirs.c3d")
    np.testing.assert_array_equal(theirs.residuals[:17], 50)
    assert load_motion(tmp_path / "theirs.c3d").sigma_m is None


def test_residual_and_cameras_are_packed_as_the_format_says(tmp_path, walk):
    """A library that takes the bytes the other way round finds our millimetres among the cameras."""
    ezc3d = pytest.importorskip("ezc3d")
    sigma = np.full(walk.positions.shape[:3], 0.037, np.float32)
    path = save_motion(tmp_path / "walk.c3d", replace(walk, sigma_m=sigma))
    data = path.read_bytes()
    begin = 512 * (int.from_bytes(data[16:18], "little") - 1)
    fourth = np.frombuffer(data, "<f4", 4 * 34, begin).reshape(34, 4)[:, 3]
    np.testing.assert_array_equal(fourth[1:17], 37)
    meta = ezc3d.c3d(str(path))["data"]["meta_points"]
    np.testing.assert_array_equal(meta["residuals"][0][:, :37], 0)
    np.testing.assert_array_equal(meta["residuals"][0][17:, 37:], -1)
    bits = 2 ** np.arange(7) @ meta["camera_masks"][:, 1:17, 0].astype(int)
    np.testing.assert_array_equal(bits, 37)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"POINT:UNITS": ["inch"]}, "units 'inch' given; accepted are m, mm, cm"),
        ({"POINT:LABELS": ["A", "B"]}, "none of its marker names is known; it has A, B"),
        ({"POINT:LABELS": ["Hip", "B"]}, "markers RHip, RKnee, .* missing"),
        ({"POINT:Y_SCREEN": ["+X"]}, "the same axis"),
        ({"POINT:X_SCREEN": ["up"]}, "X_SCREEN is 'UP'"),
    ],
)
def test_what_is_none_of_ours_is_named(tmp_path, parameters, message):
    given = {"POINT:LABELS": ["Hip", "RHip"], "POINT:UNITS": ["mm"], **parameters}
    write_c3d(tmp_path / "a.c3d", Points(np.zeros((3, 2, 3)), 50.0, given))
    with pytest.raises(InputError, match=rf"a\.c3d: .*{message}"):
        load_motion(tmp_path / "a.c3d")


def test_what_is_no_c3d_is_named(tmp_path):
    path = save_motion(tmp_path / "walk.c3d", figure(frames=5))
    whole = path.read_bytes()
    for content, message in (
        (b"", "not a C3D file"),
        (b"text" * 200, "not a C3D file"),
        (whole[:-1600], "ends before its 5 frames of 21 markers"),
        (whole[:515] + b"\x55" + whole[516:], "DEC or MIPS"),
        (whole.replace(b"\xff\x02", b"\xff\x04\xff\xff", 1), "a parameter of type -1 with [0-9]{7,} values"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            load_motion(path)


def test_more_frames_than_it_holds_are_refused(tmp_path):
    one = figure(frames=2, joints="h36m17")
    count = 65_536
    long = replace(
        one,
        positions=np.repeat(one.positions[:, :1], count, axis=1),
        root=np.repeat(one.root[:, :1], count, axis=1),
        observed=np.zeros((1, count), bool),
        times=np.arange(count) / 100,
    )
    with pytest.raises(InputError, match="up to 65535 frames"):
        save_motion(tmp_path / "long.c3d", long)
    assert not list(tmp_path.iterdir())


def test_uneven_times_get_one_rate_and_the_brief_are_left_out(tmp_path, walk):
    uneven = walk[np.delete(np.arange(50), [3, 4, 20])]
    again = load_motion(save_motion(tmp_path / "walk.c3d", uneven))
    np.testing.assert_allclose(np.diff(again.times), 0.04, atol=1e-6)
    positions = walk.positions.copy()
    positions[1, 1:] = np.nan
    with pytest.warns(UpliftWarning, match="person 7"):
        again = load_motion(save_motion(tmp_path / "one.c3d", replace(walk, positions=positions)))
    np.testing.assert_array_equal(again.people, [3])


@pytest.mark.parametrize("people", [[-3, 0], [3, 2**40], [0, 1], [5, 4]])
def test_everybody_keeps_their_number(tmp_path, walk, people):
    motion = replace(walk, people=np.array(people))
    assert load_motion(save_motion(tmp_path / "walk.c3d", motion)).people.tolist() == people


def test_people_without_a_number_get_a_free_one():
    assert _tracks(["Anna", "person0", "Ben", "person0", "person-1"]) == [1, 0, 2, 3, -1]


def test_a_rate_that_its_reader_refuses_is_not_written(tmp_path):
    with pytest.raises(InputError, match=r"the rate of these poses .* accepted are 0.0001 to 10000 Hz"):
        save_motion(tmp_path / "walk.c3d", figure(frames=5, rate_hz=1e6))
