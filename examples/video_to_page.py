"""A video to a web page that plays its motion: `python examples/video_to_page.py walk.mp4 walk.html`."""

import sys

from uplift3d import lift_video, save_motion


def main(video: str, page: str) -> None:
    """2D detection every 0.4 s; the page opens in any browser, without a network connection."""
    motion = lift_video(video, key_interval=0.4)
    save_motion(page, motion)
    print(f"{motion} in {page}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
