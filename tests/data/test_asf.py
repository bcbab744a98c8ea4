import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.data.asf import read_asf
from uplift3d.errors import InputError

ASF = """:units
  length 0.45
  angle deg
:root
  order TX TY TZ RX RY RZ
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    name hip
    direction 1 0 0
    length 2.5
    axis 0 0 90 ZYX
    dof rx rz
    limits (-1 1)
           (-1 1)
  end
  begin
    name leg
    direction 0 -1 0
    length 7
    axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root hip
    hip leg
  end
"""


def read(tmp_path, text):
    path = tmp_path / "s.asf"
    path.write_text(text)
    return read_asf(path)


def test_bones_units_and_angles(tmp_path):
    skeleton = read(tmp_path, ASF)
    root, hip, leg = skeleton.bones
    assert (root.name, hip.name, leg.name) == ("root", "hip", "leg")
    assert (root.parent, hip.parent, leg.parent) == (-1, 0, 1)
    assert skeleton.metres_per_unit == pytest.approx(0.0254 / 0.45)
    assert hip.dof == ("rx", "rz")
    assert hip.axis_order == "ZYX"
    np.testing.assert_allclose(hip.axis_angles, [0, 0, np.pi / 2])
    assert root.dof == ("tx", "ty", "tz", "rx", "ry", "rz")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("direction 1 0 0", "direction 1 0", r"line 12: 'direction 1 0' not understood \(3 finite numbers"),
        ("length 2.5", "length", r"line 13: 'length' not understood"),
        ("length 0.45", "length 0", r"line 2: 'length 0' not understood \(a length above 0"),
        ("angle deg", "angle grad", r"line 3: 'angle grad' not understood"),
        ("axis 0 0 90 ZYX", "axis 0 0 90 ZZX", r"line 14: .* \(an order of X, Y and Z needed"),
        ("dof rx rz", "dof rx tz", r"line 15: .* \(only the root may translate"),
        ("dof rx rz", "dof rx l", r"line 15: .* \(degrees of freedom \['l'\]"),
        ("name leg", "name hip", r"line 24: 'end' not understood \(a bone needs a name of its own\)"),
        ("hip leg", "hip arm", r"the :hierarchy names 'arm', which has no :bonedata"),
        ("hip leg", "", r"bones \['leg'\] are not in the :hierarchy"),
        ("hip leg", "hip leg hip", r"bone 'hip' stands twice in the :hierarchy"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, old, new, message):
    assert old in ASF
    with pytest.raises(InputError, match=rf"s\.asf: {message}"):
        read(tmp_path, ASF.replace(old, new, 1))


def test_an_empty_and_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="a tree of all bones needed"):
        read(tmp_path, "")
    with pytest.raises(InputError, match=r"none\.asf: no such file"):
        read_asf(tmp_path / "none.asf")


@given(st.integers(0, len(ASF) - 1), st.sampled_from(["", "x", "0", "\n", ":", " ", "(", "begin\n", "end\n"]))
def test_a_damaged_file_is_refused_or_read_but_never_crashes(tmp_path_factory, where, what):
    path = tmp_path_factory.getbasetemp() / "damaged.asf"
    path.write_text(ASF[:where] + what + ASF[where + 1 :])
    with contextlib.suppress(InputError):
        assert all(np.isfinite(bone.direction).all() for bone in read_asf(path).bones)
