import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from uplift3d import rotations as rot
from uplift3d.errors import InputError

ORDERS = [
    "".join(order)
    for order in itertools.product("XYZ", repeat=3)
    if order[0] != order[1] and order[1] != order[2]
]
EYE = np.eye(3)

angles = st.floats(-7, 7)
triples = arrays(np.float64, 3, elements=angles)
orders = st.sampled_from(ORDERS)


@st.composite
def unit_quaternions(draw):
    q = draw(arrays(np.float64, 4, elements=st.floats(-1, 1)).filter(lambda q: np.linalg.norm(q) > 0.1))
    return q / np.linalg.norm(q)


def directions():
    return arrays(np.float64, 3, elements=st.floats(-5, 5)).filter(lambda v: np.linalg.norm(v) > 1e-3)


def assert_rotation(matrix):
    np.testing.assert_allclose(
        matrix @ np.swapaxes(matrix, -1, -2), np.broadcast_to(EYE, matrix.shape), atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(matrix), 1.0, atol=1e-12)


@pytest.mark.parametrize(
    ("axis", "source", "target"),
    [("X", [0, 1, 0], [0, 0, 1]), ("Y", [0, 0, 1], [1, 0, 0]), ("Z", [1, 0, 0], [0, 1, 0])],
)
def test_a_quarter_turn_is_right_handed(axis, source, target):
    np.testing.assert_allclose(rot.matrix_about_axis(axis, np.pi / 2) @ source, target, atol=1e-15)
    np.testing.assert_allclose(rot.matrix_from_euler_degrees([90.0], axis) @ source, target, atol=1e-15)
    np.testing.assert_allclose(
        rot.matrix_from_axis_angle(EYE["XYZ".index(axis)] * 3, np.pi / 2) @ source, target, atol=1e-15
    )


@given(triples, orders)
def test_euler_angles_are_intrinsic_products(values, order):
    expected = EYE
    for axis, angle in zip(order, values, strict=True):
        expected = expected @ rot.matrix_about_axis(axis.lower(), angle)
    matrix = rot.matrix_from_euler_radians(values, order)
    np.testing.assert_allclose(matrix, expected, atol=1e-12)
    assert_rotation(matrix)


@given(triples, orders)
def test_inverse_of_euler_is_reversed_and_negated(values, order):
    forward = rot.matrix_from_euler_radians(values, order)
    backward = rot.matrix_from_euler_radians(-values[::-1], order[::-1])
    np.testing.assert_allclose(forward @ backward, EYE, atol=1e-12)


@given(unit_quaternions(), orders)
def test_matrix_to_euler_and_back(q, order):
    matrix = rot.matrix_from_quaternion(q)
    back = rot.matrix_from_euler_degrees(rot.euler_degrees_from_matrix(matrix, order), order)
    np.testing.assert_allclose(back, matrix, atol=1e-7)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("outer", [(0.3, 0.5), (-2.0, 1.0), (0.0, 0.0)])
@pytest.mark.parametrize("side", [-1, 1])
def test_matrix_to_euler_in_gimbal_lock(order, outer, side):
    middle = (0.0 if side > 0 else np.pi) if order[0] == order[2] else side * np.pi / 2
    matrix = rot.matrix_from_euler_radians([outer[0], middle, outer[1]], order)
    recovered = rot.euler_radians_from_matrix(matrix, order)
    assert recovered[2] == 0
    np.testing.assert_allclose(rot.matrix_from_euler_radians(recovered, order), matrix, atol=1e-8)


@given(arrays(np.float64, 3, elements=st.floats(-1.5, 1.5)), orders)
def test_euler_to_matrix_and_back_inside_the_middle_range(values, order):
    if order[0] == order[2]:
        values = np.add(values, [0, np.pi / 2, 0])
    middle = np.cos(values[1]) if order[0] != order[2] else np.sin(values[1])
    recovered = rot.euler_radians_from_matrix(rot.matrix_from_euler_radians(values, order), order)
    np.testing.assert_allclose(recovered, values, atol=1e-12 / abs(middle) ** 2 + 1e-12)


@given(unit_quaternions())
def test_quaternion_to_matrix_and_back(q):
    matrix = rot.matrix_from_quaternion(3 * q)
    assert_rotation(matrix)
    back = rot.quaternion_from_matrix(matrix)
    assert back[0] >= 0
    np.testing.assert_allclose(back * np.sign(np.dot(back, q)), q, atol=1e-10)


