import csv

from uplift3d.train.log import CsvLog


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_only_columns_are_written_and_steps_count_from_one(tmp_path):
    log = CsvLog(tmp_path / "m.csv", ["loss", "error"])
    log.log_metrics({"loss": 1.25, "epoch": 3}, 0)
    log.log_metrics({"epoch": 3}, 1)
    log.log_metrics({"error": 2.0}, 9)
    assert rows(tmp_path / "m.csv") == [
        {"step": "1", "loss": "1.25", "error": ""},
        {"step": "10", "loss": "", "error": "2"},
    ]


def test_a_resumed_log_goes_on_behind_the_steps_that_count(tmp_path):
    for done, steps in ((0, range(5)), (3, range(3, 6))):
        log = CsvLog(tmp_path / "m.csv", ["loss"], done)
        for step in steps:
            log.log_metrics({"loss": done}, step)
    assert [(row["step"], row["loss"]) for row in rows(tmp_path / "m.csv")] == [
        ("1", "0"),
        ("2", "0"),
        ("3", "0"),
        ("4", "3"),
        ("5", "3"),
        ("6", "3"),
    ]


def test_a_new_run_starts_a_new_file(tmp_path):
    for _ in range(2):
        CsvLog(tmp_path / "m.csv", ["loss"]).log_metrics({"loss": 1.0}, 0)
    assert len(rows(tmp_path / "m.csv")) == 1
