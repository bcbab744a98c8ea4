"""What the paper reports on Human3.6M (CPN detections, mean over frames), in mm: MPJPE, N-MPJPE, P-MPJPE."""

from __future__ import annotations

Three = tuple[float, float, float]

TABLE_1: dict[tuple[str, int], tuple[Three, Three]] = {
    ("SS, no DUTA", 4): ((47.9, 45.8, 37.1), (47.9, 45.8, 37.1)),
    ("SS", 4): ((47.9, 45.8, 37.1), (47.9, 45.8, 37.1)),
    ("MS, no DUTA", 4): ((59.7, 54.0, 43.8), (52.7, 49.0, 39.6)),
    ("MS", 4): ((47.6, 46.0, 37.3), (47.4, 45.8, 37.1)),
    ("SS, no DUTA", 10): ((48.0, 46.1, 37.4), (48.2, 46.3, 37.6)),
    ("SS", 10): ((47.8, 45.9, 37.1), (48.0, 46.1, 37.3)),
    ("MS, no DUTA", 10): ((49.9, 47.7, 38.6), (48.2, 46.3, 37.5)),
    ("MS", 10): ((47.5, 45.8, 37.1), (47.9, 46.1, 37.4)),
    ("SS, no DUTA", 20): ((49.3, 47.1, 38.1), (50.6, 48.4, 39.3)),
    ("SS", 20): ((50.1, 47.4, 38.4), (51.5, 48.8, 39.6)),
    ("MS, no DUTA", 20): ((49.4, 47.4, 38.5), (52.1, 49.8, 40.5)),
    ("MS", 20): ((48.2, 46.4, 37.6), (49.9, 48.1, 39.2)),
}
"""(training, s_in) → key-frames, all frames; N = 81."""

TABLE_2: dict[tuple[bool, bool, int], Three] = {
    (False, False, 5): (46.0, 44.4, 36.5),
    (True, False, 5): (45.7, 44.3, 36.4),
    (False, True, 5): (43.5, 42.1, 34.7),
    (True, True, 5): (42.6, 41.5, 34.2),
    (False, False, 20): (48.2, 46.7, 38.6),
    (True, False, 20): (47.8, 46.4, 38.4),
    (False, True, 20): (45.7, 44.4, 36.8),
    (True, True, 20): (45.0, 44.0, 36.3),
}
"""(within-batch augmentation, pre-training, s_in) → all frames; N = 351."""

TABLE_3: dict[str, tuple[float, float, float]] = {
    "full": (47.4, 47.9, 49.9),
    "no-spatial": (1.2, 1.2, 1.5),
    "no-temporal": (4.2, 4.7, 5.9),
    "no-strided": (0.6, 0.7, 0.9),
}
"""MPJPE at s_in 4, 10, 20, all frames, N = 81; without a component what that costs."""

TABLE_4: dict[tuple[str, int], tuple[int, int, float]] = {
    ("uu-81", 4): (326, 105, 44.8),
    ("uu-81", 10): (334, 179, 45.5),
    ("uu-81", 20): (337, 234, 47.9),
    ("uu-351", 5): (704, 151, 42.6),
    ("uu-351", 10): (759, 255, 43.1),
    ("uu-351", 20): (827, 399, 45.0),
}
"""(network, s_in) → poses/s without and with 2D detection on a GTX 1080 Ti, and MPJPE of the pre-trained
network, all frames. Frames of 50 Hz video are counted: at every stride one detection then takes 26 ms. FLOPs
are in `evaluate.flops.PAPER_MFLOPS`."""
