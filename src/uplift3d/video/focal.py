"""The focal length, where the camera wrote it into the file.

Cameras state the 35 mm equivalent: the focal length that gives the same angle of view across the diagonal on
film of 36 mm × 24 mm (CIPA DCG-001). It describes the whole picture that the lens gives, so a video that was
cropped, also by image stabilisation, really has a somewhat longer one.
"""

import math
from collections.abc import Mapping

from PIL import Image

FILM_DIAGONAL_MM = math.hypot(36, 24)
QUICKTIME_KEY = "com.apple.quicktime.camera.focal_length.35mm_equivalent"
_EXIF_IFD, _EXIF_FOCAL_35MM = 0x8769, 0xA405  # Exif 2.32: FocalLengthIn35mmFilm, 0 for unknown


def focal_px(equivalent_mm: float | None, size: tuple[int, int]) -> float | None:
    """Focal length in pixels of an uncropped (width, height) picture; None without a usable number."""
    if equivalent_mm is None or not (math.isfinite(equivalent_mm) and equivalent_mm > 0):
        return None
    return equivalent_mm * math.hypot(*size) / FILM_DIAGONAL_MM


def equivalent_mm_of_tags(*tags: Mapping[str, str]) -> float | None:
    """35 mm equivalent in the tags of a container or one of its streams, None where there is none."""
    for text in (one[QUICKTIME_KEY] for one in tags if QUICKTIME_KEY in one):
        try:
            return float(text)
        except ValueError:
            continue
    return None


def equivalent_mm_of_image(image: Image.Image) -> float | None:
    """35 mm equivalent in an image's EXIF data, None where there is none."""
    value = image.getexif().get_ifd(_EXIF_IFD).get(_EXIF_FOCAL_35MM)
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
