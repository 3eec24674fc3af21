"""A clip's score from a running service: streamed as a recording, summed up as a meeting of its own."""

import math
import pathlib
import uuid

import roompulse


async def mean_engagement(server: str, clip: pathlib.Path) -> float:
    """Return the mean engagement of a clip that shows one person, 0.2 to 1 (0 to 1 where the service runs a network);
    nan where it never got a score (clips of a few seconds do not).

    Every picture that is due is analysed. The record of its meeting is deleted by the service's retention.

    Raises:
        RoompulseError: The service cannot be reached, or refuses the clip.
    """
    meeting = f"eval-{uuid.uuid4().hex}"
    async with roompulse.connect(server) as client:
        async with client.analyze(
            meeting, "clip", purpose="research", consent="granted", delivery="every_frame", media_zero_s=0.0
        ) as stream:
            await stream.send_video(str(clip), speed=None)
            await stream.finish()
        await client.meetings.end(meeting)
        people = (await client.meetings.summary(meeting)).participants
    means = [person.engagement.mean for person in people if person.engagement.mean is not None]
    return means[0] if means else math.nan
