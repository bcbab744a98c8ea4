import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplift3d.data.splits import VALIDATION, default_split, project_split

people = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 1000)), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("dataset", "subject", "split"),
    [
        ("bandai-1", "", "validation"),
        ("bandai-2", "", "training"),
        ("cmu-bvh", "2", "validation"),
        ("cmu-daz", "2", "validation"),
        ("cmu-amc", "12", "training"),
        ("hdm05", "mm", "validation"),
        ("hdm05", "bd", "training"),
        ("c3d", "85", "validation"),
        ("amass-SFU", "1", "validation"),
        ("amass-KIT", "1", "training"),
        ("studio", "2", ""),
    ],
)
def test_the_projects_own_split(dataset, subject, split):
    assert project_split(dataset, subject) == split


@given(people)
def test_nobody_is_on_both_sides_and_somebody_is_left_to_train_on(clips):
    who, frames = zip(*clips, strict=True)
    split = default_split(who, frames)
    sides = {name: {s for other, s in zip(who, split, strict=True) if other == name} for name in who}
    assert all(len(side) == 1 for side in sides.values())
    assert {"training"} in sides.values()
    assert (VALIDATION in split) == (len(set(who)) > 1)


@given(people, st.randoms())
def test_the_order_of_clips_does_not_matter(clips, random):
    shuffled = random.sample(clips, len(clips))

    def held_out(given):
        who, frames = zip(*given, strict=True)
        return {
            name for name, split in zip(who, default_split(who, frames), strict=True) if split == VALIDATION
        }

    assert held_out(clips) == held_out(shuffled)


def test_about_a_tenth_is_held_out():
    who = [f"person {i}" for i in range(100)]
    assert default_split(who, [50] * 100).count(VALIDATION) == 10
