"""Frames with their real timestamps, out of video files and image folders."""

from uplift3d.video.images import ImageFolder
from uplift3d.video.reader import VideoReader, open_video
from uplift3d.video.schedule import nearest_frames, regular_key_frames
from uplift3d.video.source import Frame, FrameSource
from uplift3d.video.stream import FrameStream

__all__ = [
    "Frame",
    "FrameSource",
    "FrameStream",
    "ImageFolder",
    "VideoReader",
    "nearest_frames",
    "open_video",
    "regular_key_frames",
]
