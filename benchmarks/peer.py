"""What people write today: OpenCV's YuNet and hsemotion-onnx in a loop. `python -m benchmarks.peer < job > result`.

Every frame, or five times a second; all cores allowed, as their defaults are; CPU counted for the whole process.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

from benchmarks import efficientnet
from benchmarks.material import RATE_HZ, SHARED


def measure(folder: pathlib.Path, units: tuple[bytes, ...], rate_hz: float) -> float | None:
    """Return CPU milliseconds a frame of the video, None where the peer's packages or weights are missing."""
    efficientnet.write(folder)
    job = json.dumps({"units": [unit.hex() for unit in units], "rate_hz": rate_hz})
    environment = {**os.environ, "HOME": str(folder)}  # where hsemotion-onnx looks for its model
    command = [sys.executable, "-m", "benchmarks.peer"]
    done = subprocess.run(command, input=job, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        print(f"the peer could not be run: {(done.stderr.strip().splitlines() or ['?'])[-1]}", file=sys.stderr)
        return None
    return float(done.stdout)


def loop(units: tuple[bytes, ...], rate_hz: float) -> float:
    import urllib.request  # noqa: F401 - hsemotion-onnx uses it without importing it

    import av
    import cv2
    from hsemotion_onnx.facial_emotions import HSEmotionRecognizer

    detector = cv2.FaceDetectorYN.create(str(SHARED / "models" / "face_detection_yunet_2023mar.onnx"), "", (640, 360))
    recogniser = HSEmotionRecognizer(efficientnet.NAME)
    context = av.CodecContext.create("h264", "r")
    period, began_s = RATE_HZ / rate_hz, 0.0
    for number, unit in enumerate(units):
        if number == round(period):
            began_s, counted_from = time.process_time(), number  # the first look allocates
        for frame in context.decode(av.Packet(unit)):
            if number % period >= 1:
                continue
            picture = frame.to_ndarray(format="bgr24")
            _, faces = detector.detect(picture)
            for x, y, width, height in [] if faces is None else faces[:1, :4].astype(int):
                crop = picture[max(y, 0) : y + height, max(x, 0) : x + width]
                recogniser.predict_emotions(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), logits=True)
    return (time.process_time() - began_s) * 1e3 / (len(units) - counted_from)


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(loop(tuple(map(bytes.fromhex, given["units"])), given["rate_hz"]))
