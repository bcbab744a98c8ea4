import errno
import os
from pathlib import Path

import pytest

from uplift3d.errors import InputError
from uplift3d.files import atomic_write, check_writable


def test_a_new_file_in_an_existing_folder_is_accepted_and_not_created(tmp_path):
    assert check_writable(tmp_path / "out.npz", [".npz"]) == tmp_path / "out.npz"
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_accepted_and_kept(tmp_path):
    (tmp_path / "out.npz").write_text("old")
    check_writable(str(tmp_path / "out.npz"))
    assert (tmp_path / "out.npz").read_text() == "old"


def test_suffix_case_does_not_matter(tmp_path):
    check_writable(tmp_path / "OUT.NPZ", [".npz"])


def test_wrong_suffix_names_the_accepted_ones(tmp_path):
    with pytest.raises(InputError, match=r"out\.txt.*must end in \.npz, \.json or \.csv"):
        check_writable(tmp_path / "out.txt", [".npz", ".json", ".csv"])


def test_missing_folder(tmp_path):
    with pytest.raises(InputError, match=r"folder .*nowhere does not exist"):
        check_writable(tmp_path / "nowhere" / "out.npz")


def test_folder_is_a_file(tmp_path):
    (tmp_path / "plain").touch()
    with pytest.raises(InputError, match="is a file, not a folder"):
        check_writable(tmp_path / "plain" / "out.npz")


def test_target_is_a_folder(tmp_path):
    with pytest.raises(InputError, match="is a folder; give the name of a file"):
        check_writable(tmp_path)


def test_folder_without_permission(tmp_path, monkeypatch):
    def denied(self, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(
        Path, "touch", denied
    )  # permission bits do not stop root, who runs tests in containers
    with pytest.raises(InputError, match="no permission to write in the folder"):
        check_writable(tmp_path / "out.npz")


def test_read_only_existing_file(tmp_path, monkeypatch):
    (tmp_path / "out.npz").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match="existing file is read-only"):
        check_writable(tmp_path / "out.npz")


def test_atomic_write_replaces_the_file_and_leaves_nothing_else(tmp_path):
    target = tmp_path / "out.npz"
    target.write_text("old")
    with atomic_write(target) as temporary:
        assert temporary.suffix == ".npz"
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_atomic_write_keeps_the_old_file_after_an_error(tmp_path):
    target = tmp_path / "out.npz"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="halfway"), atomic_write(target) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError("halfway")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_atomic_write_says_why_it_could_not_write(tmp_path):
    with (
        pytest.raises(InputError, match=r"gone/out\.npz cannot be written: No such file"),
        atomic_write(tmp_path / "gone" / "out.npz") as temporary,
    ):
        temporary.write_text("x")


def test_an_error_about_another_file_passes_through(tmp_path):
    with pytest.raises(FileNotFoundError, match="other"), atomic_write(tmp_path / "out.npz"):
        (tmp_path / "other").read_text()


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a.txt").write_text("old")
    link = tmp_path / "a.txt"
    link.symlink_to("there/a.txt")
    with atomic_write(check_writable(link)) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "there" / "a.txt").read_text() == "new"
    lost = tmp_path / "lost.txt"
    lost.symlink_to("nowhere/b.txt")
    with pytest.raises(InputError, match=r"lost\.txt cannot be written: the folder .*nowhere does not exist"):
        check_writable(lost)
