"""Which decoders may leave out the pictures that no other one is predicted from, without changing the rest.

FFmpeg's `skip_frame` does it, but is no promise: libdav1d reads it only once, when it opens, and loses
frames; VP8 and VP9 carry entropy tables from any picture to the next; HEVC counts a picture as unreferenced
that a higher temporal layer is predicted from. So only decoders are listed that tests prove exact.
"""

from av.video.codeccontext import VideoCodecContext

_EXACT = ("h264", "mpeg1video", "mpeg2video", "mpeg4")


def can_skip_unreferenced(context: VideoCodecContext) -> bool:
    """True where `skip_frame` can be switched between packets with every other picture unchanged.

    A packet must hold a whole frame. Interlaced video is to be left alone: its fields may be two packets.
    """
    if context.codec.name == "hevc":
        return _temporal_layers(context.extradata or b"") == 1
    return context.codec.name in _EXACT


def _temporal_layers(extradata: bytes) -> int:
    """Number of temporal layers that an HEVC stream declares, 0 when it does not say."""
    if extradata[:1] == b"\x01" and len(extradata) > 22:
        return extradata[21] >> 3 & 7  # hvcC box, ISO 14496-15, 8.3.3.1
    place = extradata.find(b"\0\0\1\x40\x01")  # Annex B: the video parameter set, H.265 7.3.2.1
    if place < 0 or len(extradata) < place + 7:
        return 0
    return (extradata[place + 6] >> 1 & 7) + 1