@pytest.mark.parametrize("axis", range(3))
def test_half_turns_have_quaternions(axis):
    q = np.insert(EYE[axis], 0, 0.0)
    np.testing.assert_allclose(
        np.abs(rot.quaternion_from_matrix(rot.matrix_from_quaternion(q))), q, atol=1e-12
    )


@given(unit_quaternions(), unit_quaternions())
def test_quaternion_product_composes(p, q):
    product = rot.matrix_from_quaternion(rot.quaternion_product(p, q))
    np.testing.assert_allclose(
        product, rot.matrix_from_quaternion(p) @ rot.matrix_from_quaternion(q), atol=1e-12
    )


@given(arrays(np.float64, 3, elements=st.floats(-1.8, 1.8)))
def test_a_rotation_vector_turns_about_itself_by_its_length(vector):
    matrix = rot.matrix_from_rotation_vector(vector)
    assert_rotation(matrix)
    np.testing.assert_allclose(matrix @ vector, vector, atol=1e-12)  # the axis stays
    np.testing.assert_allclose(np.trace(matrix), 1 + 2 * np.cos(np.linalg.norm(vector)), atol=1e-12)


@given(directions(), angles, angles)
def test_turns_about_one_axis_add_up(axis, first, second):
    both = rot.matrix_from_axis_angle(axis, first) @ rot.matrix_from_axis_angle(axis, second)
    np.testing.assert_allclose(both, rot.matrix_from_axis_angle(axis, first + second), atol=1e-12)


@pytest.mark.parametrize("tiny", [0.0, 1e-12, 1e-8, 1e-4])
def test_tiny_rotation_vectors_keep_their_precision(tiny):
    vector = np.array([tiny, -2 * tiny, 0.5 * tiny])
    K = rot.matrix_from_rotation_vector(vector)
    turned = np.array([K[2, 1] - K[1, 2], K[0, 2] - K[2, 0], K[1, 0] - K[0, 1]]) / 2  # sin(angle) · axis
    np.testing.assert_allclose(turned, vector * np.sinc(np.linalg.norm(vector) / np.pi), atol=1e-15)


@given(directions(), directions())
def test_aligning_turns_a_to_b_by_the_angle_between(a, b):
    matrix = rot.matrix_aligning(a, b)
    unit_a, unit_b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    assert_rotation(matrix)
    np.testing.assert_allclose(matrix @ unit_a, unit_b, atol=1e-7)
    cos = np.dot(unit_a, unit_b)
    np.testing.assert_allclose((np.trace(matrix) - 1) / 2, cos, atol=1e-7)  # the smallest such turn


@given(directions())
def test_aligning_opposite_directions(a):
    matrix = rot.matrix_aligning(a, -2 * a)
    assert_rotation(matrix)
    np.testing.assert_allclose(matrix @ a, -a, atol=1e-9)


def test_leading_axes_are_kept(rng):
    q = rng.normal(size=(2, 5, 4))
    matrix = rot.matrix_from_quaternion(q)
    assert matrix.shape == (2, 5, 3, 3)
    assert rot.quaternion_from_matrix(matrix).shape == (2, 5, 4)
    assert rot.euler_radians_from_matrix(matrix, "ZXY").shape == (2, 5, 3)
    assert rot.matrix_from_euler_degrees(np.zeros((2, 5, 0)), "").shape == (2, 5, 3, 3)
    assert rot.matrix_from_euler_degrees(np.zeros((0, 3)), "XYZ").shape == (0, 3, 3)
    assert rot.matrix_aligning(rng.normal(size=(4, 1, 3)), rng.normal(size=(6, 3))).shape == (4, 6, 3, 3)
    one = rot.matrix_from_quaternion(q[1, 3])
    np.testing.assert_allclose(matrix[1, 3], one, atol=1e-15)


def test_wrong_input_is_named():
    with pytest.raises(InputError, match="axis 'W' given"):
        rot.matrix_about_axis("W", 0.0)
    with pytest.raises(InputError, match=r"shape \(2,\) given for the Euler order 'XYZ'"):
        rot.matrix_from_euler_radians([0.0, 1.0], "XYZ")
    with pytest.raises(InputError, match="order 'XXY' given"):
        rot.euler_radians_from_matrix(EYE, "XXY")
    with pytest.raises(InputError, match="a quaternion of length zero"):
        rot.matrix_from_quaternion(np.zeros(4))
    with pytest.raises(InputError, match="a direction of length zero"):
        rot.matrix_aligning([0, 0, 0], [1, 0, 0])
