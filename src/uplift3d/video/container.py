"""Open a video file, and nothing else than a video file: no network, no playlist, no pipe."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from uplift3d.errors import InputError

ACCEPTED = "accepted are video files (.mp4 .mov .avi .mkv .webm …) and folders of images"
_TEXT_FORMATS = ("tty", "concat", "hls", "dash", "imf", "sdp")  # text drawn as pictures, and lists of files
_LISTS = (b"ffconcat", b"#EXTM3U", b"<?xml", b"<MPD", b"v=0")  # what playlists begin with
_KINDS = {
    stat.S_ISFIFO: "a named pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
    stat.S_ISDIR: "a folder",
}

TITLES = "replace"
"""Titles and comments of a file are text of any encoding, and none of them is needed."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file at its first video stream, with decoding threads.

    Raises:
        InputError: missing or unreadable file, not a video, or no video stream in it.
    """
    _check_regular(path)
    try:
        # Without "file:" FFmpeg takes what stands before a colon for a protocol; the list keeps it off the
        # network, whatever the file says.
        container = av.open(f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors=TITLES)
    except (av.FFmpegError, OSError) as error:
        raise InputError(_why_not(path, error)) from error
    with container:
        if container.format.name in _TEXT_FORMATS:
            raise InputError(f"{path} is {_text_kind(path)}, not a video; {ACCEPTED}")
        streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not streams:
            if (kind := _text_kind(path)) != "a text file":
                raise InputError(f"{path} is {kind}, not a video; {ACCEPTED}")
            kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
            raise InputError(f"{path} holds no video stream (found: {kinds}); {ACCEPTED}")
        if not decodable(streams[0]):
            raise InputError(
                f"the video in {path} is coded in a way that this FFmpeg does not know; {ACCEPTED}"
            )
        streams[0].thread_type = "AUTO"
        yield container, streams[0]


def decodable(stream: VideoStream) -> bool:
    """Whether FFmpeg has a decoder for it."""
    return stream.codec_context is not None


def demuxed(container: InputContainer, stream: VideoStream) -> Iterator["Packet[VideoStream]"]:
    """The stream's packets that carry a picture, in the order of decoding, as far as the file can be read."""
    try:
        for packet in container.demux(stream):
            if packet.size and not packet.is_corrupt:
                yield packet
    except (av.FFmpegError, OSError, IndexError):  # IndexError: PyAV does not list a stream that appears late
        return


def pictures(stream: VideoStream, packet: "Packet[VideoStream] | None") -> Iterator[VideoFrame]:
    """What the decoder has ready after one more packet, or what it still holds back after the last (None)."""
    try:
        yield from stream.decode(packet)
    except av.FFmpegError:
        return  # a damaged packet: the next key-frame repairs the picture


def _check_regular(path: Path) -> None:
    """Everything else would be read only once, or wait for somebody who writes."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: a name with a NUL
        raise InputError(f"{path}: no such file; {ACCEPTED}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {(error.strerror or 'no reason given').lower()}") from error
    if not stat.S_ISREG(mode):
        kind = next((name for test, name in _KINDS.items() if test(mode)), "no regular file")
        raise InputError(f"{path} is {kind}, which can not be read as a video; {ACCEPTED}")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path} cannot be read: permission denied")


def _why_not(path: Path, error: av.FFmpegError | OSError) -> str:
    kind = _text_kind(path)
    if kind != "a text file":
        return f"{path} is {kind}, not a video; {ACCEPTED}"
    reason = (error.strerror or type(error).__name__).lower()
    return f"{path} is not a readable video, or one that was cut off before its index ({reason}); {ACCEPTED}"


def _text_kind(path: Path) -> str:
    """What kind of text a file that is no video seems to be."""
    with path.open("rb") as file:
        head = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(_LISTS):
        return "a list of other files"
    if head.startswith((b"{", b"[{", b"[")) and not head.startswith(b"[Script"):
        return "JSON (as 2D keypoints are; `uplift3d lift` and `detect.load_keypoints` read those)"
    return "a text file"
