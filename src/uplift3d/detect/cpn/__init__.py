"""CPN, a 2D detector: the detector, its network and its weights."""

from uplift3d.detect.cpn.detector import CPNDetector

__all__ = ["CPNDetector"]
