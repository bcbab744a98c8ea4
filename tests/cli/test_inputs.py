"""Which inputs are meant, and where their results go."""

from pathlib import Path

import pytest

from uplift3d.cli.inputs import Job, Naming, expand, make_folders, plan
from uplift3d.errors import InputError, NothingFoundError

NAMING = Naming("{name}-3d.npz", "{name}", ["npz"])


@pytest.fixture
def clips(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clips = ("clips/b.mp4", "clips/a.MOV", "clips/.hidden.mp4", "deep/x/c.mp4", "[1].mp4")
    for name in (*clips, "clips/notes.txt"):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["clips/b.mp4", "gone.mp4"], ["clips/b.mp4", "gone.mp4"]),
        (["clips"], ["clips/a.MOV", "clips/b.mp4"]),
        (["clips/*.mp4", "clips/b.mp4"], ["clips/b.mp4"]),
        (["**/*.mp4"], ["[1].mp4", "clips/b.mp4", "deep/x/c.mp4"]),
        (["[1].mp4"], ["[1].mp4"]),
        (["deep"], ["deep"]),
    ],
)
def test_files_folders_and_patterns(clips, words, found):
    assert expand(words) == [Path(name) for name in found]


@pytest.mark.parametrize("name", ["0.png", "frame.json"])
def test_a_folder_of_images_or_2d_files_is_one_input(clips, name):
    (Path("clips") / name).touch()
    assert expand(["clips"]) == [Path("clips")]


def test_a_pattern_that_nothing_matches(clips):
    with pytest.raises(NothingFoundError, match=r"\*\.avi: nothing is called like that"):
        expand(["*.avi"])


@pytest.mark.parametrize(
    ("outputs", "made"),
    [
        ([], ["clips/b-3d.npz"]),
        (["m.json"], ["m.json"]),
        (["m.json", "new/"], ["m.json", "new/b.npz"]),
        (["clips"], ["clips/b.npz"]),
        (["new/{folder}-{name}-{number:03}.csv"], ["new/clips-b-001.csv"]),
    ],
)
def test_the_outputs_of_one_input(clips, outputs, made):
    assert plan([Path("clips/b.mp4")], outputs, NAMING) == [
        Job(Path("clips/b.mp4"), tuple(Path(name) for name in made))
    ]


def test_several_inputs_and_formats_in_a_new_folder(clips):
    naming = Naming("", "{name}", ["npz", "html"])
    first, second = plan([Path("a.mp4"), Path("clips")], ["new"], naming)
    assert first.outputs == (Path("new/a.npz"), Path("new/a.html"))
    assert second.outputs == (Path("new/clips.npz"), Path("new/clips.html"))


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        (
            ["a.mp4", "b.mp4"],
            ["m.npz"],
            r"2 inputs cannot all be written to m.npz; .* '\{name\}.npz'",
        ),
        (
            ["a.mp4", "x/a.mov"],
            ["new/"],
            r"2 inputs would be written to new/a.npz; .*/\{folder\}-\{name\}.npz'",
        ),
        (["a.npz"], ["a.npz"], "a.npz is the input; give the result another name"),
        (["a.npz", "b.csv"], ["{name}.csv"], "b.csv is the input"),
        (["a.mp4"], ["{nmae}.npz"], r"\{nmae\}.npz is no pattern; what may stand in it is \{name\}"),
        (["a.mp4"], ["{name.npz"], "is no pattern"),
        (["a.mp4"], ["{}.npz"], "is no pattern"),
    ],
)
def test_outputs_that_cannot_be(clips, inputs, outputs, message):
    with pytest.raises(InputError, match=message):
        plan([Path(name) for name in inputs], outputs, NAMING)


def test_folders_are_made_but_not_that_of_a_file_with_a_name(clips):
    jobs = plan([Path("a.mp4")], ["new/sub/", "gone/m.npz"], NAMING)
    assert make_folders(jobs, ["new/sub/", "gone/m.npz"]) == [Path("new/sub"), Path("new")]
    assert Path("new/sub").is_dir()
    assert not Path("gone").exists()
    with pytest.raises(InputError, match=r"output folder .*b.mp4/new cannot be made"):
        make_folders(plan([Path("a.mp4")], ["clips/b.mp4/new/"], NAMING), ["clips/b.mp4/new/"])


@pytest.mark.parametrize(
    "pattern", ["{number:1000000000d}.csv", "{name.__class__}.csv", "{name!r}{folder[0]}.npz"]
)
def test_only_fields_and_widths_are_patterns(clips, pattern):
    with pytest.raises(InputError, match="is no pattern; what may stand in it is"):
        plan([Path("clips/b.mp4")], [pattern], NAMING)
    (job,) = plan([Path("clips/b.mp4")], ["{number:03}-{name:10}.npz"], NAMING)
    assert job.outputs == (Path("001-b         .npz"),)


def test_a_link_to_itself_is_no_input_and_harms_no_other(clips):
    Path("clips/loop.mp4").symlink_to("loop.mp4")
    jobs = plan(expand(["clips"]), ["out/"], NAMING)
    assert [job.source.name for job in jobs] == ["a.MOV", "b.mp4", "loop.mp4"]
